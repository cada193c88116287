//! A person's slot on this workstation: the file in `slots/`, its half in the keyring, and the order in which both are replaced.

use keys::slot::{MadeSlot, SlotKey};
use keys::{Secret, slot};
use records::id::PersonId;
use uuid::Uuid;
use vault::{Slots, StoredSlot};

use crate::device_keys::{what_is_wrong, write_and_check};
use crate::keyring::{Keyring, KeyringProblem};
use crate::{ClientError, Code};

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

/// What of a slot is not there, or of no use, so that only the server can let the person in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lack {
    /// The file.
    File,
    /// The half in the keyring; the file is there.
    Half,
    /// The file is none that this version reads.
    FileUnreadable,
    /// The half in the keyring is none that we wrote.
    HalfUnreadable,
}

impl Lack {
    /// What the person is told where the server cannot be reached.
    pub(crate) fn code(self) -> Code {
        match self {
            Self::File => Code::SlotMissing,
            Self::Half => Code::SlotKeyMissing,
            Self::FileUnreadable => Code::SlotUnreadable,
            Self::HalfUnreadable => Code::SlotKeyUnreadable,
        }
    }
}

/// A generation that takes the place of those before.
pub(crate) struct NewGeneration<'a> {
    /// The slot.
    pub(crate) slot: Uuid,
    /// Its generation.
    pub(crate) generation: u64,
    /// The file.
    pub(crate) file: &'a [u8],
    /// The half for the keyring.
    pub(crate) k_slot: &'a SlotKey,
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
    /// Every generation of a person's slot whose two halves are there, newest first. More than one is left only by a
    /// crash. Where there is none, what the newest lacks. Whatever cannot be used is left as it is.
    ///
    /// # Errors
    /// The states of a keyring that may hold the half and does not give it.
    pub(crate) fn of(&self, person: PersonId) -> Result<Result<Vec<KeptSlot>, Lack>, ClientError> {
        let (mut kept, mut lacks) = (Vec::new(), Vec::new());
        for stored in self.files.of(person)? {
            let generation = stored.generation;
            match self.whole(stored)? {
                Ok(slot) => kept.push(slot),
                Err(lack) => {
                    tracing::warn!(?lack, generation, "a slot is not whole");
                    lacks.push(lack);
                }
            }
        }
        if kept.is_empty() { Ok(Err(lacks.first().copied().unwrap_or(Lack::File))) } else { Ok(Ok(kept)) }
    }

    /// Whether a person has one at all.
    pub(crate) fn has(&self, person: PersonId) -> Result<bool, ClientError> {
        Ok(!self.files.of(person)?.is_empty())
    }

    /// Whether this generation of this slot is still there.
    pub(crate) fn still_has(
        &self,
        person: PersonId,
        slot: Uuid,
        generation: u64,
    ) -> Result<bool, ClientError> {
        let is_it = |stored: &StoredSlot| {
            stored.generation == generation
                && slot::inspect(&stored.bytes).is_ok_and(|header| header.slot == slot)
        };
        Ok(self.files.of(person)?.iter().any(is_it))
    }

    fn whole(&self, stored: StoredSlot) -> Result<Result<KeptSlot, Lack>, KeyringProblem> {
        let StoredSlot { generation, bytes } = stored;
        let Ok(header) = slot::inspect(&bytes) else { return Ok(Err(Lack::FileUnreadable)) };
        let name = item(header.slot, generation);
        let missing = match self.keyring.read(&name) {
            Ok(Some(half)) => {
                return Ok(Secret::from_slice(&half).ok_or(Lack::HalfUnreadable).map(|secret| {
                    let k_slot = SlotKey::from_secret(secret);
                    KeptSlot { generation, file: bytes, k_slot, end_step: header.end_step }
                }));
            }
            Err(KeyringProblem::Unreadable) => return Ok(Err(Lack::HalfUnreadable)),
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        what_is_wrong(self.keyring, &name, missing).map(|_| Err(Lack::Half))
    }

    /// Puts the generation that was made in place, as [`SlotShelf::put`] does.
    pub(crate) fn replace(
        &self,
        person: PersonId,
        slot: Uuid,
        made: &MadeSlot,
        then: impl FnOnce() -> Result<(), ClientError>,
    ) -> Result<(), ClientError> {
        let MadeSlot { file, k_slot, generation, .. } = made;
        self.put(person, &NewGeneration { slot, generation: *generation, file, k_slot }, then)
    }

    /// Whether this slot is still the person's, in whatever generation.
    pub(crate) fn knows(&self, person: PersonId, slot: Uuid) -> Result<bool, ClientError> {
        let is_it =
            |stored: &StoredSlot| slot::inspect(&stored.bytes).is_ok_and(|header| header.slot == slot);
        Ok(self.files.of(person)?.iter().any(is_it))
    }

    /// Puts a new generation in place: keyring first, read back; then the file, durable; `then`; and only then the
    /// generations before it go. A crash at any point leaves one that opens.
    pub(crate) fn put(
        &self,
        person: PersonId,
        new: &NewGeneration<'_>,
        then: impl FnOnce() -> Result<(), ClientError>,
    ) -> Result<(), ClientError> {
        let before = self.files.of(person)?;
        for unreadable in before.iter().filter(|stored| slot::inspect(&stored.bytes).is_err()) {
            self.files.set_aside(person, unreadable.generation)?;
        }
        // EXPOSE: the keyring is where this half lives.
        write_and_check(self.keyring, &item(new.slot, new.generation), new.k_slot.expose())?;
        self.files.write(person, new.generation, new.file)?;
        then()?;
        for earlier in before {
            self.forget(person, new.slot, new.generation, &earlier)?;
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
        // What could not be read was set aside, and is never removed.
        let Ok(header) = slot::inspect(&earlier.bytes) else { return Ok(()) };
        // The keyring first: the file is what tells of the item, and without it nobody would come back for that.
        if (header.slot, earlier.generation) != (slot, generation) {
            self.keyring.delete(&item(header.slot, earlier.generation))?;
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
