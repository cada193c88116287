//! A settled conflict: a `Provenance` that says who decided between two edits, when, of which records and changes.

use serde_json::{Value, json};

use super::Context;
use crate::document::{Document, DocumentError};
use crate::id::{ChangeId, RecordKey, ResourceId, ResourceKind};

/// How a `Provenance` names a change of ours (FHIR `Identifier.system`).
const CHANGE: &str = "urn:chartkeep:change";

/// A conflict that a person has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement<'a> {
    /// The new record's id.
    pub id: ResourceId,
    /// The records that were in conflict, as they stood or stand from now on; it is kept as closely as the first.
    pub records: &'a [&'a Document],
    /// The changes that were in conflict.
    pub changes: &'a [ChangeId],
}

impl Settlement<'_> {
    /// The record (HL7 FHIR R4 Provenance; activity ISO 21089 "merge").
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn document(&self, context: &Context) -> Result<Document, DocumentError> {
        let reference = |key: &RecordKey| json!({"reference": key.to_string()});
        let mut target: Vec<Value> = self.records.iter().map(|record| reference(record.key())).collect();
        target.push(reference(&context.patient.key()));
        let entity = |change: &ChangeId| json!({"role": "source", "what": {"identifier": {"system": CHANGE, "value": change.to_string()}}});
        let mut value = json!({
            "resourceType": ResourceKind::PROVENANCE.as_str(),
            "id": self.id.as_str(),
            "target": target,
            "recorded": context.at.to_string(),
            "activity": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
                "code": "merge",
                "display": "Merge Record Lifecycle Event",
            }]},
            "agent": [{"who": context.author()}],
            "entity": self.changes.iter().map(entity).collect::<Vec<_>>(),
        });
        let labels: Vec<Value> = self.records.iter().flat_map(|record| labels_of(record)).collect();
        if !labels.is_empty() {
            value["meta"] = json!({"security": labels});
        }
        Document::from_value(value)
    }
}

fn labels_of(document: &Document) -> Vec<Value> {
    let labels = document.value().get("meta").and_then(|meta| meta.get("security"));
    labels.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// What a `Provenance` of ours settles: the changes, and the records they were about. Nothing of any other record.
pub fn settled_by(document: &Document) -> Option<(Vec<ChangeId>, Vec<RecordKey>)> {
    if *document.kind() != ResourceKind::PROVENANCE {
        return None;
    }
    let value = document.value();
    let list = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
    let change = |entity: &Value| {
        let identifier = entity.get("what")?.get("identifier")?;
        let ours = identifier.get("system").and_then(Value::as_str) == Some(CHANGE);
        identifier.get("value")?.as_str().filter(|_| ours)?.parse().ok()
    };
    let changes: Vec<ChangeId> = list("entity").filter_map(change).collect();
    let record = |target: &Value| target.get("reference")?.as_str()?.parse().ok();
    let records = list("target").filter_map(record).collect();
    (!changes.is_empty()).then_some((changes, records))
}
