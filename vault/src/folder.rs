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

    /// Moves slots and drafts into `earlier/<n>/` and makes empty ones: what seals them was lost, and nothing is deleted.
    ///
    /// # Errors
    /// When the operating system refuses. What was moved already stays where it is; doing it again moves the rest.
    pub fn set_aside_what_is_sealed_to_people(&self) -> io::Result<()> {
        let earlier = self.0.join("earlier");
        make_private(&earlier)?;
        let place = (1_u32..).map(|n| earlier.join(n.to_string())).find(|place| !place.exists());
        let place = place.ok_or(io::ErrorKind::AlreadyExists)?;
        make_private(&place)?;
        for folder in [self.slots(), self.drafts()] {
            if let Some(name) = folder.file_name().filter(|_| folder.exists()) {
                fs::rename(&folder, place.join(name))?;
            }
        }
        self.make()?;
        fs::File::open(&self.0)?.sync_all()
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

    /// Whether there is an `outbox/`.
    #[must_use]
    pub fn has_outbox(&self) -> bool {
        self.outbox().is_dir()
    }

    /// The files of `outbox/` that are finished. Needs no key: each is sealed.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn envelopes(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        if self.has_outbox() {
            for entry in fs::read_dir(self.outbox())? {
                let path = entry?.path();
                found.extend(path.extension().is_some_and(|name| name == "envelope").then_some(path));
            }
        }
        Ok(found)
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
