//! Entries of audit logs that gave up what they said once their time was over, and the orders by which they did.

use super::StoreError;
use jiff::Timestamp;
use keys::purge::PurgedRun;
use records::id::PersonId;

/// A purge that was carried out.
#[derive(Clone, Debug)]
pub struct PurgeRow {
    /// Its number.
    pub number: u64,
    /// The approval that it carried out.
    pub approval: u64,
    /// Only entries that arrived before this.
    pub before: Timestamp,
    /// Who asked for it, and when.
    pub asked: (PersonId, Timestamp),
    /// Who agreed, and when.
    pub agreed: (PersonId, Timestamp),
    /// When it was done.
    pub purged_at: Timestamp,
    /// How many entries.
    pub entries: u64,
    /// The signed certificate, which names each.
    pub certificate: Vec<u8>,
    /// The trust bundle whose directive key signed it, base64.
    pub trust: String,
}

/// The rows of purges.
pub trait Purges {
    /// Which entries may go of those that arrived before then: what names a patient stays while there is a record of that
    /// patient, or a hold; what does not keep to its pattern stays, since it may be about others than those read out of it.
    fn purgeable(&self, before: Timestamp) -> Result<Vec<PurgedRun>, StoreError>;
    /// The number that the next purge will have.
    fn next_purge(&self) -> Result<u64, StoreError>;
    /// Notes a purge: entries that it may be about can be emptied from now on.
    fn insert_purge(&self, purge: &PurgeRow) -> Result<(), StoreError>;
    /// Takes out of these entries what they said and are found by; their hashes and times stay.
    fn empty_leaves(&self, run: &PurgedRun) -> Result<u64, StoreError>;
    /// All purges, oldest first.
    fn purges(&self) -> Result<Vec<PurgeRow>, StoreError>;
}
