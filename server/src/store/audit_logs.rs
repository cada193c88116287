//! Audit logs: the server's own and one for each workstation, leaf by leaf; and alerts.

use super::StoreError;
use jiff::Timestamp;
use records::id::{DeviceId, LogId, PersonId};
use records::log::{NodeHash, Tree};
use std::str::FromStr;

/// A log.
#[derive(Clone, Debug)]
pub struct LogRow {
    /// Its id.
    pub id: LogId,
    /// The workstation it belongs to; none for the server's own.
    pub device: Option<DeviceId>,
    /// Its tree.
    pub tree: Tree,
    /// The last signed checkpoint.
    pub checkpoint: Option<String>,
    /// What follows its marks, sealed; empty before the first.
    pub marks: Vec<u8>,
    /// When it grew last.
    pub updated_at: Timestamp,
}

/// A leaf.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its index.
    pub index: u64,
    /// Its hash.
    pub hash: NodeHash,
    /// The event's exact bytes.
    pub event: Vec<u8>,
}

/// Marks of a run of entries, as they are kept: no entry is in two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarksRow {
    /// The index of the first.
    pub at: u64,
    /// The marks, as they are sent.
    pub marks: Vec<u8>,
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// A workstation's log differs from what the server holds.
    LogFork,
    /// Events are missing in a workstation's log.
    LogGap,
    /// A workstation came with another log than before.
    LogReplaced,
    /// A checkpoint is not signed by its workstation or does not fit.
    CheckpointRefused,
    /// An entry is not marked with the key of its epoch.
    MarksRefused,
    /// Entries came without marks: the workstation's keyring failed, or somebody took them off.
    EntriesUnmarked,
    /// Marking began anew: the workstation's keyring was lost, or somebody made a new key.
    MarksBegunAnew,
    /// A one-time code was used on two workstations.
    CodeReused,
    /// Too many failed sign-ins in a row.
    SignInFailures,
    /// Somebody signed in with a recovery code.
    RecoveryCodeUsed,
    /// A recovery code was read out on the telephone.
    RecoveryCodeReleased,
    /// A change was refused because of its author's rights, signature or workstation.
    ChangeRefused,
    /// A revoked person's change was put aside.
    ChangeQuarantined,
    /// A revoked workstation came back.
    RevokedDevice,
    /// A workstation renewed a certificate that had ended.
    LateRenewal,
    /// The lease of a workstation that does not reach the server was extended.
    LeaseExtended,
    /// A workstation joined, or was enrolled again.
    NewDevice,
    /// A workstation was not heard of for long.
    StaleDevice,
    /// A person opened many patients' charts in a short time.
    MassLookUp,
    /// A person opened a chart outside the hours of the practice.
    OffHours,
    /// Many sign-ins failed at one workstation in a short time.
    SignInBurst,
    /// Somebody broke the glass.
    BreakGlass,
    /// A workstation found that its folder or a drawer was put back.
    StoreRolledBack,
    /// The last backup is older than 48 hours, or there never was one.
    BackupOld,
    /// The key-encryption key is older than it should be.
    KeyDue,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::LogFork,
        Self::LogGap,
        Self::LogReplaced,
        Self::CheckpointRefused,
        Self::MarksRefused,
        Self::EntriesUnmarked,
        Self::MarksBegunAnew,
        Self::CodeReused,
        Self::SignInFailures,
        Self::RecoveryCodeUsed,
        Self::RecoveryCodeReleased,
        Self::ChangeRefused,
        Self::ChangeQuarantined,
        Self::RevokedDevice,
        Self::LateRenewal,
        Self::LeaseExtended,
        Self::NewDevice,
        Self::StaleDevice,
        Self::MassLookUp,
        Self::OffHours,
        Self::SignInBurst,
        Self::BreakGlass,
        Self::StoreRolledBack,
        Self::BackupOld,
        Self::KeyDue,
    ];

    /// The name in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogFork => "log-fork",
            Self::LogGap => "log-gap",
            Self::LogReplaced => "log-replaced",
            Self::CheckpointRefused => "checkpoint-refused",
            Self::MarksRefused => "marks-refused",
            Self::EntriesUnmarked => "entries-unmarked",
            Self::MarksBegunAnew => "marks-begun-anew",
            Self::CodeReused => "code-reused",
            Self::SignInFailures => "sign-in-failures",
            Self::RecoveryCodeUsed => "recovery-code-used",
            Self::RecoveryCodeReleased => "recovery-code-released",
            Self::ChangeRefused => "change-refused",
            Self::ChangeQuarantined => "change-quarantined",
            Self::RevokedDevice => "revoked-device",
            Self::LateRenewal => "late-renewal",
            Self::LeaseExtended => "lease-extended",
            Self::NewDevice => "new-device",
            Self::StaleDevice => "stale-device",
            Self::MassLookUp => "mass-look-up",
            Self::OffHours => "off-hours",
            Self::SignInBurst => "sign-in-burst",
            Self::BreakGlass => "break-glass",
            Self::StoreRolledBack => "store-rolled-back",
            Self::BackupOld => "backup-old",
            Self::KeyDue => "key-due",
        }
    }
}

impl FromStr for AlertKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Something a person has to look at.
#[derive(Clone, Debug)]
pub struct NewAlert {
    /// When.
    pub at: Timestamp,
    /// About what.
    pub kind: AlertKind,
    /// Which workstation.
    pub device: Option<DeviceId>,
    /// Which person.
    pub person: Option<PersonId>,
    /// Numbers and ids that help to look; nothing of a record.
    pub detail: String,
}

/// The rows of logs and alerts.
pub trait AuditLogs {
    /// A log.
    fn log(&self, id: LogId) -> Result<Option<LogRow>, StoreError>;
    /// All logs, oldest first.
    fn logs(&self) -> Result<Vec<LogRow>, StoreError>;
    /// Stores a new log.
    fn insert_log(&self, log: &LogRow) -> Result<(), StoreError>;
    /// Appends leaves and stores the tree over all of them.
    fn append_leaves(&self, log: &LogRow, leaves: &[Leaf]) -> Result<(), StoreError>;
    /// Leaves from `first`, at most `count`.
    fn leaves(&self, log: LogId, first: u64, count: u64) -> Result<Vec<Leaf>, StoreError>;
    /// Keeps the marks of leaves of a log.
    fn insert_marks(&self, log: &LogRow, row: &MarksRow) -> Result<(), StoreError>;
    /// The marks of the leaves from `first` up to `end`, in order; the first and the last may reach beyond.
    fn marks(&self, log: LogId, first: u64, end: u64) -> Result<Vec<MarksRow>, StoreError>;
    /// Stores an alert.
    fn insert_alert(&self, alert: &NewAlert) -> Result<(), StoreError>;
    /// How many alerts there are of a kind.
    fn count_alerts(&self, kind: AlertKind) -> Result<u64, StoreError>;
}
