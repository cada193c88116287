//! The lines of one file of an export, read while they are fetched.

use super::{File, Of, Wanted};
use crate::fhir::asking::Caller;
use crate::fhir::bundle::shown;
use crate::fhir::permits;
use crate::fhir::reply::Trouble;
use crate::store::{self, FoundVersion, RecordQuery, Versions};
use bytes::Bytes;
use records::id::{PatientId, RecordKey, ResourceKind};
use records::rights::Permit;
use records::search::Range;
use serde_json::Value;

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
    file: &File,
    send: &mut dyn FnMut(Bytes) -> bool,
) -> Result<(), Trouble> {
    let name = match &file.wanted {
        Wanted::Kind(kind) => kind.as_str(),
        Wanted::Deleted => super::DELETED,
    };
    let terms = format!("{}?_type={name}", file.export.of.path());
    let list = permits::of_list(caller, terms.as_bytes())?.ok_or_else(Trouble::not_allowed)?;
    let writing = Writing { caller, file, list, group: file.export.of.group()? };
    let mut lines = Lines { waiting: Vec::new(), send };
    let is_whole = match &file.wanted {
        Wanted::Kind(kind) => writing.records(kind, &mut lines)?,
        Wanted::Deleted => super::deleted::write(&writing, &mut lines)?,
    };
    if is_whole {
        lines.end();
    }
    Ok(())
}

/// What goes out, some lines at a time.
pub(super) struct Lines<'a> {
    waiting: Vec<u8>,
    send: &'a mut dyn FnMut(Bytes) -> bool,
}

impl Lines<'_> {
    /// False when nobody takes them any more.
    pub(super) fn add(&mut self, resource: &Value) -> bool {
        self.waiting.extend_from_slice(resource.to_string().as_bytes());
        self.waiting.push(b'\n');
        self.waiting.len() < CHUNK || (self.send)(std::mem::take(&mut self.waiting).into())
    }

    fn end(self) {
        if !self.waiting.is_empty() {
            (self.send)(self.waiting.into());
        }
    }
}

/// A file that is being written.
pub(super) struct Writing<'a> {
    pub(super) caller: &'a Caller<'a>,
    pub(super) file: &'a File,
    /// To look for what there is; what goes out has a permit of its own.
    pub(super) list: Permit,
    pub(super) group: Option<RecordKey>,
}

impl Writing<'_> {
    /// The records of a type; false when nobody takes them any more.
    fn records(&self, kind: &ResourceKind, lines: &mut Lines<'_>) -> Result<bool, Trouble> {
        if let Some(members) = &self.file.members {
            for some in members.chunks(AT_ONCE as usize) {
                if !self.records_of(kind, some.iter().cloned().map(Some).collect(), lines)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let mut before = None;
        loop {
            let of_patients = RecordQuery { before, ..self.standing(&ResourceKind::PATIENT, AT_ONCE) };
            let patients = self.page(&self.list, &of_patients)?;
            let ids = patients.iter().map(|found| Some(PatientId(found.key.id.clone()))).collect();
            if !self.records_of(kind, ids, lines)? {
                return Ok(false);
            }
            before = patients.last().map(|found| found.seq);
            if patients.len() < AT_ONCE as usize {
                break;
            }
        }
        Ok(self.file.export.of != Of::All || self.records_of(kind, vec![None], lines)?)
    }

    /// Those of these patients, or of nobody.
    fn records_of(
        &self,
        kind: &ResourceKind,
        subjects: Vec<Option<PatientId>>,
        lines: &mut Lines<'_>,
    ) -> Result<bool, Trouble> {
        let permits =
            permits::to_export(self.caller, self.group.as_ref(), &subjects, &|tx, patient| match patient {
                Some(patient) => tx.classes_of(patient, Some(kind)),
                None => tx.classes_of_nobody(kind),
            })?;
        for permit in permits {
            let mut before = None;
            loop {
                let patient = permit.patient().cloned();
                let of_nobody = patient.is_none();
                let received = (self.file.export.since, None);
                let query = RecordQuery { patient, of_nobody, received, before, ..self.standing(kind, PAGE) };
                let found = self.page(&permit, &query)?;
                for resource in found.iter().filter_map(|record| shown(self.caller, record)) {
                    if !lines.add(&resource) {
                        return Ok(false);
                    }
                }
                before = found.last().map(|record| record.seq);
                if found.len() < PAGE as usize {
                    break;
                }
            }
        }
        Ok(true)
    }

    /// What stood at the moment of the export, newest first.
    fn standing(&self, kind: &ResourceKind, most: u32) -> RecordQuery {
        let at = self.file.export.at.as_millisecond();
        let versions = Versions::At(Range { first: at, last: at });
        RecordQuery { versions, ..RecordQuery::of(Some(kind.clone()), most, self.file.export.at) }
    }

    /// Whether a patient is one of those that the export is of.
    pub(super) fn reaches(&self, patient: &PatientId) -> bool {
        self.file.members.as_ref().is_none_or(|members| members.binary_search(patient).is_ok())
    }

    pub(super) fn page(&self, permit: &Permit, query: &RecordQuery) -> Result<Vec<FoundVersion>, Trouble> {
        Ok(store::read(self.caller.practice.store.as_ref(), |tx| tx.find(permit, query))?)
    }
}
