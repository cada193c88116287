//! What a form becomes: documents made from what was typed, after it was checked. Ids and times come in as arguments.

mod attachment;
mod decimal;
mod mask;
mod note;
mod patient;
mod settlement;
mod vitals;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::id::{PatientId, PersonId, ResourceId};

pub use attachment::{Attached, FileError, FileForm, SealedFile, attached};
pub use decimal::{Decimal, NotADecimal};
pub use mask::masked;
pub use note::{NoteError, NoteForm, note_of_its_own, signed_note};
pub use patient::with_record_number;
pub use settlement::{Settlement, settled_by};
pub use vitals::{Field, Known, LengthUnit, TemperatureUnit, VitalsError, VitalsForm, WeightUnit};

/// Of whom, by whom and when something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The patient.
    pub patient: PatientId,
    /// The encounter it belongs to, if any.
    pub encounter: Option<ResourceId>,
    /// Who writes.
    pub author: PersonId,
    /// Their name as it is shown beside what they wrote.
    pub author_name: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl Context {
    fn subject(&self) -> Value {
        json!({"reference": self.patient.key().to_string()})
    }

    fn author(&self) -> Value {
        let reference = format!("Practitioner/{}", self.author);
        match &self.author_name {
            Some(name) => json!({"reference": reference, "display": name}),
            None => json!({"reference": reference}),
        }
    }

    fn encounter(&self) -> Option<Value> {
        self.encounter.as_ref().map(|id| json!({"reference": format!("Encounter/{id}")}))
    }
}

/// How much a check matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Unusual; may be saved once it has been confirmed.
    Warning,
    /// Impossible; cannot be saved.
    Error,
}

/// What is odd about one field, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The field.
    pub field: Field,
    /// How much it matters.
    pub level: Level,
    /// The words.
    pub message: String,
}
