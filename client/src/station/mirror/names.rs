//! What the files of a mirror are called, and what their names say.

use std::path::{Path, PathBuf};

use records::id::{AttachmentId, ChangeId, DeviceId, LogId};

/// A UUID as text.
const UUID_LENGTH: usize = 36;

/// The folder of one workstation on the disk.
pub(super) fn folder_of(base: &Path, device: DeviceId) -> PathBuf {
    base.join(format!("chartkeep-{device}"))
}

pub(super) fn envelope_name(change: ChangeId) -> String {
    format!("envelope-{change}.ckitem")
}

pub(super) fn events_name(log: LogId, first: u64, end: u64) -> String {
    format!("events-{log}-{first}-{end}.ckitem")
}

pub(super) fn part_name(change: ChangeId, file: AttachmentId, from: u64) -> String {
    format!("file-{change}-{file}-{from}.ckitem")
}

/// What a file of the mirror is, by its name.
pub(super) enum Name {
    Envelope(ChangeId),
    Events { log: LogId, end: u64 },
    FilePart(AttachmentId),
}

impl Name {
    pub(super) fn read(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".ckitem")?;
        if let Some(change) = name.strip_prefix("envelope-") {
            return change.parse().ok().map(Self::Envelope);
        }
        if let Some(part) = name.strip_prefix("file-") {
            let (change, rest) = part.split_at_checked(UUID_LENGTH)?;
            let (file, from) = rest.strip_prefix('-')?.split_at_checked(UUID_LENGTH)?;
            let _are_numbers: (ChangeId, u64) = (change.parse().ok()?, from.strip_prefix('-')?.parse().ok()?);
            return file.parse().ok().map(Self::FilePart);
        }
        let mut parts = name.strip_prefix("events-")?.rsplitn(3, '-');
        let (end, _first, log) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
        Some(Self::Events { log, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_strangers_are_left_alone() {
        let (log, change) = (LogId::from_uuid(uuid::Uuid::from_u128(1)), uuid::Uuid::from_u128(2));
        let change = ChangeId::from_uuid(change);
        let read = Name::read(&events_name(log, 3, 17));
        assert!(matches!(read, Some(Name::Events { log: read, end: 17 }) if read == log));
        assert!(matches!(Name::read(&envelope_name(change)), Some(Name::Envelope(read)) if read == change));
        let file = AttachmentId::from_uuid(uuid::Uuid::from_u128(4));
        let read = Name::read(&part_name(change, file, 1 << 20));
        assert!(matches!(read, Some(Name::FilePart(read)) if read == file));
        for stranger in
            ["notes.txt", "envelope-x.ckitem", "events-1-2.ckitem", "answers-1.ckitem", "file-1-2-3.ckitem"]
        {
            assert!(Name::read(stranger).is_none(), "{stranger}");
        }
    }
}
