//! The proof before a change: the slot here, and passphrase and code at the server; with the keys of the person's other
//! workstations, as far as twins of them are there.

use std::sync::Arc;

use keys::sign_in::{self, Registering, SignInBinding, SignInKey};
use keys::slot::SlotContents;
use keys::twin::{self, TwinPlace};
use keys::{AgreementPublic, AgreementSecret, Passphrase, Random, SigningKey, VerifyingKey};
use records::id::DeviceId;
use sync::wire::{
    Base64Bytes, CredentialProve, CredentialProven, CredentialStart, CredentialStarted, OwnWorkstation,
    SecretText, path,
};

use crate::station::{SignedIn, Station};
use crate::{ClientError, Code, sign_in as unlocking};

/// A workstation for which a slot can be prepared, and the person's keys there.
pub(super) struct Target {
    pub(super) device: DeviceId,
    pub(super) device_key: AgreementPublic,
    pub(super) signing: SigningKey,
    pub(super) agreement: AgreementSecret,
}

/// Who is signed in has proven it, here and at the server.
pub(super) struct Proven {
    /// Names the change at the server.
    pub(super) attempt: Base64Bytes,
    /// The key of the exchange.
    pub(super) key: SignInKey,
    /// The number that what is new will have.
    pub(super) number: u64,
    /// The step that was used up.
    pub(super) code_step: u64,
    /// What the server keeps of a new passphrase.
    pub(super) upload: Option<Base64Bytes>,
    /// What the slot here holds.
    pub(super) contents: SlotContents,
    /// Where a slot can be prepared, this workstation included.
    pub(super) targets: Vec<Target>,
    /// What people call the others among them.
    pub(super) ready: Vec<String>,
    /// What people call those where none can be.
    pub(super) later: Vec<String>,
}

/// Proves it, with the present passphrase and a code that is used up by it.
pub(super) fn prove(
    station: &Arc<Station>,
    signed_in: &SignedIn,
    (passphrase, code): (&Passphrase, &str),
    new: Option<&Passphrase>,
    random: &mut Random,
) -> Result<Proven, ClientError> {
    // First here, where a mistake is found without the network and counts as one at a sign-in does.
    let opened = unlocking::prove_again(station, signed_in.actor.person, passphrase, code)?.opened;
    let (key, answer, upload) = prove_at_server(station, (passphrase, code), new, random)
        // The server did not see this code: it hears of it as of one that opened something here.
        .inspect_err(|_| station.note_step_to_tell(signed_in.actor.person, opened.step))?;
    station.hear_time(answer.now);
    let contents = opened.contents;
    let mut proven = Proven {
        attempt: answer.attempt,
        key,
        number: answer.number,
        code_step: answer.code_step.max(contents.last_step),
        upload,
        contents,
        targets: Vec::new(),
        ready: Vec::new(),
        later: Vec::new(),
    };
    for own in answer.workstations {
        let is_here = own.device == station.identity().device;
        match target(station, &proven.contents, &own) {
            Some(target) => {
                proven.targets.push(target);
                if !is_here {
                    proven.ready.push(own.label);
                }
            }
            // Its own keys are known here: the server lists others, and this slot could not be made.
            None if is_here => return Err(Code::ServerAnswer.into()),
            None => proven.later.push(own.label),
        }
    }
    Ok(proven)
}

/// The keys of the person on one of their workstations: from the slot here, or from its twin. The server says which public
/// keys they are.
fn target(station: &Station, contents: &SlotContents, own: &OwnWorkstation) -> Option<Target> {
    let identity = station.identity();
    let device_key = AgreementPublic::from_bytes(own.device_key.to_array()?);
    let signing_key = VerifyingKey::from_bytes(own.signing_key.to_array()?).ok()?;
    let agreement_key = AgreementPublic::from_bytes(own.agreement_key.to_array()?);
    if own.device == identity.device {
        let (signing, agreement) = (contents.signing.duplicate(), contents.agreement.duplicate());
        let fits = signing.verifying_key() == signing_key && agreement.public() == agreement_key;
        return fits.then_some(Target {
            device: own.device,
            device_key: station.keys().agreement.public(),
            signing,
            agreement,
        });
    }
    let place = TwinPlace {
        practice: identity.practice.uuid(),
        person: contents.person,
        of: own.device.uuid(),
        on: identity.device.uuid(),
    };
    let twin = own.twin.as_ref()?;
    match twin::open(twin.as_slice(), &place, (&signing_key, &agreement_key), &contents.agreement) {
        Ok((signing, agreement)) => Some(Target { device: own.device, device_key, signing, agreement }),
        Err(refused) => {
            tracing::warn!(%refused, device = %own.device, "a twin does not open");
            None
        }
    }
}

fn prove_at_server(
    station: &Arc<Station>,
    (passphrase, code): (&Passphrase, &str),
    new: Option<&Passphrase>,
    random: &mut Random,
) -> Result<(SignInKey, CredentialProven, Option<Base64Bytes>), ClientError> {
    let (login, message) = sign_in::start_login(passphrase, random).map_err(|_| Code::SignInRefused)?;
    let asked = CredentialStart { message: message.into() };
    let started: CredentialStarted = station.call_as_person(path::CREDENTIAL_START, asked)?;
    let identity = station.identity();
    let binding = SignInBinding { practice: identity.practice.uuid(), device: identity.device.uuid() };
    let cost = station.settings().key_cost.sign_in();
    let (key, message) = login
        .finish(passphrase, started.message.as_slice(), &binding, cost, random)
        .map_err(|_| changed_elsewhere())?;
    let registering = new.map(|new| sign_in::start_registration(new, random));
    let registering = registering.transpose().map_err(|_| Code::Internal)?;
    let (registering, registration) = registering
        .map_or((None, None), |(registering, message)| (Some(registering), Some(Base64Bytes::from(message))));
    let asked = CredentialProve {
        attempt: started.attempt,
        message: message.into(),
        code: SecretText::new(code),
        registration,
    };
    let answer: CredentialProven = station.call_as_person(path::CREDENTIAL_PROVE, asked)?;
    let upload = match (registering, new) {
        (Some(registering), Some(new)) => Some(upload(station, registering, new, &answer, random)?),
        (_, _) => None,
    };
    Ok((key, answer, upload))
}

/// The passphrase opens the slot here and not the server: it was changed elsewhere, and this workstation has not heard.
fn changed_elsewhere() -> ClientError {
    let why = "This passphrase opens this workstation, and the server does not know it any more.".to_owned();
    ClientError {
        advice: "You have changed it at another workstation: this one takes the new one in a minute."
            .to_owned(),
        ..ClientError::saying(Code::SignInRefused, why)
    }
}

fn upload(
    station: &Station,
    registering: Registering,
    new: &Passphrase,
    answer: &CredentialProven,
    random: &mut Random,
) -> Result<Base64Bytes, ClientError> {
    let message = answer.registration.as_ref().ok_or(Code::ServerAnswer)?;
    let cost = station.settings().key_cost.sign_in();
    let upload = registering.finish(new, message.as_slice(), cost, random);
    Ok(upload.map_err(|_| Code::ServerAnswer)?.into())
}
