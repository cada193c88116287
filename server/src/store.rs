//! What the server needs of a store, in its own words: no word of SQL, no type of a database library.
//!
//! The trait blocks. A unit of work reads, decides and writes several times before it is whole, and the same deciding code
//! has to run over every store; as a plain function over [`Transaction`] it can be read and tested, and a route hands it to
//! a blocking thread. A store with an asynchronous driver waits inside its own methods.

pub mod approvals;
pub mod attachments;
pub mod audit_logs;
pub mod changes;
pub mod charts;
pub mod data_keys;
pub mod devices;
pub mod erasures;
mod event_index;
pub mod events;
mod find_sql;
pub mod lost;
pub mod people;
pub mod postgres;
pub mod programs;
pub mod purges;
pub mod records;
pub mod recovery;
mod remembering;
pub mod sealing;
pub mod searching;
pub mod sessions;
pub mod sqlite;
pub mod twins;
pub mod watching;

use crate::custody::CustodyError;
use ::records::id::DeviceId;
use sqlcipher::OpenError;
use std::path::Path;

pub use approvals::{Act, ApprovalRow, Approvals, NewApproval};
pub use attachments::{AttachmentRow, Attachments};
pub use audit_logs::{AlertKind, AuditLogs, Leaf, LogRow, MarksRow, NewAlert};
pub use changes::{ChangeRow, Changes, ConflictRow};
pub use charts::{ChartMark, ChartRow, Charts};
pub use data_keys::{Anew, DataKeyRow, DataKeys, KekRow};
pub use devices::{
    CertificateRow, DeviceRow, Devices, DirectiveRow, GrantRow, NewDevice, PracticeRow, ReportRow, TokenRow,
};
pub use erasures::{ErasureDeviceRow, ErasureReason, ErasureRow, Erasures, Gone, HoldRow};
pub use events::{EventQuery, Events, FoundEvent};
pub use lost::Lost;
pub use people::{ActivationRow, NewPerson, People, PersonKeyRow, PersonRow, RelationRow, ThrottleRow};
pub use postgres::PostgresStore;
pub use programs::{ProgramRow, Programs};
pub use purges::{PurgeRow, Purges};
pub use records::{NewDeletion, NewVersion, PageLimits, RecordFacts, Records, StoredVersion};
pub use recovery::{RecoveryCodeRow, RecoveryCodes};
pub use sealing::Sealing;
pub use searching::{FoundVersion, IndexCondition, IndexRow, IndexTest, RecordQuery, Searching, Versions};
pub use sessions::{AttemptKind, AttemptRow, SessionRow, Sessions};
pub use sqlite::SqliteStore;
pub use twins::{PreparedRow, TwinRow, Twins};
pub use watching::{Access, Acknowledged, ActivityRow, AlertRow, SeenEvent, Watching};

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process kept it too long.
    #[error("the store is busy")]
    Busy,
    /// Its database does not answer. What was under way may have been stored or not; what was confirmed is.
    #[error("the database does not answer")]
    Unreachable,
    /// What is stored is not what this program writes.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(&'static str),
    /// What wraps the keys of records is not to be had, or does not open them.
    #[error("a data key cannot be had")]
    NoKey(#[source] CustodyError),
    /// The database or the disk refused.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Everything that can be done within one unit of work.
pub trait Transaction:
    Approvals
    + Charts
    + DataKeys
    + Devices
    + Erasures
    + Lost
    + People
    + Programs
    + Purges
    + RecoveryCodes
    + Sessions
    + Records
    + Searching
    + Changes
    + AuditLogs
    + Events
    + Twins
    + Attachments
    + Watching
{
}

impl<
    T: Approvals
        + Charts
        + DataKeys
        + Devices
        + Erasures
        + Lost
        + People
        + Programs
        + Purges
        + RecoveryCodes
        + Sessions
        + Records
        + Searching
        + Changes
        + AuditLogs
        + Events
        + Twins
        + Attachments
        + Watching,
> Transaction for T
{
}

/// How a unit of work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it counts, durably.
    Commit,
    /// None of it counts.
    RollBack,
}

