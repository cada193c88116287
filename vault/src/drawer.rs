//! One drawer: an encrypted file of records, and the keys that open what is in it.

mod alike;
mod anchor;
mod away;
mod care;
mod counting;
mod duplicate;
mod envelopes;
mod erasing;
mod facts;
mod held;
mod index;
mod pending;
mod place;
mod reading;
mod sealing;
mod summary;
mod writing;

use std::path::Path;

use jiff::Timestamp;
use keys::DrawerKeys;
use records::Drawer;
use rusqlite::{Connection, params};
use sqlcipher::{Migration, Migrations, OpenError, Profile, RawKey};
use uuid::Uuid;

pub(crate) use alike::{Alike, Found};
pub(crate) use anchor::Digest;
pub use anchor::{Anchor, Standing};
pub(crate) use care::{SITE, Since, author};
pub use counting::Count;
pub(crate) use duplicate::Duplicate;
pub use held::HeldFor;
pub(crate) use index::match_expressions;
pub use pending::SetApart;
pub use reading::DayPart;
pub(crate) use reading::{Scope, Wanted};
pub(crate) use sealing::Sealing;
pub(crate) use writing::Writing;

use crate::error::{StoreError, VaultError};
use crate::number;

/// Page cache of a drawer in MiB.
const CACHE_MIB: u32 = 64;

pub(crate) const MIGRATIONS: Migrations = Migrations::new(&[
    Migration { number: 1, sql: include_str!("../migrations/drawer/0001_init.sql") },
    Migration { number: 2, sql: include_str!("../migrations/drawer/0002_away.sql") },
    Migration { number: 3, sql: include_str!("../migrations/drawer/0003_alike.sql") },
]);

/// When a drawer was last brought up to date, and how far it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// Which drawer.
    pub drawer: Drawer,
    /// The pull cursor; `None` before the first page.
    pub cursor: Option<String>,
    /// When a pull last reached the end of what the server had; `None` if never.
    pub pulled_at: Option<Timestamp>,
    /// Since when nothing is written to it, because it was found to be an old copy or to have other rows than it should.
    pub held_since: Option<Timestamp>,
}

/// An open drawer.
pub(crate) struct OpenDrawer {
    conn: Connection,
    sealing: Sealing,
    /// The rows that were counted so far, while they are.
    counting: Option<counting::Counting>,
}

/// Where a drawer begins to count its commits: one that was removed and is made anew, under newer keys, is ahead of all that was
/// noted of it, and is not taken for an older copy. No drawer has 2³¹ commits.
fn begins_at(generation: u32) -> u64 {
    u64::from(generation.saturating_sub(1)) << 31
}

impl OpenDrawer {
    /// Makes the file of a drawer that this workstation never had.
    pub(crate) fn create(
        path: &Path,
        vault: Uuid,
        drawer: Drawer,
        keys: DrawerKeys,
    ) -> Result<Self, VaultError> {
        let opened = sqlcipher::create_new(path, &file_key(&keys), &profile(), &MIGRATIONS);
        let conn = opened.map_err(|source| VaultError::Drawer { drawer, source })?;
        Self::adopt(conn, vault, drawer, keys)
    }

    /// Opens the file of a drawer and proves whose it is.
    pub(crate) fn open(
        path: &Path,
        vault: Uuid,
        drawer: Drawer,
        keys: DrawerKeys,
    ) -> Result<Self, VaultError> {
        let opened = sqlcipher::open(path, &file_key(&keys), &profile(), &MIGRATIONS);
        let conn = opened.map_err(|source| VaultError::Drawer { drawer, source })?;
        Self::adopt(conn, vault, drawer, keys)
    }

    /// Writes the owner into a new file, or checks it in an old one. A file whose making was cut short has none yet.
    fn adopt(conn: Connection, vault: Uuid, drawer: Drawer, keys: DrawerKeys) -> Result<Self, VaultError> {
        conn.set_prepared_statement_cache_capacity(64);
        let sql = "INSERT INTO drawer (only_row, vault, name, generation, sequence, digest)
                   VALUES (1, ?1, ?2, ?3, ?4, zeroblob(32)) ON CONFLICT DO NOTHING";
        let begins = number::stored(begins_at(keys.generation));
        conn.execute(sql, params![vault.into_bytes(), drawer.as_str(), keys.generation, begins])?;
        let owner = conn.query_row("SELECT vault, name FROM drawer", [], |row| {
            Ok((number::uuid(row, 0)?, row.get::<_, String>(1)?))
        })?;
        if owner != (vault, drawer.as_str().to_owned()) {
            return Err(VaultError::Foreign { drawer });
        }
        Ok(Self { conn, sealing: Sealing::new(vault, drawer, keys), counting: None })
    }

    pub(crate) fn drawer(&self) -> Drawer {
        self.sealing.drawer
    }

    pub(crate) fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    pub(crate) fn freshness(&self) -> Result<Freshness, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT cursor, pulled_at, held_since FROM drawer")?;
        let (cursor, pulled_at, held_since) = statement.query_row([], |row| {
            Ok((row.get::<_, String>(0)?, number::time(row, 1)?, number::time(row, 2)?))
        })?;
        Ok(Freshness {
            drawer: self.drawer(),
            cursor: (!cursor.is_empty()).then_some(cursor),
            pulled_at: (pulled_at > Timestamp::UNIX_EPOCH).then_some(pulled_at),
            held_since: (held_since > Timestamp::UNIX_EPOCH).then_some(held_since),
        })
    }

    pub(crate) fn anchor(&self) -> Result<Anchor, StoreError> {
        Ok(self.conn.query_row("SELECT sequence, digest FROM drawer", [], |row| {
            Ok(Anchor { sequence: number::unsigned(row, 0)?, digest: row.get(1)? })
        })?)
    }
}

/// How the file of a drawer is set up.
pub(crate) fn profile() -> Profile {
    Profile::exclusive(CACHE_MIB)
}

pub(crate) fn file_key(keys: &DrawerKeys) -> RawKey {
    // EXPOSE: SQLCipher needs the raw bytes to open the file.
    RawKey::new(*keys.file.expose())
}

/// Why a drawer's file is not there although it should be.
pub(crate) fn missing(drawer: Drawer) -> VaultError {
    VaultError::Drawer { drawer, source: OpenError::Missing }
}
