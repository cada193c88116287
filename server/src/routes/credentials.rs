//! A passphrase or phone of one's own, changed by whoever is signed in and proves the present ones; in one commit for all
//! workstations.

use crate::answer::{Answer, Refusal, json};
use crate::custody::Sealed;
use crate::identity::{SignedInPerson, Workstation, blocking};
use crate::intake::{Json, LARGE, SMALL};
use crate::practice::Practice;
use crate::signing_in::{
    NewAttempt, binding, check_code, check_throttle, keep_attempt, name_hash, note_failure, open_session,
    take_attempt, use_code,
};
use crate::store::{self, AttemptKind, AttemptRow, PersonRow, Transaction};
use crate::trail::ServerTrail;
use crate::workstations::{keep_prepared, of_person};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use keys::sign_in::{Direction, ServerSetup, SignInKey};
use keys::{Random, Secret, SecretBytes, TotpSeed};
use records::event::OwnCredential;
use records::rights::Trail as _;
use records::{Actor, AuditEvent};
use sync::wire::{
    Base64Bytes, CredentialChanged, CredentialFinish, CredentialProve, CredentialProven, CredentialStart,
    CredentialStarted, NEW_SEED_CONTEXT, ProblemCode,
};

/// How long the proof may take.
const PROOF: SignedDuration = SignedDuration::from_mins(2);
/// How long it may take to put a seed into a phone.
const CHANGE: SignedDuration = SignedDuration::from_mins(15);

/// `POST /v1/credentials/start`.
pub(crate) async fn start(
    State(practice): State<Practice>,
    workstation: Workstation,
    signed_in: SignedInPerson,
    Json(request): Json<CredentialStart, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| {
            begin(&practice, tx, &workstation, (&signed_in.actor, &request), now)
        })
    })
    .await?;
    json(&answer)
}

/// `POST /v1/credentials/prove`.
pub(crate) async fn prove(
    State(practice): State<Practice>,
    workstation: Workstation,
    signed_in: SignedInPerson,
    Json(request): Json<CredentialProve, SMALL>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        // A failure has to be counted, so it is a value here and becomes a refusal once it is stored.
        store::write(practice.store.as_ref(), |tx| {
            check(&practice, tx, &workstation, (&signed_in.actor, &request), now)
        })
    })
    .await?;
    json(&answer.map_err(Refusal::from)?)
}

/// `POST /v1/credentials/finish`.
pub(crate) async fn finish(
    State(practice): State<Practice>,
    workstation: Workstation,
    signed_in: SignedInPerson,
    Json(request): Json<CredentialFinish, LARGE>,
) -> Answer {
    let answer = blocking(move || {
        let now = practice.clock.now();
        store::write(practice.store.as_ref(), |tx| {
            end(&practice, tx, &workstation, (&signed_in.actor, &request), now)
        })
    })
    .await?;
    json(&answer.map_err(Refusal::from)?)
}

fn begin(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    (actor, request): (&Actor, &CredentialStart),
    now: Timestamp,
) -> Result<CredentialStarted, Refusal> {
    let person = present(tx, actor)?;
    check_throttle(tx, &name_hash(&person.username), now)?;
    let answer = practice.keys.opaque.answer_login(
        person.opaque.as_deref(),
        person.id.uuid().as_bytes(),
        request.message.as_slice(),
        &binding(practice, workstation),
        &mut Random::from_os(),
    );
    let answer = answer.map_err(|_| ProblemCode::Malformed)?;
    let attempt = NewAttempt {
        kind: AttemptKind::Proof,
        workstation,
        person: Some(person.id),
        state: answer.state.expose(),
        lasts: PROOF,
    };
    let attempt = keep_attempt(practice, tx, attempt, now)?;
    Ok(CredentialStarted { attempt, message: Base64Bytes(answer.message) })
}

fn check(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    (actor, request): (&Actor, &CredentialProve),
    now: Timestamp,
) -> Result<Result<CredentialProven, ProblemCode>, Refusal> {
    let person = present(tx, actor)?;
    let hash = name_hash(&person.username);
    check_throttle(tx, &hash, now)?;
    let taken = take_attempt(practice, tx, AttemptKind::Proof, workstation, &request.attempt, now)?;
    let Some((_, state)) = taken.filter(|(attempt, _)| attempt.person == Some(person.id)) else {
        return Ok(Err(ProblemCode::CredentialOver));
    };
    let bound = binding(practice, workstation);
    let proven = ServerSetup::finish_login(&state, request.message.as_slice(), &bound).ok();
    let code = match &proven {
        Some(_) => check_code(practice, tx, workstation, &person, &request.code, now)?,
        None => None,
    };
    // Whom an administrator has given an activation code goes on with that: the present passphrase may be known to others.
    let (Some(key), Some((_, code_step)), None) = (proven, code, tx.activation(person.id)?) else {
        note_failure(practice, tx, workstation, &hash, now)?;
        return Ok(Err(ProblemCode::SignInRefused));
    };
    let registration = request.registration.as_ref().map(|message| {
        practice.keys.opaque.answer_registration(person.id.uuid().as_bytes(), message.as_slice())
    });
    let registration = registration.transpose().map_err(|_| ProblemCode::Malformed)?;
    let number = person.credential.saturating_add(1);
    // The key of this exchange, and the number that goes with it, sealed for the store.
    let state = SecretBytes::new([key.expose().as_slice(), &number.to_be_bytes()].concat());
    let attempt = NewAttempt {
        kind: AttemptKind::Credential,
        workstation,
        person: Some(person.id),
        state: state.expose(),
        lasts: CHANGE,
    };
    Ok(Ok(CredentialProven {
        attempt: keep_attempt(practice, tx, attempt, now)?,
        registration: registration.map(Base64Bytes),
        number,
        code_step,
        workstations: of_person(tx, person.id, workstation.id())?,
        now,
    }))
}

