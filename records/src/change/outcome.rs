//! What became of a change, as the server says it.

use serde::{Deserialize, Serialize};

use crate::id::RecordKey;
use crate::merge::FieldConflict;

/// The answer to one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Applied; each record has a version now.
    Applied {
        /// The records.
        stored: Vec<StoredVersion>,
    },
    /// Somebody else changed the same thing; a person has to look. Both versions are kept.
    Conflict {
        /// The record.
        key: RecordKey,
        /// The version that stands.
        current: u64,
        /// What differs.
        fields: Vec<FieldConflict>,
    },
    /// Not applied, and sending it again will not help.
    Refused {
        /// Why.
        code: RefusalCode,
    },
}

/// A record and the version it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredVersion {
    /// The record.
    pub key: RecordKey,
    /// Its version.
    pub version: u64,
    /// Whether it was merged with somebody else's change on the way.
    #[serde(default)]
    pub merged: bool,
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// It cannot be read.
    Unreadable,
    /// Its author's signature does not hold.
    Signature,
    /// Its author was not allowed to when it was written.
    NotAllowed,
    /// A record of that id is already there.
    Exists,
    /// What it was made from is not known.
    UnknownBase,
    /// An earlier change it depends on was refused.
    Dependency,
    /// It would move a record to another patient or practice.
    AnotherPatient,
    /// It would leave half a link between two patients, or close a circle of them.
    Links,
    /// Its patient was erased. What it said is not kept.
    Erased,
    /// Put aside for a person: its author or device had been revoked.
    Quarantined,
}
