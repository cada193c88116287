//! Marking the entries of the log with the key of the epoch, which is in memory here and in the caller's keyring.
//!
//! Entries get their marks as they are appended. Where the key is not at hand they wait, and get them in their order as soon
//! as it is. An epoch ends in one commit that says where, and its key is gone with that.

use keys::epoch::{EpochKey, Mark, NO_MARK};
use keys::marks::{EntryMark, EpochEnd, Marks};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Device;
use crate::error::StoreError;
use crate::number;

/// Entries that are marked late in one commit.
const AT_ONCE: u32 = 500;

/// Where the marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MarkStanding {
    /// The index at which the present chain of epochs begins; `None` before the first.
    pub chain: Option<u64>,
    /// The epoch in which the next entry is marked.
    pub epoch: u64,
    /// Whether an entry was marked in it.
    pub begun: bool,
    /// The index of the first entry without a mark.
    pub next: u64,
    /// How many entries wait for a mark.
    pub waiting: u64,
    /// Whether the key of the epoch is at hand.
    pub has_key: bool,
}

/// The same, as `device.db` holds it, and the key.
#[derive(Default)]
pub(super) struct Marking {
    chain: Option<u64>,
    epoch: u64,
    begun: bool,
    next: u64,
    last: Mark,
    key: Option<EpochKey>,
}

impl Marking {
    pub(super) fn load(conn: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT first, before FROM mark_chain ORDER BY first DESC LIMIT 1";
        let chain = conn.query_row(sql, [], |row| Ok((number::unsigned(row, 0)?, row.get(1)?))).optional()?;
        let Some((first, before)) = chain else { return Ok(Self::default()) };
        let sql = "SELECT max(epoch) + 1 FROM epoch_end WHERE chain = ?1";
        let epoch: Option<i64> = conn.query_row(sql, [number::stored(first)], |row| row.get(0))?;
        let epoch = epoch.and_then(|epoch| u64::try_from(epoch).ok()).unwrap_or(0);
        let sql = "SELECT position, epoch, mark FROM audit_entry WHERE position >= ?1 AND mark <> x''
                   ORDER BY position DESC LIMIT 1";
        let last = conn.query_row(sql, [number::stored(first)], |row| {
            Ok((number::unsigned(row, 0)?, number::unsigned(row, 1)?, row.get(2)?))
        });
        let chain = Some(first);
        Ok(match last.optional()? {
            Some((position, of, last)) => {
                Self { chain, epoch, begun: of == epoch, next: position + 1, last, key: None }
            }
            None => Self { chain, epoch, begun: false, next: first, last: before, key: None },
        })
    }

    /// What marks entries from an index on; `None` where the key is not at hand, or earlier ones wait.
    pub(super) fn marker(&self, index: u64) -> Option<Marker<'_>> {
        let key = self.key.as_ref().filter(|_| self.next == index)?;
        Some(Marker { key, next: index, last: self.last })
    }

    /// Everything before an index is marked, durably.
    pub(super) fn marked(&mut self, next: u64, last: Mark) {
        self.begun |= next > self.next;
        (self.next, self.last) = (next, last);
    }
}

/// Marks one entry after the other, for one commit.
pub(super) struct Marker<'a> {
    key: &'a EpochKey,
    next: u64,
    last: Mark,
}

impl Marker<'_> {
    /// The mark of the next entry.
    pub(super) fn mark(&mut self, leaf_hash: &[u8; 32]) -> EntryMark {
        self.last = self.key.mark(self.next, &self.last, leaf_hash);
        self.next += 1;
        EntryMark { epoch: self.key.epoch(), mark: self.last }
    }

    /// The index after the last marked entry, and its mark.
    pub(super) fn end(&self) -> (u64, Mark) {
        (self.next, self.last)
    }
}

impl Device {
    /// Where the marks stand.
    #[must_use]
    pub fn mark_standing(&self) -> MarkStanding {
        let marking = &self.marking;
        MarkStanding {
            chain: marking.chain,
            epoch: marking.epoch,
            begun: marking.begun,
            next: marking.next,
            waiting: self.tree.size().saturating_sub(marking.next),
            has_key: marking.key.is_some(),
        }
    }

