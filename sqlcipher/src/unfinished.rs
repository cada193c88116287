//! A file that is being made: under another name until it is complete.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::OpenError;
use crate::key::RawKey;
use crate::migrate::Migrations;
use crate::open::{connect, fold, open, sync_parent, with_suffix};
use crate::profile::Profile;

/// A file that is being filled under another name (`<name>.new`), so that one under its own name is never half made.
///
/// What was written is worth nothing until [`Unfinished::publish`] has returned; whatever a crash leaves is discarded
/// when the same file is next begun.
pub struct Unfinished {
    conn: Connection,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file under `key`, at the newest schema. Readable and writable by its owner alone.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is a file of this name already (it is left as it is); otherwise as [`open()`].
    pub fn begin(
        path: &Path,
        key: &RawKey,
        profile: &Profile,
        migrations: &Migrations,
    ) -> Result<Self, OpenError> {
        if path.try_exists()? {
            return Err(OpenError::Exists);
        }
        let unfinished = with_suffix(path, ".new");
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // What lies here was never moved into place, so nothing was ever stored in it.
            discard(&with_suffix(&unfinished, suffix))?;
        }
        make_private(&unfinished)?;
        let mut conn = connect(&unfinished, key, profile)?;
        profile.apply(&conn)?;
        migrations.apply(&mut conn)?;
        Ok(Self { conn, path: path.to_owned() })
    }

    /// The file, to be filled.
    pub fn conn_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// Closes the file, makes it durable, and gives it its name.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if a file of this name appeared meanwhile; otherwise what the disk refuses. Then there is
    /// no file of this name.
    pub fn publish(self) -> Result<(), OpenError> {
        let unfinished = with_suffix(&self.path, ".new");
        fold(self.conn, &unfinished)?;
        File::open(&unfinished)?.sync_all()?;
        rename_new(&unfinished, &self.path)?;
        sync_parent(&self.path)?;
        Ok(())
    }
}

/// Makes a new file under `key` at the newest schema and opens it. Readable and writable by its owner alone.
///
/// # Errors
/// As [`Unfinished::begin`] and [`open()`].
pub fn create_new(
    path: &Path,
    key: &RawKey,
    profile: &Profile,
    migrations: &Migrations,
) -> Result<Connection, OpenError> {
    Unfinished::begin(path, key, profile, migrations)?.publish()?;
    open(path, key, profile, migrations)
}

pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?;
    Ok(())
}

/// Gives the finished file its name. A hard link refuses to replace a file that appeared meanwhile; file systems
/// without hard links get a rename.
pub(crate) fn rename_new(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => discard(unfinished),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => fs::rename(unfinished, path),
    }
}

pub(crate) fn discard(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
