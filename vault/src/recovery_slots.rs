//! The files of recovery slots: `slots/<slot>.recovery`. One opens only while `device.db` says that it may.

use std::fs;
use std::io;
use std::path::PathBuf;

use records::id::SlotId;

use crate::durable;
use crate::folder::Folder;

/// The recovery slots of a workstation.
#[derive(Debug, Clone)]
pub struct RecoverySlots(PathBuf);

impl RecoverySlots {
    /// The recovery slots in this data folder.
    #[must_use]
    pub fn new(folder: &Folder) -> Self {
        Self(folder.slots())
    }

    /// The sealed bytes of a slot; `None` when there is no such file.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn read(&self, slot: SlotId) -> io::Result<Option<Vec<u8>>> {
        durable::read(&self.file(slot))
    }

    /// Writes a slot, durable when this returns.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn write(&self, slot: SlotId, bytes: &[u8]) -> io::Result<()> {
        durable::write(&self.file(slot), bytes)
    }

    /// Removes a slot for good, after `device.db` has stopped to know it.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn remove(&self, slot: SlotId) -> io::Result<()> {
        durable::remove(&self.file(slot))
    }

    /// Every slot that has a file here.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listed(&self) -> io::Result<Vec<SlotId>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let slot = name.to_str().and_then(|name| name.strip_suffix(".recovery"));
            found.extend(slot.and_then(|slot| slot.parse::<SlotId>().ok()));
        }
        Ok(found)
    }

    fn file(&self, slot: SlotId) -> PathBuf {
        self.0.join(format!("{slot}.recovery"))
    }
}
