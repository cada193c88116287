//! The mirror: a sealed copy of what is unsent, on a disk or share that outlives this workstation. Its absence stops nobody.

mod names;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use keys::courier::Item;
use records::id::LogId;
use vault::{OutboxState, OwnAttachment, write_durably};

use super::Station;
use crate::view::MirrorView;
use crate::{ClientError, courier};
use names::{Name, envelope_name, events_name, folder_of, part_name};

/// How the mirror fares. Nothing of it outlives the program: what was copied is seen in the folder.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// When all that is unsent was found or put there.
    copied_at: Option<Timestamp>,
    /// Since when it cannot be reached or written.
    absent_since: Option<Timestamp>,
}

impl Station {
    /// Brings the mirror up to date, where the policy has one. Failing is told, and tried again.
    pub(crate) fn mirror_now(&self) {
        let Some(pattern) = self.policy().mirror else { return };
        let now = self.now();
        // The lock is not held while the disk is asked: one that hangs must hang nothing else.
        let done = match find(&pattern) {
            Some(base) => self.copy_into(&base),
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        };
        let mut mirror = self.mirror();
        let was_absent = mirror.absent_since.is_some();
        match done {
            Ok(Copied::All) => *mirror = Mirror { copied_at: Some(now), absent_since: None },
            Ok(Copied::AllButDamaged) => mirror.absent_since = None,
            Err(error) => {
                if !was_absent {
                    tracing::warn!(code = error.code.as_str(), "the mirror cannot be reached or written");
                }
                mirror.absent_since.get_or_insert(now);
            }
        }
        let is_absent = mirror.absent_since.is_some();
        drop(mirror);
        if is_absent != was_absent {
            self.sync_page_changed();
        }
    }

    /// What the sync page says of it; `None` where the policy has none.
    pub(super) fn mirror_view(&self) -> Option<MirrorView> {
        self.policy().mirror?;
        let mirror = self.mirror();
        Some(MirrorView {
            copied_at: mirror.copied_at.map(|at| self.minute(at)),
            absent_since: mirror.absent_since.map(|at| self.minute(at)),
        })
    }

    fn copy_into(&self, base: &Path) -> Result<Copied, ClientError> {
        let folder = folder_of(base, self.identity().device);
        fs::create_dir_all(&folder)?;
        let copied = self.copy_changes(&folder).and_then(|()| self.copy_files(&folder));
        // A disk that is full gets room by this.
        self.tidy(&folder)?;
        copied
    }

    fn copy_changes(&self, folder: &Path) -> Result<(), ClientError> {
        let unsent = self.device().unsent()?;
        for entry in &unsent {
            let path = folder.join(envelope_name(entry.change));
            if path.try_exists()? {
                continue;
            }
            // Between two looks it may have been sent.
            let Some(envelope) = self.device().envelope(entry.change)? else { continue };
            if let Ok(item) = Item::of_envelope(envelope) {
                write_durably(&path, &item.to_bytes())?;
            }
        }
        self.copy_events(folder)
    }

    /// One part after the other, where it is not there yet. One file that cannot be read does not hold up the others.
    fn copy_files(&self, folder: &Path) -> Result<Copied, ClientError> {
        let (unsent, from, mut seen) = {
            let device = self.device();
            (device.unsent_attachments()?, device.folder().clone(), device.log_head().size)
        };
        let mut copied = Copied::All;
        for own in &unsent {
            let missing = missing_parts(folder, own)?;
            if missing.is_empty() {
                continue;
            }
            if !own.is_whole_in(&from) {
                tracing::error!(change = %own.change, attachment = %own.id, "an attached file is damaged or gone");
                copied = Copied::AllButDamaged;
                continue;
            }
            for (begins, path) in missing {
                let item = courier::part_item(&from, self.identity(), self.keys(), own, begins)?;
                write_durably(&path, &item.to_bytes())?;
                // What was written meanwhile is small, leaves an event, and does not wait for the rest.
                let size = self.device().log_head().size;
                if std::mem::replace(&mut seen, size) != size {
                    self.copy_changes(folder)?;
                }
            }
        }
        Ok(copied)
    }

