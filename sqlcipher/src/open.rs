//! Opening a file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use crate::backup;
use crate::error::OpenError;
use crate::key::RawKey;
use crate::migrate::{self, Migrations};
use crate::profile::Profile;

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
        // So that the copy is whole.
        fold(conn, path)?;
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
pub(crate) fn connect(path: &Path, key: &RawKey, profile: &Profile) -> Result<Connection, OpenError> {
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

/// Closes a file with its write-ahead log folded into it. Closing alone folds too, but says nothing when it could not,
/// as on a full disk.
pub(crate) fn fold(conn: Connection, path: &Path) -> Result<(), OpenError> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    conn.close().map_err(|(_conn, error)| error)?;
    if with_suffix(path, "-wal").try_exists()? {
        return Err(OpenError::Busy);
    }
    Ok(())
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
