//! Versions that a store had before it was put back from an older copy, and where its numbers go on after that.

use super::StoreError;
use records::id::{ChangeId, RecordKey};

/// The rows of what was lost.
pub trait Lost {
    /// Whether a version of a record is here. Says nothing of what it holds.
    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, StoreError>;
    /// The change that had made a version which is not here any more, where a workstation has told.
    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, StoreError>;
    /// Keeps which change had made such a version; who told first is believed.
    fn note_lost_version(&self, key: &RecordKey, version: u64, change: ChangeId) -> Result<(), StoreError>;
    /// The history goes on above a place, or where it stands if that is higher.
    fn raise_history(&self, above: u64) -> Result<(), StoreError>;
}