fn end(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    (actor, request): (&Actor, &CredentialFinish),
    now: Timestamp,
) -> Result<Result<CredentialChanged, ProblemCode>, Refusal> {
    let person = present(tx, actor)?;
    let taken = take_attempt(practice, tx, AttemptKind::Credential, workstation, &request.attempt, now)?;
    let Some((attempt, state)) = taken.filter(|(attempt, _)| attempt.person == Some(person.id)) else {
        return Ok(Err(ProblemCode::CredentialOver));
    };
    let (key, number) = read_state(&state).ok_or(ProblemCode::Internal)?;
    let is_first = number == person.credential.saturating_add(1) && tx.activation(person.id)?.is_none();
    if !is_first || (request.passphrase.is_none() && request.phone.is_none()) {
        return Ok(Err(ProblemCode::CredentialOver));
    }
    let credentials = match new_credentials(practice, tx, workstation, (&person, &key, request), now)? {
        Ok(credentials) => credentials,
        Err(refused) => return refuse_code(practice, tx, workstation, (&person, &attempt, refused), now),
    };
    tx.set_credentials(person.id, &credentials.opaque, &credentials.sealed_seed)?;
    keep_prepared(practice, tx, person.id, (number, &request.prepared), now)?;
    tx.forget_recovery_codes(person.id)?;
    tx.end_sessions_of(person.id)?;
    let mut trail = ServerTrail::new(practice, tx, now);
    let passphrase = request.passphrase.as_ref().map(|_| OwnCredential::Passphrase);
    let phone = request.phone.as_ref().map(|_| OwnCredential::Phone);
    for what in passphrase.into_iter().chain(phone) {
        let event = AuditEvent::own_credential_changed(trail.stamp(), actor, what);
        trail.append(&event)?;
    }
    let (session, _) = open_session(tx, workstation, &person, now)?;
    Ok(Ok(CredentialChanged { session, now }))
}

/// Each of the two is new or the present one.
struct NewCredentials {
    /// The password file.
    opaque: Vec<u8>,
    sealed_seed: Vec<u8>,
}

/// What the person signs in with from now on.
fn new_credentials(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    (person, key, request): (&PersonRow, &SignInKey, &CredentialFinish),
    now: Timestamp,
) -> Result<Result<NewCredentials, ProblemCode>, Refusal> {
    let seed = match &request.phone {
        Some(phone) => {
            let sealed = phone.sealed_seed.as_slice();
            let opened = key.open(Direction::ToServer, NEW_SEED_CONTEXT, sealed).ok();
            // From one secret type into another.
            let seed = opened.and_then(|seed| Secret::from_slice(seed.expose()));
            let seed = TotpSeed::from_secret(seed.ok_or(ProblemCode::Malformed)?);
            if use_code(practice, tx, person.id, workstation, &seed, &phone.code, now)?.is_none() {
                return Ok(Err(ProblemCode::ProofRefused));
            }
            // The seed is sealed for the store.
            practice.keys.seal(Sealed::Seed(person.id.uuid()), seed.expose())
        }
        None => person.sealed_seed.clone().ok_or(ProblemCode::Internal)?,
    };
    let opaque = match &request.passphrase {
        Some(upload) => ServerSetup::accept_registration(upload.as_slice()),
        None => Ok(person.opaque.clone().ok_or(ProblemCode::Internal)?),
    };
    let opaque = opaque.map_err(|_| ProblemCode::Malformed)?;
    Ok(Ok(NewCredentials { opaque, sealed_seed: seed }))
}

/// The phone holds the seed already: only the next code is missing, so the attempt stays open.
fn refuse_code(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    (person, attempt, refused): (&PersonRow, &AttemptRow, ProblemCode),
    now: Timestamp,
) -> Result<Result<CredentialChanged, ProblemCode>, Refusal> {
    tx.insert_attempt(attempt)?;
    note_failure(practice, tx, workstation, &name_hash(&person.username), now)?;
    Ok(Err(refused))
}

fn present(tx: &dyn Transaction, actor: &Actor) -> Result<PersonRow, Refusal> {
    let person = tx.person(actor.person)?.filter(|person| person.ended_at.is_none());
    person.ok_or_else(|| ProblemCode::SessionRequired.into())
}

fn read_state(state: &SecretBytes) -> Option<(SignInKey, u64)> {
    let (key, number) = state.expose().split_at_checked(64)?;
    Some((SignInKey::from_secret(Secret::from_slice(key)?), u64::from_be_bytes(number.try_into().ok()?)))
}
