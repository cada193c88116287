//! The store in one SQLCipher file: one connection that writes, a few that read beside it.

mod approvals;
mod attachments;
mod audit_logs;
mod changes;
mod charts;
mod column;
mod data_keys;
mod devices;
mod erasures;
mod lost;
mod people;
mod programs;
mod purges;
mod records;
mod recovery;
mod searching;
mod sessions;
mod twins;
mod watching;

use super::sealing::{Sealer, Sealing};
use super::{End, Store, StoreError, Transaction};
use ::records::id::DeviceId;
use sqlcipher::rusqlite::{Error, TransactionBehavior};
use sqlcipher::{Connection, Migration, Migrations, OpenError, Profile, RawKey};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const MIGRATIONS: Migrations =
    Migrations::new(&[Migration { number: 1, sql: include_str!("../../migrations/sqlite/0001_init.sql") }]);

const CACHE_MIB: u32 = 64;
const READER_CACHE_MIB: u32 = 32;
/// More readers than this are opened when needed and closed again.
const READERS_KEPT: usize = 4;

/// A store in a file. Other processes may work on it at the same time.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    key: RawKey,
    sealing: Arc<Sealing>,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// One unit of work on one connection.
struct Work<'a> {
    connection: &'a Connection,
    sealer: &'a Sealer<'a>,
}

impl SqliteStore {
    /// Makes a new, empty store.
    ///
    /// # Errors
    /// As [`sqlcipher::create_new`]; a file that is there stays as it is.
    pub fn create(path: &Path, key: RawKey, sealing: Arc<Sealing>) -> Result<Self, OpenError> {
        let writer = sqlcipher::create_new(path, &key, &Profile::shared(CACHE_MIB), &MIGRATIONS)?;
        Ok(Self::with(path, key, sealing, writer))
    }

    /// Opens a store.
    ///
    /// # Errors
    /// As [`sqlcipher::open`]; the file stays as it is.
    pub fn open(path: &Path, key: RawKey, sealing: Arc<Sealing>) -> Result<Self, OpenError> {
        let writer = sqlcipher::open(path, &key, &Profile::shared(CACHE_MIB), &MIGRATIONS)?;
        Ok(Self::with(path, key, sealing, writer))
    }

    /// Whether every page of the file can be read.
    ///
    /// # Errors
    /// When the check itself cannot run.
    pub(crate) fn is_whole(&self) -> Result<bool, StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(sqlcipher::damaged_pages(&writer).map_err(failed)?.is_empty())
    }

    fn with(path: &Path, key: RawKey, sealing: Arc<Sealing>, writer: Connection) -> Self {
        Self {
            path: path.to_owned(),
            key,
            sealing,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        }
    }

    fn borrow_reader(&self) -> Result<Connection, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(reader) => Ok(reader),
            None => sqlcipher::open(&self.path, &self.key, &Profile::shared(READER_CACHE_MIB), &MIGRATIONS)
                .map_err(|error| StoreError::Failed(Box::new(error))),
        }
    }

    fn return_reader(&self, reader: Connection) {
        let mut idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT {
            idle.push(reader);
        }
    }
}

impl Store for SqliteStore {
    fn writing(&self, work: &mut dyn FnMut(&dyn Transaction) -> End) -> Result<(), StoreError> {
        // A panic inside a unit of work rolls it back, so the connection is sound for the next one.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let sealer = self.sealing.unit();
        match work(&Work { connection: &transaction, sealer: &sealer }) {
            End::Commit => {
                transaction.commit().map_err(failed)?;
                sealer.committed();
                Ok(())
            }
            End::RollBack => transaction.rollback().map_err(failed),
        }
    }

    fn writing_of(
        &self,
        _device: DeviceId,
        work: &mut dyn FnMut(&dyn Transaction) -> End,
    ) -> Result<bool, StoreError> {
        self.writing(work).map(|()| true)
    }

    fn reading(&self, work: &mut dyn FnMut(&dyn Transaction)) -> Result<(), StoreError> {
        let mut reader = self.borrow_reader()?;
        {
            let transaction = reader.transaction().map_err(failed)?;
            work(&Work { connection: &transaction, sealer: &self.sealing.unit() });
            transaction.rollback().map_err(failed)?;
        }
        self.return_reader(reader);
        Ok(())
    }

    fn empty_log(&self) -> Result<bool, StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = writer.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        Ok(busy == 0)
    }

    fn copy_to(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), OpenError> {
        let reader = sqlcipher::open(&self.path, &self.key, &Profile::shared(READER_CACHE_MIB), &MIGRATIONS)?;
        sqlcipher::copy(&reader, to, &self.key, progress)
    }
}

fn failed(error: Error) -> StoreError {
    if sqlcipher::is_busy(&error) { StoreError::Busy } else { StoreError::Failed(Box::new(error)) }
}
