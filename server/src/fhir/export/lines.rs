//! The lines of one file of an export, read while they are fetched.

use super::Export;
use crate::fhir::asking::Caller;
use crate::fhir::bundle::shown;
use crate::fhir::permits;
use crate::fhir::reply::Trouble;
use crate::store::{self, FoundVersion, RecordQuery, Versions};
use bytes::Bytes;
use records::ResourceKind;
use records::id::PatientId;
use records::rights::Permit;
use records::search::Range;

/// Patients who are decided on in one unit of work: whoever writes meanwhile waits for no longer than these take.
const AT_ONCE: u32 = 50;
/// Records that are read at once.
const PAGE: u32 = 500;
/// About so many bytes go out at once.
const CHUNK: usize = 64 << 10;

/// Writes the lines of a file; `send` says whether somebody still takes them.
///
/// # Errors
/// When the store fails or the person may list no patients.
pub(crate) fn write_lines(
    caller: &Caller<'_>,
    export: &Export,
    kind: &ResourceKind,
    send: &mut dyn FnMut(Bytes) -> bool,
) -> Result<(), Trouble> {
    let terms = format!("Patient/$export?_type={kind}");
    let list = permits::of_list(caller, terms.as_bytes())?.ok_or_else(Trouble::not_allowed)?;
    let mut chunk = Vec::new();
    let mut before = None;
    loop {
        let patients = page(caller, &list, &query(export, &ResourceKind::PATIENT, None, before, AT_ONCE))?;
        let ids: Vec<_> = patients.iter().map(|found| PatientId(found.key.id.clone())).collect();
        for permit in permits::to_export(caller, kind, &ids)? {
            let mut before = None;
            loop {
                let query = query(export, kind, permit.patient().cloned(), before, PAGE);
                let found = page(caller, &permit, &query)?;
                for record in &found {
                    let Some(resource) = shown(caller, record).filter(|_| arrived(export, record)) else {
                        continue;
                    };
                    chunk.extend_from_slice(resource.to_string().as_bytes());
                    chunk.push(b'\n');
                    if chunk.len() >= CHUNK && !send(std::mem::take(&mut chunk).into()) {
                        return Ok(());
                    }
                }
                before = found.last().map(|record| record.seq);
                if found.len() < PAGE as usize {
                    break;
                }
            }
        }
        before = patients.last().map(|found| found.seq);
        if patients.len() < AT_ONCE as usize {
            break;
        }
    }
    if !chunk.is_empty() {
        send(chunk.into());
    }
    Ok(())
}

/// What stood at the moment of the export, newest first.
fn query(
    export: &Export,
    kind: &ResourceKind,
    patient: Option<PatientId>,
    before: Option<u64>,
    most: u32,
) -> RecordQuery {
    let at = export.at.as_millisecond();
    RecordQuery {
        patient,
        versions: Versions::At(Range { first: at, last: at }),
        before,
        ..RecordQuery::of(Some(kind.clone()), most, export.at)
    }
}

fn page(caller: &Caller<'_>, permit: &Permit, query: &RecordQuery) -> Result<Vec<FoundVersion>, Trouble> {
    Ok(store::read(caller.practice.store.as_ref(), |tx| tx.find(permit, query))?)
}

/// Whether a record arrived since the time that was asked for.
fn arrived(export: &Export, record: &FoundVersion) -> bool {
    export.since.is_none_or(|since| record.received_at.as_millisecond() >= since)
}
