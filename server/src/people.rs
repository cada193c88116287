//! People and tokens, as the command line makes them.

use crate::error::{Failure, Kind};
use crate::granting::drawers_of;
use crate::practice::Practice;
use crate::store::{self, ActivationRow, NewPerson, RelationRow, StoreError, TokenRow, Transaction};
use crate::trail::ServerTrail;
use crate::{directing, erasing};
use jiff::{SignedDuration, Timestamp};
use keys::token::EnrolmentToken;
use keys::{Random, SecretText, certificate, username};
use records::event::Alert;
use records::id::{DeviceId, PatientId, PersonId};
use records::rights::Trail as _;
use records::{AuditEvent, Drawer, Role};
use sha2::{Digest as _, Sha256};
use sync::wire::{DirectiveOrder, Policy};

/// How long an activation code is good.
const ACTIVATION: SignedDuration = SignedDuration::from_hours(72);
/// How long an enrolment token is good.
const TOKEN: SignedDuration = SignedDuration::from_hours(24);
/// How long a relation made by hand lasts, unless said otherwise, in days.
pub const RELATION_DAYS: u32 = 365;
/// Letters and digits that nobody mistakes for each other (Crockford).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A person who was added.
#[derive(Debug)]
pub struct Added {
    /// Their id.
    pub person: PersonId,
    /// What they activate with, once.
    pub activation_code: String,
}

/// Adds a person with one role, and makes their activation code.
///
/// # Errors
/// When the name is taken or empty, or the store fails.
pub fn add_person(
    practice: &Practice,
    id: Option<PersonId>,
    username: &str,
    name: &str,
    roles: &[Role],
) -> Result<Added, Failure> {
    let folded = username::fold(username);
    if folded.is_empty()
        || folded.len() > 64
        || folded.chars().any(char::is_control)
        || name.trim().is_empty()
    {
        let advice = "Give a name to sign in with (at most 64 bytes) and a name to show.";
        return Err(Failure::new(Kind::Usage, "A person needs two names.", advice));
    }
    let (now, mut random) = (practice.clock.now(), Random::from_os());
    let person = id.unwrap_or_else(|| PersonId::from_uuid(random.uuid_v7(now)));
    let new = NewPerson {
        id: person,
        practice: practice.row.id,
        username: folded,
        name: name.trim().to_owned(),
        made_at: now,
    };
    let code = activation_code(&mut random);
    let stored = store::write(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        if !tx.insert_person(&new)? {
            return Ok(false);
        }
        for role in roles {
            tx.insert_role(person, *role, now)?;
        }
        set_activation(practice, tx, person, &code, now)?;
        Ok(true)
    })?;
    if !stored {
        let advice = "Choose another name to sign in with, or leave out --id.";
        return Err(Failure::new(Kind::Usage, "There is somebody with this name or id already.", advice));
    }
    Ok(Added { person, activation_code: code })
}

/// Ends a person's access: sessions and grants at once, everything they did stays.
///
/// # Errors
/// When there is no such person, or the store fails.
pub fn end_person(practice: &Practice, person: PersonId) -> Result<(), Failure> {
    let now = practice.clock.now();
    let ended = store::write(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        if !tx.end_person(person, now)? {
            return Ok(false);
        }
        let drawers = drawers_of(&tx.roles(person, now)?);
        tx.end_roles(person, now)?;
        tx.end_grants(person, None, now)?;
        tx.end_sessions_of(person)?;
        drop_everywhere(practice, tx, person, None, &drawers, now)?;
        tx.end_activation(person)?;
        record(practice, tx, Alert::CredentialChanged, now)?;
        Ok(true)
    })?;
    if ended { Ok(()) } else { Err(unknown("person")) }
}

/// Tells every workstation where the person has a slot to forget it, unless they have signed in there with a passphrase
/// of the number `before` or a later one; and to re-key the drawers they could open.
fn drop_everywhere(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    before: Option<u64>,
    drawers: &[Drawer],
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.forget_twins_of(person)?;
    order_everywhere(practice, tx, person, &DirectiveOrder::DropPerson { person, before }, drawers, now)
}

/// Orders something at every workstation where a person has keys, and new keys for drawers that they can open no longer.
pub(crate) fn order_everywhere(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    order: &DirectiveOrder,
    lost: &[Drawer],
    now: Timestamp,
) -> Result<(), StoreError> {
    for device in tx.devices()?.into_iter().filter(|device| device.revoked_at.is_none()) {
        if tx.person_key(person, device.id)?.is_some() {
            directing::give(practice, tx, device.id, order, now)?;
            for drawer in lost {
                directing::give_re_key(practice, tx, device.id, *drawer, now)?;
            }
        }
    }
    Ok(())
}

/// Makes an enrolment token.
///
/// # Errors
/// When the store fails.
pub fn make_token(practice: &Practice, label: &str) -> Result<SecretText, Failure> {
    let now = practice.clock.now();
    let token = EnrolmentToken::make(certificate::fingerprint(&practice.keys.root), &mut Random::from_os());
    let row = TokenRow {
        hash: token.digest(),
        label: label.trim().to_owned(),
        expires_at: now.checked_add(TOKEN).unwrap_or(now),
        device: None,
        used_by: None,
    };
    store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        tx.insert_token(&row)?;
        record(practice, tx, Alert::DeviceChanged, now)
    })?;
    Ok(token.to_text())
}

/// Makes a token that enrols one known workstation again, with the key of its `device.db` from escrow. Two people have
/// agreed to it: see [`crate::approving`].
pub(crate) fn make_rescue_token(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    now: Timestamp,
) -> Result<SecretText, StoreError> {
    let token = EnrolmentToken::make(certificate::fingerprint(&practice.keys.root), &mut Random::from_os());
    tx.insert_token(&TokenRow {
        hash: token.digest(),
        label: String::new(),
        expires_at: now.checked_add(TOKEN).unwrap_or(now),
        device: Some(device),
        used_by: None,
    })?;
    record(practice, tx, Alert::DeviceChanged, now)?;
    Ok(token.to_text())
}

