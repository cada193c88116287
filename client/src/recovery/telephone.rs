//! The code that the server reads out on the telephone: made here behind a sign-in, sealed to the server, and never kept
//! where it opens something.

use keys::Random;
use keys::recovery::RecoveryCode;
use keys::spoken::{EscrowPlace, SpokenCode};
use records::id::PersonId;
use sync::wire::{Base64Bytes, DirectivesResponse, EscrowedCode};
use vault::RecoveryPlace;

use super::{Basis, forget, put, sweep};
use crate::station::Station;
use crate::{ClientError, Code};

/// So many codes go with one request; more wait for the next.
const AT_ONCE: u32 = 16;

/// Makes a slot and a code for the telephone, unless there is one that was not read out yet, or what it would be made from
/// is no more what the person signs in with.
pub(crate) fn prepare(
    station: &Station,
    basis: &Basis<'_>,
    is_current: impl Fn(&Station, PersonId) -> bool,
) -> Result<(), ClientError> {
    let person = PersonId::from_uuid(basis.contents.person);
    let turn = station.recovery().turn();
    station.admits_work()?;
    if !is_current(station, person) {
        return Ok(());
    }
    let slots = station.device().recovery_slots(person)?;
    let before = slots.into_iter().find(|slot| slot.place == RecoveryPlace::Telephone);
    if before.is_some_and(|slot| !slot.is_released) {
        return Ok(());
    }
    if turn.pending.is_none() {
        sweep(station)?;
    }
    let mut random = Random::from_os();
    let code = RecoveryCode::Spoken(SpokenCode::make(&mut random));
    let slot = put(station, basis, &code, &mut random)?;
    let RecoveryCode::Spoken(code) = code else { return Err(Code::Internal.into()) };
    let identity = station.identity();
    let place = EscrowPlace {
        practice: identity.practice.uuid(),
        device: identity.device.uuid(),
        person: person.uuid(),
        slot: slot.uuid(),
    };
    let sealed = code.escrow(&station.trust().sealing_key(), &place, &mut random);
    let sealed = sealed.map_err(|_| Code::VaultDamaged)?;
    station.device().replace_telephone_slot(person, slot, &sealed, station.now())?;
    match before {
        Some(before) => forget(station, before.slot),
        None => Ok(()),
    }
}

/// The codes that the server has still to be given.
pub(crate) fn to_escrow(station: &Station) -> Vec<EscrowedCode> {
    let codes = station.device().codes_to_escrow(AT_ONCE);
    let codes = codes.inspect_err(|error| tracing::warn!(%error, "codes for the telephone were not read"));
    let codes = codes.unwrap_or_default().into_iter();
    codes
        .map(|code| EscrowedCode {
            slot: code.slot,
            person: code.person,
            sealed: Base64Bytes::from(code.sealed),
        })
        .collect()
}

/// What the server says of them. What is not kept here is said again.
pub(crate) fn note(station: &Station, answer: &DirectivesResponse) {
    let noted = station.device().note_escrow(&answer.recovery_codes_held, &answer.recovery_codes_released);
    if let Err(error) = noted {
        tracing::warn!(%error, "what the server says of codes for the telephone was not kept");
    }
}
