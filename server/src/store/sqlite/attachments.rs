//! Attached files in SQL.

use super::column::{count, millis};
use super::{StoreError, Work};
use crate::store::{AttachmentRow, Attachments};
use jiff::Timestamp;
use records::id::{AttachmentId, DeviceId};
use sqlcipher::rusqlite::params;

impl Attachments for Work<'_> {
    fn attachment(&self, id: AttachmentId) -> Result<Option<AttachmentRow>, StoreError> {
        let sql = "SELECT device, length, digest, held FROM attachment WHERE id = ?1";
        self.first(sql, params![id.uuid().into_bytes()], |row| {
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
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (id, device) = (id.uuid().into_bytes(), row.device.uuid().into_bytes());
        self.run(sql, params![id, device, count(row.length), row.digest, count(row.held), millis(now)])?;
        Ok(())
    }

    fn append_attachment(&self, id: AttachmentId, held: u64, part: &[u8]) -> Result<(), StoreError> {
        let id = id.uuid().into_bytes();
        let sql = "INSERT INTO attachment_part (attachment, position, bytes) VALUES (?1, ?2, ?3)";
        self.run(sql, params![id, count(held), part])?;
        let held = held.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        self.run("UPDATE attachment SET held = ?2 WHERE id = ?1", params![id, count(held)])?;
        Ok(())
    }

    fn attachment_part(&self, id: AttachmentId, at: u64) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT position, bytes FROM attachment_part WHERE attachment = ?1 AND position <= ?2
            ORDER BY position DESC LIMIT 1";
        let row = params![id.uuid().into_bytes(), count(at)];
        self.first(sql, row, |row| Ok((row.number(0)?, row.get(1)?)))
    }

    fn empty_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        let id = id.uuid().into_bytes();
        self.run("DELETE FROM attachment_part WHERE attachment = ?1", params![id])?;
        self.run("UPDATE attachment SET held = 0 WHERE id = ?1", params![id])?;
        Ok(())
    }
}
