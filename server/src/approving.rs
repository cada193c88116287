//! What one person must not do alone: one administrator asks for it, and a second one has to agree within a day.
//!
//! Both prove themselves with a one-time code, which counts once, here and at every workstation. Asking, agreeing and
//! refusals are events in the server's trail. What is to be done ([`Act`]) is done in the commit that notes the second
//! person, so it is done once or not at all. This holds against a mistake and against one administrator alone; whoever
//! has the server's folder needs neither.

use crate::custody::Sealed;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::signing_in::count_failure;
use crate::store::{self, Act, ApprovalRow, NewApproval, PersonRow, ProgramRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::{erasing, people, purging, roles};
use jiff::{SignedDuration, Timestamp};
use keys::{Random, Secret, TotpSeed, totp, username};
use records::id::{PersonId, RecordKey, SessionId};
use records::rights::{Rights, Trail as _, decide};
use records::{Action, Actor, AuditEvent, Facts, Purpose, Role};
use sha2::{Digest as _, Sha256};
use sync::wire::SecretText;

/// How long a second person has.
pub(crate) const TIME_TO_AGREE: SignedDuration = SignedDuration::from_hours(24);

/// What an administrator shows to prove who they are.
#[derive(Debug)]
pub struct Proof {
    /// What they sign in with.
    pub username: String,
    /// The code that their authenticator shows now.
    pub code: SecretText,
}

/// What came of an act, to be handed to whoever agreed.
#[derive(Debug)]
pub enum Done {
    /// The token that enrols the workstation again.
    RescueToken(keys::SecretText),
    /// The activation code for the person.
    ActivationCode(String),
    /// The person has this role from now on.
    RoleGiven(Role),
    /// The patient is erased at the server, under this number; the workstations follow.
    Erased(u64),
    /// The purge under this number can be carried out, within a day.
    PurgeAgreed(u64),
    /// The program may read from now on.
    ProgramAdmitted,
}

/// Why an act is not asked for or not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NotProven,
    Wait,
    NotAllowed,
    SamePerson,
    NotWaiting,
    NoSubject,
    HasRole,
    NoPatient,
    NotDue,
    Held,
    HeldAlready,
    NoHold,
    NotPast,
    NoBackup,
    NothingPast,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let (sentence, advice) = match refused {
            Refused::NotProven => (
                "The name or the code is not right, or the code was used before.",
                "Wait for a new code and try again. The person must have activated at a workstation once.",
            ),
            Refused::Wait => (
                "After several failed attempts this name has to wait.",
                "Wait up to fifteen minutes, then try again with a new code.",
            ),
            Refused::NotAllowed => (
                "This person's role does not include this.",
                "Ask for it as somebody who may manage people: IT, the practice manager or the privacy officer.",
            ),
            Refused::SamePerson => (
                "The person who asked cannot agree as well.",
                "A second administrator has to agree, with a code of their own.",
            ),
            Refused::NotWaiting => (
                "Nothing waits under this number: it was done already, or its 24 hours are over.",
                "See `approval list`, or ask for it anew.",
            ),
            Refused::NoSubject => (
                "There is no such workstation, person or program, or they were revoked.",
                "Check the id; nothing was changed. A revoked workstation is enrolled as a new one.",
            ),
            Refused::HasRole => {
                ("The person has this role already.", "See `person list`; nothing was changed.")
            }
            Refused::NoPatient => (
                "There is no such patient here, or they were erased.",
                "Check the id; nothing was changed. `patient erasures` lists who was erased.",
            ),
            Refused::NotDue => (
                "The period of retention of this patient's records is not over.",
                "Nothing was erased. See `retention due`; where there is another reason, name that one.",
            ),
            Refused::Held => (
                "A legal hold forbids that this patient is erased.",
                "Nothing was erased. See `patient holds`; once it is released, ask for the erasure anew.",
            ),
            Refused::HeldAlready => (
                "There is a legal hold for this patient already.",
                "See `patient holds`; nothing was changed.",
            ),
            Refused::NoHold => {
                ("There is no legal hold for this patient.", "See `patient holds`; nothing was changed.")
            }
            Refused::NotPast => (
                "The period of retention of audit events was made longer since this was asked for.",
                "Nothing was purged. See `retention show`, and ask for it anew.",
            ),
            Refused::NoBackup => (
                "The last backup is older than 48 hours, or there is none.",
                "Nothing was purged. Make a backup first: what goes is to be in one.",
            ),
            Refused::NothingPast => (
                "There are no audit events that may go.",
                "See `retention due`: what is about a patient stays with the record, and as long as there is a legal hold.",
            ),
        };
        Self::new(Kind::Refused, sentence, advice)
    }
}

