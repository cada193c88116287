//! The head of an exported audit log (`keys::export`): which log it is, and what vouches for it.

use super::{AuditReceipt, Base64Bytes};
use jiff::Timestamp;
use records::id::{DeviceId, LogId, PracticeId};
use serde::{Deserialize, Serialize};

/// The head of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportHead {
    /// When it was made, by the clock of who made it.
    pub made_at: Timestamp,
    /// Who made it, and so who signed it.
    pub made_by: ExportedBy,
    /// The practice.
    pub practice: PracticeId,
    /// The workstation whose log it is; absent for the server's own.
    pub device: Option<DeviceId>,
    /// The log.
    pub log: LogId,
    /// How many entries it has.
    pub size: u64,
    /// The root over them, as lower-case hex.
    pub root: String,
    /// The practice's root certificate, DER: believed where its fingerprint is the one that is known.
    pub root_certificate: Base64Bytes,
    /// The trust bundles that the root signed, as they are known here, oldest first: they name the keys that cosigned.
    pub trust_bundles: Vec<Base64Bytes>,
    /// The keys (Ed25519, 32 bytes) that signed the workstation's checkpoints, the present one first.
    pub checkpoint_keys: Vec<Base64Bytes>,
    /// Signed checkpoints, oldest first.
    pub checkpoints: Vec<String>,
    /// The server's receipts, oldest first.
    pub receipts: Vec<AuditReceipt>,
    /// Certificates of purges, oldest first: entries without content are those that they name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purges: Vec<Base64Bytes>,
}

/// Who made an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportedBy {
    /// The workstation; it signs with the key of its checkpoints.
    Workstation,
    /// The server; it signs with the directive key.
    Server,
}