    /// Goes on where this very disk ends: another one may have been put in since the last look.
    fn copy_events(&self, folder: &Path) -> Result<(), ClientError> {
        let log = self.identity().log;
        let (there, trust, now) = (held_until(folder, log)?, self.trust(), self.now());
        let items = {
            let device = self.device();
            let size = device.log_head().size;
            let from = device.delivered_size()?.max(if there <= size { there } else { 0 });
            if from == size {
                return Ok(());
            }
            courier::events::seal_from(&device, self.keys(), &trust, from, now)?
        };
        for item in items {
            let first = item.header.first;
            let path = folder.join(events_name(log, first, first + u64::from(item.header.count)));
            write_durably(&path, &item.to_bytes())?;
        }
        Ok(())
    }

    /// Takes out what the server holds. What this workstation knows nothing of stays: it may be all that is left of an
    /// earlier life of it.
    fn tidy(&self, folder: &Path) -> Result<(), ClientError> {
        let (delivered, own) = (self.device().delivered_size()?, self.identity().log);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // One that a full disk cut short lies beside its place.
            let is_held = match Name::read(name.strip_suffix(".new").unwrap_or(&name)) {
                Some(Name::Envelope(change)) => {
                    let known = self.device().outbox_entry(change)?;
                    known.is_some_and(|entry| {
                        !matches!(entry.state, OutboxState::Waiting | OutboxState::Intended)
                    })
                }
                Some(Name::Events { log, end }) => log == own && end <= delivered,
                // All parts or none: where the server finds the whole to be wrong, it asks for all of them.
                Some(Name::FilePart(file)) => {
                    let known = self.device().own_attachment(file)?;
                    known.is_some_and(|own| own.held == own.length)
                }
                None => false,
            };
            if is_held {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// How a look at the mirror ended.
enum Copied {
    /// Everything unsent is there.
    All,
    /// But for attached files that cannot be read here.
    AllButDamaged,
}

/// Where the parts of a file begin that are not in the folder, and where they go.
fn missing_parts(folder: &Path, own: &OwnAttachment) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut missing = Vec::new();
    for from in courier::part_starts(own) {
        let path = folder.join(part_name(own.change, own.id, from));
        if !path.try_exists()? {
            missing.push((from, path));
        }
    }
    Ok(missing)
}

/// How long a log is that the folder has the events of; they were put there in their order.
fn held_until(folder: &Path, log: LogId) -> io::Result<u64> {
    let mut until = 0;
    for entry in fs::read_dir(folder)? {
        match Name::read(&entry?.file_name().to_string_lossy()) {
            Some(Name::Events { log: of, end }) if of == log => until = end.max(until),
            Some(Name::Events { .. } | Name::Envelope(_) | Name::FilePart(_)) | None => {}
        }
    }
    Ok(until)
}

/// The first folder that is there and fits the pattern: a part that is `*` is any folder.
fn find(pattern: &str) -> Option<PathBuf> {
    let mut fits = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for folder in fits {
            if part == "*" {
                let listed = fs::read_dir(&folder).into_iter().flatten().flatten();
                next.extend(listed.map(|entry| entry.path()).filter(|path| path.is_dir()));
            } else if folder.join(part).is_dir() {
                next.push(folder.join(part));
            }
        }
        next.sort();
        fits = next;
    }
    fits.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_folder_and_the_first_that_fits_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        for made in ["a", "b/DISK", "c/DISK"] {
            fs::create_dir_all(dir.path().join(made)).unwrap();
        }
        let root = dir.path().to_str().unwrap();
        assert_eq!(find(&format!("{root}/*/DISK")), Some(dir.path().join("b/DISK")));
        assert_eq!(find(&format!("{root}/*/OTHER")), None);
        assert_eq!(find(&format!("{root}/c/DISK/")), Some(dir.path().join("c/DISK")));
    }
}
