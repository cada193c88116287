//! A FHIR resource, kept as the JSON bytes it came as.
//!
//! `Document::parse` checks the whole text and reads only the few elements that every decision needs (type, id,
//! labels, category, whose it is). The JSON value is built when a view first asks for it, and kept; so a chart whose
//! billing half is never looked at costs half.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use crate::id::{PatientId, RecordKey, ResourceId, ResourceKind};
use crate::label::{Label, Labels};
use crate::reference::Reference;

/// Why bytes are not a document. No text of the document is repeated here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not UTF-8.
    #[error("the resource is not UTF-8 text")]
    NotText,
    /// Not JSON, or a top-level element is there twice or has the wrong type.
    #[error("the resource is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 1.
        column: usize,
    },
    /// Nested deeper than any resource needs.
    #[error("the resource is nested too deeply")]
    TooDeep,
    /// Larger than [`Document::MAX_BYTES`].
    #[error("the resource is too large")]
    TooLarge,
    /// `resourceType` is missing or no type name.
    #[error("the resource has no valid resourceType")]
    NoKind,
    /// `id` is missing or not a FHIR id.
    #[error("the resource has no valid id")]
    NoId,
}

/// A FHIR R4 resource: its bytes, and what was read from them. Cloning is cheap; it never changes.
#[derive(Clone)]
pub struct Document(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    key: RecordKey,
    patient: Option<PatientId>,
    labels: Labels,
    categories: Vec<String>,
    last_updated: Option<String>,
    value: OnceLock<Value>,
}

impl Document {
    /// Largest document in bytes; attachments live outside documents.
    pub const MAX_BYTES: usize = 4 << 20;

    /// Deepest nesting of objects and arrays; well below what the JSON reader refuses.
    pub const MAX_DEPTH: usize = 64;

    /// Takes the bytes of one resource.
    ///
    /// # Errors
    /// When they are not JSON text, or lack a valid type or id.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, DocumentError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(DocumentError::TooLarge);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| DocumentError::NotText)?;
        let surrogates = scan(&bytes)?;
        let head: Head = serde_json::from_str(text).map_err(|e| not_json(&e))?;
        let value = OnceLock::new();
        if surrogates {
            let parsed: Value = serde_json::from_str(text).map_err(|e| not_json(&e))?;
            drop(value.set(parsed));
        }
        let kind: ResourceKind =
            head.resource_type.as_deref().unwrap_or_default().parse().map_err(|_| DocumentError::NoKind)?;
        let id: ResourceId =
            head.id.as_deref().unwrap_or_default().parse().map_err(|_| DocumentError::NoId)?;
        let key = RecordKey { kind, id };
        let patient = head.patient(&key);
        let labels = head.labels();
        let categories = head.category.as_ref().map(category_codes).unwrap_or_default();
        let last_updated = head.meta.and_then(|meta| meta.last_updated);
        Ok(Self(Arc::new(Inner { bytes, key, patient, labels, categories, last_updated, value })))
    }

    /// Writes a JSON value down as a document, elements in the order they have.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let bytes = value.to_string().into_bytes();
        let document = Self::parse(bytes)?;
        drop(document.0.value.set(value));
        Ok(document)
    }

    /// The resource type.
    pub fn kind(&self) -> &ResourceKind {
        &self.0.key.kind
    }

    /// The logical id.
    pub fn id(&self) -> &ResourceId {
        &self.0.key.id
    }

    /// Type and id.
    pub fn key(&self) -> &RecordKey {
        &self.0.key
    }

    /// Whose record it is: the patient itself, or the one named by `subject`, `patient`, `beneficiary`,
    /// `individual`, `for`, an appointment's participant, or a provenance's `target`.
    pub fn patient(&self) -> Option<&PatientId> {
        self.0.patient.as_ref()
    }

    /// The bytes it came as.
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The security labels in `meta.security`.
    pub fn labels(&self) -> Labels {
        self.0.labels
    }

    /// Codes of the `category` element.
    pub fn categories(&self) -> &[String] {
        &self.0.categories
    }

    /// `meta.lastUpdated` as it was given.
    pub fn last_updated(&self) -> Option<&str> {
        self.0.last_updated.as_deref()
    }

    /// The JSON value, built at the first call.
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            serde_json::from_slice(&self.0.bytes).expect("parse() has checked these bytes to be JSON")
        })
    }

    /// The text of every `reference` element, in document order.
    pub fn references(&self) -> Vec<&str> {
        let mut found = Vec::new();
        collect_references(self.value(), &mut found);
        found
    }

    /// A new document with the change made; untouched elements keep their order and their digits.
    ///
    /// # Errors
    /// When the change leaves something that is no document.
    pub fn edit(&self, change: impl FnOnce(&mut Value)) -> Result<Self, DocumentError> {
        let mut value = self.value().clone();
        change(&mut value);
        Self::from_value(value)
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({}, {} bytes)", self.0.key, self.0.bytes.len())
    }
}

