//! Attached files in SQL.

use super::column::{count, millis};
use super::{Params, StoreError, Work};
use crate::store::{AttachmentRow, Attachments};
use jiff::Timestamp;
use records::id::{AttachmentId, DeviceId};

impl Attachments for Work<'_> {
    fn attachment(&self, id: AttachmentId) -> Result<Option<AttachmentRow>, StoreError> {
        let sql = "SELECT device, length, digest, held FROM attachment WHERE id = $1";
        self.first(sql, &[&id.uuid()], |row| {
            Ok(AttachmentRow {
                device: DeviceId::from_uuid(row.uuid(0)?),
                length: row.number(1)?,
                digest: row.get(2)?,
                held: row.number(3)?,
            })
        })
    }

    fn insert_attachment(
        &self,
        id: AttachmentId,
        row: &AttachmentRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO attachment (id, device, length, digest, held, begun_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let (length, held, now) = (count(row.length), count(row.held), millis(now));
        let row: Params<'_> = &[&id.uuid(), &row.device.uuid(), &length, &row.digest, &held, &now];
        self.send(sql, row)
    }

    fn append_attachment(&self, id: AttachmentId, held: u64, part: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT INTO attachment_part (attachment, position, bytes) VALUES ($1, $2, $3)";
        self.send(sql, &[&id.uuid(), &count(held), &part])?;
        let held = held.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        self.send("UPDATE attachment SET held = $2 WHERE id = $1", &[&id.uuid(), &count(held)])
    }

    fn attachment_part(&self, id: AttachmentId, at: u64) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT position, bytes FROM attachment_part WHERE attachment = $1 AND position <= $2
            ORDER BY position DESC LIMIT 1";
        self.first(sql, &[&id.uuid(), &count(at)], |row| Ok((row.number(0)?, row.get(1)?)))
    }

    fn empty_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        self.send("DELETE FROM attachment_part WHERE attachment = $1", &[&id.uuid()])?;
        self.send("UPDATE attachment SET held = 0 WHERE id = $1", &[&id.uuid()])
    }
}
