//! How one record points at another: the text in a FHIR `reference` element, taken apart.

use crate::id::{PatientId, RecordKey, ResourceKind};

/// Where a FHIR reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A record by type and id; an absolute address and a version at its end are dropped.
    Record(RecordKey),
    /// `urn:uuid:…` or `urn:oid:…`, meaningful only inside one bundle.
    Urn(&'a str),
    /// `#…`: a resource contained in the same document.
    Contained(&'a str),
    /// Anything else, such as a conditional reference.
    Other(&'a str),
}

impl<'a> Reference<'a> {
    /// Takes the text of a reference apart; nothing is looked up.
    pub fn parse(text: &'a str) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Reference::Contained(id);
        }
        if text.starts_with("urn:") {
            return Reference::Urn(text);
        }
        record_key(text).map_or(Reference::Other(text), Reference::Record)
    }

    /// The patient, if that is where the reference leads.
    pub fn patient(self) -> Option<PatientId> {
        match self {
            Reference::Record(key) if key.kind == ResourceKind::PATIENT => Some(PatientId(key.id)),
            Reference::Record(_) | Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
        }
    }
}

fn record_key(text: &str) -> Option<RecordKey> {
    let unversioned = text.split_once("/_history/").map_or(text, |(before, _)| before);
    let (rest, id) = unversioned.rsplit_once('/')?;
    let kind = rest.rsplit_once('/').map_or(rest, |(_, kind)| kind);
    Some(RecordKey { kind: kind.parse().ok()?, id: id.parse().ok()? })
}