/// A document and the version the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The version, from 1; 0 for one that no server has seen yet.
    pub version: u64,
    /// The resource.
    pub document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    resource_type: Option<String>,
    id: Option<String>,
    meta: Option<Meta>,
    category: Option<Value>,
    subject: Option<Value>,
    patient: Option<Value>,
    beneficiary: Option<Value>,
    individual: Option<Value>,
    #[serde(rename = "for")]
    for_whom: Option<Value>,
    participant: Option<Value>,
    target: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    last_updated: Option<String>,
    #[serde(default)]
    security: Vec<Label>,
}

impl Head {
    fn patient(&self, key: &RecordKey) -> Option<PatientId> {
        if key.kind == ResourceKind::PATIENT {
            return Some(PatientId(key.id.clone()));
        }
        let target = self.target.as_ref().filter(|_| key.kind == ResourceKind::PROVENANCE);
        let named = [&self.subject, &self.patient, &self.beneficiary, &self.individual, &self.for_whom];
        let actors = self.participant.iter().flat_map(one_or_many).filter_map(|p| p.get("actor"));
        let named = named.into_iter().flatten().chain(target);
        named.flat_map(one_or_many).chain(actors).find_map(patient_of)
    }

    fn labels(&self) -> Labels {
        self.meta.iter().flat_map(|meta| &meta.security).collect()
    }
}

/// FHIR writes some of these elements once and some as a list, by type.
fn one_or_many(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn patient_of(element: &Value) -> Option<PatientId> {
    Reference::parse(element.get("reference")?.as_str()?).patient()
}

fn category_codes(category: &Value) -> Vec<String> {
    let mut codes = Vec::new();
    for item in one_or_many(category) {
        codes.extend(item.as_str().map(str::to_owned));
        let codings = item.get("coding").and_then(Value::as_array).into_iter().flatten();
        codes.extend(codings.filter_map(|c| c.get("code")?.as_str().map(str::to_owned)));
    }
    codes
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "reference" => found.push(text),
                    Some(_) | None => collect_references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One pass over the bytes for what the JSON reader does not check while it skips: how deep the text is nested, and
/// whether it may hold surrogate escapes (`\\ud8xx`), whose pairing is checked only when a value is built.
fn scan(bytes: &[u8]) -> Result<bool, DocumentError> {
    let (mut depth, mut surrogates, mut at) = (0_usize, false, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                while let Some(&inner) = bytes.get(at) {
                    at += 1;
                    match inner {
                        b'"' => break,
                        b'\\' => {
                            surrogates |= matches!(bytes.get(at..at + 2), Some([b'u', b'd' | b'D']));
                            at += 1;
                        }
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > Document::MAX_DEPTH {
                    return Err(DocumentError::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(surrogates)
}

fn not_json(error: &serde_json::Error) -> DocumentError {
    DocumentError::NotJson { line: error.line(), column: error.column() }
}
