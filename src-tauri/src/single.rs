//! One Chartkeep per data folder: a record lock that outlives the `exec` of a lock.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

/// Names the process that holds the lock to the image that replaces it.
pub(crate) const HOLDER: &str = "CHARTKEEP_LOCK_HOLDER";

/// Holds the data folder for this process until it ends.
#[derive(Debug)]
pub(crate) struct Sole {
    /// None where the descriptor came through `exec` and stays open by itself.
    _file: Option<File>,
}

/// Why the folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoleError {
    /// Another Chartkeep works on this folder.
    #[error("another Chartkeep is open on this data folder")]
    Taken,
    /// The lock file could not be made or locked.
    #[error("the lock file could not be used")]
    Io(#[from] io::Error),
}

/// Takes the data folder.
///
/// POSIX record locks belong to the process and survive `exec` as long as a descriptor stays open; a D-Bus
/// name would be lost for a moment and let a second instance in.
///
/// # Errors
/// [`SoleError::Taken`] where another process holds it.
pub(crate) fn take(data_dir: &Path) -> Result<Sole, SoleError> {
    fs::create_dir_all(data_dir)?;
    let path = data_dir.canonicalize()?.join("chartkeep.lock");
    if is_inherited(&path, std::env::var(HOLDER).ok().as_deref()) {
        return Ok(Sole { _file: None });
    }
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) => return Err(SoleError::Taken),
        Err(error) => return Err(SoleError::Io(error.into())),
    }
    fcntl_setfd(&file, FdFlags::empty()).map_err(io::Error::from)?;
    Ok(Sole { _file: Some(file) })
}

/// Whether an image of this same process before an `exec` took the lock: it said so, and its descriptor is still here.
///
/// Opening the file a second time and closing it would drop the lock (fcntl(2)), so the descriptor is looked for. A
/// child process has the descriptor too, but not the lock, and another process id.
fn is_inherited(path: &Path, holder: Option<&str>) -> bool {
    if holder != Some(std::process::id().to_string().as_str()) {
        return false;
    }
    let Ok(descriptors) = fs::read_dir("/proc/self/fd") else { return false };
    descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD_DIR: &str = "CHARTKEEP_TEST_SOLE_DIR";

    #[test]
    fn a_second_process_is_refused_and_an_image_after_exec_finds_the_lock_its_own() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let _held = take(dir.path()).expect("the folder is free");
        let path = dir.path().canonicalize().expect("it exists").join("chartkeep.lock");
        assert!(is_inherited(&path, Some(&std::process::id().to_string())));
        assert!(!is_inherited(&path, None));

        let child = std::process::Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "single::tests::as_another_process", "--nocapture"])
            .env(CHILD_DIR, dir.path())
            .output()
            .expect("the test runs itself");
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(said.contains("another Chartkeep is open"), "{said}");
    }

    /// The other side of the test above; by itself it has a free folder and gets it.
    #[test]
    fn as_another_process() {
        match std::env::var_os(CHILD_DIR) {
            Some(dir) => println!("{}", take(Path::new(&dir)).expect_err("it is held by the parent")),
            None => assert!(take(tempfile::tempdir().expect("a folder").path()).is_ok()),
        }
    }
}
