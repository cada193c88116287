//! `device.db`: what the workstation itself keeps, with nobody signed in. Opaque ids only.

mod attachments;
mod credential;
mod delivery;
mod directives;
mod erasures;
mod kept;
mod leaving;
mod log;
mod marking;
mod outbox;
mod people;
mod recovery;
mod settings;
mod steps;
mod throttle;
mod trail;

use records::Drawer;
use records::event::AuditEvent;
use records::log::Tree;
use rusqlite::{Connection, OptionalExtension as _, params};
use sqlcipher::{Migration, Migrations, Profile, RawKey, Unfinished};

pub use attachments::OwnAttachment;
pub use credential::Credential;
pub use delivery::{AuditBatch, StoredEntry};
pub use directives::StoredDirective;
pub use log::{AuditEntry, AuditFilter, Checkpoint, LogCheck, LogHead};
pub use marking::MarkStanding;
pub(crate) use outbox::entry as outbox_entry;
pub use outbox::{OutboxEntry, OutboxState};
pub use people::StoredGrant;
pub use recovery::{CodeToEscrow, RecoveryPlace, RecoverySlot};
pub use settings::{Identity, Setting};
pub use steps::StepUsed;
pub use throttle::{Subject, Throttle};

use crate::error::{StoreError, VaultError};
use crate::folder::Folder;

/// Page cache of `device.db` in MiB.
const CACHE_MIB: u32 = 8;

const MIGRATIONS: Migrations = Migrations::new(&[
    Migration { number: 1, sql: include_str!("../migrations/device/0001_init.sql") },
    Migration { number: 2, sql: include_str!("../migrations/device/0002_marks.sql") },
    Migration { number: 3, sql: include_str!("../migrations/device/0003_attachments.sql") },
]);

/// The open `device.db`. One process has it; every commit is durable when it returns.
pub struct Device {
    conn: Connection,
    folder: Folder,
    identity: Identity,
    tree: Tree,
    marking: marking::Marking,
}

/// Where a drawer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeDrawer {
    /// The generation of the keys that its file is under.
    pub(crate) generation: u32,
    /// How often it was written anew, from 1: part of the file's name.
    pub(crate) copy: u32,
}

impl Device {
    /// Makes the data folder and its `device.db`, at enrolment, with all that the next start needs in it and the first
    /// events of its log: the file is there with these, or not at all.
    ///
    /// # Errors
    /// [`VaultError::Device`] with `Exists` if there is a `device.db` already; it stays as it is.
    pub fn make(
        folder: &Folder,
        key: &RawKey,
        identity: &Identity,
        values: &[(Setting, &[u8])],
        events: &[AuditEvent],
    ) -> Result<(), VaultError> {
        folder.make().map_err(StoreError::from)?;
        let profile = Profile::exclusive(CACHE_MIB);
        let begun = Unfinished::begin(&folder.device_file(), key, &profile, &MIGRATIONS);
        let mut unfinished = begun.map_err(VaultError::Device)?;
        let conn = unfinished.conn_mut();
        settings::write_identity(conn, identity)?;
        settings::write_all(conn, values)?;
        trail::begin(conn, identity.log, events)?;
        unfinished.publish().map_err(VaultError::Device)
    }

    /// Makes a data folder without any settings, and opens its `device.db`.
    ///
    /// # Errors
    /// As [`Device::make`] and [`Device::open`].
    pub fn create(folder: Folder, key: &RawKey, identity: Identity) -> Result<Self, VaultError> {
        Self::make(&folder, key, &identity, &[], &[])?;
        Self::open(folder, key)
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
        let marking = marking::Marking::load(&conn)?;
        Ok(Self { conn, folder, identity, tree, marking })
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Where a drawer lies, and under which keys; `None` if it was never made here.
    pub(crate) fn made_drawer(&self, drawer: Drawer) -> Result<Option<MadeDrawer>, StoreError> {
        let sql = "SELECT generation, copy FROM drawer_file WHERE drawer = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let made = statement.query_row([drawer.as_str()], |row| {
            Ok(MadeDrawer { generation: row.get(0)?, copy: row.get(1)? })
        });
        Ok(made.optional()?)
    }

    /// The generation of the keys that a drawer's file is under; `None` if the drawer was never made here.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn drawer_generation(&self, drawer: Drawer) -> Result<Option<u32>, StoreError> {
        Ok(self.made_drawer(drawer)?.map(|made| made.generation))
    }

    /// A drawer lies in another file from now on: the one commit that counts.
    pub(crate) fn drawer_moved(
        &mut self,
        drawer: Drawer,
        generation: u32,
        copy: u32,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE drawer_file SET generation = ?2, copy = ?3 WHERE drawer = ?1";
        self.conn.execute(sql, params![drawer.as_str(), generation, copy])?;
        Ok(())
    }

    /// How far a drawer had come when that was last noted, as its cursor says; empty before its first page, `None` if the
    /// drawer was never made here.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn noted_cursor(&self, drawer: Drawer) -> Result<Option<String>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT cursor FROM drawer_file WHERE drawer = ?1")?;
        Ok(statement.query_row([drawer.as_str()], |row| row.get(0)).optional()?)
    }

    /// Notes how far a drawer has come.
    pub(crate) fn note_cursor(&mut self, drawer: Drawer, cursor: &str) -> Result<(), StoreError> {
        if self.noted_cursor(drawer)?.is_some_and(|noted| noted != cursor) {
            let sql = "UPDATE drawer_file SET cursor = ?2 WHERE drawer = ?1";
            self.conn.execute(sql, params![drawer.as_str(), cursor])?;
        }
        Ok(())
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
