//! The copy that is kept of a file before a migration touches it.
//!
//! `clinical.db` at schema 3 is kept as `clinical.db.schema-3`, still under the same key.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::open::{sync_parent, with_suffix};

/// How long a copy is kept.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Copies the file beside itself, durably. An older copy of the same schema is replaced by a rename.
pub(crate) fn keep(path: &Path, schema: u32) -> io::Result<PathBuf> {
    let kept = with_suffix(path, &format!(".schema-{schema}"));
    let unfinished = with_suffix(&kept, ".new");
    fs::copy(path, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    fs::rename(&unfinished, &kept)?;
    sync_parent(path)?;
    Ok(kept)
}

/// Removes the copies of `path` that are older than [`KEPT`] at `now`, and says how many went.
///
/// # Errors
/// If the folder cannot be read or a copy cannot be removed.
pub fn remove_old(path: &Path, now: SystemTime) -> io::Result<usize> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(0);
    };
    let prefix = format!("{name}.schema-");
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_copy = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
        let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if is_copy && age > KEPT {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}
