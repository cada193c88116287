//! Groups of patients: FHIR `Group` resources, and who of their members counts at a moment.

use crate::fhir::asking::{Caller, Interaction};
use crate::fhir::permits;
use crate::fhir::reply::Trouble;
use crate::store;
use jiff::Timestamp;
use records::Document;
use records::id::{PatientId, RecordKey};
use records::reference::Reference;
use records::rights::{Permit, StatedReason};
use records::search::Range;
use serde_json::Value;
use std::collections::BTreeSet;

/// The version of a group whose members are to be taken out.
///
/// # Errors
/// When the person is to find no such group, or it is none of patients.
pub(super) fn find(
    caller: &Caller<'_>,
    group: &RecordKey,
    stated: Option<StatedReason>,
) -> Result<u64, Trouble> {
    let permit = permit(caller, group, stated)?;
    let found = store::read(caller.practice.store.as_ref(), |tx| tx.current(&permit, group))?;
    let found = found.ok_or(Trouble::not_found())?;
    if is_of_patients(&found.document) { Ok(found.version) } else { Err(not_of_patients()) }
}

/// The members of a version of a group at a moment, in the order of their ids.
///
/// # Errors
/// When the person is to find no such group any more.
pub(super) fn members(
    caller: &Caller<'_>,
    (group, version): (&RecordKey, u64),
    at: Timestamp,
    stated: Option<StatedReason>,
) -> Result<Vec<PatientId>, Trouble> {
    let permit = permit(caller, group, stated)?;
    let found = store::read(caller.practice.store.as_ref(), |tx| tx.at_version(&permit, group, version))?;
    Ok(members_of(&found.ok_or(Trouble::not_found())?.document, at))
}

fn permit(caller: &Caller<'_>, group: &RecordKey, stated: Option<StatedReason>) -> Result<Permit, Trouble> {
    // Whose records come shows who is a member.
    let reads = Interaction::Read(group.clone());
    if caller.scopes.is_some_and(|scopes| !scopes.allow(&reads)) {
        super::refuse_scope(caller)?;
    }
    permits::of_group(caller, group, stated)?.ok_or(Trouble::not_found())
}

/// Of people who are there, and in use; one that only describes who would be in it has no members.
fn is_of_patients(group: &Document) -> bool {
    let value = group.value();
    let is = |name: &str| value.get(name).and_then(Value::as_bool);
    value.get("type").and_then(Value::as_str) == Some("person")
        && is("actual") == Some(true)
        && is("active") != Some(false)
}

fn members_of(group: &Document, at: Timestamp) -> Vec<PatientId> {
    let members = group.value().get("member").and_then(Value::as_array).into_iter().flatten();
    let members = members.filter(|member| counts(member, at.as_millisecond()));
    let patient =
        |member: &Value| Reference::parse(member.get("entity")?.get("reference")?.as_str()?).patient();
    let patients: BTreeSet<PatientId> = members.filter_map(patient).collect();
    patients.into_iter().collect()
}

/// Whether a member is one at this time; where that cannot be read it is none.
fn counts(member: &Value, at: i64) -> bool {
    let is_inactive = member.get("inactive").is_some_and(|inactive| *inactive != Value::Bool(false));
    let edge = |name: &str| member.get("period").and_then(|period| period.get(name));
    let span = |edge: &Value| edge.as_str().and_then(Range::of);
    let has_begun = edge("start").is_none_or(|start| span(start).is_some_and(|span| span.first <= at));
    let goes_on = edge("end").is_none_or(|end| span(end).is_some_and(|span| span.last >= at));
    !is_inactive && has_begun && goes_on
}

const fn not_of_patients() -> Trouble {
    Trouble::Outcome {
        status: 422,
        issue: "business-rule",
        text: "This Group is not one of patients that can be exported.",
        advice: "It has to be in use, with type person and actual true; its members are references to patients.",
    }
}
