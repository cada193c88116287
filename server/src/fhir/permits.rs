//! Deciding before anything is read: the event of what is asked is in the trail, or nothing is shown.

use super::asking::Caller;
use super::searching::patients_of;
use crate::answer::Refusal;
use crate::store::{self, FoundVersion, StoreError, Transaction};
use crate::trail::ServerTrail;
use records::id::{PatientId, RecordKey, ResourceKind};
use records::rights::{DeniedReason, Permit, Rights, StatedReason, Trail as _, decide};
use records::{Action, Actor, AuditEvent, DataClass, Facts, PersonId, Relation};

/// How a list about one patient is answered.
pub(super) enum Opened {
    /// As far as the permit reaches; whether there is more that stays masked.
    Permit { permit: Box<Permit>, masks: bool },
    /// Not at all; the refusal is in the trail.
    Refused(DeniedReason),
}

/// A permit to read a record, whatever its version; `None` where the person is to find nothing, which is in the trail.
pub(super) fn of_record(
    caller: &Caller<'_>,
    key: &RecordKey,
    stated: Option<StatedReason>,
) -> Result<Option<Permit>, Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let now = caller.now;
        let mut trail = ServerTrail::new(caller.practice, tx, now).of_request(caller.request);
        let present = tx.facts(key)?;
        let classes = in_own_drawers(caller, tx.classes_of_versions(key)?);
        // What is in none of the person's drawers is not found, as what is nowhere.
        let is_held = present.as_ref().is_none_or(|present| classes.contains(&present.class));
        if classes.is_empty() || !is_held {
            let stamp = trail.stamp();
            let event = AuditEvent::denied(stamp, caller.actor, Action::Read, None, DeniedReason::NotFound);
            trail.append(&event)?;
            return Ok(None);
        }
        let author = present.as_ref().map(|facts| facts.author);
        let patient = match &present {
            Some(facts) => facts.patient.clone(),
            None => tx.patient_of_versions(key)?,
        };
        let relation = relation(caller, tx, patient.as_ref(), author, stated)?;
        let facts = facts(caller, tx, patient, classes, relation)?;
        if facts.vip && caller.scopes.is_some() {
            let (stamp, reason) = (trail.stamp(), DeniedReason::NeedsBreakGlass);
            let patient = facts.patient.as_ref();
            trail.append(&AuditEvent::denied(stamp, caller.actor, Action::Read, patient, reason))?;
            return Ok(None);
        }
        // What a record has become closes what it was.
        let present = Facts {
            classes: present.map_or_else(|| facts.classes.clone(), |present| vec![present.class]),
            ..facts.clone()
        };
        if let Err(denied) = decide(Rights::built_in(), caller.actor, Action::Read, &present, now) {
            let id = trail.event_id();
            let _denied = denied.record(&mut trail, id, now)?;
            return Ok(None);
        }
        if let (Relation::Stated(_), Some(_)) = (relation, &facts.patient) {
            // The reason is in the event of the opened chart; the event of the record follows.
            let id = trail.event_id();
            match decide(Rights::built_in(), caller.actor, Action::OpenChart, &facts, now) {
                Ok(allowed) => drop(allowed.permit(&mut trail, id, now)?),
                Err(denied) => {
                    let _denied = denied.record(&mut trail, id, now)?;
                    return Ok(None);
                }
            }
        }
        let id = trail.event_id();
        match decide(Rights::built_in(), caller.actor, Action::Read, &facts, now) {
            Ok(allowed) => Ok(Some(allowed.naming([key.clone()]).permit(&mut trail, id, now)?)),
            Err(denied) => {
                let _denied = denied.record(&mut trail, id, now)?;
                Ok(None)
            }
        }
    })
}

/// A permit for one patient's records of a type, as opening the chart gives it.
pub(super) fn of_patient(
    caller: &Caller<'_>,
    patient: &PatientId,
    kind: Option<&ResourceKind>,
    stated: Option<StatedReason>,
) -> Result<Opened, Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let now = caller.now;
        let all = tx.classes_of(patient, kind)?;
        let classes = in_own_drawers(caller, all.clone());
        let is_less = classes.len() < all.len();
        let relation = relation(caller, tx, Some(patient), None, stated)?;
        let facts = facts(caller, tx, Some(patient.clone()), classes, relation)?;
        let mut trail = ServerTrail::new(caller.practice, tx, now).of_request(caller.request);
        let id = trail.event_id();
        match decide(Rights::built_in(), caller.actor, Action::OpenChart, &facts, now) {
            Ok(allowed) => {
                let masks = is_less || !allowed.masked().is_empty();
                Ok(Opened::Permit { permit: Box::new(allowed.permit(&mut trail, id, now)?), masks })
            }
            Err(denied) => {
                let denied = denied.record(&mut trail, id, now)?;
                Ok(Opened::Refused(denied.reason()))
            }
        }
    })
}

