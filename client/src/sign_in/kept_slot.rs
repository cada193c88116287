//! A person's slot on this workstation: the file in `slots/`, its half in the keyring, and the order in which both are replaced.

use keys::slot::{MadeSlot, SlotKey};
use keys::{Secret, slot};
use records::id::PersonId;
use uuid::Uuid;
use vault::{Slots, StoredSlot};

use crate::ClientError;
use crate::device_keys::write_and_check;
use crate::keyring::Keyring;

/// A slot file with its keyring half: what there is to try.
pub(crate) struct KeptSlot {
    /// The generation of both halves.
    pub(crate) generation: u64,
    /// The file.
    pub(crate) file: Vec<u8>,
    /// The half in the keyring.
    pub(crate) k_slot: SlotKey,
    /// The step after the last whose code opens it.
    pub(crate) end_step: u64,
}

/// The slots of this workstation, with both halves.
#[derive(Clone, Copy)]
pub(crate) struct SlotShelf<'a> {
    /// The files.
    pub(crate) files: &'a Slots,
    /// The other halves.
    pub(crate) keyring: &'a dyn Keyring,
}

impl SlotShelf<'_> {
    /// Every generation of a person's slot whose two halves are there, newest first. More than one is left only by a crash.
    pub(crate) fn of(&self, person: PersonId) -> Result<Vec<KeptSlot>, ClientError> {
        let mut kept = Vec::new();
        for StoredSlot { generation, bytes } in self.files.of(person)? {
            // A file that cannot be read is left as it is, and another generation may still open.
            let Ok(header) = slot::inspect(&bytes) else { continue };
            let half = self.keyring.read(&item(header.slot, generation))?;
            if let Some(secret) = half.and_then(|half| Secret::from_slice(&half)) {
                let k_slot = SlotKey::from_secret(secret);
                kept.push(KeptSlot { generation, file: bytes, k_slot, end_step: header.end_step });
            }
        }
        Ok(kept)
    }

    /// Puts a new generation in place: keyring first, read back; then the file, durable; `then`; and only then the
    /// generations before it go. A crash at any point leaves one that opens.
    pub(crate) fn replace(
        &self,
        person: PersonId,
        slot: Uuid,
        made: &MadeSlot,
        then: impl FnOnce() -> Result<(), ClientError>,
    ) -> Result<(), ClientError> {
        let before = self.files.of(person)?;
        // EXPOSE: the keyring is where this half lives.
        write_and_check(self.keyring, &item(slot, made.generation), made.k_slot.expose())?;
        self.files.write(person, made.generation, &made.file)?;
        then()?;
        for earlier in before {
            self.forget(person, slot, made.generation, &earlier)?;
        }
        Ok(())
    }

    /// Destroys every slot of a person: the keyring's half first, so that the file opens for nobody.
    pub(crate) fn forget_person(&self, person: PersonId) -> Result<(), ClientError> {
        for stored in self.files.of(person)? {
            if let Ok(header) = slot::inspect(&stored.bytes) {
                self.keyring.delete(&item(header.slot, stored.generation))?;
            }
            self.files.remove(person, stored.generation)?;
        }
        Ok(())
    }

    fn forget(
        &self,
        person: PersonId,
        slot: Uuid,
        generation: u64,
        earlier: &StoredSlot,
    ) -> Result<(), ClientError> {
        // The keyring first: the file is what tells of the item, and without it nobody would come back for that.
        match slot::inspect(&earlier.bytes).map(|header| header.slot) {
            Ok(earlier_slot) if (earlier_slot, earlier.generation) != (slot, generation) => {
                self.keyring.delete(&item(earlier_slot, earlier.generation))?;
            }
            Ok(_) | Err(_) => {}
        }
        if earlier.generation != generation {
            self.files.remove(person, earlier.generation)?;
        }
        Ok(())
    }
}

/// The name of the half in the keyring.
pub(crate) fn item(slot: Uuid, generation: u64) -> String {
    format!("slot.{slot}.{generation}")
}

#[cfg(test)]
mod tests;
