//! Attached files as they are carried: sealed as they lie in `blobs/`, in parts that the workstation signs.

use keys::courier::{FilePlace, Item, PART_LIMIT};
use vault::{Folder, Identity, OwnAttachment};

use crate::device_keys::DeviceKeys;
use crate::{ClientError, Code};

/// The longest part.
const MOST: u64 = PART_LIMIT as u64;

/// Where the parts of a file begin.
pub(crate) fn part_starts(own: &OwnAttachment) -> impl Iterator<Item = u64> + use<> {
    let length = own.length;
    (0..length.div_ceil(MOST)).map(|part| part * MOST)
}

/// The item with the part that begins here.
pub(crate) fn part_item(
    folder: &Folder,
    identity: Identity,
    keys: &DeviceKeys,
    own: &OwnAttachment,
    from: u64,
) -> Result<Item, ClientError> {
    let bytes = folder.read_attachment(own.id, from, MOST)?;
    let place = FilePlace {
        practice: identity.practice.uuid(),
        device: identity.device.uuid(),
        change: own.change.uuid(),
        file: own.id.uuid(),
        length: own.length,
        digest: own.digest,
        from,
    };
    Ok(Item::of_file_part(&place, &bytes, &keys.checkpoint).map_err(|_| Code::VaultDamaged)?)
}
