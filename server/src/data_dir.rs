//! The data folder: what lies where, made once and opened often, never made anew over something that is there.

use crate::error::{Failure, Kind};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The data folder of one practice.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder at `path`, whether or not it is there.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder's own path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store.db")
    }

    /// Where the store is instead, when it is a database of its own.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("database.toml")
    }

    /// Who keeps new key-encryption keys, where it is not this folder.
    #[must_use]
    pub fn custody(&self) -> PathBuf {
        self.0.join("custody.toml")
    }

    /// A key that the server works with.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.0.join("keys").join(name)
    }

    /// Something of the root, to be taken away from this machine.
    #[must_use]
    pub fn offline(&self, name: &str) -> PathBuf {
        self.0.join("offline-root").join(name)
    }

    /// Makes the folders, readable by their owner alone.
    ///
    /// # Errors
    /// When a store is there already, or the disk refuses.
    pub fn make(&self) -> Result<(), Failure> {
        self.make_for_restore()?;
        make_private_folder(&self.0.join("offline-root")).map_err(|error| cannot_be_made(&error))
    }

    /// As [`make`](Self::make), without a place for the root: for a practice that is put back.
    ///
    /// # Errors
    /// As [`make`](Self::make).
    pub(crate) fn make_for_restore(&self) -> Result<(), Failure> {
        if self.has_store() || self.0.join("keys").exists() {
            let advice = "Choose another folder, or go on with `serve`, `person` and `device` on this one.";
            return Err(Failure::new(Kind::AlreadyThere, "This folder holds a practice already.", advice));
        }
        make_private_folder(&self.0.join("keys")).map_err(|error| cannot_be_made(&error))
    }

    /// Checks that there is something to open.
    ///
    /// # Errors
    /// When there is not.
    pub fn check(&self) -> Result<(), Failure> {
        if self.has_store() {
            return Ok(());
        }
        let advice = "Check the path after --data, or make a practice there with `chartkeep-server init`.";
        Err(Failure::new(Kind::NoData, "There is no practice in this folder.", advice))
    }

    fn has_store(&self) -> bool {
        self.store().is_file() || self.database().is_file()
    }
}

fn cannot_be_made(error: &io::Error) -> Failure {
    Failure::disk("The data folder cannot be made.", error)
}

fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Makes a new file that only its owner reads; a file that is there stays as it is.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path)
}

/// Writes such a file, and waits until the disk has it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_folder(path)
}

/// Puts a new content in place of a file's, whole or not at all.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    write_private(&beside, bytes)?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_options: &mut OpenOptions) {}
