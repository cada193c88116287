//! What the server told this workstation to do.

use jiff::Timestamp;
use records::event::AuditEvent;
use rusqlite::params;

use super::Device;
use crate::error::StoreError;
use crate::number;

/// A directive as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDirective {
    /// The server's number: directives are carried out in this order, each once.
    pub number: u64,
    /// The signed bytes.
    pub bytes: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

impl Device {
    /// Keeps a directive, durably; one that is known already is not taken again. Returns whether it was new.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn keep_directive(&mut self, directive: &StoredDirective) -> Result<bool, StoreError> {
        let sql =
            "INSERT INTO directive (number, bytes, received_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let values =
            params![number::stored(directive.number), directive.bytes, number::millis(directive.received_at)];
        Ok(self.conn.execute(sql, values)? == 1)
    }

    /// Directives that were not carried out yet, in order.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn open_directives(&self) -> Result<Vec<StoredDirective>, StoreError> {
        let sql = "SELECT number, bytes, received_at FROM directive WHERE done_at IS NULL ORDER BY number";
        let mut statement = self.conn.prepare_cached(sql)?;
        let directives = statement.query_map([], |row| {
            Ok(StoredDirective {
                number: number::unsigned(row, 0)?,
                bytes: row.get(1)?,
                received_at: number::time(row, 2)?,
            })
        })?;
        Ok(directives.collect::<Result<_, _>>()?)
    }

    /// The number up to which every directive was carried out, 0 before the first. One that waits holds back those
    /// after it, even if they were carried out.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn directives_done(&self) -> Result<u64, StoreError> {
        let sql =
            "SELECT coalesce((SELECT min(number) - 1 FROM directive WHERE done_at IS NULL), max(number), 0)
                   FROM directive";
        Ok(self.conn.query_row(sql, [], |row| number::unsigned(row, 0))?)
    }

    /// Marks a directive as carried out, in one commit with the event that says so.
    ///
    /// # Errors
    /// When `device.db` cannot be written; then neither is.
    pub fn directive_done(
        &mut self,
        number: u64,
        event: &AuditEvent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.append_with(std::slice::from_ref(event), |conn| {
            let sql = "UPDATE directive SET done_at = ?2 WHERE number = ?1 AND done_at IS NULL";
            conn.execute(sql, params![number::stored(number), number::millis(now)])?;
            Ok(())
        })?;
        Ok(())
    }
}
