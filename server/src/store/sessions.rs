//! Half-done sign-ins, and sessions.

use super::StoreError;
use jiff::Timestamp;
use records::id::{DeviceId, PersonId, SessionId};

/// What a half-done exchange is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// An online sign-in.
    SignIn,
    /// An activation.
    Activation,
    /// A challenge for a session.
    Challenge,
    /// The proof before a new passphrase or phone.
    Proof,
    /// A new passphrase or phone.
    Credential,
    /// A challenge for a workstation whose certificate has ended.
    LateRenewal,
    /// What somebody takes out.
    Export,
}

impl AttemptKind {
    /// The name in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Activation => "activation",
            Self::Challenge => "challenge",
            Self::Proof => "proof",
            Self::Credential => "credential",
            Self::LateRenewal => "late-renewal",
            Self::Export => "export",
        }
    }
}

/// A half-done exchange; taken out once.
#[derive(Clone)]
pub struct AttemptRow {
    /// Names it on the wire.
    pub id: [u8; 32],
    /// What it is about.
    pub kind: AttemptKind,
    /// The workstation it began on; it ends there or not at all.
    pub device: DeviceId,
    /// The person, where there is such a one.
    pub person: Option<PersonId>,
    /// What the second half needs, sealed where it is secret.
    pub state: Vec<u8>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// SHA-256 of the token.
    pub token: [u8; 32],
    /// Its id in audit events.
    pub id: SessionId,
    /// Whose: a person's, or a program's.
    pub person: PersonId,
    /// Where.
    pub device: DeviceId,
    /// SHA-256 of the certificate it is bound to.
    pub certificate: [u8; 32],
    /// Until when.
    pub expires_at: Timestamp,
    /// What a program may ask for with it; empty for a person.
    pub scopes: String,
}

/// The rows of sign-in and sessions.
pub trait Sessions {
    /// Stores a half-done exchange.
    fn insert_attempt(&self, attempt: &AttemptRow) -> Result<(), StoreError>;
    /// Takes a half-done exchange out: a second try with the same id finds nothing.
    fn take_attempt(
        &self,
        id: &[u8; 32],
        kind: AttemptKind,
        device: DeviceId,
    ) -> Result<Option<AttemptRow>, StoreError>;
    /// Stores a session.
    fn insert_session(&self, session: &SessionRow) -> Result<(), StoreError>;
    /// The session with this token.
    fn session(&self, token: &[u8; 32]) -> Result<Option<SessionRow>, StoreError>;
    /// Ends every session of a person.
    fn end_sessions_of(&self, person: PersonId) -> Result<(), StoreError>;
    /// Forgets what has expired.
    fn purge_expired(&self, at: Timestamp) -> Result<(), StoreError>;
}
