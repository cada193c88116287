//! Registering a security key on this workstation, taking it away, and what policy makes of it.
//!
//! The slot of a key counts when it is in `slots/`, and it comes there only after the key has opened it once, with an answer
//! of its own. Codes end the moment a key has opened a slot under a policy that wants one, and never before.

use std::sync::Arc;

use keys::slot::{KeyRequest, MadeSlot, NewSlot, OpenedSlot, by_key};
use keys::{Passphrase, Random};
use records::Role;
use records::event::{AuditEvent, OwnCredential};
use records::id::PersonId;
use uuid::Uuid;

use super::{KeyPin, KeyProblem, Wait};
use crate::sign_in;
use crate::station::{SignedIn, Station};
use crate::view::SecurityKeyView;
use crate::workstation::{Event, RegisterKeyForm, SheetForm};
use crate::{ClientError, Code};

/// Registers a key for the person who is signed in, who proves once more who they are.
pub(crate) fn register(
    station: &Arc<Station>,
    form: &RegisterKeyForm,
) -> Result<SecurityKeyView, ClientError> {
    station.admits_work()?;
    let signed_in = station.person().ok_or(Code::Locked)?;
    let person = signed_in.actor.person;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let proven = sign_in::prove_again(station, person, &passphrase, form.code.trim())?;
    station.note_step_to_tell(person, proven.opened.step);
    let registered = make(station, &proven.opened, &passphrase, &KeyPin::from_typed(&form.pin))
        .and_then(|(slot, made)| put(station, &signed_in, slot, &made));
    // The code that was typed is used up, whatever came of it.
    let wants_key = station.wants_key(&signed_in.actor.roles);
    if registered.is_ok() && wants_key {
        station.end_codes(person);
    } else {
        proven.refresh_behind(station);
    }
    registered?;
    station.parking().let_go_of_key();
    station.key_is_there();
    station.state_changed();
    status(station)
}

/// Takes the key of the person who is signed in away, who proves with a code that there is another way in.
pub(crate) fn remove(station: &Arc<Station>, form: &SheetForm) -> Result<SecurityKeyView, ClientError> {
    station.admits_work()?;
    station.admits_records()?;
    let signed_in = station.person().ok_or(Code::Locked)?;
    let person = signed_in.actor.person;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let proven = sign_in::prove_again(station, person, &passphrase, form.code.trim())?;
    station.note_step_to_tell(person, proven.opened.step);
    let removed = changed(station, &signed_in, OwnCredential::SecurityKeyRemoved).and_then(|()| {
        let _turn = station.slot_turn();
        station.key_slots().forget_person(person)
    });
    proven.refresh_behind(station);
    removed?;
    station.parking().let_go_of_key();
    status(station)
}

/// How the key of the person who is signed in stands.
pub(crate) fn status(station: &Station) -> Result<SecurityKeyView, ClientError> {
    let signed_in = station.person().ok_or(Code::Locked)?;
    let person = signed_in.actor.person;
    let _turn = station.slot_turn();
    Ok(SecurityKeyView {
        registered: station.key_slots().has(person)?,
        codes_open: station.slots().has(person)?,
        required: station.wants_key(&signed_in.actor.roles),
    })
}

/// A slot that the key has opened once. Nothing of it is on the disk yet.
fn make(
    station: &Arc<Station>,
    opened: &OpenedSlot,
    passphrase: &Passphrase,
    pin: &KeyPin,
) -> Result<(Uuid, MadeSlot), ClientError> {
    let mut random = Random::from_os();
    let desk = station.security_key();
    let credential = desk.ask(station.wait_for_touch(1), |key, wait| key.enrol(random.bytes(), pin, wait))?;
    let request = KeyRequest::make(credential, true, &mut random);
    let answer = |touch| {
        let asked = desk.ask(station.wait_for_touch(touch), |key, wait| key.answer(&request, pin, wait));
        asked.map_err(|problem| if problem == KeyProblem::WrongKey { another_key() } else { problem.into() })
    };
    let [first, _] = answer(2)?;
    let slot = random.uuid();
    let new = NewSlot {
        slot,
        device: station.identity().device.uuid(),
        contents: &opened.contents,
        passphrase,
        window_days: station.window_days(),
        cost: station.settings().key_cost.slot(),
    };
    let made = by_key::create(&new, &request, &first, &mut random).map_err(|_| Code::KeyUnfit)?;
    // What a key answered once it has to answer again, or nobody would come in with it.
    let [again, _] = answer(3)?;
    by_key::open(&made.file, passphrase, &again, &made.k_slot).map_err(|_| Code::KeyFailed)?;
    Ok((slot, made))
}

fn another_key() -> ClientError {
    ClientError::saying(
        Code::KeyFailed,
        "This is another security key than the one that was touched first.".to_owned(),
    )
}

/// The slot counts from now on, and one of another key no longer. A person who was locked out meanwhile registers nothing.
fn put(station: &Station, signed_in: &SignedIn, slot: Uuid, made: &MadeSlot) -> Result<(), ClientError> {
    let person = signed_in.actor.person;
    if station.signed_in() != Some(person) {
        return Err(Code::Locked.into());
    }
    changed(station, signed_in, OwnCredential::SecurityKey)?;
    let _turn = station.turn_to_put_slot()?;
    station.key_slots().replace(person, slot, made, || Ok(()))
}

fn changed(station: &Station, signed_in: &SignedIn, what: OwnCredential) -> Result<(), ClientError> {
    station.record(&[AuditEvent::own_credential_changed(station.stamp(), &signed_in.actor, what)])
}

impl Station {
    /// A wait whose steps are told as those of this touch.
    pub(crate) fn wait_for_touch(self: &Arc<Self>, touch: u8) -> Wait {
        let station = self.clone();
        Wait::telling(move |step| station.tell(Event::KeyStep { step, touch }))
    }

    /// Whether policy wants people of these roles to sign in with a security key.
    pub(crate) fn wants_key(&self, roles: &[Role]) -> bool {
        let wanted = self.policy().security_key_roles;
        roles.iter().any(|role| wanted.contains(role))
    }

    /// No code opens this workstation for the person any more. If it fails, the next sign-in with the key tries again.
    pub(crate) fn end_codes(&self, person: PersonId) {
        let ended = || -> Result<(), ClientError> {
            let _turn = self.slot_turn();
            if !self.slots().has(person)? {
                return Ok(());
            }
            let signed_in = self.person().ok_or(Code::Locked)?;
            changed(self, &signed_in, OwnCredential::CodesEnded)?;
            self.slots().forget_person(person)
        };
        if let Err(error) = ended() {
            tracing::warn!(
                code = error.code.as_str(),
                "codes still open this workstation for a person with a key"
            );
        }
    }
}