/// Asks for an act; returns its number.
///
/// # Errors
/// When the person is not proven or not an administrator, the subject is unknown, or the store fails.
pub fn ask(practice: &Practice, act: Act, by: &Proof) -> Result<u64, Failure> {
    in_one_commit(practice, |tx, now| {
        let actor = match prove(practice, tx, by, now)? {
            Ok(actor) => actor,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = stands(practice, tx, &act, now)? {
            return Ok(Err(refused));
        }
        if let Err(refused) = permit(practice, tx, &actor, subject(&act), now)? {
            return Ok(Err(refused));
        }
        let expires_at = now.checked_add(TIME_TO_AGREE).unwrap_or(now);
        let new = NewApproval { act, asked_by: actor.person, asked_at: now, expires_at };
        Ok(Ok(tx.insert_approval(&new)?))
    })
}

/// Agrees to what somebody else has asked for, and does it.
///
/// # Errors
/// When the person is not proven, not an administrator, or the one who asked; when nothing waits under this number any
/// more; or when the store fails.
pub fn approve(practice: &Practice, number: u64, by: &Proof) -> Result<Done, Failure> {
    let done = in_one_commit(practice, |tx, now| {
        let actor = match prove(practice, tx, by, now)? {
            Ok(actor) => actor,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(waiting) = tx.approval(number)? else { return Ok(Err(Refused::NotWaiting)) };
        if waiting.asked_by == actor.person {
            return Ok(Err(Refused::SamePerson));
        }
        if let Err(refused) = stands(practice, tx, &waiting.act, now)? {
            return Ok(Err(refused));
        }
        if let Err(refused) = permit(practice, tx, &actor, subject(&waiting.act), now)? {
            return Ok(Err(refused));
        }
        if !tx.approve(number, actor.person, now)? {
            return Ok(Err(Refused::NotWaiting));
        }
        carry_out(practice, tx, &waiting, actor.person, now).map(Ok)
    })?;
    if let Done::Erased(_) = done {
        erasing::settle(practice)?;
    }
    Ok(done)
}

/// What waits for a second person, oldest first.
///
/// # Errors
/// When the store fails.
pub fn waiting(practice: &Practice) -> Result<Vec<ApprovalRow>, Failure> {
    let now = practice.clock.now();
    Ok(store::read(practice.store.as_ref(), |tx| tx.waiting_approvals(now))?)
}

/// A refusal is a value inside the unit of work: what it leaves behind (a counted failure, an event) has to be stored.
pub(crate) fn in_one_commit<T, R: Into<Failure>>(
    practice: &Practice,
    work: impl FnOnce(&dyn Transaction, Timestamp) -> Result<Result<T, R>, StoreError>,
) -> Result<T, Failure> {
    let now = practice.clock.now();
    let outcome = store::write(practice.store.as_ref(), |tx| work(tx, now))?;
    outcome.map_err(R::into)
}

fn carry_out(
    practice: &Practice,
    tx: &dyn Transaction,
    asked: &ApprovalRow,
    by: PersonId,
    now: Timestamp,
) -> Result<Done, StoreError> {
    match &asked.act {
        Act::EscrowRelease(device) => {
            people::make_rescue_token(practice, tx, *device, now).map(Done::RescueToken)
        }
        Act::PersonReset(person) => {
            people::reset_person(practice, tx, *person, now).map(Done::ActivationCode)
        }
        Act::RoleGrant(person, role) => {
            roles::give(practice, tx, (*person, *role), now).map(|()| Done::RoleGiven(*role))
        }
        Act::PatientErasure(patient, reason) => {
            let people = ((asked.asked_by, asked.asked_at), (by, now));
            erasing::erase(practice, tx, (patient, *reason), people, now).map(Done::Erased)
        }
        // By a command of its own: over PostgreSQL the role that serves must not be able to.
        Act::AuditPurge(_) => Ok(Done::PurgeAgreed(asked.number)),
        Act::ProgramAdmission(program) => tx.admit_program(*program, now).map(|()| Done::ProgramAdmitted),
    }
}

/// Whether what an act is about is there, and may be acted on.
fn stands(
    practice: &Practice,
    tx: &dyn Transaction,
    act: &Act,
    now: Timestamp,
) -> Result<Result<(), Refused>, StoreError> {
    if let Act::RoleGrant(person, role) = act
        && tx.roles(*person, now)?.contains(role)
    {
        return Ok(Err(Refused::HasRole));
    }
    let is_there = match act {
        Act::EscrowRelease(device) => tx.device(*device)?.is_some_and(|row| row.revoked_at.is_none()),
        Act::PersonReset(person) | Act::RoleGrant(person, _) => {
            tx.person(*person)?.is_some_and(|row| row.ended_at.is_none())
        }
        Act::PatientErasure(patient, reason) => {
            return erasing::stands(practice, tx, (patient, *reason), now);
        }
        Act::AuditPurge(before) => return purging::stands(tx, *before, now),
        Act::ProgramAdmission(program) => {
            let waits = |row: &ProgramRow| row.admitted_at.is_none() && row.ended_at.is_none();
            tx.program(*program)?.is_some_and(|row| waits(&row))
        }
    };
    Ok(if is_there { Ok(()) } else { Err(Refused::NoSubject) })
}

/// The person, if name and code are theirs. A wrong one is counted and written into the trail.
pub(crate) fn prove(
    practice: &Practice,
    tx: &dyn Transaction,
    by: &Proof,
    now: Timestamp,
) -> Result<Result<Actor, Refused>, StoreError> {
    let name = username::fold(&by.username);
    let hash = throttle_name(&name);
    if tx.throttle(&hash)?.is_some_and(|row| row.not_before > now) {
        return Ok(Err(Refused::Wait));
    }
    let person = tx.person_named(&name)?.filter(|person| person.ended_at.is_none());
    if let Some(person) = person
        && use_code(practice, tx, &person, &by.code, now)?
    {
        tx.set_throttle(&hash, None)?;
        return Ok(Ok(actor(practice, tx, person.id, now)?));
    }
    count_failure(tx, &hash, now)?;
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::sign_in_failed(trail.stamp(), trail.node(), Some(hash.split_at(16).0));
    trail.append(&event)?;
    Ok(Err(Refused::NotProven))
}

/// Whether the code is the person's and was used nowhere before. It is used up by this.
fn use_code(
    practice: &Practice,
    tx: &dyn Transaction,
    person: &PersonRow,
    code: &SecretText,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(sealed) = &person.sealed_seed else { return Ok(false) };
    let seed = practice.keys.open(Sealed::Seed(person.id.uuid()), sealed);
    let seed = seed.and_then(|seed| Secret::from_slice(seed.expose())).map(TotpSeed::from_secret);
    let seed = seed.ok_or(StoreError::Unreadable("a person's seed"))?;
    // The code is compared here, and nowhere else is it needed.
    let Some(step) = totp::matching_step(&seed, code.expose().trim(), now, None) else { return Ok(false) };
    let here = practice.row.node;
    Ok(!tx.step_used_elsewhere(person.id, here, step)? && tx.use_step(person.id, here, step)?)
}

/// Failures here are counted apart from those at workstations: neither shuts the other.
fn throttle_name(folded: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"chartkeep/throttle-approval/v1\0").chain_update(folded).finalize().into()
}

fn actor(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    now: Timestamp,
) -> Result<Actor, StoreError> {
    Ok(Actor {
        person,
        practice: practice.row.id,
        roles: tx.roles(person, now)?,
        device: practice.row.node,
        session: SessionId::from_uuid(Random::from_os().uuid_v7(now)),
        purpose: Purpose::SystemAdministration,
    })
}

/// Whether this person may do what takes an administrator; either way the trail says so, naming what it is about.
pub(crate) fn permit(
    practice: &Practice,
    tx: &dyn Transaction,
    actor: &Actor,
    subject: Option<RecordKey>,
    now: Timestamp,
) -> Result<Result<(), Refused>, StoreError> {
    let facts = Facts::of_practice(practice.row.id);
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    match decide(Rights::built_in(), actor, Action::ManagePeople, &facts, now) {
        Ok(allowed) => {
            allowed.naming(subject).permit(&mut trail, id, now)?;
            Ok(Ok(()))
        }
        Err(denied) => {
            let _denied = denied.record(&mut trail, id, now)?;
            Ok(Err(Refused::NotAllowed))
        }
    }
}

fn subject(act: &Act) -> Option<RecordKey> {
    match act {
        Act::EscrowRelease(device) => format!("Device/{device}").parse().ok(),
        Act::PersonReset(person) | Act::RoleGrant(person, _) => format!("Practitioner/{person}").parse().ok(),
        Act::PatientErasure(patient, _) => Some(patient.key()),
        Act::AuditPurge(_) => None,
        Act::ProgramAdmission(program) => format!("Device/{program}").parse().ok(),
    }
}