/// A permit for a list over the practice, whose rows the row scope bounds. `None` where the roles list nothing.
pub(super) fn of_list(caller: &Caller<'_>, terms: &[u8]) -> Result<Option<Permit>, Refusal> {
    act(caller, Action::Search, None, terms)
}

/// A permit to read the whole trail, or one patient's part of it; `terms` say what was asked for.
pub(super) fn of_trail(
    caller: &Caller<'_>,
    patient: Option<PatientId>,
    terms: &[u8],
) -> Result<Option<Permit>, Refusal> {
    act(caller, Action::ReadAudit, patient, terms)
}

fn act(
    caller: &Caller<'_>,
    action: Action,
    patient: Option<PatientId>,
    terms: &[u8],
) -> Result<Option<Permit>, Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(caller.practice, tx, caller.now).of_request(caller.request);
        let id = trail.event_id();
        let facts = Facts { patient, ..Facts::of_practice(caller.practice.row.id) };
        match decide(Rights::built_in(), caller.actor, action, &facts, caller.now) {
            Ok(allowed) => Ok(Some(allowed.with_tokens(terms).permit(&mut trail, id, caller.now)?)),
            Err(denied) => {
                let _denied = denied.record(&mut trail, id, caller.now)?;
                Ok(None)
            }
        }
    })
}

/// One event for each patient of whom something is shown, in one commit, before it is shown.
pub(super) fn note_shown(caller: &Caller<'_>, patients: &[PatientId], terms: &[u8]) -> Result<(), Refusal> {
    if patients.is_empty() {
        return Ok(());
    }
    store::write(caller.practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(caller.practice, tx, caller.now).of_request(caller.request);
        for patient in patients {
            let stamp = trail.stamp();
            let event = AuditEvent::query(stamp, caller.actor, Action::Search, Some(patient), terms);
            trail.append(&event)?;
        }
        Ok(())
    })
}

/// Leaves out what is about a VIP, where a program asks: it has no relation to anybody, and breaks no glass.
pub(super) fn for_program(
    caller: &Caller<'_>,
    mut found: Vec<FoundVersion>,
) -> Result<Vec<FoundVersion>, StoreError> {
    if caller.scopes.is_none() {
        return Ok(found);
    }
    let shut = store::read(caller.practice.store.as_ref(), |tx| {
        let mut shut: Vec<PatientId> = Vec::new();
        for patient in patients_of(&found) {
            if tx.is_vip(&patient)? {
                shut.push(patient);
            }
        }
        Ok::<_, StoreError>(shut)
    })?;
    found.retain(|record| record.patient.as_ref().is_none_or(|patient| !shut.contains(patient)));
    Ok(found)
}

/// Writes down that a program asked for what its token is not good for.
pub(super) fn refuse_scope(caller: &Caller<'_>) -> Result<(), Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(caller.practice, tx, caller.now).of_request(caller.request);
        let (stamp, reason) = (trail.stamp(), DeniedReason::NotYourRole);
        trail.append(&AuditEvent::denied(stamp, caller.actor, Action::Read, None, reason))?;
        Ok(())
    })
}

/// Whether a role of the person's exports anything; where none does, that is in the trail.
pub(super) fn may_export(caller: &Caller<'_>) -> Result<bool, Refusal> {
    if DataClass::ALL.into_iter().any(|class| exports(caller.actor, class)) {
        return Ok(true);
    }
    store::write(caller.practice.store.as_ref(), |tx| {
        let mut trail = ServerTrail::new(caller.practice, tx, caller.now).of_request(caller.request);
        let (stamp, reason) = (trail.stamp(), DeniedReason::NotYourRole);
        trail.append(&AuditEvent::denied(stamp, caller.actor, Action::Export, None, reason))?;
        Ok(false)
    })
}

/// Whether a role of the person's exports anything of a class.
pub(super) fn exports(actor: &Actor, class: DataClass) -> bool {
    let rows = actor.roles.iter().filter_map(|role| Rights::built_in().row(*role, class));
    rows.into_iter().any(|row| row.may.contains(&Action::Export))
}