    /// The index at which a new chain would begin: after what is marked, and what the server holds.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn next_chain(&self) -> Result<u64, StoreError> {
        Ok(self.delivered_size()?.max(self.marking.next))
    }

    /// Begins a chain of epochs at an index, with its start key sealed to the server, and marks what waits. False where
    /// entries from there on are marked already.
    ///
    /// # Errors
    /// When it is not durable.
    pub fn begin_chain(&mut self, first: u64, start: &[u8], key: EpochKey) -> Result<bool, StoreError> {
        let marking = &self.marking;
        if first < marking.next
            || first > self.tree.size()
            || key.epoch() != 0
            || marking.chain == Some(first)
        {
            return Ok(false);
        }
        let before = marking.chain.map_or(NO_MARK, |_| marking.last);
        let sql = "INSERT INTO mark_chain (first, start, before) VALUES (?1, ?2, ?3)";
        self.conn.execute(sql, params![number::stored(first), start, before])?;
        self.marking =
            Marking { chain: Some(first), epoch: 0, begun: false, next: first, last: before, key: Some(key) };
        self.mark_waiting()?;
        Ok(true)
    }

    /// Takes the key of the present epoch, and marks what waits. False where it is the key of another.
    ///
    /// # Errors
    /// When the marks are not durable; the key is at hand all the same.
    pub fn take_epoch_key(&mut self, key: EpochKey) -> Result<bool, StoreError> {
        if self.marking.chain.is_none() || key.epoch() != self.marking.epoch {
            return Ok(false);
        }
        self.marking.key = Some(key);
        self.mark_waiting()?;
        Ok(true)
    }

    /// The key of the next epoch, to be kept before it is used; `None` where the present one has marked nothing yet.
    #[must_use]
    pub fn next_epoch_key(&self) -> Option<EpochKey> {
        self.marking.key.as_ref().filter(|_| self.marking.begun).map(EpochKey::next)
    }

    /// Ends the present epoch where the log stands, and goes on with the next, whose key is kept. False where it is not the
    /// next.
    ///
    /// # Errors
    /// When it is not durable; the present epoch then goes on.
    pub fn enter_epoch(&mut self, next: EpochKey) -> Result<bool, StoreError> {
        let marking = &self.marking;
        let (Some(chain), Some(key)) = (marking.chain, &marking.key) else { return Ok(false) };
        if !next.is_same(&key.next()) {
            return Ok(false);
        }
        let sql = "INSERT INTO epoch_end (chain, epoch, size, mark) VALUES (?1, ?2, ?3, ?4)";
        let end = key.end_mark(marking.next, &marking.last);
        let (chain, epoch) = (number::stored(chain), number::stored(key.epoch()));
        self.conn.execute(sql, params![chain, epoch, number::stored(marking.next), end])?;
        (self.marking.epoch, self.marking.begun) = (next.epoch(), false);
        self.marking.key = Some(next);
        Ok(true)
    }

    /// Marks entries that were appended while the key was not at hand.
    fn mark_waiting(&mut self) -> Result<(), StoreError> {
        while self.marking.next < self.tree.size() {
            let Some(mut marker) = self.marking.marker(self.marking.next) else { return Ok(()) };
            sqlcipher::immediate(&mut self.conn, |tx| mark_some(tx, &mut marker))?;
            let (next, last) = marker.end();
            if next == self.marking.next {
                // Entries are missing: that is for the check of the log to say.
                return Ok(());
            }
            self.marking.marked(next, last);
        }
        Ok(())
    }

    /// The marks of entries from an index on, up to another: those of one chain; `None` where the first has none.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn marks_of(&self, from: u64, end: u64) -> Result<Option<Marks>, StoreError> {
        let sql = "SELECT first, start, before FROM mark_chain WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let chain = statement.query_row([number::stored(from)], |row| {
            Ok((number::unsigned(row, 0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Mark>(2)?))
        });
        let Some((chain, start, before)) = chain.optional()? else { return Ok(None) };
        let before = if from == chain { Some(before) } else { self.mark_at(from - 1)? };
        let end = self.chain_after(from)?.map_or(end, |next| next.min(end));
        let sql = "SELECT epoch, mark FROM audit_entry WHERE position >= ?1 AND position < ?2 AND mark <> x''
                   ORDER BY position";
        let mut statement = self.conn.prepare_cached(sql)?;
        let entries = statement.query_map([number::stored(from), number::stored(end)], |row| {
            Ok(EntryMark { epoch: number::unsigned(row, 0)?, mark: row.get(1)? })
        })?;
        let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
        let (Some(before), false) = (before, entries.is_empty()) else { return Ok(None) };
        let ends = self.ends_of(chain, from, end)?;
        Ok(Some(Marks { chain, start, at: from, before, entries, ends }))
    }

    /// Where the next chain after an index begins.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn chain_after(&self, from: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT min(first) FROM mark_chain WHERE first > ?1";
        let first: Option<i64> =
            self.conn.prepare_cached(sql)?.query_row([number::stored(from)], |row| row.get(0))?;
        Ok(first.and_then(|first| u64::try_from(first).ok()))
    }

    fn mark_at(&self, position: u64) -> Result<Option<Mark>, StoreError> {
        let sql = "SELECT mark FROM audit_entry WHERE position = ?1 AND mark <> x''";
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.query_row([number::stored(position)], |row| row.get(0)).optional()?)
    }

    fn ends_of(&self, chain: u64, from: u64, to: u64) -> Result<Vec<EpochEnd>, StoreError> {
        let sql = "SELECT epoch, size, mark FROM epoch_end WHERE chain = ?1 AND size >= ?2 AND size <= ?3
                   ORDER BY epoch";
        let mut statement = self.conn.prepare_cached(sql)?;
        let range = [number::stored(chain), number::stored(from), number::stored(to)];
        let ends = statement.query_map(range, |row| {
            Ok(EpochEnd {
                epoch: number::unsigned(row, 0)?,
                size: number::unsigned(row, 1)?,
                mark: row.get(2)?,
            })
        })?;
        Ok(ends.collect::<Result<_, _>>()?)
    }
}

fn mark_some(tx: &Connection, marker: &mut Marker<'_>) -> Result<(), StoreError> {
    let sql = "SELECT position, leaf_hash FROM audit_entry WHERE position >= ?1 ORDER BY position LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let from = number::stored(marker.next);
    let leaves = statement.query_map(params![from, AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let leaves: Vec<(i64, [u8; 32])> = leaves.collect::<Result<_, _>>()?;
    let mut update = tx.prepare_cached("UPDATE audit_entry SET epoch = ?2, mark = ?3 WHERE position = ?1")?;
    for (position, leaf) in leaves {
        if position != number::stored(marker.next) {
            break;
        }
        let made = marker.mark(&leaf);
        update.execute(params![position, number::stored(made.epoch), made.mark])?;
    }
    Ok(())
}
