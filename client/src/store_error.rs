//! What the vault reports, as codes of the one table. Nothing of a record comes through here.

use std::io::ErrorKind;

use records::rights::{Denied, DeniedReason};
use vault::{InboxError, OpenError, PullError, ReadError, RewriteError, SaveError, StoreError, VaultError};

use crate::{ClientError, Code};

impl From<RewriteError> for ClientError {
    fn from(error: RewriteError) -> Self {
        match error {
            RewriteError::File(error) => error.into(),
            RewriteError::Store(error) => error.into(),
            RewriteError::Differs | RewriteError::Behind => Code::VaultDamaged.into(),
            RewriteError::NotOpen
            | RewriteError::NoNewerKeys
            | RewriteError::NotBegun
            | RewriteError::Stopped => Code::Internal.into(),
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        code_of(&error).into()
    }
}

impl From<VaultError> for ClientError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Device(source) | VaultError::Drawer { source, .. } => unopened(&source).into(),
            VaultError::Foreign { .. } => Code::VaultDamaged.into(),
            VaultError::Store(source) => source.into(),
        }
    }
}

impl From<ReadError> for ClientError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotPermitted => Code::NotYourRole.into(),
            ReadError::NotFound => Code::NotFound.into(),
            ReadError::Store(source) => source.into(),
        }
    }
}

impl From<SaveError> for ClientError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::NotPermitted | SaveError::NotOneDrawer => Code::NotYourRole.into(),
            SaveError::Stale => Code::ChangedMeanwhile.into(),
            SaveError::Erased => Code::NotFound.into(),
            SaveError::Held => Code::RecordsOlder.into(),
            SaveError::Unreadable | SaveError::NotSealed(_) | SaveError::Stopped => Code::Internal.into(),
            SaveError::Store(source) => source.into(),
        }
    }
}

impl From<PullError> for ClientError {
    fn from(error: PullError) -> Self {
        match error {
            PullError::NotPermitted | PullError::NotOpen => Code::Locked.into(),
            PullError::WrongDrawer => Code::ServerAnswer.into(),
            PullError::Store(source) => source.into(),
        }
    }
}

impl From<InboxError> for ClientError {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::NotPermitted => Code::Locked.into(),
            InboxError::Full => Code::DiskFull.into(),
            InboxError::OtherKeys | InboxError::Damaged => Code::ServerAnswer.into(),
            InboxError::Store(source) => source.into(),
        }
    }
}

impl From<&Denied> for ClientError {
    fn from(denied: &Denied) -> Self {
        match denied.reason() {
            DeniedReason::NotFound => Code::NotFound.into(),
            DeniedReason::NeedsReason => Code::NeedsReason.into(),
            DeniedReason::NeedsBreakGlass => Code::NeedsBreakGlass.into(),
            DeniedReason::NotYourRole => Code::NotYourRole.into(),
        }
    }
}

/// The trail could not be written: nothing is shown or saved then. A full disk has a sentence of its own.
pub(crate) fn in_trail(error: StoreError) -> ClientError {
    let code = code_of(&error);
    if code == Code::DiskFull { code.into() } else { Code::AuditFailed.into() }
}

fn code_of(error: &StoreError) -> Code {
    match error {
        StoreError::Damaged => Code::VaultDamaged,
        StoreError::DiskFull => Code::DiskFull,
        StoreError::Sql(source) => {
            // Statements are ours and values are never part of the text.
            tracing::error!(%source, "the store refused");
            Code::DiskError
        }
        StoreError::Io(source) => of_io(source),
    }
}

fn unopened(error: &OpenError) -> Code {
    match error {
        OpenError::WrongKeyOrDamaged | OpenError::Missing => Code::VaultDamaged,
        OpenError::NewerVersion { .. } => Code::VaultNewer,
        OpenError::Busy => Code::AlreadyRunning,
        OpenError::Exists => Code::AlreadyEnrolled,
        OpenError::Io(source) => of_io(source),
        OpenError::Sql(_) => Code::DiskError,
    }
}

pub(crate) fn of_io(error: &std::io::Error) -> Code {
    let kind = error.kind();
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        Code::DiskFull
    } else if kind == ErrorKind::AddrInUse {
        Code::PortTaken
    } else {
        Code::DiskError
    }
}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        of_io(&error).into()
    }
}
