//! Putting resources into bundles: with their version and time, their links, and the highest label of what is inside.

use super::asking::Caller;
use super::permits::sees_identifiers;
use super::reply::{etag, instant};
use crate::store::FoundVersion;
use records::ResourceKind;
use records::search::is_confidential;
use serde_json::{Map, Value, json};

const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
/// The labels from open to closed.
const LABELS: [&str; 6] = ["U", "L", "M", "N", "R", "V"];

/// A Bundle while it is put together.
pub(super) struct Bundle {
    kind: &'static str,
    total: Option<u64>,
    links: Vec<Value>,
    entries: Vec<Value>,
}

impl Bundle {
    pub(super) fn of(kind: &'static str) -> Self {
        Self { kind, total: None, links: Vec::new(), entries: Vec::new() }
    }

    pub(super) fn total(&mut self, total: u64) {
        self.total = Some(total);
    }

    pub(super) fn link(&mut self, relation: &str, url: &str) {
        self.links.push(json!({ "relation": relation, "url": url }));
    }

    pub(super) fn entry(&mut self, entry: Value) {
        self.entries.push(entry);
    }

    pub(super) fn finish(self) -> Value {
        let mut bundle = Map::new();
        bundle.insert("resourceType".into(), "Bundle".into());
        if let Some(label) = highest_label(&self.entries) {
            let security = json!([{ "system": CONFIDENTIALITY, "code": label }]);
            bundle.insert("meta".into(), json!({ "security": security }));
        }
        bundle.insert("type".into(), self.kind.into());
        if let Some(total) = self.total {
            bundle.insert("total".into(), total.into());
        }
        if !self.links.is_empty() {
            bundle.insert("link".into(), self.links.into());
        }
        if !self.entries.is_empty() {
            bundle.insert("entry".into(), self.entries.into());
        }
        bundle.into()
    }
}

/// A record as it is shown: with its version and when that arrived, and without numbers that open more than a chart
/// where the person's roles do not show them.
pub(super) fn shown(caller: &Caller<'_>, found: &FoundVersion) -> Option<Value> {
    let document = found.document.as_ref()?;
    let mut resource = document.value().clone();
    let is_less = found.key.kind == ResourceKind::PATIENT
        && !sees_identifiers(caller.actor)
        && without_confidential(&mut resource);
    let members = resource.as_object_mut()?;
    let mut meta = members.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
    meta.insert("versionId".into(), found.version.to_string().into());
    meta.insert("lastUpdated".into(), instant(found.received_at).into());
    if is_less {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
        let tag = json!({ "system": system, "code": "SUBSETTED" });
        match meta.get_mut("tag").and_then(Value::as_array_mut) {
            Some(tags) => tags.push(tag),
            None => drop(meta.insert("tag".into(), json!([tag]))),
        }
    }
    members.insert("meta".into(), meta.into());
    Some(resource)
}

/// The address of a record.
pub(super) fn full_url(caller: &Caller<'_>, found: &FoundVersion) -> String {
    format!("{}/{}", caller.base, found.key)
}

/// An entry of a history: what was done, and the resource as it was from then on.
pub(super) fn history_entry(caller: &Caller<'_>, found: &FoundVersion) -> Value {
    let mut entry = Map::new();
    entry.insert("fullUrl".into(), full_url(caller, found).into());
    let resource = shown(caller, found);
    let (method, status) = match (&resource, found.version) {
        (None, _) => ("DELETE", "204"),
        (Some(_), 1) => ("PUT", "201"),
        (Some(_), _) => ("PUT", "200"),
    };
    if let Some(resource) = resource {
        entry.insert("resource".into(), resource);
    }
    entry.insert("request".into(), json!({ "method": method, "url": found.key.to_string() }));
    let modified = instant(found.received_at);
    let response = json!({ "status": status, "etag": etag(found.version), "lastModified": modified });
    entry.insert("response".into(), response);
    entry.into()
}

/// True where something was taken out.
fn without_confidential(patient: &mut Value) -> bool {
    let Some(identifiers) = patient.get_mut("identifier").and_then(Value::as_array_mut) else {
        return false;
    };
    let before = identifiers.len();
    identifiers.retain(|identifier| !is_confidential(identifier));
    let (left, is_less) = (identifiers.len(), identifiers.len() < before);
    if left == 0
        && let Some(members) = patient.as_object_mut()
    {
        // FHIR has no empty list.
        members.shift_remove("identifier");
    }
    is_less
}

/// The highest confidentiality of what is in the entries, so that a bundle is handled as closely as its content.
fn highest_label(entries: &[Value]) -> Option<&'static str> {
    let security = |entry: &Value| entry.get("resource")?.get("meta")?.get("security")?.as_array().cloned();
    let labels = entries.iter().filter_map(security).flatten();
    let rank = |label: &Value| {
        let is_ours = label.get("system").and_then(Value::as_str) == Some(CONFIDENTIALITY);
        let code = label.get("code").and_then(Value::as_str).filter(|_| is_ours)?;
        LABELS.iter().position(|known| *known == code)
    };
    labels.filter_map(|label| rank(&label)).max().and_then(|rank| LABELS.get(rank).copied())
}
