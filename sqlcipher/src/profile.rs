//! How a connection is set up: cache, durability, locking.

use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;

/// What may differ from file to file. Everything else is the same for all (`README.md` has the list with reasons).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Page cache in MiB. At SQLite's default of 2 MB SQLCipher is four times slower than plain SQLite.
    pub cache_mib: u32,
    /// How durable a commit is.
    pub synchronous: Synchronous,
    /// Whether other processes may open the file at the same time.
    pub locking: Locking,
    /// How long to wait for another process's lock.
    pub busy_timeout: Duration,
}

/// When a commit reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Before the commit returns.
    Full,
    /// At the next checkpoint; a power cut may lose the last commits but never breaks the file.
    Normal,
}

/// Who may open the file beside us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// This process alone, until the connection closes. Needs no shared-memory file.
    Exclusive,
    /// Other processes too, one writer at a time.
    Shared,
}

impl Profile {
    /// One process, every commit durable, the given cache.
    #[must_use]
    pub fn exclusive(cache_mib: u32) -> Self {
        Self {
            cache_mib,
            synchronous: Synchronous::Full,
            locking: Locking::Exclusive,
            busy_timeout: Duration::from_secs(2),
        }
    }

    /// Several processes (a server and its command line), every commit durable, the given cache.
    #[must_use]
    pub fn shared(cache_mib: u32) -> Self {
        Self { locking: Locking::Shared, busy_timeout: Duration::from_secs(10), ..Self::exclusive(cache_mib) }
    }

    /// Sets everything that must stand before the first page is read.
    pub(crate) fn prepare(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.busy_timeout(self.busy_timeout)?;
        conn.execute_batch("PRAGMA cipher_page_size = 4096;")?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // An ATTACH without KEY would silently use this file's key for another file.
        conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        Ok(())
    }

    /// Sets what may only be set once the key is proven.
    pub(crate) fn apply(&self, conn: &Connection) -> rusqlite::Result<()> {
        let locking = match self.locking {
            Locking::Exclusive => "EXCLUSIVE",
            Locking::Shared => "NORMAL",
        };
        let synchronous = match self.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        conn.execute_batch(&format!(
            "PRAGMA locking_mode = {locking};
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = {synchronous};
             PRAGMA cache_size = -{};
             PRAGMA temp_store = MEMORY;
             PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA recursive_triggers = ON;
             PRAGMA cell_size_check = ON;
             PRAGMA mmap_size = 0;
             PRAGMA journal_size_limit = 16777216;",
            u64::from(self.cache_mib) * 1024
        ))?;
        if self.locking == Locking::Exclusive {
            // The lock is only taken by the first statement that needs it; take it now and not in the middle of work.
            conn.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
        }
        Ok(())
    }
}
