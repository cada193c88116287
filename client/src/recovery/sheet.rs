//! A sheet of ten recovery codes: made and shown, and good once the person says that it is written down.
//!
//! Until then the sheet before it counts, so that a lock, a crash or a change of mind in between costs nobody anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use keys::recovery::{CODES_PER_SHEET, PaperCode, RecoveryCode};
use keys::{Passphrase, Random};
use records::event::{AuditEvent, OwnCredential};
use records::id::PersonId;

use super::{Basis, NewSheet, Turn, forget, is_on_sheet, put, sweep};
use crate::security_key::KeyPin;
use crate::sign_in;
use crate::station::Station;
use crate::view::SheetView;
use crate::workstation::{Event, SheetForm};
use crate::{ClientError, Code};

/// Makes a sheet for the person who is signed in, who proves once more who they are. `None` when it was stopped.
pub(crate) fn make(station: &Arc<Station>, form: &SheetForm) -> Result<Option<SheetView>, ClientError> {
    station.admits_work()?;
    station.admits_records()?;
    let person = station.signed_in().ok_or(Code::Locked)?;
    // Before the proof, so that whoever stops during it is heard.
    station.recovery().stopped.store(false, Ordering::SeqCst);
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let proven = match &form.pin {
        Some(pin) => sign_in::prove_again_by_key(station, person, &passphrase, &KeyPin::from_typed(pin))?,
        None => sign_in::prove_again(station, person, &passphrase, form.code.trim())?,
    };
    if form.pin.is_none() {
        station.note_step_to_tell(person, proven.opened.step);
    }
    let made = {
        let mut turn = station.recovery().turn();
        station.admits_work()?;
        throw_away(station, &mut turn)?;
        sweep(station)?;
        if !sign_in::is_still_theirs(station, person, proven.opened.header().slot) {
            return Err(Code::SignInRefused.into());
        }
        let share = proven.opened.passphrase_share();
        make_all(station, &mut turn, person, &Basis { contents: &proven.opened.contents, share: &share })
            // What is there already is swept up next time.
            .inspect_err(|_| turn.pending = None)
    };
    proven.refresh_behind(station);
    made
}

/// The person has written the codes down: they count now, and those of the sheet before do not.
pub(crate) fn keep(station: &Station) -> Result<(), ClientError> {
    let mut turn = station.recovery().turn();
    let signed_in = station.person().ok_or(Code::Locked)?;
    let person = signed_in.actor.person;
    let new = turn.pending.take_if(|new| new.person == person).ok_or(Code::Locked)?;
    let event =
        AuditEvent::own_credential_changed(station.stamp(), &signed_in.actor, OwnCredential::RecoverySheet);
    station.record(&[event])?;
    let before = station.device().recovery_slots(person)?;
    station.device().replace_recovery_sheet(person, &new.slots, station.now())?;
    for old in before.iter().filter(|slot| is_on_sheet(slot)) {
        forget(station, old.slot)?;
    }
    Ok(())
}

/// The person does not want the sheet that was made last: the one before is good.
pub(crate) fn discard(station: &Station) -> Result<(), ClientError> {
    throw_away(station, &mut station.recovery().turn())
}

fn make_all(
    station: &Station,
    turn: &mut Turn,
    person: PersonId,
    basis: &Basis<'_>,
) -> Result<Option<SheetView>, ClientError> {
    let mut random = Random::from_os();
    let mut codes = Vec::with_capacity(CODES_PER_SHEET);
    turn.pending = Some(NewSheet { person, slots: Vec::new() });
    for place in (0_u8..).take(CODES_PER_SHEET) {
        station.tell(Event::SheetProgress { done: place });
        if station.recovery().stopped.load(Ordering::SeqCst) || station.signed_in() != Some(person) {
            throw_away(station, turn)?;
            return Ok(None);
        }
        let code = PaperCode::make_for_sheet(place, &mut random);
        // EXPOSE: shown once, to be written down.
        codes.push(code.to_text().expose().to_owned());
        let slot = put(station, basis, &RecoveryCode::Paper(code), &mut random)?;
        turn.pending.iter_mut().for_each(|new| new.slots.push(slot));
    }
    Ok(Some(SheetView { codes }))
}

fn throw_away(station: &Station, turn: &mut Turn) -> Result<(), ClientError> {
    for slot in turn.pending.take().map(|new| new.slots).unwrap_or_default() {
        forget(station, slot)?;
    }
    Ok(())
}
