//! A passphrase or phone of one's own, changed here for all of the person's workstations, while they are signed in.
//!
//! The server takes everything in one request: what is new, and a slot for each workstation, this one included. What is new
//! counts from then on; each workstation, this one included, then puts its slot in place ([`prepared`]), and goes on doing
//! so until it is done. So a crash anywhere leaves a slot that opens.

pub(crate) mod prepared;
mod proof;
pub(crate) mod twins;

use std::collections::BTreeMap;
use std::sync::Arc;

use keys::passphrase::{self, PassphrasePolicy};
use keys::prepared::PreparedFor;
use keys::sign_in::Direction;
use keys::slot::{self, Anchor, NewSlot, SlotContents};
use keys::{Passphrase, Random, TotpSeed, totp};
use records::event::{AuditEvent, OwnCredential};
use sync::wire::{
    Base64Bytes, CredentialChanged, CredentialFinish, NEW_SEED_CONTEXT, NewPhone, SecretText, path,
};

use crate::activation::why_weak;
use crate::station::{SignedIn, Station};
use crate::syncing::Told;
use crate::view::{ActivationView, CredentialView};
use crate::workstation::{PassphraseForm, SheetForm};
use crate::{ClientError, Code, qr};

use proof::{Proven, Target};

/// A new phone that was begun: its seed is shown, and no code of it was typed yet.
pub(crate) struct PendingPhone {
    proven: Proven,
    passphrase: Passphrase,
    seed: TotpSeed,
}

/// Changes the passphrase of the person who is signed in, and proves once more who they are.
pub(crate) fn change_passphrase(
    station: &Arc<Station>,
    form: &PassphraseForm,
) -> Result<CredentialView, ClientError> {
    station.admits_work()?;
    let signed_in = station.person().ok_or(Code::Locked)?;
    let present = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let new = Passphrase::from_typed(&form.new_passphrase).ok_or(Code::PassphraseWeak)?;
    if new.is_same_as(&present) {
        let why = "This is the passphrase that you have now.".to_owned();
        return Err(ClientError::saying(Code::PassphraseWeak, why));
    }
    let known = [signed_in.view.name.as_str(), station.practice_name()];
    passphrase::check(&new, &known, PassphrasePolicy::default()).map_err(why_weak)?;
    let mut random = Random::from_os();
    let proven = proof::prove(station, &signed_in, (&present, form.code.trim()), Some(&new), &mut random)?;
    let seed = proven.contents.totp_seed.duplicate();
    finish(station, &signed_in, &proven, &New { passphrase: &new, seed: &seed, code: None }, &mut random)
}

/// First half of a new phone: whoever is signed in proves once more who they are, and is shown a new seed.
pub(crate) fn begin_phone(station: &Arc<Station>, form: &SheetForm) -> Result<ActivationView, ClientError> {
    station.admits_work()?;
    let signed_in = station.person().ok_or(Code::Locked)?;
    let passphrase = Passphrase::from_typed(&form.passphrase).ok_or(Code::SignInRefused)?;
    let mut random = Random::from_os();
    let proven = proof::prove(station, &signed_in, (&passphrase, form.code.trim()), None, &mut random)?;
    let seed = TotpSeed::make(&mut random);
    // EXPOSE: shown once, for the authenticator app.
    let uri = seed.provisioning_uri(station.practice_name(), &signed_in.view.name).expose().to_owned();
    let drawn = qr::draw(&uri).ok_or(Code::Internal)?;
    let view = ActivationView {
        seed: seed.to_base32().expose().to_owned(),
        uri,
        qr_path: drawn.path,
        qr_size: drawn.size,
    };
    *station.pending_phone() = Some(PendingPhone { proven, passphrase, seed });
    Ok(view)
}

/// Second half: one code proves that the new phone holds the seed. From then on it counts, and the old one does not.
pub(crate) fn confirm_phone(station: &Arc<Station>, code: &str) -> Result<CredentialView, ClientError> {
    let signed_in = station.person().ok_or(Code::Locked)?;
    let person = signed_in.actor.person;
    // Taken out, so that a lock that comes meanwhile waits for nobody.
    let begun = station.pending_phone().take();
    let begun = begun.filter(|begun| begun.proven.contents.person == person.uuid());
    let begun = begun.ok_or(Code::CredentialOver)?;
    let new = New { passphrase: &begun.passphrase, seed: &begun.seed, code: Some(code.trim()) };
    let done = finish(station, &signed_in, &begun.proven, &new, &mut Random::from_os());
    let is_open = done.as_ref().is_err_and(|error| error.code == Code::ProofRefused);
    if is_open && station.signed_in() == Some(person) {
        // What was begun stays until it is finished: after a wrong code the next one is tried.
        *station.pending_phone() = Some(begun);
    }
    done
}

