//! Counting the rows of a drawer anew, a part at a time, to compare them with the digest that is kept of them.
//!
//! The file's own authentication takes an old page for a good one. Whoever puts one back, or changes rows with the file
//! key, leaves a set of rows that the digest does not fit. Work goes on between the parts: what is written among the rows
//! that were counted already is counted along.

use rusqlite::params;

use super::OpenDrawer;
use super::anchor::{Digest, row_digest};
use super::sealing::Sealing;
use crate::error::StoreError;
use crate::number;

/// How a count stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// There are more rows to count.
    Unfinished,
    /// The rows are those that were written.
    Right,
    /// They are not.
    Wrong,
}

/// The rows counted so far: all those below a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting {
    digest: Digest,
    below: i64,
}

impl Default for Counting {
    fn default() -> Self {
        Self { digest: Digest::default(), below: i64::MIN }
    }
}

impl Counting {
    /// A row came to this place; it has been counted if its place has.
    pub(super) fn come(&mut self, place: i64, row: Digest) {
        if place < self.below {
            self.digest.add(row);
        }
    }

    /// The row at this place went.
    pub(super) fn gone(&mut self, place: i64, row: Digest) {
        if place < self.below {
            self.digest.subtract(row);
        }
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    /// Counts on, at most so many rows; whether all are counted.
    pub(super) fn go_on(
        &mut self,
        conn: &rusqlite::Connection,
        sealing: &Sealing,
        most_rows: u32,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT place, kind, id, revision FROM document WHERE place >= ?1 ORDER BY place LIMIT ?2";
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.below, most_rows])?;
        let mut counted = 0;
        while let Some(row) = rows.next()? {
            let place: i64 = row.get(0)?;
            let text = |index| -> Result<&str, StoreError> {
                Ok(row.get_ref(index)?.as_str().map_err(rusqlite::Error::from)?)
            };
            let key = format!("{}/{}", text(1)?, text(2)?);
            self.digest.add(row_digest(sealing, &key, number::unsigned(row, 3)?));
            self.below = place + 1;
            counted += 1;
        }
        Ok(counted < most_rows)
    }
}

impl OpenDrawer {
    /// Counts at most so many rows more, from the beginning after a count came to its end.
    pub(crate) fn count_part(&mut self, most_rows: u32) -> Result<Count, StoreError> {
        let mut counting = self.counting.take().unwrap_or_default();
        if !counting.go_on(&self.conn, &self.sealing, most_rows)? {
            self.counting = Some(counting);
            return Ok(Count::Unfinished);
        }
        let is_right = counting.digest.to_bytes() == self.anchor()?.digest;
        Ok(if is_right { Count::Right } else { Count::Wrong })
    }
}
