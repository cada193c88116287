//! What activation and sign-in share: throttling, the one-time code, and what a person gets at the end.

use crate::answer::Refusal;
use crate::custody::Sealed;
use crate::granting::{drawers_of, grant_anew};
use crate::identity::Workstation;
use crate::practice::Practice;
use crate::store::{
    AlertKind, AttemptKind, AttemptRow, PersonKeyRow, PersonRow, SessionRow, StoreError, ThrottleRow,
    Transaction,
};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use keys::sign_in::SignInBinding;
use keys::token::BearerToken;
use keys::{AgreementPublic, Random, Secret, SecretBytes, TotpSeed, VerifyingKey, totp};
use records::event::SignIn;
use records::id::{DeviceId, PersonId, SessionId};
use records::rights::Trail as _;
use records::{Actor, AuditEvent, Purpose};
use sha2::{Digest as _, Sha256};
use sync::wire::{Base64Bytes, ProblemCode, SecretText, SessionResponse, SignedIn};

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_mins(15);
/// Waits after 1, 2, 3 … failures in a row, in seconds (design §4).
const WAITS_S: [i64; 8] = [0, 0, 0, 5, 15, 60, 300, 900];
/// So many failures in a row close a name until its person is activated anew.
const MOST_FAILURES: u32 = 100;

/// The keys that a person made on the workstation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferedKeys {
    pub(crate) signing: VerifyingKey,
    pub(crate) agreement: AgreementPublic,
}

impl OfferedKeys {
    pub(crate) fn read(signing: &Base64Bytes, agreement: &Base64Bytes) -> Result<Self, ProblemCode> {
        let signing = signing.to_array().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
        let agreement = agreement.to_array().map(AgreementPublic::from_bytes);
        match (signing, agreement) {
            (Some(signing), Some(agreement)) => Ok(Self { signing, agreement }),
            (_, _) => Err(ProblemCode::Malformed),
        }
    }
}

/// What both sides bind an exchange to.
pub(crate) fn binding(practice: &Practice, workstation: &Workstation) -> SignInBinding {
    SignInBinding { practice: practice.row.id.uuid(), device: workstation.id().uuid() }
}

/// The name under which failures are counted.
pub(crate) fn name_hash(folded: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"chartkeep/throttle/v1\0").chain_update(folded).finalize().into()
}

/// Refuses while a name has to wait.
pub(crate) fn check_throttle(tx: &dyn Transaction, name: &[u8; 32], now: Timestamp) -> Result<u32, Refusal> {
    match tx.throttle(name)? {
        Some(row) if row.not_before > now || row.failures >= MOST_FAILURES => {
            Err(ProblemCode::TooManyTries.into())
        }
        Some(row) => Ok(row.failures),
        None => Ok(0),
    }
}

/// Counts a failure and writes it into the trail.
pub(crate) fn note_failure(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    name: &[u8; 32],
    now: Timestamp,
) -> Result<(), Refusal> {
    let failures = count_failure(tx, name, now)?;
    let mut trail = ServerTrail::new(practice, tx, now);
    let node = records::event::Node { practice: practice.row.id, device: workstation.id() };
    let (token, _) = name.split_at(16);
    let event = AuditEvent::sign_in_failed(trail.stamp(), node, Some(token));
    trail.append(&event)?;
    if failures == 10 || failures == MOST_FAILURES {
        let detail = format!("{failures} failed sign-ins in a row");
        trail.alert(AlertKind::SignInFailures, Some(workstation.id()), None, detail)?;
    }
    Ok(())
}

/// Counts a failure and sets the wait that follows it; how many there are in a row now.
pub(crate) fn count_failure(
    tx: &dyn Transaction,
    name: &[u8; 32],
    now: Timestamp,
) -> Result<u32, StoreError> {
    let failures = tx.throttle(name)?.map_or(0, |row| row.failures).saturating_add(1);
    let place = usize::try_from(failures).unwrap_or(usize::MAX).min(WAITS_S.len()) - 1;
    let wait = SignedDuration::from_secs(WAITS_S.get(place).copied().unwrap_or(0));
    let not_before = now.checked_add(wait).unwrap_or(now);
    tx.set_throttle(name, Some(ThrottleRow { failures, not_before }))?;
    Ok(failures)
}

/// Stores the first half of an exchange, its state sealed.
pub(crate) fn keep_attempt(
    practice: &Practice,
    tx: &dyn Transaction,
    attempt: NewAttempt<'_>,
    now: Timestamp,
) -> Result<Base64Bytes, Refusal> {
    let id: [u8; 32] = Random::from_os().bytes();
    tx.purge_expired(now)?;
    tx.insert_attempt(&AttemptRow {
        id,
        kind: attempt.kind,
        device: attempt.workstation.id(),
        person: attempt.person,
        state: practice.keys.seal(Sealed::Attempt(id), attempt.state),
        expires_at: now.checked_add(attempt.lasts).unwrap_or(now),
    })?;
    Ok(id.into())
}

/// The first half of an exchange.
pub(crate) struct NewAttempt<'a> {
    pub(crate) kind: AttemptKind,
    pub(crate) workstation: &'a Workstation,
    pub(crate) person: Option<PersonId>,
    pub(crate) state: &'a [u8],
    pub(crate) lasts: SignedDuration,
}

