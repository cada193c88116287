//! Applying a change to what a store holds: a decision, no writing.

use super::{Base, Change, Deletion, Entry, Outcome, RefusalCode, StoredVersion};
use crate::document::{Document, Versioned};
use crate::id::{ChangeId, RecordKey};
use crate::merge::{Merge, merge};

/// How a record stands in a store: what may be known of it without seeing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There never was one.
    Unknown,
    /// It is there, in this version.
    There(u64),
    /// It was deleted, as of this version.
    Deleted(u64),
}

/// What a store knows of its records; read by [`apply`].
pub trait History {
    /// Why the store cannot be read.
    type Error;

    /// How a record stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn standing(&self, key: &RecordKey) -> Result<Standing, Self::Error>;

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

    /// The record as a change had it, which is what its author saw when they wrote on: the version it made holds more,
    /// where it was merged.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn written_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<Document>, Self::Error>;
}

/// A record that is to be stored or deleted, with its new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub key: RecordKey,
    /// Its version.
    pub version: u64,
    /// What it says; `None` where it is deleted.
    pub document: Option<Document>,
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
        StoredVersion { key: self.key.clone(), version: self.version, merged: self.merged }
    }

    fn of(document: Document, version: u64, merged: bool) -> Self {
        Self { key: document.key().clone(), version, document: Some(document), merged }
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
    for deletion in change.deletions() {
        match apply_deletion(deletion, history)? {
            Ok(record) => stored.extend(record),
            Err(outcome) => return Ok(Decision::Keep(outcome)),
        }
    }
    Ok(Decision::Store(stored))
}

/// What is deleted already stays as it is. Somebody who has written to it since may not know that it was to be deleted: that
/// is for a person to settle.
fn apply_deletion<H: History>(
    deletion: &Deletion,
    history: &H,
) -> Result<Result<Option<Stored>, Outcome>, H::Error> {
    let key = &deletion.key;
    let refused = Ok(Err(Outcome::Refused { code: RefusalCode::UnknownBase }));
    let current = match history.standing(key)? {
        Standing::Unknown => return refused,
        Standing::Deleted(_) => return Ok(Ok(None)),
        Standing::There(version) => version,
    };
    let base = match deletion.base {
        Base::None => None,
        Base::Version(version) => Some(version),
        Base::Change(change) => history.made_by(change, key)?,
    };
    // A version that was merged holds what whoever deletes the record has not seen.
    let has_unseen = match deletion.base {
        Base::Change(change) if base == Some(current) => {
            history.written_by(change, key)? != history.at(key, current)?
        }
        Base::None | Base::Version(_) | Base::Change(_) => false,
    };
    match base {
        Some(base) if base == current && !has_unseen => {
            let version = current + 1;
            Ok(Ok(Some(Stored { key: key.clone(), version, document: None, merged: false })))
        }
        Some(base) if base <= current => {
            Ok(Err(Outcome::Conflict { key: key.clone(), current, fields: Vec::new() }))
        }
        Some(_) | None => refused,
    }
}

fn apply_entry<H: History>(entry: &Entry, history: &H) -> Result<Result<Stored, Outcome>, H::Error> {
    let key = entry.document.key();
    let refused = |code| Ok(Err(Outcome::Refused { code }));
    let current = history.current(key)?;
    let (base_version, current) = match (entry.base, current) {
        (Base::None, None) => return Ok(Ok(first(entry, history.standing(key)?))),
        (Base::None, Some(_)) => return refused(RefusalCode::Exists),
        (Base::Version(_) | Base::Change(_), None) => match history.standing(key)? {
            // What somebody wrote to a record that somebody else deleted is kept, for a person to look at.
            Standing::Deleted(current) => {
                return Ok(Err(Outcome::Conflict { key: key.clone(), current, fields: Vec::new() }));
            }
            Standing::Unknown | Standing::There(_) => return refused(RefusalCode::UnknownBase),
        },
        (Base::Version(version), Some(current)) => (Some(version), current),
        (Base::Change(change), Some(current)) => (history.made_by(change, key)?, current),
    };
    let Some(base_version) = base_version.filter(|version| *version <= current.version) else {
        return refused(RefusalCode::UnknownBase);
    };
    if current.document.patient() != entry.document.patient() {
        return refused(RefusalCode::AnotherPatient);
    }
    let base = match entry.base {
        Base::Change(change) => history.written_by(change, key)?,
        Base::None | Base::Version(_) => history.at(key, base_version)?,
    };
    let Some(base) = base else { return refused(RefusalCode::UnknownBase) };
    // A version that was merged holds what the author of the next change has not seen: then it is merged once more.
    if base_version == current.version && base == current.document {
        return Ok(Ok(Stored::of(entry.document.clone(), current.version + 1, false)));
    }
    Ok(match merge(&base, &entry.document, &current.document) {
        Merge::Merged(document) => Ok(Stored::of(document, current.version + 1, true)),
        Merge::NeedsPerson(fields) => {
            Err(Outcome::Conflict { key: key.clone(), current: current.version, fields })
        }
    })
}

/// A record that was deleted comes back as its next version.
fn first(entry: &Entry, standing: Standing) -> Stored {
    let before = match standing {
        Standing::Unknown => 0,
        Standing::There(version) | Standing::Deleted(version) => version,
    };
    Stored::of(entry.document.clone(), before + 1, false)
}
