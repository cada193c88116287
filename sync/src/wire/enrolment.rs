//! A workstation joins a practice: the only route that answers without a client certificate.

use super::{AuditReceipt, Base64Bytes, SecretText};
use records::id::{DeviceId, PracticeId};
use serde::{Deserialize, Serialize};

/// `POST /v1/enrol`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The one-time token, `ck1.<secret>.<SHA-256 of the root certificate>`; the last part is for the workstation, which pins it.
    pub token: SecretText,
    /// The certificate signing request, PEM; its key stays in the workstation's keyring.
    pub csr_pem: String,
    /// What people call this workstation ("Exam room 2").
    pub device_label: String,
    /// The Ed25519 public key (32 bytes) that signs the checkpoints of this workstation's audit log.
    pub checkpoint_key: Base64Bytes,
    /// The X25519 public key (32 bytes) to which the server seals what only this workstation may read.
    pub agreement_key: Base64Bytes,
    /// The key of `device.db` (32 bytes), kept by the server in escrow: a lost keyring then loses nothing undelivered. Absent
    /// where a `device.db` is there whose key is asked for.
    pub escrow_key: Option<Base64Bytes>,
}

/// What the server answers to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// The id of this workstation, from now on in its certificate.
    pub device_id: DeviceId,
    /// The practice it belongs to.
    pub practice_id: PracticeId,
    /// The name of the practice, to be shown.
    pub practice_name: String,
    /// The client certificate, PEM, good for 90 days.
    pub certificate_pem: String,
    /// Issuing CA and root, PEM, in this order.
    pub chain_pem: String,
    /// The signed trust bundle (`keys::trust`), as base64.
    pub trust_bundle: String,
    /// The address of the main listener, `https://host:port`.
    pub server_url: String,
    /// Whether the server holds the key of `device.db` now.
    pub escrowed: bool,
    /// What a workstation that is enrolled again gets back; absent for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Rescue>,
}

/// What a workstation that is enrolled again gets back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescue {
    /// The key of the `device.db` it had, sealed to the agreement key of the request (`keys::Parcel::DeviceKeyEscrow`, context:
    /// the 16 bytes of the device id). Absent where none was in escrow.
    pub escrow: Option<Base64Bytes>,
    /// What the server holds of its audit log: a new log begins with a link to this. Absent before the first delivery.
    pub log: Option<AuditReceipt>,
}
