//! Unlocking with what is here: slot file, keyring half, passphrase and code.

use jiff::Timestamp;
use keys::slot::{self, OpenedSlot, SlotRefused};
use keys::totp;
use records::id::PersonId;

use super::Typed;
use super::kept_slot::{KeptSlot, Lack};
use crate::proven_time::{learn_ahead, on_phone};
use crate::station::Station;
use crate::{ClientError, Code};

/// What came of trying the slots of this workstation.
pub(super) enum Tried {
    /// One opened, and its step is recorded as used.
    Opened(Box<OpenedSlot>),
    /// There is one, and it does not open with these.
    Refused,
    /// There is none to try: only the server can let this person in here.
    Without(Without),
}

/// Why there is no slot to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Nobody of this name was ever signed in here.
    Name,
    /// Something of it is not there.
    Slot(Lack),
    /// Its codes have run out.
    Over,
    /// They have, if the date of this computer is right.
    OverByDate,
    /// A security key has taken their place.
    CodesEnded,
    /// Too many failures in a row.
    Disabled,
}

impl Without {
    /// What the person is told where the server cannot be reached. What an unknown name is told, and what a wrong
    /// code is told, are one.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Name | Self::OverByDate | Self::CodesEnded => Code::SignInRefused,
            Self::Slot(lack) => lack.code(),
            Self::Over => Code::CodesRunOut,
            Self::Disabled => Code::SlotDisabled,
        }
    }
}

/// Tries the slots of whoever has this user name here. A failure costs the same whatever was wrong.
pub(super) fn open(station: &Station, typed: &Typed<'_>) -> Result<Tried, ClientError> {
    let person = station.device().person_of(typed.name)?;
    let Some(person) = person else { return Ok(Tried::Without(Without::Name)) };
    let kept = match kept(station, person)? {
        Ok(kept) => kept,
        // What is not there because a key has taken its place is refused as any wrong code is.
        Err(Lack::File) if station.key_slots().has(person)? => {
            return Ok(Tried::Without(Without::CodesEnded));
        }
        Err(lack) => return Ok(Tried::Without(Without::Slot(lack))),
    };
    let claimed = claimed_time(station, typed, person);
    if is_over(&kept, claimed) {
        let proven = station.proven_time().earliest(&station.reading());
        let is_certain = typed.phone_time.is_some() || proven.is_some_and(|proven| is_over(&kept, proven));
        return Ok(Tried::Without(if is_certain { Without::Over } else { Without::OverByDate }));
    }
    match try_each(station, typed, person, &kept)? {
        Some(opened) => use_step(station, person, opened),
        None => Ok(Tried::Refused),
    }
}

/// The person's slot, if it opens: for a sign-in at the server that wants to keep its keys. The code is not used up here.
pub(super) fn peek(station: &Station, typed: &Typed<'_>) -> Result<Option<OpenedSlot>, ClientError> {
    let Some(person) = station.device().person_of(typed.name)? else { return Ok(None) };
    match kept(station, person)? {
        Ok(kept) => try_each(station, typed, person, &kept),
        Err(_) => Ok(None),
    }
}

/// What there is to try, never looked at while one generation takes the place of another.
fn kept(station: &Station, person: PersonId) -> Result<Result<Vec<KeptSlot>, Lack>, ClientError> {
    let _turn = station.slot_turn();
    station.slots().of(person)
}

/// The time whose codes are tried: what the phone is said to show, or the best guess at it.
fn claimed_time(station: &Station, typed: &Typed<'_>, person: PersonId) -> Timestamp {
    typed.phone_time.unwrap_or_else(|| on_phone(station.guessed_time(), station.state().phone_ahead(person)))
}

fn is_over(kept: &[KeptSlot], at: Timestamp) -> bool {
    let before = totp::step_at(at).saturating_sub(1);
    kept.iter().all(|slot| slot.end_step <= before)
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
    let used = station.device().last_step(person)?;
    let last_used_step = used.max(station.proven_time().last_dead_step(&station.reading()));
    let now = claimed_time(station, typed, person);
    for slot in kept {
        let attempt = slot::Attempt {
            passphrase: typed.passphrase,
            code: typed.code,
            k_slot: &slot.k_slot,
            now,
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
    if station.device().use_step(person, opened.step)?.is_err() {
        return Ok(Tried::Refused);
    }
    station.step_opened(opened.step);
    let guess = station.guessed_time();
    let mut state = station.state();
    let ahead = learn_ahead(state.phone_ahead(person), guess, opened.step);
    state.note_phone_ahead(person, ahead);
    Ok(Tried::Opened(Box::new(opened)))
}
