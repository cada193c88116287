//! Changes as they arrived, and what became of each.

use super::StoreError;
use jiff::Timestamp;
use records::change::Outcome;
use records::id::{ChangeId, DeviceId, PersonId, RecordKey};
use records::rights::Permit;

/// A change that was received.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    /// The change.
    pub id: ChangeId,
    /// Where it was written.
    pub device: DeviceId,
    /// Who wrote it, where the envelope could be opened.
    pub author: Option<PersonId>,
    /// Its place among the workstation's envelopes.
    pub sequence: u64,
    /// When it was written.
    pub written_at: Option<Timestamp>,
    /// When it arrived first.
    pub received_at: Timestamp,
    /// What became of it.
    pub outcome: Outcome,
    /// SHA-256 of the envelope.
    pub digest: [u8; 32],
}

/// The version of a conflict that waits for a person.
#[derive(Clone, Debug)]
pub struct ConflictRow {
    /// The change.
    pub change: ChangeId,
    /// The record.
    pub key: RecordKey,
    /// The version the change was made on.
    pub base: u64,
    /// The version it met.
    pub standing: u64,
    /// What the change would have made of the record; empty where it would have deleted it.
    pub body: Vec<u8>,
}

/// The rows of changes.
pub trait Changes {
    /// A change that was received.
    fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError>;
    /// The envelope of a change; `None` where there is no such change, or its patient was erased.
    fn envelope(&self, id: ChangeId) -> Result<Option<Vec<u8>>, StoreError>;
    /// Stores a change with its envelope, after the versions that it made: where those are of one patient, the patient's data key
    /// seals it, otherwise one of its own.
    fn insert_change(&self, change: &ChangeRow, envelope: &[u8]) -> Result<(), StoreError>;
    /// Keeps the version of a conflict that waits for a person.
    fn insert_conflict(&self, permit: &Permit, conflict: &ConflictRow) -> Result<(), StoreError>;
    /// A person has decided about a record of a change in conflict; what is not in conflict, or no more, stays as it is.
    fn settle_conflict(
        &self,
        permit: &Permit,
        change: ChangeId,
        key: &RecordKey,
        at: Timestamp,
    ) -> Result<(), StoreError>;
    /// How many changes made a version of a record.
    fn applied_changes(&self) -> Result<u64, StoreError>;
    /// How many conflicts wait for a person.
    fn open_conflicts(&self) -> Result<u64, StoreError>;
    /// The version of a record that a change made.
    fn version_of_change(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, StoreError>;
}
