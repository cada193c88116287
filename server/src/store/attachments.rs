//! Attached files, sealed by the workstation they were attached at. The key of each is in its record.

use super::StoreError;
use jiff::Timestamp;
use records::id::{AttachmentId, DeviceId};

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    /// The workstation that sends it.
    pub device: DeviceId,
    /// How long it is.
    pub length: u64,
    /// SHA-256 over all of it.
    pub digest: Vec<u8>,
    /// So many bytes from its start are here.
    pub held: u64,
}

/// The rows of attached files.
pub trait Attachments {
    /// What is known of a file.
    fn attachment(&self, id: AttachmentId) -> Result<Option<AttachmentRow>, StoreError>;
    /// Begins a file.
    fn insert_attachment(
        &self,
        id: AttachmentId,
        row: &AttachmentRow,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Stores the part that follows what is held.
    fn append_attachment(&self, id: AttachmentId, held: u64, part: &[u8]) -> Result<(), StoreError>;
    /// The part in which a byte is: where it begins, and its bytes.
    fn attachment_part(&self, id: AttachmentId, at: u64) -> Result<Option<(u64, Vec<u8>)>, StoreError>;
    /// Takes out all parts of a file, so that it begins anew.
    fn empty_attachment(&self, id: AttachmentId) -> Result<(), StoreError>;
}
