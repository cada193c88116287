//! Why something did not work, one enum an operation. None of them holds patient data.

use std::io;

use records::Drawer;
use sqlcipher::OpenError;

/// A file of the vault could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A page or a row does not decrypt, or makes no sense.
    #[error("the file is damaged")]
    Damaged,
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// SQLite refused for another reason.
    #[error("the store refused")]
    Sql(#[source] rusqlite::Error),
    /// The operating system refused.
    #[error("reading or writing a file failed")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if sqlcipher::is_damage(&error) {
            Self::Damaged
        } else if sqlcipher::is_full(&error) {
            Self::DiskFull
        } else {
            Self::Sql(error)
        }
    }
}

impl From<keys::row::SealRefused> for StoreError {
    fn from(_refused: keys::row::SealRefused) -> Self {
        Self::Damaged
    }
}

impl From<records::DocumentError> for StoreError {
    fn from(_not_a_document: records::DocumentError) -> Self {
        Self::Damaged
    }
}

/// `device.db` or a drawer could not be opened. Nothing was deleted, and nothing made anew.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// `device.db` could not be opened.
    #[error("the device file could not be opened")]
    Device(#[source] OpenError),
    /// A drawer could not be opened.
    #[error("the {drawer} drawer could not be opened")]
    Drawer {
        /// Which one.
        drawer: Drawer,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The file opens, but it is another vault's or another drawer's.
    #[error("the {drawer} drawer belongs to another vault")]
    Foreign {
        /// Which one.
        drawer: Drawer,
    },
    /// The file opened, but could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A record was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The permit is for something else: another action, patient, class or practice.
    #[error("the permit does not cover this")]
    NotPermitted,
    /// There is no such record in the drawers that are open.
    #[error("there is no such record here")]
    NotFound,
    /// The file under it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A change was not saved. Nothing of it is left but its events.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The permit is for something else: another action, patient, class or practice.
    #[error("the permit does not cover this")]
    NotPermitted,
    /// The change touches more than one drawer, or none that is open.
    #[error("the change does not fit into one open drawer")]
    NotOneDrawer,
    /// The change names a base that is not the one here: somebody or something changed it meanwhile.
    #[error("the record was changed meanwhile")]
    Stale,
    /// The drawer is not what was noted of it, and is read-only until it was pulled again ([`crate::Vault::hold_back`]).
    #[error("the drawer is an old copy")]
    Held,
    /// The patient was erased.
    #[error("the patient was erased")]
    Erased,
    /// The change is no change: empty, or not readable.
    #[error("the change cannot be read")]
    Unreadable,
    /// The change could not be signed and sealed.
    #[error("the change could not be sealed")]
    NotSealed(#[from] keys::envelope::EnvelopeNotSealed),
    /// The save was stopped between two steps, on purpose, by a test.
    #[error("stopped")]
    Stopped,
    /// The file under it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page for a drawer that is shut was not kept, or not opened.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The permit is not one to replicate, or not for this drawer.
    #[error("the permit does not cover this")]
    NotPermitted,
    /// The pages that wait take too much room already.
    #[error("too much waits for drawers to be opened")]
    Full,
    /// It is sealed to keys of the drawer that are not here; it waits for them.
    #[error("the page is for other keys of its drawer")]
    OtherKeys,
    /// It is not what its name says, or does not open: what it held has to be asked for again.
    #[error("the page is damaged")]
    Damaged,
    /// The file under it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A page of history was not applied; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The permit is not one to replicate, or not for this practice.
    #[error("the permit does not cover this")]
    NotPermitted,
    /// The drawer is not open.
    #[error("the drawer is not open")]
    NotOpen,
    /// A record in the page belongs into another drawer.
    #[error("a record in the page belongs into another drawer")]
    WrongDrawer,
    /// The file under it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A drawer was not written anew; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// The drawer is not open.
    #[error("the drawer is not open")]
    NotOpen,
    /// There are no keys newer than those of the file.
    #[error("there are no newer keys for the drawer")]
    NoNewerKeys,
    /// The drawer is behind what was noted of it: it must be pulled again first.
    #[error("the drawer is behind what was noted of it")]
    Behind,
    /// No rewriting is going on.
    #[error("nothing is being written anew")]
    NotBegun,
    /// What was written is not what the drawer holds; it was thrown away.
    #[error("the new file does not hold what the old one holds")]
    Differs,
    /// The rewriting was stopped between two steps, on purpose, by a test.
    #[error("stopped")]
    Stopped,
    /// The new file could not be made or opened.
    #[error(transparent)]
    File(#[from] VaultError),
    /// A file under it failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

macro_rules! from_store {
    ($($error:ident)*) => {$(
        impl From<rusqlite::Error> for $error {
            fn from(error: rusqlite::Error) -> Self {
                Self::Store(error.into())
            }
        }
    )*};
}
from_store! { VaultError ReadError SaveError PullError }
