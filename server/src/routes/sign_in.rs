//! Online sign-in: OPAQUE in two steps, and a one-time code.

use crate::answer::{Answer, Refusal, json};
use crate::identity::{Workstation, blocking};
use crate::intake::{Json, SMALL};
use crate::practice::Practice;
use crate::signing_in::{
    NewAttempt, OfferedKeys, binding, check_code, check_throttle, keep_attempt, name_hash, note_failure,
    take_attempt, welcome,
};
use crate::store::{self, AttemptKind, Transaction};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keys::sign_in::{Direction, ServerSetup, SignInKey};
use keys::{Random, SecretBytes, TotpSeed, username};
use sync::wire::{
    Base64Bytes, ProblemCode, SEED_CONTEXT, SignInFinish, SignInStart, SignInStarted, SignedIn,
};

/// How long the second half may take.
const ATTEMPT: SignedDuration = SignedDuration::from_mins(2);

/// `POST /v1/sign-in/start`.
pub(crate) async fn start(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<SignInStart, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| begin(&practice, tx, &workstation, &request, now))
    })
    .await?;
    json(&answer)
}

/// `POST /v1/sign-in/finish`.
pub(crate) async fn finish(
    State(practice): State<Practice>,
    workstation: Workstation,
    Json(request): Json<SignInFinish, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        // A failure has to be counted, so it is a value here and becomes a refusal once it is stored.
        store::write(practice.store.as_ref(), |tx| end(&practice, tx, &workstation, &request, now))
    })
    .await?;
    json(&answer.ok_or(ProblemCode::SignInRefused).map_err(Refusal::from)?)
}

fn begin(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &SignInStart,
    now: Timestamp,
) -> Result<SignInStarted, Refusal> {
    let name = username::fold(&request.username);
    let hash = name_hash(&name);
    check_throttle(tx, &hash, now)?;
    let person = tx.person_named(&name)?.filter(|person| person.ended_at.is_none());
    // A name that nobody has gets an answer made in the same way, and always the same blinding key.
    let credential = person.as_ref().map_or(hash.to_vec(), |person| person.id.uuid().as_bytes().to_vec());
    let record = person.as_ref().and_then(|person| person.opaque.as_deref());
    let setup = &practice.keys.opaque;
    let binding = binding(practice, workstation);
    let answer =
        setup.answer_login(record, &credential, request.message.as_slice(), &binding, &mut Random::from_os());
    let answer = answer.map_err(|_| ProblemCode::Malformed)?;
    let state = SecretBytes::new([hash.as_slice(), answer.state.expose()].concat());
    let attempt = NewAttempt {
        kind: AttemptKind::SignIn,
        workstation,
        person: person.map(|person| person.id),
        state: state.expose(),
        lasts: ATTEMPT,
    };
    let attempt = keep_attempt(practice, tx, attempt, now)?;
    Ok(SignInStarted { attempt, message: Base64Bytes(answer.message) })
}

fn end(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    request: &SignInFinish,
    now: Timestamp,
) -> Result<Option<SignedIn>, Refusal> {
    let offered = OfferedKeys::read(&request.signing_key, &request.agreement_key)?;
    let taken = take_attempt(practice, tx, AttemptKind::SignIn, workstation, &request.attempt, now)?;
    let Some((attempt, state)) = taken else { return Ok(None) };
    let (hash, state) = state.expose().split_at_checked(32).ok_or(ProblemCode::Internal)?;
    let hash: [u8; 32] = hash.try_into().map_err(|_| ProblemCode::Internal)?;
    let failures = check_throttle(tx, &hash, now)?;
    let state = SecretBytes::new(state.to_vec());
    let proven =
        ServerSetup::finish_login(&state, request.message.as_slice(), &binding(practice, workstation)).ok();
    let person = attempt
        .person
        .map(|id| tx.person(id))
        .transpose()?
        .flatten()
        .filter(|person| person.ended_at.is_none());
    let passed = match (proven, person) {
        (Some(key), Some(person)) => check_code(practice, tx, workstation, &person, &request.code, now)?
            .map(|code| (key, person, code)),
        (_, _) => None,
    };
    let Some((key, person, (seed, step))) = passed else {
        note_failure(practice, tx, workstation, &hash, now)?;
        return Ok(None);
    };
    tx.set_throttle(&hash, None)?;
    let mut signed_in = welcome(practice, tx, workstation, &person, offered, now)?;
    signed_in.sealed_seed = Some(Base64Bytes(seal_seed(&key, &seed)));
    signed_in.code_step = step;
    signed_in.failures_since = failures;
    Ok(Some(signed_in))
}

fn seal_seed(key: &SignInKey, seed: &TotpSeed) -> Vec<u8> {
    // The seed goes to the person's slot, under a key that only this sign-in knows.
    key.seal(Direction::ToClient, SEED_CONTEXT, seed.expose(), &mut Random::from_os())
}
