//! Giving a person a role, which takes two people, and taking one, which does not: what harms nobody must not wait.
//!
//! Each workstation where the person has keys is told at once, and asks for the grants and the roles that are left, also with
//! nobody signed in. A drawer that the person can open no longer gets new keys there; where nobody is left who could open it,
//! the workstation takes its file off the disk instead.

use crate::error::{Failure, Kind};
use crate::granting::drawers_of;
use crate::people;
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use jiff::Timestamp;
use records::event::Alert;
use records::id::PersonId;
use records::{Drawer, Role};
use serde::Serialize;
use sync::wire::DirectiveOrder;

/// Somebody of the practice, as the command line lists them.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Their id.
    pub person_id: PersonId,
    /// What they sign in with.
    pub username: String,
    /// The name that is shown.
    pub name: String,
    /// The roles they have now.
    pub roles: Vec<Role>,
    /// When their access ended.
    pub ended_at: Option<Timestamp>,
}

/// Everybody, oldest first, also who has left.
///
/// # Errors
/// When the store fails.
pub fn list(practice: &Practice) -> Result<Vec<Listed>, Failure> {
    let now = practice.clock.now();
    let list = store::read(practice.store.as_ref(), |tx| {
        let listed = |person: store::PersonRow| {
            let roles = tx.roles(person.id, now)?;
            Ok::<_, StoreError>(Listed {
                person_id: person.id,
                username: person.username,
                name: person.name,
                roles,
                ended_at: person.ended_at,
            })
        };
        tx.people()?.into_iter().map(listed).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(list)
}

/// Gives a role. Two people have agreed to it: see [`crate::approving`].
pub(crate) fn give(
    practice: &Practice,
    tx: &dyn Transaction,
    (person, role): (PersonId, Role),
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.insert_role(person, role, now)?;
    tell(practice, tx, person, &[], now)
}

/// Takes a role; whoever loses the last one has left, and is ended instead.
///
/// # Errors
/// When the person does not have it or has no other one, or the store fails.
pub fn take(practice: &Practice, person: PersonId, role: Role) -> Result<(), Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| -> Result<Result<(), Failure>, StoreError> {
        let before = tx.roles(person, now)?;
        if !before.contains(&role) {
            return Ok(Err(not_theirs()));
        }
        if before.len() == 1 {
            return Ok(Err(the_last()));
        }
        tx.end_role(person, role, now)?;
        let left = drawers_of(&tx.roles(person, now)?);
        let lost: Vec<Drawer> =
            drawers_of(&before).into_iter().filter(|drawer| !left.contains(drawer)).collect();
        tell(practice, tx, person, &lost, now).map(Ok)
    })?
}

/// Tells every workstation where the person has keys; what they can open no longer gets new keys there.
fn tell(
    practice: &Practice,
    tx: &dyn Transaction,
    person: PersonId,
    lost: &[Drawer],
    now: Timestamp,
) -> Result<(), StoreError> {
    people::order_everywhere(practice, tx, person, &DirectiveOrder::RolesChanged { person }, lost, now)?;
    people::record(practice, tx, Alert::CredentialChanged, now)
}

fn not_theirs() -> Failure {
    let advice = "See `person list`; nothing was changed.";
    Failure::new(Kind::Usage, "There is no such person, or they do not have this role.", advice)
}

fn the_last() -> Failure {
    let advice = "Give another role first, or end their access with `person end`; nothing was changed.";
    Failure::new(Kind::Usage, "This is the only role that the person has.", advice)
}
