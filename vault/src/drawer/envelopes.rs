//! The envelope of each change that was written in a drawer, and what the index of changes says of it.

use records::id::ChangeId;
use rusqlite::{OptionalExtension as _, params};

use super::{OpenDrawer, Writing};
use crate::device::{OutboxEntry, outbox_entry};
use crate::error::StoreError;
use crate::number;

impl OpenDrawer {
    /// The envelope of a change that was written here.
    pub(crate) fn envelope(&self, change: ChangeId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT bytes FROM envelope WHERE change = ?1")?;
        Ok(statement.query_row([change.uuid().into_bytes()], |row| row.get(0)).optional()?)
    }

    /// The changes that this drawer has no answer to, in the order they were written.
    pub(crate) fn waiting_changes(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        self.changes("SELECT change FROM pending WHERE state = 'waiting'")
    }

    /// The changes that wait here or are set apart, in the order they were written.
    pub(crate) fn changes_here(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        self.changes("SELECT change FROM pending")
    }

    fn changes(&self, which: &str) -> Result<Vec<OutboxEntry>, StoreError> {
        let sql = format!(
            "SELECT sequence, change, author, ?1, patient, kind, written_at, 'waiting', x'', depends_on,
             also
             FROM envelope WHERE change IN ({which}) ORDER BY sequence"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let entries = statement.query_map([self.drawer().as_str()], outbox_entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// Keeps the finished envelope of a change.
    pub(crate) fn keep_envelope(&self, entry: &OutboxEntry, envelope: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT INTO envelope
                   (change, sequence, author, patient, also, kind, written_at, depends_on, bytes)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.tx.prepare_cached(sql)?.execute(params![
            entry.change.uuid().into_bytes(),
            number::stored(entry.sequence),
            entry.author.uuid().into_bytes(),
            entry.patient_column(),
            entry.also_column(),
            entry.kind,
            number::millis(entry.written_at),
            entry.depends_on_column(),
            envelope,
        ])?;
        Ok(())
    }
}
