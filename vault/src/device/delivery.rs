//! The audit queue: what of the log the server does not hold yet.

use jiff::Timestamp;
use keys::marks::Marks;
use records::log::NodeHash;
use rusqlite::params;

use super::Device;
use crate::error::StoreError;
use crate::number;

/// A run of entries to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditBatch {
    /// The index of the first.
    pub first_index: u64,
    /// The exact bytes of each event.
    pub events: Vec<Vec<u8>>,
    /// Their marks, as far as they have any.
    pub marks: Option<Marks>,
}

/// An entry as it is stored, whether or not it is what it should be.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The position that it is stored under.
    pub position: u64,
    /// The leaf hash that is stored with it.
    pub leaf: NodeHash,
    /// The exact bytes of the event.
    pub event: Vec<u8>,
}

impl std::fmt::Debug for StoredEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredEntry({}, {} bytes)", self.position, self.event.len())
    }
}

impl Device {
    /// How many entries the server has confirmed.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn delivered_size(&self) -> Result<u64, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT coalesce(max(size), 0) FROM audit_receipt")?;
        Ok(statement.query_row([], |row| number::unsigned(row, 0))?)
    }

    /// The next entries to deliver: at most `most_events`, and few enough that their bytes stay near `most_bytes`.
    /// Needs no permit: opaque ids, on their way to the server that is their witness.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn undelivered(&self, most_events: u32, most_bytes: usize) -> Result<AuditBatch, StoreError> {
        let first_index = self.delivered_size()?;
        self.entries_from(first_index, most_events, most_bytes)
    }

    /// Entries from an index on, for a server that asks for what it lost. Where marking began anew the batch ends: its marks
    /// are of one chain.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn entries_from(
        &self,
        first_index: u64,
        most_events: u32,
        most_bytes: usize,
    ) -> Result<AuditBatch, StoreError> {
        let sql =
            "SELECT event FROM audit_entry WHERE position >= ?1 AND position < ?3 ORDER BY position LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let end = self.chain_after(first_index)?.map_or(i64::MAX, number::stored);
        let mut rows = statement.query(params![number::stored(first_index), most_events, end])?;
        let mut events: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let event: Vec<u8> = row.get(0)?;
            bytes += event.len();
            if bytes > most_bytes && !events.is_empty() {
                break;
            }
            events.push(event);
        }
        let end = first_index + events.len() as u64;
        Ok(AuditBatch { first_index, events, marks: self.marks_of(first_index, end)? })
    }

    /// Entries from an index on as they are stored, for an export that is sealed: at most `most`.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn stored_entries(&self, first: u64, most: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let sql = "SELECT position, leaf_hash, event FROM audit_entry WHERE position >= ?1 ORDER BY position LIMIT ?2";
        let mut statement = self.conn.prepare_cached(sql)?;
        let entries = statement.query_map(params![number::stored(first), most], |row| {
            Ok(StoredEntry {
                position: number::unsigned(row, 0)?,
                leaf: NodeHash(row.get(1)?),
                event: row.get(2)?,
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// Keeps the server's receipt for the first `size` entries. One for more entries than there are is not kept: it
    /// would take what is yet to come for delivered.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn keep_receipt(&mut self, size: u64, receipt: &[u8], now: Timestamp) -> Result<(), StoreError> {
        if size > self.tree.size() {
            return Ok(());
        }
        let sql = "INSERT INTO audit_receipt (size, receipt, received_at) VALUES (?1, ?2, ?3)
                   ON CONFLICT (size) DO UPDATE SET receipt = excluded.receipt, received_at = excluded.received_at";
        self.conn.execute(sql, params![number::stored(size), receipt, number::millis(now)])?;
        Ok(())
    }

    /// Every receipt that was kept, by the number of entries it is for, oldest first.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn receipts(&self) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let mut statement = self.conn.prepare("SELECT size, receipt FROM audit_receipt ORDER BY size")?;
        let receipts = statement.query_map([], |row| Ok((number::unsigned(row, 0)?, row.get(1)?)))?;
        Ok(receipts.collect::<Result<_, _>>()?)
    }

    /// The newest receipt, and when it came.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn last_receipt(&self) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
        use rusqlite::OptionalExtension as _;
        let sql = "SELECT receipt, received_at FROM audit_receipt ORDER BY size DESC LIMIT 1";
        Ok(self.conn.query_row(sql, [], |row| Ok((row.get(0)?, number::time(row, 1)?))).optional()?)
    }
}
