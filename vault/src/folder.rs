//! Where things lie in the data folder.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use records::Drawer;
use records::id::{ChangeId, PersonId};

/// The data folder of one workstation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The data folder at `root`; nothing is made or looked at yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// Makes the folder and those in it, readable by their owner alone. What is there already stays.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn make(&self) -> io::Result<()> {
        for folder in
            [self.0.clone(), self.slots(), self.drawers(), self.outbox(), self.inbox(), self.drafts()]
        {
            make_private(&folder)?;
        }
        make_private(&self.blobs())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// `device.db`.
    #[must_use]
    pub fn device_file(&self) -> PathBuf {
        self.0.join("device.db")
    }

    /// `slots/`.
    #[must_use]
    pub fn slots(&self) -> PathBuf {
        self.0.join("slots")
    }

    /// `drawers/<drawer>.db`.
    #[must_use]
    pub fn drawer_file(&self, drawer: Drawer) -> PathBuf {
        self.drawers().join(format!("{drawer}.db"))
    }

    /// `outbox/<change>.envelope`.
    #[must_use]
    pub fn envelope_file(&self, change: ChangeId) -> PathBuf {
        self.outbox().join(format!("{change}.envelope"))
    }

    /// `drafts/<person>/`.
    #[must_use]
    pub fn drafts_of(&self, person: PersonId) -> PathBuf {
        self.drafts().join(person.to_string())
    }

    /// `inbox/`.
    #[must_use]
    pub fn inbox(&self) -> PathBuf {
        self.0.join("inbox")
    }

    /// `blobs/`.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn outbox(&self) -> PathBuf {
        self.0.join("outbox")
    }

    fn drawers(&self) -> PathBuf {
        self.0.join("drawers")
    }

    fn drafts(&self) -> PathBuf {
        self.0.join("drafts")
    }
}

/// Makes a folder that only its owner may enter; one that is there already stays as it is.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    fs::metadata(folder)?;
    Ok(())
}
