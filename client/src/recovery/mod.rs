//! Recovery slots on this workstation: ten behind a person's sheet of codes, and one behind the code that the server reads
//! out on the telephone.
//!
//! A slot is a file, its half in the keyring, and a row in `device.db`; the row decides. So a slot is made in this order
//! (file, half, row) and dies in the other (row, half, file): whatever is interrupted, or put back later, opens nothing.

mod sheet;
pub(crate) mod telephone;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use keys::recovery::RecoveryCode;
use keys::slot::{self, NewRecoverySlot, PassphraseShare, SlotContents, SlotKey};
use keys::{Random, Secret};
use records::id::{PersonId, SlotId};
use vault::{Folder, RecoveryPlace, RecoverySlot, RecoverySlots};

use crate::device_keys::write_and_check;
use crate::keyring::Keyring;
use crate::station::Station;
use crate::view::RecoveryView;
use crate::{ClientError, Code};

pub(crate) use sheet::{discard, keep, make};

/// What a person's recovery slots are made from.
pub(crate) struct Basis<'a> {
    /// Keys and seed.
    pub(crate) contents: &'a SlotContents,
    /// What the passphrase gave.
    pub(crate) share: &'a PassphraseShare,
}

/// Every word that can be in a code that is read out on the telephone.
#[must_use]
pub fn spoken_words() -> Vec<String> {
    keys::spoken::words().map(str::to_owned).collect()
}

/// What is going on with recovery slots here: one at a time.
#[derive(Default)]
pub(crate) struct Desk {
    turn: Mutex<Turn>,
    stopped: AtomicBool,
}

/// Whose turn it is.
#[derive(Default)]
pub(crate) struct Turn {
    /// A sheet that was made and shown, and does not count yet.
    pending: Option<NewSheet>,
}

struct NewSheet {
    person: PersonId,
    slots: Vec<SlotId>,
}

impl Desk {
    pub(crate) fn turn(&self) -> MutexGuard<'_, Turn> {
        // A panic elsewhere leaves files that no row names.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the making of a sheet.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }
}

/// A recovery slot with both halves.
pub(crate) struct KeptRecovery {
    /// The slot.
    pub(crate) slot: SlotId,
    /// The file.
    pub(crate) file: Vec<u8>,
    /// The half in the keyring.
    pub(crate) k_slot: SlotKey,
}

/// The slot that a person's code at a place opens, if it may still open and both its halves are there. Where there is no
/// such slot the keyring is asked all the same, so that the answer takes as long.
pub(crate) fn find(
    station: &Station,
    person: Option<PersonId>,
    place: Option<RecoveryPlace>,
) -> Result<Option<KeptRecovery>, ClientError> {
    let known = match (person, place) {
        (Some(person), Some(place)) => station.device().recovery_slot(person, place)?,
        (_, _) => None,
    };
    let slot = known.unwrap_or(SlotId::from_uuid(uuid::Uuid::nil()));
    let half = station.keyring().read(&name_of(slot))?;
    let k_slot = half.and_then(|half| Secret::from_slice(&half)).map(SlotKey::from_secret);
    let file = files(station).read(slot)?;
    Ok(match (known, k_slot, file) {
        (Some(slot), Some(k_slot), Some(file)) => Some(KeptRecovery { slot, file, k_slot }),
        (_, _, _) => None,
    })
}

/// Uses a slot up: it opens nothing any more when this returns. False when it was used before.
pub(crate) fn use_up(station: &Station, slot: SlotId) -> Result<bool, ClientError> {
    if !station.device().use_recovery_slot(slot)? {
        return Ok(false);
    }
    if let Err(error) = forget(station, slot) {
        tracing::warn!(code = error.code.as_str(), "what is left of a used recovery slot is removed later");
    }
    Ok(true)
}

/// The person's keys are new here: nothing that holds the old ones, behind the old passphrase, opens any more.
pub(crate) fn void(station: &Station, person: PersonId) -> Result<(), ClientError> {
    let mut turn = station.recovery().turn();
    if let Some(new) = turn.pending.take_if(|new| new.person == person) {
        for slot in new.slots {
            forget(station, slot)?;
        }
    }
    let void: Vec<RecoverySlot> = station.device().recovery_slots(person)?;
    station.device().drop_recovery_slots(person)?;
    for old in void {
        forget(station, old.slot)?;
    }
    Ok(())
}

/// Destroys the keyring's half of every recovery slot, of whomever.
pub(crate) fn destroy_halves(keyring: &dyn Keyring, folder: &Folder) -> Result<(), ClientError> {
    // A folder that is gone already has no slots.
    for slot in RecoverySlots::new(folder).listed().unwrap_or_default() {
        keyring.delete(&name_of(slot))?;
    }
    Ok(())
}

/// How many codes of the sheet are left.
pub(crate) fn left(station: &Station, person: PersonId) -> Result<u32, ClientError> {
    let slots = station.device().recovery_slots(person)?;
    Ok(u32::try_from(slots.iter().filter(|slot| is_on_sheet(slot)).count()).unwrap_or(u32::MAX))
}

/// What the person who is signed in has for the day without the phone.
pub(crate) fn status(station: &Station) -> Result<RecoveryView, ClientError> {
    let person = station.signed_in().ok_or(Code::Locked)?;
    let slots = station.device().recovery_slots(person)?;
    let sheet = slots.iter().find(|slot| is_on_sheet(slot));
    let telephone = slots.iter().find(|slot| slot.place == RecoveryPlace::Telephone);
    Ok(RecoveryView {
        left: left(station, person)?,
        made: sheet.map(|slot| station.minute(slot.made_at)),
        by_telephone: telephone.is_some_and(|slot| slot.is_held && !slot.is_released),
    })
}

fn is_on_sheet(slot: &RecoverySlot) -> bool {
    matches!(slot.place, RecoveryPlace::Sheet(_))
}

/// File and keyring half of a new slot; no row names it yet.
fn put(
    station: &Station,
    basis: &Basis<'_>,
    code: &RecoveryCode,
    random: &mut Random,
) -> Result<SlotId, ClientError> {
    let slot = SlotId::from_uuid(random.uuid());
    let new = NewRecoverySlot {
        slot: slot.uuid(),
        device: station.identity().device.uuid(),
        contents: basis.contents,
        share: basis.share,
    };
    let made = slot::create_recovery(&new, code, random).map_err(|_| Code::OutOfMemory)?;
    files(station).write(slot, &made.file)?;
    // EXPOSE: the keyring is where this half lives.
    write_and_check(station.keyring(), &name_of(slot), made.k_slot.expose())?;
    Ok(slot)
}

/// Removes what is left of a slot that no row names. The file goes last, so that it still tells of the half.
fn forget(station: &Station, slot: SlotId) -> Result<(), ClientError> {
    station.keyring().delete(&name_of(slot))?;
    files(station).remove(slot)?;
    Ok(())
}

/// Removes what an interruption left of slots that no row names.
fn sweep(station: &Station) -> Result<(), ClientError> {
    let known = station.device().all_recovery_slots()?;
    for slot in files(station).listed()?.into_iter().filter(|slot| !known.contains(slot)) {
        forget(station, slot)?;
    }
    Ok(())
}

fn files(station: &Station) -> RecoverySlots {
    RecoverySlots::new(station.device().folder())
}

/// The name of the half in the keyring.
fn name_of(slot: SlotId) -> String {
    format!("recovery.{slot}")
}
