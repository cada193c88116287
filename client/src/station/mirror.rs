//! The mirror: a sealed copy of what is unsent, on a disk or share that outlives this workstation. Its absence stops nobody.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use keys::courier::Item;
use records::id::{ChangeId, DeviceId, LogId};
use vault::{OutboxState, write_durably};

use super::Station;
use crate::view::MirrorView;
use crate::{ClientError, courier};

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
            Ok(()) => *mirror = Mirror { copied_at: Some(now), absent_since: None },
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

    fn copy_into(&self, base: &Path) -> Result<(), ClientError> {
        let folder = folder_of(base, self.identity().device);
        fs::create_dir_all(&folder)?;
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
        self.copy_events(&folder)?;
        self.tidy(&folder)
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
            let is_held = match Name::read(&name) {
                Some(Name::Envelope(change)) => {
                    let known = self.device().outbox_entry(change)?;
                    known.is_some_and(|entry| {
                        !matches!(entry.state, OutboxState::Waiting | OutboxState::Intended)
                    })
                }
                Some(Name::Events { log, end }) => log == own && end <= delivered,
                None => false,
            };
            if is_held {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// How long a log is that the folder has the events of; they were put there in their order.
fn held_until(folder: &Path, log: LogId) -> io::Result<u64> {
    let mut until = 0;
    for entry in fs::read_dir(folder)? {
        match Name::read(&entry?.file_name().to_string_lossy()) {
            Some(Name::Events { log: of, end }) if of == log => until = end.max(until),
            Some(Name::Events { .. } | Name::Envelope(_)) | None => {}
        }
    }
    Ok(until)
}

/// The folder of one workstation on the disk.
fn folder_of(base: &Path, device: DeviceId) -> PathBuf {
    base.join(format!("chartkeep-{device}"))
}

fn envelope_name(change: ChangeId) -> String {
    format!("envelope-{change}.ckitem")
}

fn events_name(log: LogId, first: u64, end: u64) -> String {
    format!("events-{log}-{first}-{end}.ckitem")
}

/// What a file of the mirror is, by its name.
enum Name {
    Envelope(ChangeId),
    Events { log: LogId, end: u64 },
}

impl Name {
    fn read(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".ckitem")?;
        if let Some(change) = name.strip_prefix("envelope-") {
            return change.parse().ok().map(Self::Envelope);
        }
        let mut parts = name.strip_prefix("events-")?.rsplitn(3, '-');
        let (end, _first, log) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
        Some(Self::Events { log, end })
    }
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

    #[test]
    fn names_read_back_and_strangers_are_left_alone() {
        let (log, change) = (LogId::from_uuid(uuid::Uuid::from_u128(1)), uuid::Uuid::from_u128(2));
        let change = ChangeId::from_uuid(change);
        let read = Name::read(&events_name(log, 3, 17));
        assert!(matches!(read, Some(Name::Events { log: read, end: 17 }) if read == log));
        assert!(matches!(Name::read(&envelope_name(change)), Some(Name::Envelope(read)) if read == change));
        for stranger in ["notes.txt", "envelope-x.ckitem", "events-1-2.ckitem", "answers-1.ckitem"] {
            assert!(Name::read(stranger).is_none(), "{stranger}");
        }
    }
}
