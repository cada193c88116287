//! What a change stands on at a server that was put back from an older copy: a decision, no writing.

use super::{Base, Change};
use crate::id::{ChangeId, RecordKey};
use std::collections::BTreeMap;

/// What a server knows of versions that it has lost.
pub trait Lost {
    /// Why it cannot be read.
    type Error;

    /// Whether a version of a record is here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, Self::Error>;

    /// The change that had made a version which is not here any more, where a workstation has told and the change is here again.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, Self::Error>;
}

/// What a change stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Footing {
    /// On what is here, or on changes that are known by name.
    Known(Change),
    /// On a version of this record that is not here, and nobody has told which change had made it.
    Unknown(Change, RecordKey),
}

/// Puts the changes that had made them in the place of versions that were lost. A record that was merged held more than such a
/// change had written; merged again, it does so again.
///
/// # Errors
/// When the store cannot be read.
pub fn footing<L: Lost>(change: Change, store: &L) -> Result<Footing, L::Error> {
    let mut known: BTreeMap<(RecordKey, u64), ChangeId> = BTreeMap::new();
    let mut missing = None;
    for (key, base) in change.bases() {
        let Base::Version(version) = base else { continue };
        if store.has_version(key, version)? {
            continue;
        }
        match store.lost_version(key, version)? {
            Some(made_by) => drop(known.insert((key.clone(), version), made_by)),
            None => missing = Some(key.clone()),
        }
    }
    let change = change.rebased(|key, version| known.get(&(key.clone(), version)).copied());
    Ok(match missing {
        None => Footing::Known(change),
        Some(key) => Footing::Unknown(change, key),
    })
}
