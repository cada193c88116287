//! Envelopes that the server has answered, kept until a backup of its own holds them.

use jiff::Timestamp;
use records::id::ChangeId;
use rusqlite::{Params, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

impl Device {
    /// Removes the envelopes of changes that are in the record at the server and that it received until then: a backup of
    /// its own holds them. Returns how many.
    ///
    /// # Errors
    /// When `device.db` cannot be written, or a file cannot be removed; what is left is removed the next time.
    pub fn forget_backed_up(&mut self, until: Timestamp) -> Result<usize, StoreError> {
        let sql = "SELECT change FROM outbox WHERE answered_at <= ?1 AND state = 'applied'";
        let done = self.changes_where(sql, params![number::millis(until)])?;
        for change in &done {
            crate::durable::remove(&self.folder.envelope_file(*change))?;
        }
        let sql = "UPDATE outbox SET answered_at = NULL WHERE answered_at <= ?1 AND state = 'applied'";
        self.conn.execute(sql, params![number::millis(until)])?;
        Ok(done.len())
    }

    /// Queues every change again whose envelope is still here, in the order they were written: the server was put back, and may
    /// not have them any more. What it had answered stays with each until it answers anew.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn send_again(&mut self) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "SELECT change FROM outbox WHERE answered_at IS NOT NULL
                   AND state IN ('applied', 'conflict', 'quarantined') ORDER BY sequence";
        let mut again = self.changes_where(sql, params![])?;
        // Those of an erased patient are gone.
        again.retain(|change| self.folder.envelope_file(*change).exists());
        sqlcipher::immediate(&mut self.conn, |tx| {
            let mut statement =
                tx.prepare_cached("UPDATE outbox SET state = 'waiting', settled = 0 WHERE change = ?1")?;
            again.iter().try_for_each(|change| statement.execute([change.uuid().into_bytes()]).map(drop))
        })?;
        Ok(again)
    }

    fn changes_where(&self, sql: &str, values: impl Params) -> Result<Vec<ChangeId>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let changes = statement.query_map(values, |row| Ok(ChangeId::from_uuid(number::uuid(row, 0)?)))?;
        Ok(changes.collect::<Result<_, _>>()?)
    }
}