/// Takes the first half of an exchange out again: once, on the same workstation, in time.
pub(crate) fn take_attempt(
    practice: &Practice,
    tx: &dyn Transaction,
    kind: AttemptKind,
    workstation: &Workstation,
    id: &Base64Bytes,
    now: Timestamp,
) -> Result<Option<(AttemptRow, SecretBytes)>, Refusal> {
    let id: [u8; 32] = id.to_array().ok_or(ProblemCode::Malformed)?;
    let taken = tx.take_attempt(&id, kind, workstation.id())?.filter(|attempt| attempt.expires_at > now);
    let Some(attempt) = taken else { return Ok(None) };
    let state = practice.keys.open(Sealed::Attempt(id), &attempt.state);
    Ok(state.map(|state| (attempt, state)))
}

/// The code of a person's present phone, used up: their seed, and its step.
pub(crate) fn check_code(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    person: &PersonRow,
    code: &SecretText,
    now: Timestamp,
) -> Result<Option<(TotpSeed, u64)>, Refusal> {
    let sealed = person.sealed_seed.as_deref();
    let opened = sealed.and_then(|sealed| practice.keys.open(Sealed::Seed(person.id.uuid()), sealed));
    let Some(seed) = opened.and_then(|seed| Secret::from_slice(seed.expose())).map(TotpSeed::from_secret)
    else {
        return Ok(None);
    };
    let step = use_code(practice, tx, person.id, workstation, &seed, code, now)?;
    Ok(step.map(|step| (seed, step)))
}

/// Uses a code up: its step, or `None` when it is wrong or was used on this workstation before.
pub(crate) fn use_code(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    workstation: &Workstation,
    seed: &TotpSeed,
    code: &SecretText,
    now: Timestamp,
) -> Result<Option<u64>, Refusal> {
    // The code is compared here, and nowhere else is it needed.
    let Some(step) = totp::matching_step(seed, code.expose(), now, None) else { return Ok(None) };
    if !tx.use_step(person, workstation.id(), step)? {
        return Ok(None);
    }
    note_reuse(practice, tx, person, workstation.id(), step, now)?;
    Ok(Some(step))
}

/// An alert where a step that was used on this workstation was used on another one too.
pub(crate) fn note_reuse(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    device: DeviceId,
    step: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    if tx.step_used_elsewhere(person, device, step)? {
        let mut trail = ServerTrail::new(practice, tx, now);
        let detail = "one code on two workstations".to_owned();
        trail.alert(AlertKind::CodeReused, Some(device), Some(person), detail)?;
    }
    Ok(())
}

/// The person is in: keys, grants and session, and the event that says so.
pub(crate) fn welcome(
    practice: &Practice,
    tx: &dyn Transaction,
    workstation: &Workstation,
    person: &PersonRow,
    offered: OfferedKeys,
    now: Timestamp,
) -> Result<SignedIn, Refusal> {
    let key = PersonKeyRow {
        person: person.id,
        device: workstation.id(),
        signing_key: offered.signing,
        agreement_key: offered.agreement,
        since: now,
        until: None,
    };
    let before = tx.person_key(person.id, workstation.id())?;
    let stays = before.is_some_and(|before| {
        (before.signing_key, before.agreement_key) == (key.signing_key, key.agreement_key)
    });
    if !stays {
        tx.forget_keys_on(person.id, workstation.id())?;
    }
    tx.set_person_key(&key)?;
    let grants = grant_anew(practice, tx, person, &key, now)?;
    let (session, actor) = open_session(tx, workstation, person, now)?;
    tx.note_sign_in(person.id, now)?;
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::signed_in(trail.stamp(), &actor, &person.name, SignIn::Online);
    trail.append(&event)?;
    Ok(SignedIn {
        person: person.id,
        name: person.name.clone(),
        roles: actor.roles,
        sealed_seed: None,
        code_step: 0,
        credential: person.credential,
        grants,
        session,
        last_sign_in: person.signed_in_at,
        failures_since: 0,
        now,
    })
}

/// Opens a session for a person who has just proven to be there.
pub(crate) fn open_session(
    tx: &dyn Transaction,
    workstation: &Workstation,
    person: &PersonRow,
    now: Timestamp,
) -> Result<(SessionResponse, Actor), Refusal> {
    let mut random = Random::from_os();
    let token = BearerToken::make(&mut random);
    let expires_at = now.checked_add(SESSION).unwrap_or(now);
    let id = SessionId::from_uuid(random.uuid_v7(now));
    tx.purge_expired(now)?;
    tx.insert_session(&SessionRow {
        token: token.digest(),
        id,
        person: person.id,
        device: workstation.id(),
        certificate: workstation.certificate,
        expires_at,
        scopes: String::new(),
    })?;
    let roles = tx.roles(person.id, now)?;
    let purpose = roles.first().map_or(Purpose::Operations, |role| Purpose::usual(*role));
    let device = workstation.id();
    let actor = Actor { person: person.id, practice: person.practice, roles, device, session: id, purpose };
    let session = SessionResponse {
        // Handed to the workstation that asked, over its own connection.
        token: SecretText::new(token.to_text().expose()),
        expires_at,
        roles: actor.roles.clone(),
        drawers: drawers_of(&actor.roles),
    };
    Ok((session, actor))
}
