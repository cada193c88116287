//! Signing in with a security key: passphrase, keyring half, and the key's answer. Nobody waits for a touch with the turn to
//! try held, and a lock that comes meanwhile wins.

use std::sync::{Arc, MutexGuard};

use keys::slot::{self, KeyAnswer, KeyRequest, OpenedSlot, SlotRefused, by_key};
use keys::{Passphrase, Random};
use records::id::PersonId;
use uuid::Uuid;
use vault::Throttle;

use super::enter::{self, Entry};
use super::kept_slot::{KeptSlot, item};
use super::{Proven, begin, may_try, tries};
use crate::security_key::{KeyPin, KeyProblem};
use crate::station::Station;
use crate::view::OpenedView;
use crate::workstation::KeySignInForm;
use crate::{ClientError, Code};

/// How long the names of credentials usually are.
const USUAL_CREDENTIAL: usize = 64;

/// Signs a person in with a security key. What the key says of itself and its PIN is told, and is no try: no passphrase was
/// tried with it, and the key counts its own.
pub(crate) fn sign_in_with_key(
    station: &Arc<Station>,
    form: &KeySignInForm,
) -> Result<OpenedView, ClientError> {
    let name = station.state().username_token(&form.username).ok_or(Code::VaultDamaged)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::KeyRefused)?;
    let ticket = begin(station)?.0;
    let person = station.device().person_of(name)?;
    let tried = try_key(station, name, person, &passphrase, &KeyPin::from_typed(&form.pin))?;
    match tried.opened {
        Some((opened, next)) => {
            let entry = Entry::by_key(station, opened, next)?.ok_or(Code::FirstSignInNeedsServer)?;
            enter::enter(station, ticket, entry, name, &tried.failures)
        }
        None => {
            tries::note_failure(station, name, &tried.failures)?;
            Err(Code::KeyRefused.into())
        }
    }
}

/// Proves once more who is signed in, by their key. A failure counts as one at a sign-in does.
pub(crate) fn prove_again_by_key(
    station: &Arc<Station>,
    person: PersonId,
    passphrase: &Passphrase,
    pin: &KeyPin,
) -> Result<Proven, ClientError> {
    let name = station.device().username_of(person)?.ok_or(Code::VaultDamaged)?;
    let tried = try_key(station, name, Some(person), passphrase, pin)?;
    match tried.opened {
        Some((opened, next)) => {
            tries::note_success(station, name, &tried.failures)?;
            Ok(Proven { opened, next: Some(next) })
        }
        None => {
            tries::note_failure(station, name, &tried.failures)?;
            Err(Code::KeyRefused.into())
        }
    }
}

/// What came of a try, with the turn held until it has been counted.
struct Tried<'a> {
    opened: Option<(Box<OpenedSlot>, KeyAnswer)>,
    failures: Throttle,
    _turn: MutexGuard<'a, ()>,
}

fn try_key<'a>(
    station: &'a Arc<Station>,
    name: [u8; 16],
    person: Option<PersonId>,
    passphrase: &Passphrase,
    pin: &KeyPin,
) -> Result<Tried<'a>, ClientError> {
    // Nobody has to touch for what is refused anyway.
    {
        let _turn = station.attempt_turn();
        may_try(station, name)?;
    }
    let kept = find(station, person)?;
    let answers = ask(station, kept.as_ref(), pin)?;
    let turn = station.attempt_turn();
    let failures = may_try(station, name)?;
    let opened = match (&kept, person, answers) {
        (Some(kept), Some(person), Some([now, next])) => {
            open(person, kept, passphrase, &now)?.map(|opened| (opened, next))
        }
        (_, _, _) => {
            let refused = slot::refuse_without_slot(passphrase, station.settings().key_cost.slot());
            tracing::debug!(%refused, "no security key's slot to try");
            None
        }
    };
    Ok(Tried { opened, failures, _turn: turn })
}

/// The newest slot of a person that is whole. Where there is none the keyring is asked all the same, so that the answer
/// takes as long.
fn find(station: &Station, person: Option<PersonId>) -> Result<Option<KeptSlot>, ClientError> {
    let kept = match person {
        Some(person) => {
            // Never looked at while one generation takes the place of another.
            let _turn = station.slot_turn();
            station.key_slots().of(person)?.unwrap_or_default()
        }
        None => Vec::new(),
    };
    if kept.is_empty() {
        drop(station.keyring().read(&item(Uuid::nil(), 0))?);
    }
    Ok(kept.into_iter().next())
}

/// What the key answers; `None` when it is not the one that made the credential. A name without a slot asks for a credential
/// that no key has made, so that nobody sees on the screen who has registered one here.
fn ask(
    station: &Arc<Station>,
    kept: Option<&KeptSlot>,
    pin: &KeyPin,
) -> Result<Option<[KeyAnswer; 2]>, ClientError> {
    let known = kept.and_then(|kept| by_key::request(&kept.file).ok().flatten());
    let request = known.unwrap_or_else(|| {
        let mut random = Random::from_os();
        let credential = random.bytes::<USUAL_CREDENTIAL>().to_vec();
        KeyRequest::make(credential, true, &mut random)
    });
    touch(station, &request, pin)
}

/// What the key answers after one touch; `None` when it is not the one that made the credential.
pub(super) fn touch(
    station: &Arc<Station>,
    request: &KeyRequest,
    pin: &KeyPin,
) -> Result<Option<[KeyAnswer; 2]>, ClientError> {
    match station.security_key().ask(station.wait_for_touch(1), |key, wait| key.answer(request, pin, wait)) {
        Ok(answers) => Ok(Some(answers)),
        Err(KeyProblem::WrongKey) => Ok(None),
        Err(problem) => Err(problem.into()),
    }
}

/// Opens a slot with the key's answer; `None` alike for a wrong passphrase, key or device.
fn open(
    person: PersonId,
    kept: &KeptSlot,
    passphrase: &Passphrase,
    answer: &KeyAnswer,
) -> Result<Option<Box<OpenedSlot>>, ClientError> {
    match by_key::open(&kept.file, passphrase, answer, &kept.k_slot) {
        Ok(opened) if opened.contents.person == person.uuid() => Ok(Some(Box::new(opened))),
        Ok(_) | Err(SlotRefused::NotOpened) => Ok(None),
        Err(SlotRefused::OutOfMemory) => Err(Code::OutOfMemory.into()),
        Err(refused @ (SlotRefused::Unreadable(_) | SlotRefused::Cost(_))) => {
            tracing::warn!(%refused, "a security key's slot cannot be used");
            Ok(None)
        }
    }
}
