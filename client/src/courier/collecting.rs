//! Collecting what a data folder holds for the server: envelopes as they stand, and events and attached files where the keyring
//! answers.

use std::path::Path;

use jiff::Timestamp;
use keys::courier::Item;
use records::id::{AttachmentId, ChangeId};
use vault::{Folder, Identity, OwnAttachment};

use super::{Opened, events, open, part_item, part_starts};
use crate::device_keys::DeviceKeys;
use crate::keyring::Keyring;
use crate::{ClientError, Code};

/// What was collected.
pub struct Collected {
    items: Vec<Item>,
    carried: Option<Carried>,
    /// How many changes are among them.
    pub changes: usize,
    /// How many audit events.
    pub events: u64,
    /// How many attached files.
    pub files: usize,
    /// What could not be brought along, and why.
    pub left_out: Vec<LeftOut>,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// A file of `outbox/` that is no envelope; it stays where it is.
    File(String),
    /// The audit events: `device.db` did not open.
    Events(ClientError),
    /// The attached files: `device.db`, which knows which of them the server lacks, did not open.
    Files(ClientError),
    /// An attached file that is gone or damaged, and the change that speaks of it.
    Attachment {
        /// The change.
        change: ChangeId,
        /// The file.
        attachment: AttachmentId,
    },
}

/// Files that are to be carried, and what they are signed with.
struct Carried {
    folder: Folder,
    identity: Identity,
    keys: DeviceKeys,
    files: Vec<OwnAttachment>,
}

impl Collected {
    /// All items; a part of a file is read from the folder when it is asked for.
    pub fn items(&self) -> impl Iterator<Item = Result<Item, ClientError>> {
        let parts = self.carried.iter().flat_map(|carried| {
            let all = carried.files.iter().flat_map(|own| part_starts(own).map(move |from| (own, from)));
            all.map(|(own, from)| part_item(&carried.folder, carried.identity, &carried.keys, own, from))
        });
        self.items.iter().cloned().map(Ok).chain(parts)
    }
}

/// Collects from a data folder. Envelopes need nothing but the folder; events lie in `device.db`, whose key the keyring has, and
/// so does the list of attached files. Nothing is taken out of the folder.
///
/// # Errors
/// `not-enrolled` when this is no data folder, and when it cannot be read.
pub fn collect(
    data_dir: &Path,
    keyring: Option<&dyn Keyring>,
    now: Timestamp,
) -> Result<Collected, ClientError> {
    let folder = Folder::new(data_dir);
    if !folder.device_file().try_exists()? && !folder.has_outbox() {
        return Err(Code::NotEnrolled.into());
    }
    let (items, left_out) = envelopes(&folder)?;
    let changes = items.len();
    let mut collected = Collected { items, carried: None, changes, events: 0, files: 0, left_out };
    let opened = match keyring {
        Some(keyring) => open(data_dir, keyring),
        None => Err(Code::KeyMissing.into()),
    };
    match opened {
        Ok(opened) => collected.take_from(opened, now),
        Err(why) => {
            if folder.has_attachments()? {
                collected.left_out.push(LeftOut::Files(why.clone()));
            }
            collected.left_out.push(LeftOut::Events(why));
        }
    }
    Ok(collected)
}

/// What a change stands on goes first.
fn envelopes(folder: &Folder) -> Result<(Vec<Item>, Vec<LeftOut>), ClientError> {
    let (mut items, mut left_out) = (Vec::new(), Vec::new());
    for path in folder.envelopes()? {
        match Item::of_envelope(std::fs::read(&path)?) {
            Ok(item) => items.push(item),
            Err(_) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                left_out.push(LeftOut::File(name));
            }
        }
    }
    items.sort_by_key(|item| item.header);
    Ok((items, left_out))
}

impl Collected {
    /// Where one kind cannot be had the other still goes along.
    fn take_from(&mut self, opened: Opened, now: Timestamp) {
        match undelivered(&opened, now) {
            Ok(events) => {
                self.events = events.iter().map(|item| u64::from(item.header.count)).sum();
                self.items.extend(events);
            }
            Err(why) => self.left_out.push(LeftOut::Events(why)),
        }
        let Opened { device, keys, .. } = opened;
        let (folder, identity) = (device.folder().clone(), device.identity());
        let unsent = match device.unsent_attachments() {
            Ok(unsent) => unsent,
            Err(why) => return self.left_out.push(LeftOut::Files(why.into())),
        };
        // One that is damaged would be refused at its end.
        let (files, damaged): (Vec<_>, Vec<_>) = unsent.into_iter().partition(|own| own.is_whole_in(&folder));
        let named = |own: OwnAttachment| LeftOut::Attachment { change: own.change, attachment: own.id };
        self.left_out.extend(damaged.into_iter().map(named));
        self.files = files.len();
        self.carried = Some(Carried { folder, identity, keys, files });
    }
}

fn undelivered(opened: &Opened, now: Timestamp) -> Result<Vec<Item>, ClientError> {
    let first = opened.device.delivered_size()?;
    events::seal_from(&opened.device, &opened.keys, &opened.ground.trust, first, now)
}
