//! Collecting what a data folder holds for the server: envelopes as they stand, and events where the keyring answers.

use std::path::Path;

use jiff::Timestamp;
use keys::courier::Item;
use vault::Folder;

use super::{Opened, events, open};
use crate::keyring::Keyring;
use crate::{ClientError, Code};

/// What was collected.
#[derive(Debug)]
pub struct Collected {
    /// Envelopes and events.
    pub items: Vec<Item>,
    /// How many changes are among them.
    pub changes: usize,
    /// How many audit events.
    pub events: u64,
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
}

/// Collects from a data folder. Envelopes need nothing but the folder; events lie in `device.db`, whose key the keyring has.
/// Nothing is taken out of the folder.
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
    // What a change stands on goes first.
    items.sort_by_key(|item| item.header);
    let changes = items.len();
    let sealed = match keyring {
        Some(keyring) => undelivered(data_dir, keyring, now),
        None => Err(Code::KeyMissing.into()),
    };
    let events = match sealed {
        Ok(sealed) => {
            let count = sealed.iter().map(|item| u64::from(item.header.count)).sum();
            items.extend(sealed);
            count
        }
        Err(why) => {
            left_out.push(LeftOut::Events(why));
            0
        }
    };
    Ok(Collected { items, changes, events, left_out })
}

fn undelivered(data_dir: &Path, keyring: &dyn Keyring, now: Timestamp) -> Result<Vec<Item>, ClientError> {
    let Opened { device, keys, ground } = open(data_dir, keyring)?;
    let first = device.delivered_size()?;
    events::seal_from(&device, &keys, &ground.trust, first, now)
}