/// The person does not want the new phone that was begun: the present one stays.
pub(crate) fn discard_phone(station: &Station) {
    drop(station.pending_phone().take());
}

/// What the person signs in with from now on; with the code that proves a new phone.
struct New<'a> {
    passphrase: &'a Passphrase,
    seed: &'a TotpSeed,
    code: Option<&'a str>,
}

fn finish(
    station: &Arc<Station>,
    signed_in: &SignedIn,
    proven: &Proven,
    new: &New<'_>,
    random: &mut Random,
) -> Result<CredentialView, ClientError> {
    let now = station.guessed_time();
    let step = new.code.map(|code| {
        totp::matching_step(new.seed, code, now, None).unwrap_or_else(|| totp::step_at(now).saturating_add(1))
    });
    let last_step = step.unwrap_or(proven.code_step);
    let (mut prepared, mut own) = (Vec::with_capacity(proven.targets.len()), Vec::new());
    for target in &proven.targets {
        let slot = prepare(station, proven, target, new, last_step, random)?;
        own.extend((target.device == station.identity().device).then(|| slot.clone()));
        prepared.push(slot);
    }
    let phone = new.code.map(|code| NewPhone {
        // EXPOSE: the seed goes to the server under the key of this exchange.
        sealed_seed: proven.key.seal(Direction::ToServer, NEW_SEED_CONTEXT, new.seed.expose(), random).into(),
        code: SecretText::new(code),
    });
    let what = if phone.is_some() { OwnCredential::Phone } else { OwnCredential::Passphrase };
    let asked = CredentialFinish {
        attempt: proven.attempt.clone(),
        passphrase: proven.upload.clone(),
        phone,
        prepared,
    };
    let changed: CredentialChanged =
        station.call_as_person(path::CREDENTIAL_FINISH, asked).map_err(unknown_if_away)?;
    let person = signed_in.actor.person;
    station.hear_time(changed.now);
    station.keep_session_token(person, changed.session);
    if let Some(step) = step
        && station.device().restart_steps(person, step).is_err()
    {
        tracing::warn!("the code that proved the new phone could not be marked as used here");
    }
    // From here on it is a matter of this workstation's own slot; what fails now is done at the next contact.
    station.take_prepared(&own);
    let event = AuditEvent::own_credential_changed(station.stamp(), &signed_in.actor, what);
    station.record(&[event])?;
    station.driver().tell(Told::SyncNow);
    Ok(CredentialView { ready: proven.ready.clone(), later: proven.later.clone() })
}

/// The answer may be lost when all is done: then the next contact brings the slot.
fn unknown_if_away(error: ClientError) -> ClientError {
    if error.code != Code::ServerAway {
        return error;
    }
    let why = "The clinic's server did not answer in the middle of the change.".to_owned();
    ClientError {
        advice:
            "What you had still opens this workstation until the server is heard again; then what is new may \
                 count, in a minute at the most. Try both, and change it again if the new one does not work."
                .to_owned(),
        ..ClientError::saying(Code::ServerAway, why)
    }
}

/// A slot for one workstation, under what is new.
fn prepare(
    station: &Station,
    proven: &Proven,
    target: &Target,
    new: &New<'_>,
    last_step: u64,
    random: &mut Random,
) -> Result<Base64Bytes, ClientError> {
    let identity = station.identity();
    let contents = SlotContents {
        person: proven.contents.person,
        signing: target.signing.duplicate(),
        agreement: target.agreement.duplicate(),
        totp_seed: new.seed.duplicate(),
        last_step,
        anchors: anchors_for(station, proven, target),
    };
    let new_slot = NewSlot {
        slot: random.uuid(),
        device: target.device.uuid(),
        contents: &contents,
        passphrase: new.passphrase,
        window_days: station.window_days(),
        cost: station.settings().key_cost.slot(),
    };
    let made = slot::create(&new_slot, random).map_err(|_| Code::OutOfMemory)?;
    let place = PreparedFor {
        practice: identity.practice.uuid(),
        device: target.device.uuid(),
        person: proven.contents.person,
        number: proven.number,
    };
    let bytes = keys::prepared::make(&place, &made, &target.device_key, &target.signing, random);
    Ok(bytes.map_err(|_| Code::ServerAnswer)?.into())
}

/// How far the drawers had come, where this workstation knows it: for itself.
fn anchors_for(station: &Station, proven: &Proven, target: &Target) -> BTreeMap<String, Anchor> {
    if target.device != station.identity().device {
        return BTreeMap::new();
    }
    station.ask(|session| session.anchors()).unwrap_or_else(|_| proven.contents.anchors.clone())
}
