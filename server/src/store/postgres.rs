//! The store in a PostgreSQL database that several server processes share.
//!
//! Units of work that write follow each other, whichever process they are of: each takes one advisory lock with its first
//! words and keeps it until its commit is visible to all. So what one has decided stands when the next one reads, nothing
//! has to be tried again, and the numbers of the history come into sight in their order: see
//! `docs/adr/0014-one-lock-orders-what-servers-write.md`.

mod approvals;
mod asking;
mod attachments;
mod audit_logs;
mod changes;
mod charts;
mod column;
mod data_keys;
mod devices;
mod erasures;
mod lending;
mod lost;
mod migrating;
mod opening;
mod people;
mod programs;
mod purges;
mod records;
mod recovery;
mod searching;
mod sessions;
mod settling;
mod twins;
mod watching;

pub use migrating::{Migrated, migrate};
pub use settling::settle;

use asking::Work;
use lending::Pool;

use super::sealing::Sealing;
use super::{Devices as _, End, Store, StoreError, Transaction};
use crate::database::Database;
use crate::error::Failure;
use ::records::id::DeviceId;
use sqlcipher::OpenError;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// The values of a statement.
type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Whoever holds this lock of the database writes. Never another number: a server that asked for another one would not
/// wait for those that run.
const BEGIN_WRITING: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(7163381843523298149)";
/// Beside whoever writes; `events_after` waits until nobody is.
const BEGIN_BESIDE: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock_shared(7163381843523298151)";
/// Units of work about single workstations that one process runs at once; the other connections are for who reads.
const LANES: usize = 4;
/// One state of the database for all of a unit's reading.
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A store in a database. Other processes may work on it at the same time.
pub struct PostgresStore {
    pool: Pool,
    sealing: Arc<Sealing>,
    /// This process asks for the lock once at a time: the other connections stay free for who reads.
    writer: Mutex<()>,
    /// As many units of work about single workstations run beside it; those of one workstation share a lane.
    lanes: [Mutex<()>; LANES],
}

impl PostgresStore {
    /// Opens the store in a database whose tables are there.
    ///
    /// # Errors
    /// When the database cannot be reached, or must not be used as it is; nothing is changed.
    pub fn open(database: &Database, sealing: Arc<Sealing>) -> Result<Self, Failure> {
        let pool = opening::connections(database)?;
        opening::check(&opening::connect(&pool)?)?;
        Ok(Self::with(pool, sealing))
    }

    /// Opens it as the owner of the tables, who may do what the role that serves must not: for a command, never to serve.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_as_owner(database: &Database, sealing: Arc<Sealing>) -> Result<Self, Failure> {
        let pool = opening::connections(database)?;
        opening::check_database(&opening::connect(&pool)?)?;
        Ok(Self::with(pool, sealing))
    }

    fn with(pool: Pool, sealing: Arc<Sealing>) -> Self {
        Self { pool, sealing, writer: Mutex::new(()), lanes: Default::default() }
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresStore")
    }
}

impl Store for PostgresStore {
    fn writing(&self, work: &mut dyn FnMut(&dyn Transaction) -> End) -> Result<(), StoreError> {
        waiting(|| {
            // A panic inside a unit of work rolls it back, so there is nothing to mend for the next one.
            let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let lent = self.pool.lend()?;
            let unit = Work::new(lent.connection()?, &self.sealing, false);
            unit.begin(BEGIN_WRITING)?;
            let end = work(&unit);
            unit.end(end)?;
            lent.give_back();
            Ok(())
        })
    }

    fn writing_of(
        &self,
        device: DeviceId,
        work: &mut dyn FnMut(&dyn Transaction) -> End,
    ) -> Result<bool, StoreError> {
        let lane = usize::from(device.uuid().as_bytes()[15]) % LANES;
        waiting(|| {
            let _turn = self.lanes[lane].lock().unwrap_or_else(PoisonError::into_inner);
            let lent = self.pool.lend()?;
            let unit = Work::new(lent.connection()?, &self.sealing, true);
            unit.begin(BEGIN_BESIDE)?;
            unit.hold_device(device)?;
            let end = work(&unit);
            let counts = !unit.wants_turn();
            unit.end(if counts { end } else { End::RollBack })?;
            lent.give_back();
            Ok(counts)
        })
    }

    fn reading(&self, work: &mut dyn FnMut(&dyn Transaction)) -> Result<(), StoreError> {
        waiting(|| {
            let lent = self.pool.lend()?;
            let unit = Work::new(lent.connection()?, &self.sealing, false);
            unit.begin_reading(BEGIN_READING);
            work(&unit);
            unit.end(End::RollBack)?;
            lent.give_back();
            Ok(())
        })
    }

    /// What was deleted stays on PostgreSQL's pages until the owner of the tables writes them anew, see [`settle`]. The role
    /// that serves may not.
    fn empty_log(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// A database of its own is backed up by its own means.
    fn copy_to(&self, _to: &Path, _progress: &mut dyn FnMut(u64, u64)) -> Result<(), OpenError> {
        Err(OpenError::Missing)
    }
}

/// A task that calls the store itself, as at a start, lets its other tasks go on elsewhere.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    if error.is_closed() {
        return StoreError::Unreachable;
    }
    let Some(state) = error.code() else { return StoreError::Failed(Box::new(error)) };
    let busy = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    let unreachable = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    if busy.contains(state) {
        StoreError::Busy
    } else if unreachable.contains(state) {
        StoreError::Unreachable
    } else {
        StoreError::Failed(Box::new(Words(state.code().to_owned(), place(&error))))
    }
}

/// What PostgreSQL said, without its details: they repeat values.
#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL refused with {0} at {1}")]
struct Words(String, String);

fn place(error: &tokio_postgres::Error) -> String {
    let named = error.as_db_error().and_then(|error| error.constraint().or(error.table()));
    named.unwrap_or("a statement").to_owned()
}
