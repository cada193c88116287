//! A drawer that is not what was noted of it: nothing is written to it until the server has filled it anew.

use jiff::Timestamp;

use rusqlite::params;

use super::anchor::Anchor;
use super::counting::Counting;
use super::{OpenDrawer, Writing};
use crate::error::StoreError;
use crate::number;

/// Why nothing is written to a drawer. The names are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldFor {
    /// The file is an older one than was noted: what came after it is pulled again.
    OldCopy,
    /// Its rows are not those that were written: all of it is pulled again.
    OtherRows,
}

impl HeldFor {
    fn name(self) -> &'static str {
        match self {
            Self::OldCopy => "old-copy",
            Self::OtherRows => "other-rows",
        }
    }
}

impl OpenDrawer {
    /// Why nothing may be written to this drawer; `None` when it may.
    pub(crate) fn held_for(&self) -> Result<Option<HeldFor>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT held_for FROM drawer")?;
        let name: String = statement.query_row([], |row| row.get(0))?;
        match [HeldFor::OldCopy, HeldFor::OtherRows].into_iter().find(|held| held.name() == name) {
            None if !name.is_empty() => Err(StoreError::Damaged),
            held => Ok(held),
        }
    }
}

impl Writing<'_> {
    /// Notes that nothing is to be written here. From now on the drawer counts as newer than what was noted of it, because
    /// it says itself what is wrong with it.
    pub(crate) fn hold(
        &mut self,
        why: HeldFor,
        noted: Option<&Anchor>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE drawer SET held_since = ?1, held_for = ?2 WHERE held_since = 0 OR held_for < ?2";
        let is_news = self.tx.execute(sql, params![number::millis(now), why.name()])? == 1;
        if is_news && why == HeldFor::OtherRows {
            self.tx.execute("UPDATE drawer SET cursor = ''", [])?;
        }
        self.go_beyond(noted.map_or(0, |noted| noted.sequence));
        Ok(())
    }

    /// The server has filled this drawer to the end of what it has: it may be written to again.
    pub(crate) fn release(&mut self) -> Result<(), StoreError> {
        let held_for: String = self.tx.query_row("SELECT held_for FROM drawer", [], |row| row.get(0))?;
        if held_for == HeldFor::OtherRows.name() {
            // Every row is the server's again, and what the digest was kept of is gone.
            let mut counting = Counting::default();
            while !counting.go_on(self.tx, self.sealing, 10_000)? {}
            self.set_digest(counting.digest());
        }
        self.tx.execute("UPDATE drawer SET held_since = 0, held_for = ''", [])?;
        Ok(())
    }
}
