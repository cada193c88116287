//! What a person writes: vitals, notes, drafts.

use serde::{Deserialize, Serialize};

use super::state::Place;

/// A set of vital signs as typed. Empty fields are `None`; numbers stay text so that precision is kept as recorded.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct VitalsForm {
    /// Whose.
    pub patient_id: String,
    /// `mm[Hg]`.
    pub systolic: Option<String>,
    /// `mm[Hg]`.
    pub diastolic: Option<String>,
    /// /min.
    pub heart_rate: Option<String>,
    /// /min.
    pub respiratory_rate: Option<String>,
    /// %.
    pub spo2: Option<String>,
    /// Cel.
    pub temperature: Option<String>,
    /// kg.
    pub weight: Option<String>,
    /// cm.
    pub height: Option<String>,
    /// When they were taken, RFC 3339; absent means now.
    pub taken_at: Option<String>,
    /// Whether the person has seen the warnings and stands by the values.
    pub confirmed: bool,
}

/// A note as typed.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct NoteForm {
    /// Whose.
    pub patient_id: String,
    /// The note that is being changed; absent for a new one.
    pub note_id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Whether it is signed with this save.
    pub sign: bool,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SaveView {
    /// Whether it is on disk, with its event and its envelope.
    pub saved: bool,
    /// What looks wrong, field by field.
    pub warnings: Vec<FieldWarning>,
    /// The change's id once saved.
    pub change_id: Option<String>,
}

/// One field that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FieldWarning {
    /// Name of the field in the form (`heartRate`).
    pub field: String,
    /// One sentence.
    pub message: String,
    /// Whether it cannot be confirmed away.
    pub blocking: bool,
}

/// Which form a draft belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum DraftKind {
    /// A note.
    Note,
    /// A set of vital signs.
    Vitals,
}

impl DraftKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Note, Self::Vitals];

    /// The name used in file names and on the wire between window and client.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Vitals => "vitals",
        }
    }
}

/// What is being typed.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DraftForm {
    /// Whose chart.
    pub patient_id: String,
    /// Which form.
    pub form: DraftKind,
    /// The form's content as JSON text; the client never looks inside.
    pub content: String,
    /// Where the caret is.
    pub place: Option<Place>,
}
