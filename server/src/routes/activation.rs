//! Activation: an administrator's code becomes a passphrase and a seed of the person's own.

use crate::answer::{Answer, Refusal, json};
use crate::custody::Sealed;
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::people::activation_hash;
use crate::practice::Practice;
use crate::signing_in::{
    NewAttempt, OfferedKeys, check_throttle, keep_attempt, name_hash, note_failure, take_attempt, use_code,
    welcome,
};
use crate::store::{self, ActivationRow, AttemptKind, PersonRow, Transaction};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keys::sign_in::ServerSetup;
use keys::{Random, Secret, TotpSeed, username};
use sync::wire::{ActivateFinish, ActivateStart, ActivateStarted, Base64Bytes, ProblemCode, SignedIn};

/// How long the second half may take: the phone has to be set up meanwhile.
const ATTEMPT: SignedDuration = SignedDuration::from_mins(15);
/// Wrong codes after which an activation is over.
const MOST_FAILURES: u32 = 10;

/// `POST /v1/activate/start`.
pub(crate) async fn start(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<ActivateStart, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| begin(&practice, tx, &workstation, &request, now))
    })
    .await?;
    json(&answer.ok_or(ProblemCode::ActivationRefused).map_err(Refusal::from)?)
}

/// `POST /v1/activate/finish`.
pub(crate) async fn finish(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<ActivateFinish, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| end(&practice, tx, &workstation, &request, now))
    })
    .await?;
    // What a wrong code leaves behind counts, so it is a value until it is stored.
    json(&answer.map_err(Refusal::from)?)
}

fn begin(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &ActivateStart,
    now: Timestamp,
) -> Result<Option<ActivateStarted>, Refusal> {
    let name = username::fold(&request.username);
    let hash = name_hash(&name);
    check_throttle(tx, &hash, now)?;
    let person = tx.person_named(&name)?.filter(|person| person.ended_at.is_none());
    let Some(person) = check_activation(tx, person, request, now)? else {
        note_failure(practice, tx, workstation, &hash, now)?;
        return Ok(None);
    };
    let seed = TotpSeed::make(&mut Random::from_os());
    let credential = person.id.uuid();
    let message = practice.keys.opaque.answer_registration(credential.as_bytes(), request.message.as_slice());
    let message = message.map_err(|_| ProblemCode::Malformed)?;
    let attempt = NewAttempt {
        kind: AttemptKind::Activation,
        workstation,
        person: Some(person.id),
        state: seed.expose(),
        lasts: ATTEMPT,
    };
    let attempt = keep_attempt(practice, tx, attempt, now)?;
    // The seed goes to the person's phone and slot, over the workstation's own connection.
    Ok(Some(ActivateStarted {
        attempt,
        message: Base64Bytes(message),
        seed: seed.expose().as_slice().into(),
    }))
}

/// The person, if the code is theirs; a wrong one is counted.
fn check_activation(
    tx: &dyn Transaction,
    person: Option<PersonRow>,
    request: &ActivateStart,
    now: Timestamp,
) -> Result<Option<PersonRow>, Refusal> {
    let Some(person) = person else { return Ok(None) };
    let waiting = tx.activation(person.id)?;
    let Some(waiting) = waiting.filter(|row| row.expires_at > now && row.failures < MOST_FAILURES) else {
        return Ok(None);
    };
    if waiting.code == activation_hash(person.id, request.activation_code.expose()) {
        return Ok(Some(person));
    }
    tx.set_activation(person.id, &ActivationRow { failures: waiting.failures + 1, ..waiting })?;
    Ok(None)
}

fn end(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &ActivateFinish,
    now: Timestamp,
) -> Result<Result<SignedIn, ProblemCode>, Refusal> {
    let offered = OfferedKeys::read(&request.signing_key, &request.agreement_key)?;
    let taken = take_attempt(practice, tx, AttemptKind::Activation, workstation, &request.attempt, now)?;
    let Some((attempt, state)) = taken else { return Ok(Err(ProblemCode::ActivationRefused)) };
    let person = attempt.person.map(|id| tx.person(id)).transpose()?.flatten();
    let Some(person) = person.filter(|person| person.ended_at.is_none()) else {
        return Ok(Err(ProblemCode::ActivationRefused));
    };
    let id = person.id;
    let hash = name_hash(&person.username);
    let seed = Secret::from_slice(state.expose()).map(TotpSeed::from_secret).ok_or(ProblemCode::Internal)?;
    let Some(step) = use_code(practice, tx, id, workstation, &seed, &request.code, now)? else {
        // The phone holds the seed already: only the next code is missing, so the attempt stays open.
        tx.insert_attempt(&attempt)?;
        note_failure(practice, tx, workstation, &hash, now)?;
        return Ok(Err(ProblemCode::ProofRefused));
    };
    let record =
        ServerSetup::accept_registration(request.message.as_slice()).map_err(|_| ProblemCode::Malformed)?;
    // The seed is sealed for the store.
    tx.set_credentials(id, &record, &practice.keys.seal(Sealed::Seed(id.uuid()), seed.expose()))?;
    tx.end_activation(id)?;
    tx.set_throttle(&hash, None)?;
    let mut signed_in = welcome(practice, tx, workstation, &person, offered, now)?;
    signed_in.code_step = step;
    signed_in.credential = person.credential.saturating_add(1);
    Ok(Ok(signed_in))
}
