//! Records with their whole history, in the order of the server sequence. Each way in takes a permit.

use super::{IndexRow, StoreError};
use jiff::Timestamp;
use records::change::Standing;
use records::id::{ChangeId, DeviceId, PatientId, PersonId, PracticeId, RecordKey};
use records::rights::Permit;
use records::{DataClass, Document, Drawer};
use sync::wire::HistoryWriter;

/// One version of a record.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// Its version, from 1.
    pub version: u64,
    /// Its class.
    pub class: DataClass,
    /// Who wrote it.
    pub author: PersonId,
    /// The resource.
    pub document: Document,
}

/// What has to be known of a record to decide about it; never leaves the server.
#[derive(Clone, Debug)]
pub struct RecordFacts {
    /// Its present version.
    pub version: u64,
    /// Its class.
    pub class: DataClass,
    /// Whose it is.
    pub patient: Option<PatientId>,
    /// Who wrote the present version.
    pub author: PersonId,
}

/// A version about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The resource.
    pub document: &'a Document,
    /// Its class.
    pub class: DataClass,
    /// Its version: one more than the present one.
    pub version: u64,
    /// The drawer the present version lies in, where that is another one.
    pub leaves: Option<DataClass>,
    /// The change that brought it.
    pub change: Option<ChangeId>,
    /// Who wrote it.
    pub author: PersonId,
    /// Where.
    pub device: DeviceId,
    /// When it was written.
    pub written_at: Timestamp,
    /// When it arrived.
    pub received_at: Timestamp,
    /// What it is found by.
    pub index: &'a [IndexRow],
}

/// The deletion of a record, about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewDeletion<'a> {
    /// Which record.
    pub key: &'a RecordKey,
    /// The version that it makes: one more than the present one.
    pub version: u64,
    /// The change that brought it.
    pub change: Option<ChangeId>,
    /// Who deleted it.
    pub author: PersonId,
    /// Where.
    pub device: DeviceId,
    /// When it was deleted.
    pub written_at: Timestamp,
    /// When that arrived.
    pub received_at: Timestamp,
}

/// How large a page of history may become.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// The most entries.
    pub entries: u32,
    /// No further entry is added beyond this many bytes.
    pub bytes: usize,
}

impl PageLimits {
    /// Whether nothing more goes into a page. What is alone on its page always does.
    pub(super) fn is_reached(self, page: &HistoryWriter) -> bool {
        let is_full = page.len() >= self.entries as usize || page.byte_len() >= self.bytes;
        is_full && !page.is_empty()
    }
}

/// The rows of records.
pub trait Records {
    /// Facts about a record, for a decision.
    fn facts(&self, key: &RecordKey) -> Result<Option<RecordFacts>, StoreError>;
    /// How a record stands, one that was deleted included.
    fn standing(&self, key: &RecordKey) -> Result<Standing, StoreError>;
    /// Facts about a patient: whether there is one.
    fn has_patient(&self, patient: &PatientId) -> Result<bool, StoreError>;
    /// The present version of a record.
    fn current(&self, permit: &Permit, key: &RecordKey) -> Result<Option<StoredVersion>, StoreError>;
    /// A certain version of a record.
    fn at_version(
        &self,
        permit: &Permit,
        key: &RecordKey,
        version: u64,
    ) -> Result<Option<StoredVersion>, StoreError>;
    /// Stores a version; the one before stays in the history.
    fn insert_version(&self, permit: &Permit, new: &NewVersion<'_>) -> Result<(), StoreError>;
    /// Stores that a record was deleted, as its next version; those before it stay in the history, and the drawer tells of it.
    /// One that is not there is left as it is.
    fn insert_deletion(&self, permit: &Permit, deletion: &NewDeletion<'_>) -> Result<(), StoreError>;
    /// Adds what follows `after` in a drawer to a page; returns where the page ends and whether more follows.
    fn history(
        &self,
        permit: &Permit,
        drawer: Drawer,
        after: u64,
        limits: PageLimits,
        page: &mut HistoryWriter,
    ) -> Result<(u64, bool), StoreError>;
    /// How far the history of a drawer goes; 0 where it has none.
    fn feed_end(&self, practice: PracticeId, drawer: Drawer) -> Result<u64, StoreError>;
    /// How many records there are, by type.
    fn count_by_kind(&self) -> Result<Vec<(String, u64)>, StoreError>;
}
