//! `device.db`: what the workstation itself keeps, with nobody signed in. Opaque ids only.

mod delivery;
mod directives;
mod log;
mod outbox;
mod people;
mod settings;
mod steps;
mod throttle;
mod trail;

use records::Drawer;
use records::log::Tree;
use rusqlite::{Connection, OptionalExtension as _, params};
use sqlcipher::{Migration, Migrations, Profile, RawKey};

pub use delivery::AuditBatch;
pub use directives::StoredDirective;
pub use log::{AuditEntry, AuditFilter, Checkpoint, LogCheck, LogHead};
pub use outbox::{OutboxEntry, OutboxState};
pub use people::StoredGrant;
pub use settings::{Identity, Setting};
pub use steps::StepUsed;
pub use throttle::{MOST_FAILURES, Subject, Throttle, Wait};

use crate::error::{StoreError, VaultError};
use crate::folder::Folder;

/// Page cache of `device.db` in MiB.
const CACHE_MIB: u32 = 8;

const MIGRATIONS: Migrations =
    Migrations::new(&[Migration { number: 1, sql: include_str!("../migrations/device/0001_init.sql") }]);

/// The open `device.db`. One process has it; every commit is durable when it returns.
pub struct Device {
    conn: Connection,
    folder: Folder,
    identity: Identity,
    tree: Tree,
}

impl Device {
    /// Makes the data folder and its `device.db`, at enrolment.
    ///
    /// # Errors
    /// [`VaultError::Device`] with `Exists` if there is a `device.db` already; it stays as it is.
    pub fn create(folder: Folder, key: &RawKey, identity: Identity) -> Result<Self, VaultError> {
        folder.make().map_err(StoreError::from)?;
        let path = folder.device_file();
        let conn = sqlcipher::create_new(&path, key, &Profile::exclusive(CACHE_MIB), &MIGRATIONS)
            .map_err(VaultError::Device)?;
        settings::write_identity(&conn, &identity)?;
        Self::ready(conn, folder)
    }

    /// Opens the `device.db` of a data folder.
    ///
    /// # Errors
    /// [`VaultError::Device`]; whatever it is, the file stays as it is and no other is made.
    pub fn open(folder: Folder, key: &RawKey) -> Result<Self, VaultError> {
        let path = folder.device_file();
        let conn = sqlcipher::open(&path, key, &Profile::exclusive(CACHE_MIB), &MIGRATIONS)
            .map_err(VaultError::Device)?;
        // The folder may have been moved or copied without its empty parts.
        folder.make().map_err(StoreError::from)?;
        Self::ready(conn, folder)
    }

    fn ready(conn: Connection, folder: Folder) -> Result<Self, VaultError> {
        conn.set_prepared_statement_cache_capacity(64);
        let identity = settings::read_identity(&conn)?;
        let tree = log::load_tree(&conn)?;
        Ok(Self { conn, folder, identity, tree })
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The generation in which a drawer's file was made here; `None` if it never was.
    pub(crate) fn made_drawer(&self, drawer: Drawer) -> Result<Option<u32>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT generation FROM drawer_file WHERE drawer = ?1")?;
        Ok(statement.query_row([drawer.as_str()], |row| row.get(0)).optional()?)
    }

    /// Remembers that a drawer's file was made here.
    pub(crate) fn drawer_was_made(&mut self, drawer: Drawer, generation: u32) -> Result<(), StoreError> {
        let sql = "INSERT INTO drawer_file (drawer, generation) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.conn.execute(sql, params![drawer.as_str(), generation])?;
        Ok(())
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({})", self.identity.device)
    }
}
