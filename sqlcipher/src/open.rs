//! Making and opening a file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use crate::backup;
use crate::error::OpenError;
use crate::key::RawKey;
use crate::migrate::{self, Migrations};
use crate::profile::Profile;

/// Makes a new file under `key` at the newest schema and opens it. Readable and writable by its owner alone.
///
/// It is built under another name and moved into place when it is complete, so that a file under its own name is
/// never half made.
///
/// # Errors
/// [`OpenError::Exists`] if there is a file already (it is left as it is); otherwise as [`open()`].
pub fn create_new(
    path: &Path,
    key: &RawKey,
    profile: &Profile,
    migrations: &Migrations,
) -> Result<Connection, OpenError> {
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
    close(conn)?;
    File::open(&unfinished)?.sync_all()?;
    publish(&unfinished, path)?;
    sync_parent(path)?;
    open(path, key, profile, migrations)
}

/// Opens a file, proves the key by reading a page, and brings the schema up to date.
///
/// # Errors
/// [`OpenError::WrongKeyOrDamaged`] and [`OpenError::NewerVersion`] leave the file exactly as it was.
pub fn open(
    path: &Path,
    key: &RawKey,
    profile: &Profile,
    migrations: &Migrations,
) -> Result<Connection, OpenError> {
    if fs::metadata(path)?.len() == 0 {
        // SQLite would take an empty file for a new one under any key.
        return Err(OpenError::WrongKeyOrDamaged);
    }
    let mut conn = connect(path, key, profile)?;
    if migrations.behind(&conn)? {
        let old = migrate::version(&conn)?;
        // Closing folds the write-ahead log into the file, so that the copy is whole.
        close(conn)?;
        if with_suffix(path, "-wal").try_exists()? {
            return Err(OpenError::Busy);
        }
        backup::keep(path, old)?;
        conn = connect(path, key, profile)?;
        profile.apply(&conn)?;
        migrations.apply(&mut conn)?;
    } else {
        profile.apply(&conn)?;
    }
    Ok(conn)
}

/// The problems SQLCipher finds by checking the authentication code of every page; empty when all are whole.
///
/// A stale copy of a page passes: rollback is found by the anchors of whoever keeps the file, not here.
///
/// # Errors
/// If the check itself cannot run.
pub fn damaged_pages(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    conn.prepare("PRAGMA cipher_integrity_check")?.query_map([], |row| row.get(0))?.collect()
}

/// A keyed connection whose key is proven.
fn connect(path: &Path, key: &RawKey, profile: &Profile) -> Result<Connection, OpenError> {
    start_cipher()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.execute_batch(&key.pragma())?;
    profile.prepare(&conn)?;
    prove(&conn)?;
    Ok(conn)
}

/// Reads the schema: the first page must decrypt and authenticate.
fn prove(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    Ok(())
}

/// Starts SQLCipher, once in a process and on one thread.
///
/// SQLite counts itself as initialised before SQLCipher's own initialisation has run, so a second thread that opened a
/// file in between would find no cipher, or one half made. The log goes off here as well: SQLCipher prints to standard
/// error when a page does not decrypt, and the setting is one for the whole process.
fn start_cipher() -> rusqlite::Result<()> {
    static STARTED: Mutex<bool> = Mutex::new(false);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*started {
        let conn = Connection::open_in_memory()?;
        conn.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;")?;
        *started = true;
    }
    Ok(())
}

fn close(conn: Connection) -> rusqlite::Result<()> {
    conn.close().map_err(|(_conn, error)| error)
}

fn make_private(path: &Path) -> io::Result<()> {
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
fn publish(unfinished: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, path) {
        Ok(()) => discard(unfinished),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => fs::rename(unfinished, path),
    }
}

fn discard(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes a rename or a new name in the folder of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
