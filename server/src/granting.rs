//! Grants: a person's drawer keys for one workstation, kept in step with the person's roles.

use crate::answer::Refusal;
use crate::practice::Practice;
use crate::store::{GrantRow, PersonKeyRow, PersonRow, StoreError, Transaction};
use jiff::{SignedDuration, Timestamp};
use keys::grant::{GrantBody, GrantHeader, issue};
use keys::{DrawerKeys, Random};
use records::Drawer;
use records::id::DeviceId;
use sync::wire::{Base64Bytes, Policy, ProblemCode};

/// A grant outlasts the lease, so that it is the lease that ends offline work, with its warnings.
const BEYOND_LEASE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A grant with less time left than this is replaced when its workstation asks.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The drawers of a person's roles, in their order.
pub(crate) fn drawers_of(roles: &[records::Role]) -> Vec<Drawer> {
    Drawer::ALL
        .into_iter()
        .filter(|drawer| roles.iter().any(|role| role.drawers().contains(drawer)))
        .collect()
}

/// Issues a grant for each of the person's drawers to the key just given; earlier ones on this workstation end.
pub(crate) fn grant_anew(
    practice: &Practice,
    tx: &dyn Transaction,
    person: &PersonRow,
    key: &PersonKeyRow,
    now: Timestamp,
) -> Result<Vec<Base64Bytes>, Refusal> {
    tx.end_grants(person.id, Some(key.device), now)?;
    let mut issued = Vec::new();
    for drawer in drawers_of(&tx.roles(person.id, now)?) {
        // Whoever holds the old and the new keys can carry out a re-key.
        for keys in drawer_keys(practice, tx, key.device, drawer)? {
            issued.push(issue_one(practice, tx, person, key, (drawer, keys), now)?);
        }
    }
    Ok(issued)
}

/// The grants of a person on a workstation, issued anew where the roles have changed or the time runs out.
pub(crate) fn keep_granted(
    practice: &Practice,
    tx: &dyn Transaction,
    person: &PersonRow,
    key: &PersonKeyRow,
    now: Timestamp,
) -> Result<Vec<Base64Bytes>, Refusal> {
    let present: Vec<GrantRow> =
        tx.grants(key.device, now)?.into_iter().filter(|grant| grant.person == person.id).collect();
    let mut wanted = Vec::new();
    for drawer in drawers_of(&tx.roles(person.id, now)?) {
        let keys = tx.drawer_keys(key.device, drawer)?;
        wanted.extend(keys.into_iter().map(|(generation, _)| (drawer, generation)));
    }
    let lasts = |grant: &GrantRow| now.duration_until(grant.not_after) > RENEW_BEFORE;
    let mut held: Vec<(Drawer, u32)> = present.iter().map(|grant| (grant.drawer, grant.generation)).collect();
    held.sort_unstable();
    wanted.sort_unstable();
    if held == wanted && present.iter().all(lasts) {
        return Ok(present.into_iter().map(|grant| Base64Bytes(grant.bytes)).collect());
    }
    grant_anew(practice, tx, person, key, now)
}

fn issue_one(
    practice: &Practice,
    tx: &dyn Transaction,
    person: &PersonRow,
    key: &PersonKeyRow,
    (drawer, keys): (Drawer, DrawerKeys),
    now: Timestamp,
) -> Result<Base64Bytes, Refusal> {
    let lease = SignedDuration::from_hours(24 * i64::from(Policy::default().lease_days));
    let not_after = now.checked_add(lease).and_then(|at| at.checked_add(BEYOND_LEASE));
    let header = GrantHeader {
        number: tx.next_grant_number()?,
        practice: practice.row.id.uuid(),
        device: key.device.uuid(),
        person: person.id.uuid(),
        drawer: drawer.as_str().to_owned(),
        generation: keys.generation,
        // A workstation's clock may be behind by some minutes.
        not_before: now.checked_sub(SignedDuration::from_mins(10)).unwrap_or(now),
        not_after: not_after.unwrap_or(Timestamp::MAX),
    };
    let (number, generation, not_after) = (header.number, header.generation, header.not_after);
    let body = GrantBody { header, keys };
    let bytes = issue(&body, &practice.keys.rights, &key.agreement_key, &mut Random::from_os());
    let bytes = bytes.map_err(|_| ProblemCode::Malformed)?;
    let (person, device) = (person.id, key.device);
    let row = GrantRow { number, person, device, drawer, generation, not_after, bytes: bytes.clone() };
    tx.insert_grant(&row, now)?;
    Ok(Base64Bytes(bytes))
}

/// Whether anybody has a grant for a drawer at a workstation whose roles still say so.
pub(crate) fn is_opened_at(
    tx: &dyn Transaction,
    device: DeviceId,
    drawer: Drawer,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for grant in tx.grants(device, now)?.into_iter().filter(|grant| grant.drawer == drawer) {
        let works_here = tx.person(grant.person)?.is_some_and(|person| person.ended_at.is_none());
        if works_here && drawers_of(&tx.roles(grant.person, now)?).contains(&drawer) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys of a drawer that count, if it has any.
pub(crate) fn newest_drawer_keys(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    drawer: Drawer,
) -> Result<Option<DrawerKeys>, Refusal> {
    Ok(drawer_keys(practice, tx, device, drawer)?.into_iter().next())
}

/// The keys of a drawer, the newest first.
fn drawer_keys(
    practice: &Practice,
    tx: &dyn Transaction,
    device: DeviceId,
    drawer: Drawer,
) -> Result<Vec<DrawerKeys>, Refusal> {
    let open = |(generation, sealed): (u32, Vec<u8>)| {
        let keys = practice.keys.open_drawer(device.uuid(), drawer.as_str(), generation, &sealed);
        keys.ok_or_else(|| {
            tracing::error!(%device, %drawer, "the keys of a drawer do not open: custody.key is another one");
            Refusal::from(ProblemCode::Internal)
        })
    };
    tx.drawer_keys(device, drawer)?.into_iter().map(open).collect()
}
