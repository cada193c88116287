//! The documents of one chart, by type and by key, for views that look from one record to another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element;
use crate::document::Document;
use crate::id::{RecordKey, ResourceKind};
use crate::reference::Reference;

/// The documents of one chart, with those of the directory that they name.
#[derive(Debug, Clone)]
pub struct Chart<'a> {
    by_key: BTreeMap<&'a RecordKey, &'a Document>,
}

impl<'a> Chart<'a> {
    /// Looks over the documents; a key that is there twice counts once, as it came last.
    pub fn new(documents: impl IntoIterator<Item = &'a Document>) -> Self {
        Self { by_key: documents.into_iter().map(|document| (document.key(), document)).collect() }
    }

    /// One document.
    pub fn get(&self, key: &RecordKey) -> Option<&'a Document> {
        self.by_key.get(key).copied()
    }

    /// The documents of one type, by id.
    pub fn of_kind<'s>(&'s self, kind: &'s ResourceKind) -> impl Iterator<Item = &'a Document> + 's {
        self.by_key.values().copied().filter(move |document| document.kind() == kind)
    }

    /// All documents.
    pub fn documents(&self) -> impl Iterator<Item = &'a Document> + '_ {
        self.by_key.values().copied()
    }

    /// The name behind a reference element: its display, or that of the person, organization or place it names.
    pub(super) fn name_of(&self, element: &Value) -> Option<String> {
        element::text(element, "display").or_else(|| self.directory_name(element, 0))
    }

    fn directory_name(&self, element: &Value, depth: usize) -> Option<String> {
        let Reference::Record(key) = Reference::parse(element.get("reference")?.as_str()?) else {
            return None;
        };
        let value = self.get(&key)?.value();
        match key.kind.as_str() {
            "PractitionerRole" if depth == 0 => {
                let practitioner = value.get("practitioner")?;
                element::text(practitioner, "display").or_else(|| self.directory_name(practitioner, 1))
            }
            "Practitioner" | "Patient" | "RelatedPerson" => super::patient::person_name(value),
            _ => element::text(value, "name"),
        }
    }
}
