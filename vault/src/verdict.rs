//! The server's answer to a change, as `device.db` keeps it: opaque ids and codes, never what a record says.

use records::change::Outcome;
use records::id::RecordKey;
use serde::{Deserialize, Serialize};

use crate::device::{OutboxEntry, OutboxState};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is in the record.
    Applied {
        /// The versions it made.
        versions: Vec<(RecordKey, u64)>,
        /// Whether they hold more than what was written here: somebody else had changed something else.
        #[serde(default)]
        merged: bool,
    },
    /// Somebody else had changed the same; both are kept, and a person chooses.
    Conflict {
        /// The versions that stand at the server.
        versions: Vec<(RecordKey, u64)>,
    },
    /// The server will not apply it.
    Refused {
        /// Why: a code of the protocol.
        code: String,
    },
    /// The server holds it for a person to look at.
    Quarantined,
}

impl Verdict {
    /// Where the change stands after it.
    #[must_use]
    pub fn state(&self) -> OutboxState {
        match self {
            Self::Applied { .. } => OutboxState::Applied,
            Self::Conflict { .. } => OutboxState::Conflict,
            Self::Refused { .. } => OutboxState::Refused,
            Self::Quarantined => OutboxState::Quarantined,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a verdict is plain data")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl OutboxEntry {
    /// The versions that the change met at the server, where it is in conflict.
    #[must_use]
    pub fn met(&self) -> Vec<(RecordKey, u64)> {
        match Verdict::from_bytes(&self.verdict) {
            Some(Verdict::Conflict { versions }) => versions,
            Some(Verdict::Applied { .. } | Verdict::Refused { .. } | Verdict::Quarantined) | None => {
                Vec::new()
            }
        }
    }

    /// The versions that the change had made at the server: what a server that was put back is told.
    #[must_use]
    pub fn made(&self) -> Vec<(RecordKey, u64)> {
        match Verdict::from_bytes(&self.verdict) {
            Some(Verdict::Applied { versions, .. }) => versions,
            Some(Verdict::Conflict { .. } | Verdict::Refused { .. } | Verdict::Quarantined) | None => {
                Vec::new()
            }
        }
    }

    /// Why the server refused the change: a code of the protocol. `None` where it did not.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        match Verdict::from_bytes(&self.verdict)? {
            Verdict::Refused { code } => Some(code),
            Verdict::Applied { .. } | Verdict::Conflict { .. } | Verdict::Quarantined => None,
        }
    }
}

impl From<&Outcome> for Verdict {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Applied { stored } => Self::Applied {
                versions: stored.iter().map(|s| (s.key.clone(), s.version)).collect(),
                merged: stored.iter().any(|s| s.merged),
            },
            // What differs stays out: those are values of a record.
            Outcome::Conflict { key, current, fields: _ } => {
                Self::Conflict { versions: vec![(key.clone(), *current)] }
            }
            Outcome::Refused { code } => Self::Refused {
                code: serde_json::to_value(code)
                    .ok()
                    .and_then(|code| code.as_str().map(str::to_owned))
                    .unwrap_or_default(),
            },
        }
    }
}
