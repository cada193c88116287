//! `_include` and `_revinclude`: what stands beside the matches, within the same rows as if it were searched for by itself.

use super::asked::Search;
use super::asking::{Ask, Caller};
use super::permits::{self, Opened};
use super::reply::Trouble;
use crate::store::{self, FoundVersion, IndexCondition, IndexTest, RecordQuery};
use records::ResourceKind;
use records::class::known_kinds;
use records::id::{PatientId, RecordKey, ResourceId};
use records::rights::Permit;
use records::search::{ParameterKind, Term, index_of, parameters, patient_parameters};
use std::borrow::Cow;

/// The most records that stand beside the matches of a page.
const MOST: usize = 1_000;

/// What shall stand beside the matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Include {
    /// Whose they are.
    Patients,
    /// What this parameter of theirs refers to.
    Referred(&'static str),
    /// Records of another type that are about the patients that were found.
    AboutPatients(ResourceKind),
    /// Records of another type whose parameter refers to what was found.
    Referring(ResourceKind, &'static str),
}

/// What was found beside the matches.
#[derive(Default)]
pub(super) struct Included {
    pub(super) records: Vec<FoundVersion>,
    /// Whether something of it is not for this person, or more than can be shown.
    pub(super) is_less: bool,
}

/// Every `_include` that a search of this type knows.
pub(super) fn includes(kind: &ResourceKind) -> Vec<String> {
    let patients = patient_parameters(kind).iter().copied();
    patients.chain(references(kind)).map(|name| format!("{kind}:{name}")).collect()
}

/// Every `_revinclude` that a search of this type knows.
pub(super) fn reverse_includes(kind: &ResourceKind) -> Vec<String> {
    let all = known_kinds().filter_map(|other| other.parse::<ResourceKind>().ok());
    let of = |other: ResourceKind| {
        let patients = patient_parameters(&other).iter().copied().filter(|_| *kind == ResourceKind::PATIENT);
        let encounters = references(&other).filter(|name| may_refer(name, kind));
        patients.chain(encounters).map(|name| format!("{other}:{name}")).collect::<Vec<_>>()
    };
    all.flat_map(of).collect()
}

impl Include {
    /// Reads the value of `_include`, or of `_revinclude`; `None` where there is no such reference.
    pub(super) fn of(kind: &ResourceKind, value: &str, is_reverse: bool) -> Option<Self> {
        let mut parts = value.split(':');
        let (source, name, target) = (parts.next()?, parts.next()?, parts.next());
        let source: ResourceKind = source.parse().ok()?;
        let is_of_patient = patient_parameters(&source).contains(&name);
        let reference = references(&source).find(|known| *known == name);
        if parts.next().is_some() {
            return None;
        }
        if is_reverse {
            // The target is what is searched for.
            return match reference {
                _ if target.is_some_and(|target| target != kind.as_str()) => None,
                _ if is_of_patient && *kind == ResourceKind::PATIENT => Some(Self::AboutPatients(source)),
                Some(name) if may_refer(name, kind) => Some(Self::Referring(source, name)),
                Some(_) | None => None,
            };
        }
        let is_target = |wanted: &str| target.is_none_or(|target| target == wanted);
        match reference {
            _ if source != *kind => None,
            _ if is_of_patient => is_target("Patient").then_some(Self::Patients),
            Some(name) => (name != "encounter" || is_target("Encounter")).then_some(Self::Referred(name)),
            None => None,
        }
    }
}

/// Finds what stands beside the matches of a page: each record once, and none that is a match.
pub(super) fn beside(
    caller: &Caller<'_>,
    ask: &Ask,
    search: &Search,
    permit: &Permit,
    matches: &[FoundVersion],
) -> Result<Included, Trouble> {
    let mut included = Included::default();
    for include in &search.includes {
        for query in queries(caller, include, matches) {
            let Some(kind) = query.kind.clone() else { continue };
            let own = match &search.patient {
                // A chart was opened for the records of one type; these are others.
                Some(patient) => {
                    match permits::of_patient(caller, patient, Some(&kind), ask.conditions.reason)? {
                        Opened::Permit { permit, masks } => {
                            included.is_less |= masks;
                            Some(permit)
                        }
                        Opened::Refused(_) => {
                            included.is_less = true;
                            continue;
                        }
                    }
                }
                None => None,
            };
            let permit = own.as_deref().unwrap_or(permit);
            let found = store::read(caller.practice.store.as_ref(), |tx| tx.find(permit, &query))?;
            for record in found {
                let is_new = |known: &FoundVersion| known.key != record.key;
                if included.records.len() == MOST {
                    included.is_less = true;
                } else if matches.iter().chain(&included.records).all(is_new) {
                    included.records.push(record);
                }
            }
        }
    }
    Ok(included)
}

fn queries(caller: &Caller<'_>, include: &Include, matches: &[FoundVersion]) -> Vec<RecordQuery> {
    // One more than may be shown says whether there is more.
    let most = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
    let of = |kind: &ResourceKind| RecordQuery::of(Some(kind.clone()), most, caller.now);
    match include {
        Include::Patients => {
            let ids = super::searching::patients_of(matches).into_iter().map(|patient| patient.0).collect();
            by_ids(&of, &ResourceKind::PATIENT, ids)
        }
        Include::Referred(name) => {
            let mut keys: Vec<RecordKey> = Vec::new();
            for key in matches.iter().flat_map(|record| referred(record, name)) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            let mut kinds: Vec<ResourceKind> = keys.iter().map(|key| key.kind.clone()).collect();
            kinds.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            kinds.dedup();
            let of_kind = |kind: ResourceKind| {
                let ids = keys.iter().filter(|key| key.kind == kind).map(|key| key.id.clone()).collect();
                by_ids(&of, &kind, ids)
            };
            kinds.into_iter().flat_map(of_kind).collect()
        }
        Include::AboutPatients(kind) => {
            let patients = matches.iter().map(|record| PatientId(record.key.id.clone()));
            patients.map(|patient| RecordQuery { patient: Some(patient), ..of(kind) }).collect()
        }
        Include::Referring(kind, name) if !matches.is_empty() => {
            let refers = |record: &FoundVersion| {
                let test = IndexTest::Is(record.key.to_string().into_bytes());
                vec![IndexCondition { parameter: Cow::Borrowed(name), test }]
            };
            vec![RecordQuery { groups: vec![matches.iter().map(refers).collect()], ..of(kind) }]
        }
        Include::Referring(..) => Vec::new(),
    }
}

fn by_ids(
    of: &dyn Fn(&ResourceKind) -> RecordQuery,
    kind: &ResourceKind,
    ids: Vec<ResourceId>,
) -> Vec<RecordQuery> {
    if ids.is_empty() { Vec::new() } else { vec![RecordQuery { ids, ..of(kind) }] }
}

/// What a record refers to by a parameter, as the index has it.
fn referred(record: &FoundVersion, name: &str) -> Vec<RecordKey> {
    let Some(document) = &record.document else { return Vec::new() };
    let rows = index_of(document).into_iter().filter(|row| row.parameter == name);
    let keys = rows.filter_map(|row| match row.term {
        Term::Clear(bytes) => String::from_utf8(bytes).ok()?.parse().ok(),
        Term::Keyed(_) => None,
    });
    keys.collect()
}

fn references(kind: &ResourceKind) -> impl Iterator<Item = &'static str> + use<> {
    let known = parameters(kind).iter().filter(|parameter| parameter.kind == ParameterKind::Reference);
    known.map(|parameter| parameter.name)
}

/// An encounter is referred to as such; what a provenance is of may be anything.
fn may_refer(name: &str, kind: &ResourceKind) -> bool {
    name != "encounter" || kind.as_str() == "Encounter"
}
