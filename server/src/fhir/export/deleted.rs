//! What was deleted since the time that an export asks for: bundles that say it as requests, a line each.

use super::Of;
use super::lines::{Lines, Writing};
use crate::fhir::permits;
use crate::fhir::reply::Trouble;
use crate::store::{self, FoundVersion, RecordQuery, Versions};
use records::DataClass;
use records::id::{PatientId, RecordKey, ResourceKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Deletions that are decided on in one unit of work, and stand in one bundle.
const AT_ONCE: u32 = 100;

/// Writes the bundles; false when nobody takes them any more.
pub(super) fn write(writing: &Writing<'_>, lines: &mut Lines<'_>) -> Result<bool, Trouble> {
    let export = &writing.file.export;
    for kind in export.kinds() {
        let mut before = None;
        loop {
            let at = export.at.as_millisecond();
            let query = RecordQuery {
                versions: Versions::DeletedAt(at),
                received: (export.since, None),
                before,
                ..RecordQuery::of(Some(kind.clone()), AT_ONCE, export.at)
            };
            let found = writing.page(&writing.list, &query)?;
            let allowed = allowed(writing, &found)?;
            if !allowed.is_empty() && !lines.add(&bundle(&allowed)) {
                return Ok(false);
            }
            before = found.last().map(|deleted| deleted.seq);
            if found.len() < AT_ONCE as usize {
                break;
            }
        }
    }
    let erased = erased(writing)?;
    Ok(erased.chunks(AT_ONCE as usize).all(|some| lines.add(&bundle(some))))
}

/// Those of which the person may hear, with an event for each patient.
fn allowed(writing: &Writing<'_>, found: &[FoundVersion]) -> Result<Vec<RecordKey>, Trouble> {
    let mut classes: BTreeMap<Option<PatientId>, Vec<DataClass>> = BTreeMap::new();
    for deleted in found {
        let is_reached = match &deleted.patient {
            Some(patient) => writing.reaches(patient),
            None => writing.file.export.of == Of::All,
        };
        if is_reached {
            classes.entry(deleted.patient.clone()).or_default().push(deleted.class);
        }
    }
    let subjects: Vec<_> = classes.keys().cloned().collect();
    let permits = permits::to_export(writing.caller, writing.group.as_ref(), &subjects, &|_, patient| {
        Ok(classes.get(&patient.cloned()).cloned().unwrap_or_default())
    })?;
    let may = |deleted: &&FoundVersion| {
        let of = |patient: Option<&PatientId>| patient == deleted.patient.as_ref();
        permits.iter().any(|permit| of(permit.patient()) && permit.classes().contains(deleted.class))
    };
    Ok(found.iter().filter(may).map(|deleted| deleted.key.clone()).collect())
}

/// Patients who were erased: of their records nothing is left that could say more.
fn erased(writing: &Writing<'_>) -> Result<Vec<RecordKey>, Trouble> {
    let export = &writing.file.export;
    let is_asked = export.kinds().any(|kind| kind == ResourceKind::PATIENT)
        && permits::exports(writing.caller.actor, DataClass::Demographics);
    let Some(since) = export.since.filter(|_| is_asked) else { return Ok(Vec::new()) };
    let rows = store::read(writing.caller.practice.store.as_ref(), |tx| tx.erasures())?;
    let is_here = |at: i64| at >= since && at <= export.at.as_millisecond();
    let rows =
        rows.iter().filter(|row| is_here(row.agreed.1.as_millisecond()) && writing.reaches(&row.patient));
    Ok(rows.map(|row| row.patient.key()).collect())
}

fn bundle(deleted: &[RecordKey]) -> Value {
    let entry = |key: &RecordKey| json!({ "request": { "method": "DELETE", "url": key.to_string() } });
    let entries: Vec<_> = deleted.iter().map(entry).collect();
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries })
}
