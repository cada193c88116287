//! The row that stands for a record which may not be shown.

use serde_json::{Map, Value, json};

use crate::document::{Document, DocumentError};
use crate::label::OBSERVATION_VALUE;

/// A stub of the same type and id, saying whose it is and that it is masked, and nothing else. Its class is that of
/// its type, so it may lie where the record itself may not.
///
/// # Errors
/// As [`Document::from_value`]; a document that was read has no reason to fail.
pub fn masked(document: &Document) -> Result<Document, DocumentError> {
    let mut stub = Map::new();
    stub.insert("resourceType".into(), document.kind().as_str().into());
    stub.insert("id".into(), document.id().as_str().into());
    stub.insert("meta".into(), json!({"security": [{"system": OBSERVATION_VALUE, "code": "MASKED"}]}));
    for name in ["subject", "patient", "beneficiary"] {
        if let Some(reference) = document.value().get(name).and_then(|element| element.get("reference")) {
            stub.insert(name.into(), json!({"reference": reference}));
        }
    }
    if let Some(category) = document.categories().iter().find(|c| *c == "vital-signs") {
        stub.insert("category".into(), json!([{"coding": [{"code": category}]}]));
    }
    Document::from_value(Value::Object(stub))
}
