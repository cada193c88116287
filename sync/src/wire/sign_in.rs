//! Activation and online sign-in: OPAQUE messages, the one-time code, and what a person gets for them.

use super::{Base64Bytes, SecretText, SessionResponse};
use jiff::Timestamp;
use records::Role;
use records::id::PersonId;
use serde::{Deserialize, Serialize};

/// What the seed is sealed as, under the OPAQUE session key.
pub const SEED_CONTEXT: &[u8] = b"totp-seed";

/// `POST /v1/sign-in/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInStart {
    /// The name people sign in with.
    pub username: String,
    /// The OPAQUE credential request.
    pub message: Base64Bytes,
}

/// The answer to [`SignInStart`]; the same in shape and timing for a name that nobody has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInStarted {
    /// Names this attempt in [`SignInFinish`]; good for two minutes.
    pub attempt: Base64Bytes,
    /// The OPAQUE credential response.
    pub message: Base64Bytes,
}

/// `POST /v1/sign-in/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInFinish {
    /// From [`SignInStarted`].
    pub attempt: Base64Bytes,
    /// The OPAQUE credential finalization.
    pub message: Base64Bytes,
    /// The one-time code, six digits.
    pub code: SecretText,
    /// The person's X25519 public key on this workstation (32 bytes): grants are sealed to it.
    pub agreement_key: Base64Bytes,
    /// The person's Ed25519 public key on this workstation (32 bytes): it signs changes and session challenges.
    pub signing_key: Base64Bytes,
}

/// `POST /v1/activate/start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivateStart {
    /// The name people sign in with.
    pub username: String,
    /// What the administrator handed over; good once.
    pub activation_code: SecretText,
    /// The OPAQUE registration request.
    pub message: Base64Bytes,
}

/// The answer to [`ActivateStart`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivateStarted {
    /// Names this attempt in [`ActivateFinish`]; good for 15 minutes.
    pub attempt: Base64Bytes,
    /// The OPAQUE registration response.
    pub message: Base64Bytes,
    /// The new TOTP seed (20 bytes), for the person's authenticator and slot.
    pub seed: Base64Bytes,
}

/// `POST /v1/activate/finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivateFinish {
    /// From [`ActivateStarted`].
    pub attempt: Base64Bytes,
    /// The OPAQUE registration upload.
    pub message: Base64Bytes,
    /// A code of the new seed: proof that the authenticator holds it.
    pub code: SecretText,
    /// As in [`SignInFinish`].
    pub agreement_key: Base64Bytes,
    /// As in [`SignInFinish`].
    pub signing_key: Base64Bytes,
}

/// What a person gets for a passphrase and a code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who signed in.
    pub person: PersonId,
    /// The name to be shown.
    pub name: String,
    /// What the person works as.
    pub roles: Vec<Role>,
    /// The TOTP seed sealed under the OPAQUE session key; absent after an activation, which has handed it over already.
    pub sealed_seed: Option<Base64Bytes>,
    /// The step (Unix time / 30 s) of the code that was used up.
    pub code_step: u64,
    /// The number of the passphrase and phone that were used: it rises with each new one.
    #[serde(default)]
    pub credential: u64,
    /// The person's grants for this workstation, sealed to `agreement_key`.
    pub grants: Vec<Base64Bytes>,
    /// A session, so that the first pull needs no second challenge.
    pub session: SessionResponse,
    /// When this person signed in last before, anywhere.
    pub last_sign_in: Option<Timestamp>,
    /// Failed attempts under this name since then.
    pub failures_since: u32,
    /// The server's time.
    pub now: Timestamp,
}
