//! The folder outside the clone where CI keeps what it built, so that the next run starts warm.
//!
//! Everything works without it: when it cannot be written or another run holds it, the clone's own `target/` is used.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{run, say};

const GIB: u64 = 1024 * 1024 * 1024;
/// Above this size the shared build folder is emptied, in bytes.
const LIMIT_BYTES: u64 = 12 * GIB;
/// A run writes about this much beside what is kept: programs that are linked anew, and the stores of the tests. In bytes.
const ROOM_BYTES: u64 = 10 * GIB;

/// What may be kept between runs.
pub(crate) struct Cache {
    folder: PathBuf,
    shared: Option<Shared>,
}

/// The shared build folder, ours as long as the lock file stays open.
struct Shared {
    target: PathBuf,
    _lock: File,
}

impl Cache {
    /// Takes the shared build folder when `CI` is set and nothing speaks against it.
    pub(crate) fn open(root: &Path) -> Self {
        let folder = folder().unwrap_or_else(|| root.join("target")).join("chartkeep-ci");
        let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let chosen_already = std::env::var_os("CARGO_TARGET_DIR").is_some();
        let shared = if in_ci && !chosen_already { take(&folder) } else { None };
        Self { folder, shared }
    }

    /// The build folder outside the clone, when this run has it.
    pub(crate) fn shared_target(&self) -> Option<&Path> {
        self.shared.as_ref().map(|shared| shared.target.as_path())
    }

    /// Where a tool that takes minutes to build is kept.
    pub(crate) fn tool(&self, name_and_version: &str) -> PathBuf {
        self.folder.join("tools").join(name_and_version)
    }
}

fn folder() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .or_else(|| named("LOCALAPPDATA"))
}

fn take(folder: &Path) -> Option<Shared> {
    let taken = lock(folder).and_then(|lock| {
        let target = folder.join("target");
        prune(&target, limit(size_of(&target)?, free_bytes(folder)))?;
        Ok(Shared { target, _lock: lock })
    });
    match taken {
        Ok(shared) => Some(shared),
        Err(error) => {
            say::line(&format!("cache: {} is not used ({error}); building in target/", folder.display()));
            None
        }
    }
}

fn lock(folder: &Path) -> Result<File, std::io::Error> {
    fs::create_dir_all(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(std::io::Error::other("another run holds it")),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// How large the folder may be, when it holds `kept` bytes and the disk has `free` left.
fn limit(kept: u64, free: Option<u64>) -> u64 {
    let missing = free.map_or(0, |free| ROOM_BYTES.saturating_sub(free));
    LIMIT_BYTES.min(kept.saturating_sub(missing))
}

/// What the disk under the folder has left; nothing where no `df` answers.
fn free_bytes(folder: &Path) -> Option<u64> {
    let table = run::answer("df", &["-Pk", folder.to_str()?])?;
    let kib: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    say::line(&format!("cache: {} MB are free beside {}", kib * 1024 / 1_000_000, folder.display()));
    Some(kib * 1024)
}

/// Empties the folder when it has grown beyond the limit: first what only speeds up small edits, then all.
fn prune(target: &Path, limit_bytes: u64) -> Result<(), std::io::Error> {
    for victim in [target.join("debug").join("incremental"), target.to_path_buf()] {
        let bytes = size_of(target)?;
        if bytes <= limit_bytes {
            return Ok(());
        }
        say::line(&format!("cache: {} MB is too much, removing {}", bytes / 1_000_000, victim.display()));
        if victim.exists() {
            fs::remove_dir_all(&victim)?;
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> Result<u64, std::io::Error> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        bytes += if kind.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("debug/incremental")).unwrap();
        fs::write(folder.join("debug/incremental/small-edits"), [0; 600]).unwrap();
        fs::write(folder.join("debug/library"), [0; 600]).unwrap();
        folder
    }

    #[test]
    fn pruning_takes_what_speeds_up_small_edits_first() {
        let folder = scratch("first");
        prune(&folder, 1000).unwrap();
        assert!(!folder.join("debug/incremental").exists());
        assert!(folder.join("debug/library").exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn pruning_takes_all_when_that_is_not_enough_and_nothing_below_the_limit() {
        let folder = scratch("all");
        prune(&folder, 2000).unwrap();
        assert!(folder.join("debug/incremental/small-edits").exists());
        prune(&folder, 100).unwrap();
        assert!(!folder.exists());
        prune(&folder, 100).unwrap();
    }

    #[test]
    fn where_the_disk_is_nearly_full_less_is_kept() {
        assert_eq!(limit(8 * GIB, None), 8 * GIB);
        assert_eq!(limit(8 * GIB, Some(50 * GIB)), 8 * GIB);
        assert_eq!(limit(20 * GIB, Some(50 * GIB)), LIMIT_BYTES);
        assert_eq!(limit(8 * GIB, Some(7 * GIB)), 5 * GIB);
        assert_eq!(limit(8 * GIB, Some(0)), 0);
        assert!(free_bytes(&std::env::temp_dir()).is_some());
    }

    #[test]
    fn a_second_run_does_not_wait_for_the_first() {
        let folder = scratch("lock");
        let first = lock(&folder).unwrap();
        assert!(lock(&folder).is_err());
        drop(first);
        assert!(lock(&folder).is_ok());
        fs::remove_dir_all(folder).unwrap();
    }
}
