//! Files that an operator asked for.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a file that was not there, readable by its owner alone.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}
