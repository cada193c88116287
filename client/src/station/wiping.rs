//! Retiring a workstation on the server's order: stop new work, send what is pending, destroy all but the audit, send the
//! audit, destroy the rest. Keys go first: what is left of files then opens for nobody.
//!
//! Before the key of `device.db` goes, a file `wiped` says so, and a wipe that was cut short after it is finished at the
//! next start. While that key is there, `device.db` itself says how far it came, and the file alone has nothing wiped.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keys::slot;
use vault::{Device, Folder, RawKey, Setting, Slots, StoreError};

use super::{Station, Surroundings};
use crate::anchors::Anchors;
use crate::device_keys::DeviceKeys;
use crate::kept_epoch::KeptEpoch;
use crate::keyring::Keyring;
use crate::sign_in::kept_slot::item;
use crate::sign_in::tries;
use crate::syncing::Told;
use crate::{ClientError, Code, LockCause, recovery, workstation};

impl Station {
    /// The number of the order to wipe, once retiring has begun.
    pub(crate) fn retiring(&self) -> Option<u64> {
        let kept = self.device().setting(Setting::Retiring).ok().flatten()?;
        std::str::from_utf8(&kept).ok()?.parse().ok()
    }

    /// Whether nothing of this workstation is left but what is in memory.
    pub(crate) fn is_wiped(&self) -> bool {
        self.wiped.load(Ordering::SeqCst)
    }

    /// Whether the server holds every change, every attached file and every event.
    pub(super) fn has_sent_all(&self) -> Result<bool, StoreError> {
        let device = self.device();
        let all_sent = device.unsent()?.is_empty() && device.unsent_attachments()?.is_empty();
        Ok(all_sent && device.delivered_size()? >= device.log_head().size)
    }

    /// Goes as far with a wipe as it can go now.
    pub(super) fn wipe(self: &Arc<Self>, number: u64, deliver_first: bool) -> Result<(), ClientError> {
        self.device().set(Setting::Retiring, number.to_string().as_bytes())?;
        self.lock(LockCause::Order);
        self.parking().remove_all();
        self.wait_for_writers_of_keys();
        if !deliver_first {
            return self.destroy();
        }
        if self.has_sent_all()? {
            destroy_halves(self.keyring(), self.device().folder())?;
            self.device().folder().destroy_contents()?;
            self.close_waiting_orders(number)?;
            self.order_done(number, "wipe")?;
            self.driver().tell(Told::SyncNow);
        }
        Ok(())
    }

    /// Something was delivered: a workstation that retires may have waited for it.
    pub(crate) fn orders_after_delivery(self: &Arc<Self>) {
        if self.retiring().is_some() {
            self.carry_out_orders();
        }
    }

    /// The last event of a retired workstation has arrived: the server is told that all is done.
    pub(super) fn finish_wipe_when_sent(&self) -> Result<(), ClientError> {
        if let Some(number) = self.retiring()
            && self.device().directives_done()? >= number
            && self.has_sent_all()?
        {
            self.driver().tell(Told::SyncNow);
        }
        Ok(())
    }

    /// The server has heard until which number the orders were carried out. If the wipe is among them, the rest goes.
    pub(crate) fn orders_heard(&self, done: u64) {
        let Some(number) = self.retiring().filter(|number| done >= *number && !self.is_wiped()) else {
            return;
        };
        tracing::info!(number, "the server knows that this workstation is retired; what is left of it goes");
        if let Err(error) = self.destroy() {
            tracing::error!(
                code = error.code.as_str(),
                "the wipe is not finished; it goes on at the next start"
            );
        }
    }

    fn destroy(&self) -> Result<(), ClientError> {
        let folder = self.device().folder().clone();
        destroy(&folder, self.keyring())?;
        self.wiped.store(true, Ordering::SeqCst);
        self.driver().tell(Told::Stop);
        self.state_changed();
        (self.surroundings.listener)(workstation::Event::LockedByOrder);
        Ok(())
    }
}

/// What a start finds of a wipe.
pub(crate) enum Found {
    /// No wipe was begun that this start has to go on with.
    Nothing,
    /// The workstation is wiped, now at the latest.
    Wiped,
}

/// Finishes a wipe that was cut short.
pub(crate) fn finish(surroundings: &Surroundings, folder: &Folder) -> Result<Found, ClientError> {
    if !folder.wiped_marker().try_exists()? {
        return Ok(Found::Nothing);
    }
    let keyring = surroundings.keyring.as_ref();
    if folder.device_file().try_exists()?
        && let Some(keys) = DeviceKeys::read(keyring)?
    {
        // EXPOSE: SQLCipher needs the raw bytes to open the file.
        let device = Device::open(folder.clone(), &RawKey::new(*keys.device_file.expose()))?;
        if device.setting(Setting::Retiring)?.is_none() {
            tracing::error!(
                "a file says that this workstation was wiped, and its own log does not; it is not believed"
            );
            return Ok(Found::Nothing);
        }
        drop(device);
        destroy(folder, keyring)?;
    }
    destroy_halves(keyring, folder)?;
    folder.destroy_everything()?;
    Ok(Found::Wiped)
}

/// Destroys the keys, and then the files.
fn destroy(folder: &Folder, keyring: &dyn Keyring) -> Result<(), ClientError> {
    vault::write_durably(
        &folder.wiped_marker(),
        b"Chartkeep wiped this workstation on the order of its clinic.\n",
    )?;
    DeviceKeys::destroy(keyring)?;
    destroy_halves(keyring, folder)?;
    folder.destroy_everything()?;
    Ok(())
}

/// Destroys the keyring's half of every slot, its count of failed attempts, and what it says of how far the records had come.
fn destroy_halves(keyring: &dyn Keyring, folder: &Folder) -> Result<(), ClientError> {
    keyring.delete(tries::ITEM)?;
    for slots in [Slots::new(folder), Slots::of_security_keys(folder)] {
        // A folder that is gone already has no slots.
        for person in slots.people().unwrap_or_default() {
            for stored in slots.of(person)? {
                if let Ok(header) = slot::inspect(&stored.bytes) {
                    keyring.delete(&item(header.slot, stored.generation))?;
                }
            }
        }
    }
    Anchors::forget(keyring)?;
    KeptEpoch::forget(keyring)?;
    recovery::destroy_halves(keyring, folder)
}

/// The start finds nothing here but the word that there was something.
pub(crate) fn wiped() -> ClientError {
    Code::Wiped.into()
}