/// A permit to take out the records of a group's members, by the right to export the group itself; `None` where the person is to
/// find no such group, which is in the trail.
pub(super) fn of_group(
    caller: &Caller<'_>,
    group: &RecordKey,
    stated: Option<StatedReason>,
) -> Result<Option<Permit>, Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let now = caller.now;
        let mut trail = ServerTrail::new(caller.practice, tx, now).of_request(caller.request);
        let present = tx.facts(group)?;
        let classes = in_own_drawers(caller, present.iter().map(|present| present.class).collect());
        let id = trail.event_id();
        let Some(present) = present.filter(|_| !classes.is_empty()) else {
            let (stamp, reason) = (trail.stamp(), DeniedReason::NotFound);
            trail.append(&AuditEvent::denied(stamp, caller.actor, Action::Export, None, reason))?;
            return Ok(None);
        };
        let relation = match (present.author == caller.actor.person, stated) {
            (true, _) => Relation::Author,
            (false, Some(reason)) => Relation::Stated(reason),
            (false, None) => Relation::None,
        };
        let facts = facts(caller, tx, present.patient, classes, relation)?;
        match decide(Rights::built_in(), caller.actor, Action::Export, &facts, now) {
            Ok(allowed) => Ok(Some(allowed.naming([group.clone()]).permit(&mut trail, id, now)?)),
            Err(denied) => {
                let _denied = denied.record(&mut trail, id, now)?;
                Ok(None)
            }
        }
    })
}

/// The classes of what is there to be taken out of a patient, or of nobody.
type ClassesOf<'a> = dyn Fn(&dyn Transaction, Option<&PatientId>) -> Result<Vec<DataClass>, StoreError> + 'a;

/// Permits to export records of these patients, and of nobody, as far as the person may; each is one event, in one commit, which
/// also names what they were found by. Who is not among them has nothing there, or nothing that the person may take out.
pub(super) fn to_export(
    caller: &Caller<'_>,
    group: Option<&RecordKey>,
    subjects: &[Option<PatientId>],
    classes_of: &ClassesOf<'_>,
) -> Result<Vec<Permit>, Refusal> {
    store::write(caller.practice.store.as_ref(), |tx| {
        let (now, rights) = (caller.now, Rights::built_in());
        let mut trail = ServerTrail::new(caller.practice, tx, now).of_request(caller.request);
        let mut permits = Vec::new();
        for patient in subjects {
            let relation = relation(caller, tx, patient.as_ref(), None, None)?;
            let classes = in_own_drawers(caller, classes_of(tx, patient.as_ref())?);
            let mut facts = facts(caller, tx, patient.clone(), classes, relation)?;
            if facts.vip && relation == Relation::None {
                continue;
            }
            let may = |class: &DataClass| {
                let of_class = Facts { classes: vec![*class], ..facts.clone() };
                decide(rights, caller.actor, Action::Export, &of_class, now).is_ok()
            };
            let open: Vec<_> = facts.classes.iter().copied().filter(may).collect();
            facts.classes = open;
            if let Ok(allowed) = decide(rights, caller.actor, Action::Export, &facts, now) {
                let named = patient.iter().map(PatientId::key).chain(group.cloned());
                let id = trail.event_id();
                permits.push(allowed.naming(named).permit(&mut trail, id, now)?);
            }
        }
        Ok(permits)
    })
}

/// Every answer is limited to the person's own drawers.
fn in_own_drawers(caller: &Caller<'_>, mut classes: Vec<DataClass>) -> Vec<DataClass> {
    let drawers = caller.actor.drawers();
    classes.retain(|class| drawers.contains(&class.drawer()));
    classes
}

/// Whether the person may see social security numbers and their like.
pub(super) fn sees_identifiers(actor: &Actor) -> bool {
    let row = |role: &records::Role| Rights::built_in().row(*role, DataClass::Identifiers);
    actor.roles.iter().filter_map(row).any(|row| row.may.contains(&Action::Read))
}

fn facts(
    caller: &Caller<'_>,
    tx: &dyn Transaction,
    patient: Option<PatientId>,
    classes: Vec<DataClass>,
    relation: Relation,
) -> Result<Facts, StoreError> {
    let vip = patient.as_ref().map(|patient| tx.is_vip(patient)).transpose()?.unwrap_or(false);
    Ok(Facts { patient, classes, relation, vip, ..Facts::of_practice(caller.practice.row.id) })
}

fn relation(
    caller: &Caller<'_>,
    tx: &dyn Transaction,
    patient: Option<&PatientId>,
    author: Option<PersonId>,
    stated: Option<StatedReason>,
) -> Result<Relation, StoreError> {
    if author == Some(caller.actor.person) {
        return Ok(Relation::Author);
    }
    let Some(patient) = patient else { return Ok(Relation::None) };
    let until = tx.relation_until(caller.actor.person, patient, caller.now)?;
    let care = until.map(|until| Relation::Care { until });
    Ok(care.or(stated.map(Relation::Stated)).unwrap_or(Relation::None))
}
