//! A copy of a whole file, of one moment, while others go on writing to it.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::error::OpenError;
use crate::key::RawKey;
use crate::open::{connect, fold, sync_parent, with_suffix};
use crate::profile::Profile;
use crate::unfinished::{discard, make_private, rename_new};

/// So many pages are copied between two calls of the progress function: 4 MiB.
const PAGES_AT_ONCE: i32 = 1024;
/// How long to wait for the file before another try.
const PAUSE: Duration = Duration::from_millis(20);

/// Copies the file behind `source` to `to`, sealed with `key`, as it stands at one moment. It has another name (`<to>.new`)
/// until it is whole; every page of it was read back and authenticated before it gets its own. `progress` is told how many
/// pages are done and how many there are.
///
/// # Errors
/// [`OpenError::Exists`] if there is a file of this name; [`OpenError::WrongKeyOrDamaged`] if a page of the source or of the
/// copy is not whole; otherwise what the disk refuses. Then there is no file of this name.
pub fn copy(
    source: &Connection,
    to: &Path,
    key: &RawKey,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), OpenError> {
    if to.try_exists()? {
        return Err(OpenError::Exists);
    }
    let unfinished = with_suffix(to, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        discard(&with_suffix(&unfinished, suffix))?;
    }
    make_private(&unfinished)?;
    let profile = Profile::exclusive(CACHE_MIB);
    let mut copy = connect(&unfinished, key, &profile)?;
    copy_pages(source, &mut copy, progress)?;
    drop(copy);
    let copy = connect(&unfinished, key, &profile)?;
    profile.apply(&copy)?;
    if !crate::damaged_pages(&copy)?.is_empty() {
        return Err(OpenError::WrongKeyOrDamaged);
    }
    fold(copy, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    rename_new(&unfinished, to)?;
    Ok(sync_parent(to)?)
}

const CACHE_MIB: u32 = 16;

/// Within one read transaction: what is committed meanwhile is not in the copy, and does not begin it anew.
fn copy_pages(
    source: &Connection,
    copy: &mut Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), OpenError> {
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let backup = Backup::new(source, copy)?;
    loop {
        let step = backup.step(PAGES_AT_ONCE)?;
        let now = backup.progress();
        let pages = |count: i32| u64::try_from(count).unwrap_or(0);
        progress(pages(now.pagecount - now.remaining), pages(now.pagecount));
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // The library may learn of further answers; each of them means to try once more.
            StepResult::Busy | StepResult::Locked | _ => std::thread::sleep(PAUSE),
        }
    }
    drop(backup);
    moment.rollback()?;
    // A page that does not authenticate is copied as zeros, and no step says so; the cipher remembers it.
    let status: String = source.query_row("PRAGMA cipher_status", [], |row| row.get(0))?;
    if status == "1" { Ok(()) } else { Err(OpenError::WrongKeyOrDamaged) }
}
