//! One person on several workstations: a passphrase or phone of one's own, changed on one for all; the twins and prepared
//! slots that carry it to the others (`keys::twin`, `keys::prepared`).

use super::{Base64Bytes, SecretText, SessionResponse};
use jiff::Timestamp;
use records::id::{DeviceId, PersonId};
use serde::{Deserialize, Serialize};

/// What a new seed is sealed as, under the OPAQUE session key.
pub const NEW_SEED_CONTEXT: &[u8] = b"new-totp-seed";

/// `POST /v1/credentials/start`, with a session: whoever is signed in proves once more who they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialStart {
    /// The OPAQUE credential request, of the present passphrase.
    pub message: Base64Bytes,
}

/// The answer to [`CredentialStart`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialStarted {
    /// Names this attempt in [`CredentialProve`]; good for two minutes.
    pub attempt: Base64Bytes,
    /// The OPAQUE credential response.
    pub message: Base64Bytes,
}

/// `POST /v1/credentials/prove`, with a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialProve {
    /// From [`CredentialStarted`].
    pub attempt: Base64Bytes,
    /// The OPAQUE credential finalization.
    pub message: Base64Bytes,
    /// The one-time code of the present phone, six digits.
    pub code: SecretText,
    /// The OPAQUE registration request, where the passphrase is to change.
    pub registration: Option<Base64Bytes>,
}

/// The answer to [`CredentialProve`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialProven {
    /// Names this attempt in [`CredentialFinish`]; good for 15 minutes.
    pub attempt: Base64Bytes,
    /// The OPAQUE registration response, where one was asked for.
    pub registration: Option<Base64Bytes>,
    /// The number that what is new will have.
    pub number: u64,
    /// The step of the code that was used up.
    pub code_step: u64,
    /// Every workstation where the person has keys, this one included.
    pub workstations: Vec<OwnWorkstation>,
    /// The server's time.
    pub now: Timestamp,
}

/// A workstation where a person has keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnWorkstation {
    /// Which.
    pub device: DeviceId,
    /// What people call it.
    pub label: String,
    /// The device's X25519 public key.
    pub device_key: Base64Bytes,
    /// The person's Ed25519 public key there.
    pub signing_key: Base64Bytes,
    /// The person's X25519 public key there.
    pub agreement_key: Base64Bytes,
    /// The twin of it for the workstation that asks, where there is one.
    pub twin: Option<Base64Bytes>,
}

/// `POST /v1/credentials/finish`, with a session. All of it counts, or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialFinish {
    /// From [`CredentialProven`].
    pub attempt: Base64Bytes,
    /// The OPAQUE registration upload, where the passphrase changes.
    pub passphrase: Option<Base64Bytes>,
    /// The new phone, where that changes.
    pub phone: Option<NewPhone>,
    /// A slot for each workstation that one could be prepared for, this one included.
    pub prepared: Vec<Base64Bytes>,
}

/// A new seed, and the proof that a phone holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewPhone {
    /// The seed, sealed under the key of this exchange as [`NEW_SEED_CONTEXT`].
    pub sealed_seed: Base64Bytes,
    /// A code of it, six digits.
    pub code: SecretText,
}

/// The answer to [`CredentialFinish`]: what is new counts from now on, everywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CredentialChanged {
    /// Every session of the person has ended; this is a new one.
    pub session: SessionResponse,
    /// The server's time.
    pub now: Timestamp,
}

/// `POST /v1/twins`, with a session: twins of this workstation's keys of the person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TwinsRequest {
    /// The twins; none to learn which are wanted.
    pub twins: Vec<Base64Bytes>,
}

/// The answer to [`TwinsRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TwinsResponse {
    /// The person's other workstations for which the server has no twin of this one.
    pub wanted: Vec<WantedTwin>,
}

/// For which workstation a twin is wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WantedTwin {
    /// Which.
    pub device: DeviceId,
    /// The person's X25519 public key there: the twin is sealed to it.
    pub agreement_key: Base64Bytes,
}

/// What became of a prepared slot on its workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedStanding {
    /// Whose it is.
    pub person: PersonId,
    /// Its number.
    pub number: u64,
    /// Whether the person signs in with it from now on, or with a later one; false when it could not be taken.
    pub taken: bool,
}

/// A one-time code that opened something on a workstation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedStep {
    /// Whose.
    pub person: PersonId,
    /// The step of the code (Unix time / 30 s).
    pub step: u64,
}
