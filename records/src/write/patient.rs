//! Edits of a patient's own record.

use serde_json::{Value, json};

use crate::document::{Document, DocumentError};
use crate::view::RECORD_NUMBER;

/// Gives a patient a short record number, in place of one of ours that was there.
///
/// # Errors
/// As [`Document::edit`].
pub fn with_record_number(patient: &Document, number: &str) -> Result<Document, DocumentError> {
    patient.edit(|value| {
        let identifier = json!({
            "use": "usual",
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
            "system": RECORD_NUMBER,
            "value": number,
        });
        let Some(members) = value.as_object_mut() else { return };
        match members.get_mut("identifier").and_then(Value::as_array_mut) {
            Some(identifiers) => {
                identifiers.retain(|i| i.get("system").and_then(Value::as_str) != Some(RECORD_NUMBER));
                identifiers.push(identifier);
            }
            None => drop(members.insert("identifier".into(), json!([identifier]))),
        }
    })
}
