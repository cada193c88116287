//! Programs by others that read without a person.

use super::StoreError;
use jiff::Timestamp;
use records::id::PersonId;

/// A program.
#[derive(Clone, Debug)]
pub struct ProgramRow {
    /// Its id, which is its `client_id`; in the trail it stands where a person does.
    pub id: PersonId,
    /// What people call it.
    pub name: String,
    /// What it may ask for.
    pub scopes: String,
    /// Its public keys, a JSON Web Key Set.
    pub jwks: String,
    /// When it was registered.
    pub added_at: Timestamp,
    /// When a second administrator agreed to it.
    pub admitted_at: Option<Timestamp>,
    /// When it was ended.
    pub ended_at: Option<Timestamp>,
}

/// The rows of programs.
pub trait Programs {
    /// Stores a new program.
    fn insert_program(&self, program: &ProgramRow) -> Result<(), StoreError>;
    /// A program.
    fn program(&self, id: PersonId) -> Result<Option<ProgramRow>, StoreError>;
    /// All programs, oldest first.
    fn programs(&self) -> Result<Vec<ProgramRow>, StoreError>;
    /// Notes that a program was admitted.
    fn admit_program(&self, id: PersonId, at: Timestamp) -> Result<(), StoreError>;
    /// Ends a program; false when there is none, or it was ended before.
    fn end_program(&self, id: PersonId, at: Timestamp) -> Result<bool, StoreError>;
    /// Uses an assertion up until it would have ended; false when it was used before.
    fn use_assertion(&self, id: &[u8; 32], until: Timestamp) -> Result<bool, StoreError>;
}
