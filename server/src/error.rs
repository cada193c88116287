//! What goes wrong on the command line: a code, a sentence and an advice; never a word of a record.

use crate::store::StoreError;
use serde_json::{Value, json};
use sqlcipher::OpenError;
use std::fmt;
use std::io;

/// What a script can switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is no practice in the data folder.
    NoData,
    /// There is one already.
    AlreadyThere,
    /// The store does not open.
    WrongKeyOrDamaged,
    /// The store was written by a newer program.
    NewerStore,
    /// A key file is missing or unreadable.
    BadKeys,
    /// Another process keeps the store.
    Busy,
    /// The database does not answer, or must not be used as it is.
    Database,
    /// The address is taken, or not this machine's.
    Address,
    /// The disk refused.
    Disk,
    /// What was given on the command line cannot be.
    Usage,
    /// Somebody could not prove who they are, or must not do this.
    Refused,
    /// The audit log does not verify.
    LogBroken,
    /// A certificate does not verify.
    NotVerified,
    /// Not all of it was taken in.
    Incomplete,
    /// Something else.
    Internal,
}

impl Kind {
    /// The code, as scripts see it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no-data",
            Self::AlreadyThere => "already-there",
            Self::WrongKeyOrDamaged => "wrong-key-or-damaged",
            Self::NewerStore => "newer-store",
            Self::BadKeys => "bad-keys",
            Self::Busy => "busy",
            Self::Database => "database",
            Self::Address => "address",
            Self::Disk => "disk",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::LogBroken => "log-broken",
            Self::NotVerified => "not-verified",
            Self::Incomplete => "incomplete",
            Self::Internal => "internal",
        }
    }

    /// The exit status: 2 for what the operator can put right, 1 for all else.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::LogBroken | Self::NotVerified | Self::Incomplete | Self::Internal => 1,
            Self::NoData
            | Self::AlreadyThere
            | Self::WrongKeyOrDamaged
            | Self::NewerStore
            | Self::BadKeys
            | Self::Busy
            | Self::Database
            | Self::Address
            | Self::Disk
            | Self::Usage
            | Self::Refused => 2,
        }
    }
}

/// A failure as the operator sees it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What a script can switch on.
    pub kind: Kind,
    /// What went wrong.
    pub sentence: String,
    /// What to do.
    pub advice: String,
}

impl Failure {
    /// A failure in words.
    #[must_use]
    pub fn new(kind: Kind, sentence: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), advice: advice.into() }
    }

    /// The disk refused.
    #[must_use]
    pub fn disk(sentence: &str, error: &io::Error) -> Self {
        let advice = if error.kind() == io::ErrorKind::PermissionDenied {
            "Run the server as the user who owns the data folder."
        } else if error.kind() == io::ErrorKind::StorageFull {
            "Make room on the disk. Nothing was changed."
        } else {
            "Check the disk and the path. Nothing was changed."
        };
        Self::new(Kind::Disk, format!("{sentence} ({})", error.kind()), advice)
    }

    /// Something that should not be.
    #[must_use]
    pub fn internal(sentence: &str) -> Self {
        Self::new(Kind::Internal, sentence, "Please report this, with the server's log.")
    }

    /// As JSON, for scripts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "error": self.kind.as_str(), "message": self.sentence, "advice": self.advice })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.sentence, self.advice)
    }
}

impl std::error::Error for Failure {}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Missing => Self::new(
                Kind::NoData,
                "The store is missing.",
                "Check the path after --data, or restore the folder from a backup.",
            ),
            OpenError::Exists => Self::new(
                Kind::AlreadyThere,
                "There is a store already.",
                "Choose another folder; the store was left as it is.",
            ),
            OpenError::WrongKeyOrDamaged => Self::new(
                Kind::WrongKeyOrDamaged,
                "The store does not open: its key is another one, or the file is damaged.",
                "Nothing was changed. Put back keys/store.key that belongs to it, or restore store.db from a backup.",
            ),
            OpenError::NewerVersion { found, known } => Self::new(
                Kind::NewerStore,
                format!(
                    "The store was written by a newer program (schema {found}, this program knows {known})."
                ),
                "Nothing was changed. Install the newer chartkeep-server.",
            ),
            OpenError::Busy => Self::new(
                Kind::Busy,
                "Another process keeps the store.",
                "Wait until it is done, or stop it, and try again.",
            ),
            OpenError::Io(error) => Self::disk("The store cannot be read or written.", &error),
            OpenError::Sql(_) => Self::internal("The store could not be brought up to date."),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::from(OpenError::Busy),
            StoreError::Unreachable => Self::new(
                Kind::Database,
                "The database does not answer.",
                "Check that PostgreSQL runs, and that database.toml says where; what was not confirmed may be tried again.",
            ),
            StoreError::Unreadable(what) => {
                Self::internal(&format!("The store holds something unreadable: {what}."))
            }
            StoreError::NoKey(error) => error.into(),
            // What a database says of a failure names tables and pages, never their content.
            StoreError::Failed(cause) => Self::new(
                Kind::Disk,
                format!("The store could not be read or written ({cause})."),
                "Check that the disk is not full and that the machine has memory left. What was not confirmed was not stored.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_said_reaches_who_gave_the_command() {
        let failure = Failure::from(StoreError::Failed("database or disk is full".into()));
        assert_eq!(failure.sentence, "The store could not be read or written (database or disk is full).");
    }
}
