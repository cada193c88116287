//! A note: a `DocumentReference` whose attachment is plain text. A signed note is never edited, only added to.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::Context;
use crate::document::{Document, DocumentError};
use crate::id::{RecordKey, ResourceId, ResourceKind};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteForm {
    /// The note's id, new or old.
    pub id: ResourceId,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Whether it is to be signed.
    pub sign: bool,
    /// The signed note that this one adds to.
    pub appends: Option<RecordKey>,
}

/// Why a note cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// There is no text.
    #[error("the note has no text")]
    Empty,
    /// More text than [`NoteForm::MOST_CHARACTERS`].
    #[error("the note is too long")]
    TooLong,
    /// It has been signed; it can only be added to.
    #[error("the note is signed and can only be added to")]
    Signed,
    /// The note to be revised is another record.
    #[error("this is another note")]
    AnotherNote,
    /// It cannot be written down.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl NoteForm {
    /// Longest note in characters.
    pub const MOST_CHARACTERS: usize = 200_000;

    /// A new note.
    ///
    /// # Errors
    /// Without text, or with too much.
    pub fn document(&self, context: &Context) -> Result<Document, NoteError> {
        self.check()?;
        let mut note = Map::new();
        note.insert("resourceType".into(), ResourceKind::DOCUMENT_REFERENCE.as_str().into());
        note.insert("id".into(), self.id.as_str().into());
        note.insert("status".into(), "current".into());
        note.insert("docStatus".into(), self.doc_status().into());
        note.insert("type".into(), coded("http://loinc.org", "34109-9", "Note"));
        let category = coded(
            "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
            "clinical-note",
            "Clinical Note",
        );
        note.insert("category".into(), json!([category]));
        note.insert("subject".into(), context.subject());
        note.insert("date".into(), context.at.to_string().into());
        note.insert("author".into(), json!([context.author()]));
        if self.sign {
            note.insert("authenticator".into(), context.author());
        }
        if let Some(target) = &self.appends {
            note.insert(
                "relatesTo".into(),
                json!([{"code": "appends", "target": {"reference": target.to_string()}}]),
            );
        }
        note.insert("content".into(), self.content(context));
        if let Some(encounter) = context.encounter() {
            note.insert("context".into(), json!({"encounter": [encounter]}));
        }
        Ok(Document::from_value(Value::Object(note))?)
    }

    /// The next version of a note that is not signed yet.
    ///
    /// # Errors
    /// When it is signed, is another record, or the text will not do.
    pub fn revise(&self, note: &Document, context: &Context) -> Result<Document, NoteError> {
        self.check()?;
        if *note.id() != self.id || *note.kind() != ResourceKind::DOCUMENT_REFERENCE {
            return Err(NoteError::AnotherNote);
        }
        if note.value().get("docStatus").and_then(Value::as_str) != Some("preliminary") {
            return Err(NoteError::Signed);
        }
        Ok(note.edit(|value| {
            value["docStatus"] = self.doc_status().into();
            value["date"] = context.at.to_string().into();
            value["content"] = self.content(context);
            if self.sign {
                value["authenticator"] = context.author();
            }
        })?)
    }

    fn check(&self) -> Result<(), NoteError> {
        if self.text.trim().is_empty() {
            return Err(NoteError::Empty);
        }
        if self.text.chars().count() > Self::MOST_CHARACTERS {
            return Err(NoteError::TooLong);
        }
        Ok(())
    }

    fn doc_status(&self) -> &'static str {
        if self.sign { "final" } else { "preliminary" }
    }

    fn content(&self, context: &Context) -> Value {
        let title = if self.title.trim().is_empty() { "Note" } else { self.title.trim() };
        json!([{"attachment": {
            "contentType": "text/plain; charset=utf-8",
            "data": BASE64_STANDARD.encode(&self.text),
            "title": title,
            "creation": context.at.to_string(),
        }}])
    }
}

/// Whether a note is one that somebody has signed, so that it is never edited.
pub fn signed_note(document: &Document) -> bool {
    *document.kind() == ResourceKind::DOCUMENT_REFERENCE
        && document.value().get("docStatus").and_then(Value::as_str) != Some("preliminary")
}

/// A version of a note that was not taken, as a note of its own beside the one that stands. It keeps its author and words, and
/// nobody has signed it: a signature holds for what was signed, not for a copy that another may have made.
///
/// # Errors
/// When it cannot be written down.
pub fn note_of_its_own(
    note: &Document,
    id: ResourceId,
    beside: &RecordKey,
) -> Result<Document, DocumentError> {
    note.edit(|value| {
        value["id"] = id.as_str().into();
        value["docStatus"] = "preliminary".into();
        value["relatesTo"] = json!([{"code": "appends", "target": {"reference": beside.to_string()}}]);
        if let Some(members) = value.as_object_mut() {
            members.shift_remove("authenticator");
        }
    })
}

fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": display}], "text": display})
}
