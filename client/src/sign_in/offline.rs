//! Unlocking with what is here: slot file, keyring half, passphrase and code.

use keys::slot::{self, OpenedSlot, SlotRefused};
use keys::totp;
use records::id::PersonId;

use super::Typed;
use super::kept_slot::{KeptSlot, SlotShelf};
use crate::station::Station;
use crate::{ClientError, Code};

/// What came of trying the slots of this workstation.
pub(super) enum Tried {
    /// One opened, and its step is recorded as used.
    Opened(Box<OpenedSlot>),
    /// There is one, and it does not open with these.
    Refused,
    /// There is none to try: only the server can let this person in here.
    NoSlot,
}

/// Tries the slots of whoever has this user name here. A failure costs the same whatever was wrong.
pub(super) fn open(station: &Station, typed: &Typed<'_>) -> Result<Tried, ClientError> {
    let person = station.device().person_of(typed.name)?;
    let Some(person) = person else { return Ok(Tried::NoSlot) };
    let shelf = SlotShelf { files: station.slots(), keyring: station.keyring() };
    let kept = shelf.of(person)?;
    let now = totp::step_at(station.now());
    if kept.iter().all(|slot| slot.end_step <= now.saturating_sub(1)) {
        return Ok(Tried::NoSlot);
    }
    match try_each(station, typed, person, &kept)? {
        Some(opened) => use_step(station, person, opened),
        None => Ok(Tried::Refused),
    }
}

/// The person's slot, if it opens: for a sign-in at the server that wants to keep its keys. The code is not used up here.
pub(super) fn peek(station: &Station, typed: &Typed<'_>) -> Result<Option<OpenedSlot>, ClientError> {
    let Some(person) = station.device().person_of(typed.name)? else { return Ok(None) };
    let shelf = SlotShelf { files: station.slots(), keyring: station.keyring() };
    try_each(station, typed, person, &shelf.of(person)?)
}

/// Spends what a try costs, for a name that has no slot here.
pub(super) fn spend(station: &Station, typed: &Typed<'_>) {
    let refused = slot::refuse_without_slot(typed.passphrase, station.settings().key_cost.slot());
    tracing::debug!(%refused, "a name without a slot");
}

fn try_each(
    station: &Station,
    typed: &Typed<'_>,
    person: PersonId,
    kept: &[KeptSlot],
) -> Result<Option<OpenedSlot>, ClientError> {
    let last_used_step = station.device().last_step(person)?;
    for slot in kept {
        let attempt = slot::Attempt {
            passphrase: typed.passphrase,
            code: typed.code,
            k_slot: &slot.k_slot,
            now: station.now(),
            last_used_step,
        };
        match slot::open(&slot.file, &attempt) {
            Ok(opened) if opened.contents.person == person.uuid() => return Ok(Some(opened)),
            Ok(_) | Err(SlotRefused::NotOpened) => {}
            Err(SlotRefused::OutOfMemory) => return Err(Code::OutOfMemory.into()),
            // A file that cannot be used is kept as it is; an earlier generation may still open.
            Err(refused @ (SlotRefused::Unreadable(_) | SlotRefused::Cost(_))) => {
                tracing::warn!(%refused, generation = slot.generation, "a slot file cannot be used");
            }
        }
    }
    Ok(None)
}

/// A used code is dead at once: durably, before anything is shown.
fn use_step(station: &Station, person: PersonId, opened: OpenedSlot) -> Result<Tried, ClientError> {
    let used = station.device().use_step(person, opened.step)?;
    Ok(if used.is_ok() { Tried::Opened(Box::new(opened)) } else { Tried::Refused })
}