/// Gives a person a new activation code: what they are signed in to ends, every workstation forgets their slot, and they
/// choose a passphrase and set up a code anew. Two people have agreed to it: see [`crate::approving`].
pub(crate) fn reset_person(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    now: Timestamp,
) -> Result<String, StoreError> {
    let code = activation_code(&mut Random::from_os());
    tx.end_sessions_of(person)?;
    // A reset may be asked for because somebody else knows the passphrase.
    tx.forget_passphrase(person)?;
    // They stay entitled to their drawers, so these keep their keys.
    // What they activate with next has the next number: who signs in with that before a workstation hears this is spared.
    let next = tx.person(person)?.map(|row| row.credential.saturating_add(1));
    drop_everywhere(practice, tx, person, next, &[], now)?;
    set_activation(practice, tx, person, &code, now)?;
    Ok(code)
}

/// What holds for every workstation.
///
/// # Errors
/// When the store fails.
pub fn policy(practice: &Practice) -> Result<Policy, Failure> {
    Ok(store::read(practice.store.as_ref(), policy_in)?)
}

/// The policy within a unit of work; what IT never set is as it comes.
pub(crate) fn policy_in(tx: &dyn Transaction) -> Result<Policy, StoreError> {
    match tx.policy()? {
        Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Unreadable("the policy")),
        None => Ok(Policy::default()),
    }
}

/// Sets where workstations keep a sealed copy of what is unsent; returns the policy in force from now on.
///
/// # Errors
/// When the store fails.
pub fn set_mirror(practice: &Practice, mirror: Option<String>) -> Result<Policy, Failure> {
    change_policy(practice, |before| Policy { mirror, ..before })
}

/// Sets after how many days a drawer gets new keys by itself, 0 for never; returns the policy in force from now on.
///
/// # Errors
/// When the store fails.
pub fn set_rekey_days(practice: &Practice, rekey_days: u32) -> Result<Policy, Failure> {
    change_policy(practice, |before| Policy { rekey_days, ..before })
}

/// Changes the policy; returns the one in force from now on.
///
/// # Errors
/// When the store fails.
pub fn change_policy(practice: &Practice, change: impl FnOnce(Policy) -> Policy) -> Result<Policy, Failure> {
    let now = practice.clock.now();
    Ok(store::write(practice.store.as_ref(), |tx| -> Result<Policy, StoreError> {
        let before = policy_in(tx)?;
        let version = before.version + 1;
        let policy = Policy { version, ..change(before) };
        let json = serde_json::to_string(&policy).map_err(|error| StoreError::Failed(Box::new(error)))?;
        tx.set_policy(&json)?;
        record(practice, tx, Alert::DeviceChanged, now)?;
        Ok(policy)
    })?)
}

/// Revokes a workstation: its next request is refused.
///
/// # Errors
/// When there is none, or the store fails.
pub fn revoke_device(practice: &Practice, device: DeviceId) -> Result<(), Failure> {
    let now = practice.clock.now();
    let revoked = store::write(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        if !tx.revoke_device(device, now)? {
            return Ok(false);
        }
        tx.forget_twins_on(device)?;
        record(practice, tx, Alert::DeviceChanged, now)?;
        erasing::certify(practice, tx, now)?;
        Ok(true)
    })?;
    if revoked { Ok(()) } else { Err(unknown("workstation")) }
}

/// Notes that a person cares for a patient.
///
/// # Errors
/// When there is no such person or patient, or the store fails.
pub fn add_relation(
    practice: &Practice,
    person: PersonId,
    patient: PatientId,
    days: u32,
) -> Result<(), Failure> {
    let now = practice.clock.now();
    let until = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX);
    let known = store::write(practice.store.as_ref(), |tx| -> Result<bool, StoreError> {
        if tx.person(person)?.is_none() || !tx.has_patient(&patient)? {
            return Ok(false);
        }
        let source = "operator".to_owned();
        tx.insert_relation(&RelationRow { person, patient, since: now, until, source })?;
        Ok(true)
    })?;
    if known { Ok(()) } else { Err(unknown("person or patient")) }
}

/// What is stored of an activation code: bound to the person, written in any case and with or without dashes.
#[must_use]
pub fn activation_hash(person: PersonId, code: &str) -> [u8; 32] {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let hash =
        Sha256::new().chain_update(b"chartkeep/activation/v1\0").chain_update(person.uuid().as_bytes());
    hash.chain_update(plain).finalize().into()
}

fn set_activation(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    code: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expires_at = now.checked_add(ACTIVATION).unwrap_or(now);
    tx.set_activation(
        person,
        &ActivationRow { code: activation_hash(person, code), expires_at, failures: 0 },
    )?;
    record(practice, tx, Alert::CredentialChanged, now)
}

/// Notes in the trail what deserves attention.
pub(crate) fn record(
    practice: &Practice,
    tx: &dyn Transaction,
    alert: Alert,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::security_alert(trail.stamp(), trail.node(), alert);
    trail.append(&event)?;
    Ok(())
}

/// Four groups of four: 80 random bits.
fn activation_code(random: &mut Random) -> String {
    let drawn: [u8; 16] = random.bytes();
    let letters = drawn.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    let mut code = String::with_capacity(19);
    for (place, letter) in letters.enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    code
}

fn unknown(what: &str) -> Failure {
    Failure::new(Kind::Usage, format!("There is no such {what}."), "Check the id; nothing was changed.")
}
