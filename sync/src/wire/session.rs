//! A session: the token that record routes ask for beside the certificate, and what it opens.

use super::{Base64Bytes, SecretText};
use jiff::Timestamp;
use records::change::Outcome;
use records::id::{ChangeId, PersonId};
use records::{Drawer, Role};
use serde::{Deserialize, Serialize};

/// `POST /v1/session/challenge`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChallengeRequest {
    /// Who wants a session.
    pub person: PersonId,
}

/// A challenge, good once and for two minutes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChallengeResponse {
    /// 32 random bytes to be signed (`keys::sign_in`).
    pub challenge: Base64Bytes,
}

/// `POST /v1/session`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionRequest {
    /// Who wants a session.
    pub person: PersonId,
    /// The challenge that is answered.
    pub challenge: Base64Bytes,
    /// The Ed25519 signature (64 bytes) over it by the person's slot key on this workstation.
    pub signature: Base64Bytes,
}

/// A session token, bound to the certificate of the workstation that asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionResponse {
    /// For `Authorization: Bearer`.
    pub token: SecretText,
    /// When it ends: at most 15 minutes from now.
    pub expires_at: Timestamp,
    /// The person's roles today.
    pub roles: Vec<Role>,
    /// The drawers whose history this session may read.
    pub drawers: Vec<Drawer>,
}

/// `POST /v1/outcomes`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutcomesRequest {
    /// The changes asked about.
    pub changes: Vec<ChangeId>,
}

/// What became of each change that this person may see.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutcomesResponse {
    /// In the order asked; a change that is unknown, or not this person's to see, is left out.
    pub outcomes: Vec<ChangeOutcome>,
}

/// The whole outcome of one change; of a conflict also what differs, element by element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOutcome {
    /// The change.
    pub change: ChangeId,
    /// What became of it.
    pub outcome: Outcome,
}
