//! Applying a change to what a store holds: a decision, no writing.

use super::{Base, Change, Entry, Outcome, RefusalCode, StoredVersion};
use crate::document::{Document, Versioned};
use crate::id::{ChangeId, RecordKey};
use crate::merge::{Merge, merge};

/// What a store knows of its records; read by [`apply`].
pub trait History {
    /// Why the store cannot be read.
    type Error;

    /// The version that stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn current(&self, key: &RecordKey) -> Result<Option<Versioned>, Self::Error>;

    /// An earlier version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn at(&self, key: &RecordKey, version: u64) -> Result<Option<Document>, Self::Error>;

    /// The version that a change made of a record.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn made_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, Self::Error>;
}

/// A record that is to be stored, with its new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record and its version.
    pub record: Versioned,
    /// Whether it was merged with somebody else's change.
    pub merged: bool,
}

/// What is to be done with a change: all of its records are stored, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Store these.
    Store(Vec<Stored>),
    /// Store nothing and answer this.
    Keep(Outcome),
}

impl Decision {
    /// The answer to the sender.
    pub fn outcome(&self) -> Outcome {
        match self {
            Decision::Keep(outcome) => outcome.clone(),
            Decision::Store(stored) => {
                Outcome::Applied { stored: stored.iter().map(Stored::version).collect() }
            }
        }
    }
}

impl Stored {
    fn version(&self) -> StoredVersion {
        StoredVersion {
            key: self.record.document.key().clone(),
            version: self.record.version,
            merged: self.merged,
        }
    }
}

/// Decides what a change does to the store. Whether its author may, the caller has decided before.
///
/// # Errors
/// When the store cannot be read.
pub fn apply<H: History>(change: &Change, history: &H) -> Result<Decision, H::Error> {
    let mut stored = Vec::with_capacity(change.entries().len());
    for entry in change.entries() {
        match apply_entry(entry, history)? {
            Ok(record) => stored.push(record),
            Err(outcome) => return Ok(Decision::Keep(outcome)),
        }
    }
    Ok(Decision::Store(stored))
}

fn apply_entry<H: History>(entry: &Entry, history: &H) -> Result<Result<Stored, Outcome>, H::Error> {
    let key = entry.document.key();
    let refused = |code| Ok(Err(Outcome::Refused { code }));
    let current = history.current(key)?;
    let (base_version, current) = match (entry.base, current) {
        (Base::None, None) => return Ok(Ok(first(entry))),
        (Base::None, Some(_)) => return refused(RefusalCode::Exists),
        (Base::Version(_) | Base::Change(_), None) => return refused(RefusalCode::UnknownBase),
        (Base::Version(version), Some(current)) => (Some(version), current),
        (Base::Change(change), Some(current)) => (history.made_by(change, key)?, current),
    };
    let Some(base_version) = base_version.filter(|version| *version <= current.version) else {
        return refused(RefusalCode::UnknownBase);
    };
    if current.document.patient() != entry.document.patient() {
        return refused(RefusalCode::AnotherPatient);
    }
    if base_version == current.version {
        let record = Versioned { version: current.version + 1, document: entry.document.clone() };
        return Ok(Ok(Stored { record, merged: false }));
    }
    let Some(base) = history.at(key, base_version)? else { return refused(RefusalCode::UnknownBase) };
    Ok(match merge(&base, &entry.document, &current.document) {
        Merge::Merged(document) => {
            Ok(Stored { record: Versioned { version: current.version + 1, document }, merged: true })
        }
        Merge::NeedsPerson(fields) => {
            Err(Outcome::Conflict { key: key.clone(), current: current.version, fields })
        }
    })
}

fn first(entry: &Entry) -> Stored {
    Stored { record: Versioned { version: 1, document: entry.document.clone() }, merged: false }
}