/// A store. Units of work that write follow each other, whichever process they are of; what one has committed, the next
/// sees.
pub trait Store: Send + Sync + 'static {
    /// Runs a unit of work that writes.
    ///
    /// # Errors
    /// When it could not be begun or committed.
    fn writing(&self, work: &mut dyn FnMut(&dyn Transaction) -> End) -> Result<(), StoreError>;

    /// Runs a unit of work that writes only what belongs to one workstation: its row and its logs. Those of different
    /// workstations may run at the same time, also beside one that writes anything. False when it was about to write something
    /// else; nothing of it counts then.
    ///
    /// # Errors
    /// When it could not be begun or committed.
    fn writing_of(
        &self,
        device: DeviceId,
        work: &mut dyn FnMut(&dyn Transaction) -> End,
    ) -> Result<bool, StoreError>;

    /// Runs a unit of work over one state of the store, without hindering those that write.
    ///
    /// # Errors
    /// When it could not be begun.
    fn reading(&self, work: &mut dyn FnMut(&dyn Transaction)) -> Result<(), StoreError>;

    /// Empties whatever log of older pages the store keeps beside its file; false when it could not be: somebody reads in it,
    /// or it is for another role to do.
    ///
    /// # Errors
    /// When the disk refuses.
    fn empty_log(&self) -> Result<bool, StoreError>;

    /// Copies the store as it stands at one moment into a new file, while others go on writing. `progress` is told parts done
    /// and parts in all.
    ///
    /// # Errors
    /// When there is a file already, the store or the copy is damaged, the disk refuses, or the store is none that lies in a
    /// file ([`OpenError::Missing`]).
    fn copy_to(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), OpenError>;
}

/// Runs `work` as one unit that counts when it succeeds.
///
/// # Errors
/// What `work` returns, or that the store failed.
pub fn write<T, E: From<StoreError>>(
    store: &dyn Store,
    work: impl FnOnce(&dyn Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let mut work = Some(work);
    let mut result = None;
    store.writing(&mut |transaction| {
        let Some(work) = work.take() else { return End::RollBack };
        let outcome = work(transaction);
        let end = if outcome.is_ok() { End::Commit } else { End::RollBack };
        result = Some(outcome);
        end
    })?;
    result.unwrap_or_else(|| Err(StoreError::Unreadable("a unit of work that did not run").into()))
}

/// Runs `work` as one unit that counts when it succeeds, beside those of other workstations. Where it turns out to need more
/// than what belongs to this one, it is run again as [`write()`] does; so it must leave nothing behind but what it writes.
///
/// # Errors
/// What `work` returns, or that the store failed.
pub fn write_of<T, E: From<StoreError>>(
    store: &dyn Store,
    device: DeviceId,
    work: impl Fn(&dyn Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let mut result = None;
    let counts = store.writing_of(device, &mut |transaction| {
        let outcome = work(transaction);
        let end = if outcome.is_ok() { End::Commit } else { End::RollBack };
        result = Some(outcome);
        end
    })?;
    match result {
        Some(outcome) if counts => outcome,
        Some(_) | None => write(store, work),
    }
}

/// Runs `work` over one state of the store.
///
/// # Errors
/// What `work` returns, or that the store failed.
pub fn read<T, E: From<StoreError>>(
    store: &dyn Store,
    work: impl FnOnce(&dyn Transaction) -> Result<T, E>,
) -> Result<T, E> {
    let mut work = Some(work);
    let mut result = None;
    store.reading(&mut |transaction| {
        if let Some(work) = work.take() {
            result = Some(work(transaction));
        }
    })?;
    result.unwrap_or_else(|| Err(StoreError::Unreadable("a unit of work that did not run").into()))
}
