//! Unsent work by file: collected from a data folder, brought to the server by any workstation that reaches it, and the
//! answers taken back. Nothing that is carried can be read on the way ([`keys::courier`]).

mod back;
mod collecting;
mod delivering;
pub(crate) mod events;
mod files;
mod stick;

pub use back::{TakenBack, take_back};
pub use collecting::{Collected, LeftOut, collect};
pub use delivering::{Delivered, deliver};
pub(crate) use files::{part_item, part_starts};
pub use keys::courier::Item;
pub use stick::{NoItem, Stick};
pub use sync::wire::{FileReceipt, ItemResult};

use std::path::Path;

use vault::{Device, Folder, RawKey};

use crate::device_keys::DeviceKeys;
use crate::kept_epoch::KeptEpoch;
use crate::keyring::Keyring;
use crate::workstation::open::{Ground, ground};
use crate::{ClientError, Code};

/// A workstation's own files, opened for as long as a courier needs them.
pub(crate) struct Opened {
    pub(crate) device: Device,
    pub(crate) keys: DeviceKeys,
    pub(crate) ground: Ground,
}

/// Opens `device.db` with the key in the keyring.
pub(crate) fn open(data_dir: &Path, keyring: &dyn Keyring) -> Result<Opened, ClientError> {
    let folder = Folder::new(data_dir);
    if !folder.device_file().try_exists()? {
        return Err(Code::NotEnrolled.into());
    }
    let keys = DeviceKeys::of_enrolled(keyring)?;
    // EXPOSE: SQLCipher needs the raw bytes to open the file.
    let mut device = Device::open(folder, &RawKey::new(*keys.device_file.expose()))?;
    mark_what_waits(&mut device, keyring);
    let ground = ground(&device, &keys, keyring)?;
    Ok(Opened { device, keys, ground })
}

/// Gives a mark to entries that wait for one, and to those that are appended from here on, with the key of the present epoch. It is
/// for the program to move that on, and to say that a keyring fails; what is carried or written does without.
fn mark_what_waits(device: &mut Device, keyring: &dyn Keyring) {
    let standing = device.mark_standing();
    let Ok(kept) = KeptEpoch::read_all(keyring, device.identity().log) else { return };
    let of_chain = kept.iter().filter(|kept| Some(kept.chain) == standing.chain);
    let Some(key) = of_chain.filter_map(|kept| kept.moved_on_to(standing.epoch)).next() else { return };
    if let Err(error) = device.take_epoch_key(key) {
        tracing::warn!(%error, "what waits for a mark was not marked");
    }
}
