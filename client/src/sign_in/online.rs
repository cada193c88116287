//! The first sign-in on a workstation, and the one after trouble: OPAQUE and a code, at the server.

use keys::sign_in::{self, Direction, SignInBinding, SignInKey};
use keys::slot::{MadeSlot, NewSlot, SlotContents};
use keys::{AgreementSecret, Random, Secret, SigningKey, TotpSeed, slot, totp};
use records::id::PersonId;
use sync::wire::{Base64Bytes, SecretText, SignInFinish, SignInStart, SignInStarted, SignedIn, path};
use uuid::Uuid;
use vault::Credential;

use super::refresh::NewlyMade;
use super::{Typed, offline};
use crate::client_state::Profile;
use crate::credentials::prepared::void_other_ways;
use crate::station::Station;
use crate::{ClientError, Code};

/// What the seed is sealed as, under the key of this sign-in.
const SEED_CONTEXT: &[u8] = b"totp-seed";

/// Somebody the server has let in.
pub(super) struct LetIn {
    /// Their keys on this workstation.
    pub(super) keys: PersonKeys,
    /// Who they are.
    pub(super) person: PersonId,
    /// Name and roles.
    pub(super) profile: Profile,
    /// The server's answer, for the rest.
    pub(super) answer: SignedIn,
    /// What the new slot was made from.
    pub(super) made: NewlyMade,
}

/// A person's own keys on one workstation.
pub(super) struct PersonKeys {
    /// Signs changes and challenges.
    pub(super) signing: SigningKey,
    /// Opens grants.
    pub(super) agreement: AgreementSecret,
}

/// Signs in at the server and makes the slot for every sign-in after.
pub(super) fn sign_in(station: &Station, typed: &Typed<'_>) -> Result<LetIn, ClientError> {
    let mut random = Random::from_os();
    let before = keys_of_before(station, typed)?;
    let has_new_keys = before.is_none();
    let keys = before.unwrap_or_else(|| PersonKeys::make(&mut random));
    let (answer, key) = prove(station, typed, &keys, &mut random)?;
    let seed = open_seed(&answer, &key)?;
    let person = answer.person;
    station.hear_time(answer.now);
    use_step(station, person, &answer)?;
    station.keep_grants_of(person, &answer.grants)?;
    let made = make_slot(
        station,
        typed,
        Contents { person, keys: &keys, seed, last_step: answer.code_step },
        &mut random,
    )?;
    let known = station.device().credential(person)?;
    if has_new_keys || known.is_none_or(|known| known.number < answer.credential) {
        void_other_ways(station, person)?;
    }
    let signing_key = keys.signing.verifying_key().to_bytes();
    station.device().note_credential(person, &Credential { number: answer.credential, signing_key })?;
    station.device().remember_username(typed.name, person)?;
    let profile = Profile { name: answer.name.clone(), roles: answer.roles.clone() };
    Ok(LetIn { keys, person, profile, answer, made })
}

/// Marks the code as used here too. What was used here of a date that has not come yet was a phone's mistake.
fn use_step(station: &Station, person: PersonId, answer: &SignedIn) -> Result<(), ClientError> {
    let mut device = station.device();
    let next = totp::step_at(answer.now).saturating_add(1);
    if device.last_step(person)?.is_some_and(|used| used > next) {
        device.restart_steps(person, answer.code_step)?;
    } else if device.use_step(person, answer.code_step)?.is_err() {
        return Err(Code::SignInRefused.into());
    }
    Ok(())
}

impl PersonKeys {
    fn make(random: &mut Random) -> Self {
        Self { signing: SigningKey::make(random), agreement: AgreementSecret::make(random) }
    }
}

/// A slot that still opens keeps its keys: drafts are sealed to them.
fn keys_of_before(station: &Station, typed: &Typed<'_>) -> Result<Option<PersonKeys>, ClientError> {
    Ok(offline::peek(station, typed)?.map(|opened| PersonKeys {
        signing: opened.contents.signing.duplicate(),
        agreement: opened.contents.agreement.duplicate(),
    }))
}

fn prove(
    station: &Station,
    typed: &Typed<'_>,
    keys: &PersonKeys,
    random: &mut Random,
) -> Result<(SignedIn, SignInKey), ClientError> {
    let (signing_in, message) =
        sign_in::start_login(typed.passphrase, random).map_err(|_| Code::SignInRefused)?;
    let asked = SignInStart { username: typed.username.to_owned(), message: message.into() };
    let started: SignInStarted = station.call(path::SIGN_IN_START, asked)?;
    let identity = station.identity();
    let binding = SignInBinding { practice: identity.practice.uuid(), device: identity.device.uuid() };
    let cost = station.settings().key_cost.sign_in();
    let (key, message) = signing_in
        .finish(typed.passphrase, started.message.as_slice(), &binding, cost, random)
        .map_err(|_| Code::SignInRefused)?;
    let asked = SignInFinish {
        attempt: started.attempt,
        message: message.into(),
        code: SecretText::new(typed.code),
        agreement_key: keys.agreement.public().to_bytes().into(),
        signing_key: keys.signing.verifying_key().to_bytes().into(),
    };
    Ok((station.call(path::SIGN_IN_FINISH, asked)?, key))
}

fn open_seed(answer: &SignedIn, key: &SignInKey) -> Result<TotpSeed, ClientError> {
    let sealed = answer.sealed_seed.as_ref().map(Base64Bytes::as_slice).ok_or(Code::ServerAnswer)?;
    let seed = key.open(Direction::ToClient, SEED_CONTEXT, sealed).map_err(|_| Code::ServerAnswer)?;
    // EXPOSE: from one secret type into another.
    Ok(TotpSeed::from_secret(Secret::from_slice(seed.expose()).ok_or(Code::ServerAnswer)?))
}

struct Contents<'a> {
    person: PersonId,
    keys: &'a PersonKeys,
    seed: TotpSeed,
    last_step: u64,
}

fn make_slot(
    station: &Station,
    typed: &Typed<'_>,
    contents: Contents<'_>,
    random: &mut Random,
) -> Result<NewlyMade, ClientError> {
    let Contents { person, keys, seed, last_step } = contents;
    let contents = SlotContents {
        person: person.uuid(),
        signing: keys.signing.duplicate(),
        agreement: keys.agreement.duplicate(),
        totp_seed: seed,
        last_step,
        anchors: std::collections::BTreeMap::new(),
    };
    let slot_id = random.uuid();
    let new = NewSlot {
        slot: slot_id,
        device: station.identity().device.uuid(),
        contents: &contents,
        passphrase: typed.passphrase,
        window_days: station.window_days(),
        cost: station.settings().key_cost.slot(),
    };
    let made = slot::create(&new, random).map_err(|_| Code::OutOfMemory)?;
    put(station, person, slot_id, &made)?;
    Ok(NewlyMade { contents, share: made.share, slot: Some(slot_id) })
}

fn put(station: &Station, person: PersonId, slot_id: Uuid, made: &MadeSlot) -> Result<(), ClientError> {
    let _turn = station.turn_to_put_slot()?;
    station.slots().replace(person, slot_id, made, || Ok(()))
}
