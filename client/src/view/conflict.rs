//! Two versions of the same records side by side, for whoever decides.

use serde::{Deserialize, Serialize};

/// A change that met another one: what a person decides about.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictView {
    /// The change's id.
    pub change_id: String,
    /// Whose chart: `FAMILY, Given (Title)`.
    pub patient_name: String,
    /// `14-Jul-1945`.
    pub born: String,
    /// The record number.
    pub mrn: String,
    /// Who wrote what was not taken; a colleague has no name here.
    pub author: String,
    /// When: `22-Nov-2026 10:15`.
    pub written_at: String,
    /// The records.
    pub records: Vec<ConflictRecord>,
    /// Why nothing can be decided now, where that is so.
    pub not_yet: Option<String>,
}

/// One record of it.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictRecord {
    /// Type and id, and the version that was looked at; goes back with the decision.
    pub seen: String,
    /// `Note`, `Vitals`, …
    pub what: String,
    /// What it is called in the chart.
    pub title: String,
    /// What is decided one by one; nothing where both versions go together.
    pub parts: Vec<ConflictPart>,
    /// What is not decided here, in a sentence; empty where there is nothing to say.
    pub note: String,
}

/// What is decided as one.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictPart {
    /// Its name; goes back with the decision.
    pub name: String,
    /// What it is about, where it is more than one element.
    pub title: Option<String>,
    /// As it was written here.
    pub ours: Vec<ConflictLine>,
    /// As it stands in the chart.
    pub theirs: Vec<ConflictLine>,
    /// The answers that are possible.
    pub choices: Vec<ConflictChoice>,
}

/// One element in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictLine {
    /// Which.
    pub label: String,
    /// What it says; has lines.
    pub text: String,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum ConflictChoice {
    /// What was written here.
    Ours,
    /// What stands in the chart.
    Theirs,
    /// What stands, and what was written here as a note of its own.
    Both,
}

/// What a person has decided.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictForm {
    /// The change.
    pub change_id: String,
    /// The versions that were looked at, as they came.
    pub seen: Vec<String>,
    /// An answer for each part.
    pub answers: Vec<ConflictAnswer>,
}

/// The answer for one part.
#[derive(Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConflictAnswer {
    /// Which part.
    pub part: String,
    /// What was chosen.
    pub choice: ConflictChoice,
}
