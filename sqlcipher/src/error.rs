//! Why a file could not be opened.

use std::io;

use rusqlite::ErrorCode;

/// Why a file could not be made or opened. None of them changes the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("the file does not exist")]
    Missing,
    /// There is such a file already; it was not touched.
    #[error("the file exists already")]
    Exists,
    /// The key is not this file's, or the file is damaged: from outside the two cannot be told apart.
    #[error("the key is not this file's, or the file is damaged")]
    WrongKeyOrDamaged,
    /// The file was written by a newer program.
    #[error("the file has schema {found}, this program knows {known}")]
    NewerVersion {
        /// Schema number of the file.
        found: u32,
        /// Newest schema number this program knows.
        known: u32,
    },
    /// Another process has the file.
    #[error("another process has the file open")]
    Busy,
    /// The operating system refused, or the disk is full.
    #[error("reading or writing the file failed")]
    Io(#[source] io::Error),
    /// SQLite refused for another reason, for example a migration that does not apply.
    #[error("the file could not be brought up to date")]
    Sql(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) {
            return Self::WrongKeyOrDamaged;
        }
        if is_busy(&error) {
            return Self::Busy;
        }
        if is_full(&error) {
            return Self::Io(io::Error::new(io::ErrorKind::StorageFull, error));
        }
        match error.sqlite_error_code() {
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly,
            ) => Self::Io(io::Error::other(error)),
            Some(_) | None => Self::Sql(error),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else if error.kind() == io::ErrorKind::AlreadyExists {
            Self::Exists
        } else {
            Self::Io(error)
        }
    }
}

/// Whether the error says that a page did not decrypt, did not authenticate or makes no sense.
#[must_use]
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// Whether the error says that the disk is full. The index of a write-ahead log that cannot grow has a code of its own.
#[must_use]
pub fn is_full(error: &rusqlite::Error) -> bool {
    let no_room_for_index =
        error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    no_room_for_index || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether the error says that another process holds a lock.
#[must_use]
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}
