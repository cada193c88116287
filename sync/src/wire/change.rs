//! Sealed changes on their way to the server, and what became of them.

use super::Base64Bytes;
use jiff::Timestamp;
pub use records::change::RefusalCode;
use records::change::{Outcome, StoredVersion};
use records::id::{ChangeId, RecordKey};
use serde::{Deserialize, Serialize};

/// `POST /v1/changes`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangesRequest {
    /// Envelopes (`keys::envelope`), in the order they were written.
    pub envelopes: Vec<Base64Bytes>,
    /// What changes among them had made before the server was put back to an older state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<MadeVersion>,
}

/// A version that a change had made at a server which has lost it since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeVersion {
    /// The change.
    pub change: ChangeId,
    /// The record: `<type>/<id>`.
    pub key: String,
    /// The version.
    pub version: u64,
}

/// The answer to [`ChangesRequest`]: one receipt an envelope, in the same order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangesResponse {
    /// The receipts.
    pub receipts: Vec<ChangeReceipt>,
}

/// What the server says of one change. All but [`Standing::Waiting`] mean that the server holds it durably.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReceipt {
    /// The change; absent when the envelope's header could not be read.
    pub change: Option<ChangeId>,
    /// When the server received it first.
    pub received_at: Timestamp,
    /// What became of it.
    pub standing: Standing,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// It is in the record.
    Applied {
        /// The versions it made, in the order of its Bundle.
        versions: Vec<ResourceVersion>,
        /// Whether it was united with a change somebody else had made meanwhile.
        merged: bool,
    },
    /// Somebody else had changed the same, and a person must choose: both versions are kept, neither is lost.
    Conflict {
        /// The versions that stand at the server.
        versions: Vec<ResourceVersion>,
    },
    /// It will never be applied as it is; it is kept, and the changes that stand on it are not sent.
    Refused {
        /// Why.
        code: RefusalCode,
    },
    /// The change it stands on has not arrived: send that first, then this one again. Not held by the server.
    Waiting {
        /// The change that is missing.
        missing: ChangeId,
    },
    /// Held for a person to look at, since its author or workstation was revoked.
    Quarantined,
}

impl Standing {
    /// Whether the server holds the change, so that it need not be sent again.
    #[must_use]
    pub fn is_held(&self) -> bool {
        match self {
            Self::Applied { .. } | Self::Conflict { .. } | Self::Refused { .. } | Self::Quarantined => true,
            Self::Waiting { .. } => false,
        }
    }
}

/// A resource and one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceVersion {
    /// `Observation/0190…`.
    pub key: String,
    /// The version, counted from 1.
    pub version: u64,
}

impl From<&Outcome> for Standing {
    /// What the server says to a workstation alone: ids and versions, nothing of a record.
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Applied { stored } => Self::Applied {
                versions: stored.iter().map(|s| ResourceVersion::new(&s.key, s.version)).collect(),
                merged: stored.iter().any(|s| s.merged),
            },
            Outcome::Conflict { key, current, .. } => {
                Self::Conflict { versions: vec![ResourceVersion::new(key, *current)] }
            }
            Outcome::Refused { code: RefusalCode::Quarantined } => Self::Quarantined,
            Outcome::Refused { code } => Self::Refused { code: *code },
        }
    }
}

impl Standing {
    /// The outcome in the words of `records`, as far as a workstation alone may know it; `None` while it waits.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Applied { versions, merged } => {
                let stored = versions.iter().map(|v| {
                    Some(StoredVersion { key: v.key.parse().ok()?, version: v.version, merged: *merged })
                });
                Some(Outcome::Applied { stored: stored.collect::<Option<_>>()? })
            }
            Self::Conflict { versions } => {
                let first = versions.first()?;
                Some(Outcome::Conflict {
                    key: first.key.parse().ok()?,
                    current: first.version,
                    fields: Vec::new(),
                })
            }
            Self::Refused { code } => Some(Outcome::Refused { code: *code }),
            Self::Quarantined => Some(Outcome::Refused { code: RefusalCode::Quarantined }),
            Self::Waiting { .. } => None,
        }
    }
}

impl ResourceVersion {
    fn new(key: &RecordKey, version: u64) -> Self {
        Self { key: key.to_string(), version }
    }
}
