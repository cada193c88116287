//! Where things lie in the data folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use records::Drawer;
use records::id::{AttachmentId, ChangeId, PersonId};

use crate::durable;

/// What lies beside `device.db`, by how the names begin: what was set aside has a longer name.
const CONTENTS: [&str; 6] = ["slots", "drawers", "outbox", "inbox", "drafts", "blobs"];

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
        File::open(&self.0)?.sync_all()
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

    /// `drawers/<drawer>.db`, the file in which a drawer begins.
    #[must_use]
    pub fn drawer_file(&self, drawer: Drawer) -> PathBuf {
        self.drawer_copy(drawer, 1)
    }

    /// The file in which a drawer lies after it was written anew: `drawers/<drawer>.<copy>.db`, counted from 2.
    #[must_use]
    pub fn drawer_copy(&self, drawer: Drawer, copy: u32) -> PathBuf {
        self.drawers().join(copy_name(drawer, copy))
    }

    /// The newest file of a drawer that is there, whatever it holds.
    pub(crate) fn newest_copy(&self, drawer: Drawer) -> io::Result<Option<u32>> {
        let prefix = format!("{drawer}.");
        let mut newest = None;
        for name in self.drawer_names()? {
            let number = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".db"));
            newest = newest.max(number.and_then(|number| number.parse().ok()));
        }
        Ok(newest)
    }

    /// Removes every file of a drawer but those of one copy, for good.
    pub(crate) fn remove_other_copies(&self, drawer: Drawer, copy: u32) -> io::Result<()> {
        let kept = copy_name(drawer, copy);
        self.remove_files(drawer, |name| !name.starts_with(&kept))
    }

    /// Removes every file of a drawer, for good.
    pub(crate) fn remove_drawer(&self, drawer: Drawer) -> io::Result<()> {
        self.remove_files(drawer, |_| true)
    }

    fn remove_files(&self, drawer: Drawer, goes: impl Fn(&str) -> bool) -> io::Result<()> {
        let prefix = format!("{drawer}.");
        for name in self.drawer_names()? {
            if name.starts_with(&prefix) && goes(&name) {
                durable::remove(&self.drawers().join(name))?;
            }
        }
        Ok(())
    }

    fn drawer_names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.drawers())? {
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    /// `outbox/<change>.envelope`.
    #[must_use]
    pub fn envelope_file(&self, change: ChangeId) -> PathBuf {
        self.outbox().join(format!("{change}.envelope"))
    }

    /// What is left of a workstation that was wiped, and what a wipe that was cut short goes on from.
    #[must_use]
    pub fn wiped_marker(&self) -> PathBuf {
        self.0.join("wiped")
    }

    /// Overwrites and removes all that was kept of records and of people; `device.db` and its log stay.
    ///
    /// # Errors
    /// When a file cannot be removed; what was removed is gone.
    pub fn destroy_contents(&self) -> io::Result<()> {
        self.destroy(&CONTENTS)
    }

    /// Overwrites and removes all that Chartkeep keeps here. What is not its own stays.
    ///
    /// # Errors
    /// When a file cannot be removed; what was removed is gone.
    pub fn destroy_everything(&self) -> io::Result<()> {
        self.destroy(&CONTENTS)?;
        self.destroy(&["device.db"])
    }

    fn destroy(&self, prefixes: &[&str]) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours =
                name.to_str().is_some_and(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
            if is_ours {
                destroy(&entry.path())?;
            }
        }
        File::open(&self.0)?.sync_all()
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

    /// Whether there is any attached file here, sealed and whole: one of ours, or one that was fetched.
    ///
    /// # Errors
    /// When `blobs/` is there and cannot be read.
    pub fn has_attachments(&self) -> io::Result<bool> {
        if !self.blobs().is_dir() {
            return Ok(false);
        }
        for entry in fs::read_dir(self.blobs())? {
            if entry?.path().extension().is_some_and(|name| name == "sealed") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// At most so many bytes of an attached file that is here, sealed, from a place on.
    ///
    /// # Errors
    /// When the operating system refuses, or there is no such file.
    pub fn read_attachment(&self, id: AttachmentId, from: u64, most: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(self.attachment(id))?;
        file.seek(SeekFrom::Start(from))?;
        let mut part = Vec::new();
        file.take(most).read_to_end(&mut part)?;
        Ok(part)
    }

    /// An attached file, sealed and whole.
    pub(crate) fn attachment(&self, id: AttachmentId) -> PathBuf {
        self.blobs().join(format!("{id}.sealed"))
    }

    /// As much of an attached file as has come.
    pub(crate) fn attachment_part(&self, id: AttachmentId) -> PathBuf {
        self.blobs().join(format!("{id}.part"))
    }

    pub(crate) fn outbox(&self) -> PathBuf {
        self.0.join("outbox")
    }

    fn drawers(&self) -> PathBuf {
        self.0.join("drawers")
    }

    pub(crate) fn drafts(&self) -> PathBuf {
        self.0.join("drafts")
    }
}

/// Overwrites and removes a file, or a folder with all that is in it. Overwriting helps on few disks; what helps is that
/// the keys are gone.
fn destroy(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            destroy(&entry?.path())?;
        }
        return fs::remove_dir(path);
    }
    if let Err(error) = overwrite(path)
        && error.kind() != io::ErrorKind::PermissionDenied
    {
        return Err(error);
    }
    fs::remove_file(path)
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()
}

fn copy_name(drawer: Drawer, copy: u32) -> String {
    if copy == 1 { format!("{drawer}.db") } else { format!("{drawer}.{copy}.db") }
}

/// Makes a folder that only its owner may enter, durably: a file in it is not durable before its folder is. One that is
/// there already stays as it is.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    if fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_private(parent)?;
    }
    let mut builder = DirBuilder::new();
    // Somebody else may have been faster.
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    durable::sync_folder(folder)
}
