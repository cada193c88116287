//! The rows of a chart's sections.

use serde::Serialize;

/// One problem.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ProblemRow {
    /// FHIR id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its code.
    pub code: Option<String>,
    /// `Active`, `Resolved`, …
    pub status: String,
    /// Whether it is still a problem.
    pub active: bool,
    /// `14-Jul-1945`.
    pub onset: Option<String>,
    /// `14-Jul-1945`.
    pub ended: Option<String>,
}

/// Medications, apart as the screen shows them.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MedicationsView {
    /// Being taken.
    pub current: Vec<MedicationRow>,
    /// Stopped or completed.
    pub past: Vec<MedicationRow>,
}

/// One medication line.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MedicationRow {
    /// FHIR id.
    pub id: String,
    /// Generic name as recorded.
    pub name: String,
    /// The whole dose line, or `Dose not recorded`.
    pub dose: String,
    /// `Started`, `Completed`, `Discontinued`, …
    pub status: String,
    /// `14-Jul-1945`.
    pub started: Option<String>,
    /// `14-Jul-1945`.
    pub ended: Option<String>,
    /// Why it is given.
    pub reason: Option<String>,
    /// Who prescribed it.
    pub prescriber: Option<String>,
}

/// One allergy.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AllergyRow {
    /// FHIR id.
    pub id: String,
    /// The causative agent.
    pub agent: String,
    /// `Drug`, `Food`, `Environment`, …
    pub category: Option<String>,
    /// `High`, `Low`, …
    pub criticality: Option<String>,
    /// What it did.
    pub reactions: Vec<String>,
    /// `Confirmed`, `Unconfirmed`, …
    pub certainty: Option<String>,
    /// `Active`, `Resolved`, …
    pub status: String,
    /// `14-Jul-1945`.
    pub recorded: Option<String>,
    /// Whether the content is hidden from this role; the row then only says so.
    pub masked: bool,
}

/// Vital signs: the last of each, and the series to plot.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VitalsView {
    /// One line a code.
    pub latest: Vec<VitalLatest>,
    /// One series a code and unit.
    pub series: Vec<VitalSeriesView>,
}

/// The last value of one vital sign.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VitalLatest {
    /// LOINC.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// As recorded: `120/80`, `36.6`.
    pub value: String,
    /// Unit as shown.
    pub unit: String,
    /// `22-Nov-2026 10:15`.
    pub at: String,
    /// `H`, `L`, …
    pub flag: Option<String>,
    /// The value before.
    pub previous: Option<String>,
}

/// One series of one unit.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VitalSeriesView {
    /// LOINC.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// Unit as shown.
    pub unit: String,
    /// Oldest first.
    pub points: Vec<VitalPoint>,
    /// The normal band.
    pub normal: Option<NormalRange>,
}

/// One point.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct VitalPoint {
    /// RFC 3339.
    pub at: String,
    /// The value (systolic for a blood pressure).
    pub value: f64,
    /// The lower end of a bar (diastolic).
    pub low: Option<f64>,
    /// The upper end of a bar (systolic).
    pub high: Option<f64>,
}

/// A normal band and where it comes from.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NormalRange {
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Who says so.
    pub source: String,
}

/// One laboratory result.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LabRow {
    /// FHIR id.
    pub id: String,
    /// LOINC.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// As recorded.
    pub value: String,
    /// Unit as shown.
    pub unit: String,
    /// `22-Nov-2026 10:15`.
    pub at: String,
    /// `H`, `L`, `HH`, `LL`, `A`.
    pub flag: Option<String>,
    /// `3.5–5.1`, or `Range not supplied`.
    pub range: String,
    /// The value before, same unit.
    pub previous: Option<String>,
}

/// One immunization.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ImmunizationRow {
    /// FHIR id.
    pub id: String,
    /// What was given.
    pub vaccine: String,
    /// `14-Jul-1945`.
    pub at: String,
    /// FHIR status in words.
    pub status: String,
    /// Lot number.
    pub lot: Option<String>,
    /// Where on the body.
    pub site: Option<String>,
}

/// One encounter.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EncounterRow {
    /// FHIR id.
    pub id: String,
    /// What it was.
    pub title: String,
    /// `22-Nov-2026 10:15`.
    pub at: String,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub clinician: Option<String>,
    /// FHIR status in words.
    pub status: String,
}

/// One note with its text.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteRow {
    /// FHIR id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// `22-Nov-2026 10:15`.
    pub at: String,
    /// Whether it was signed.
    pub signed: bool,
    /// The text.
    pub text: String,
    /// Whether the server has not acknowledged it yet.
    pub pending: bool,
}

/// One document.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DocumentRow {
    /// FHIR id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What kind.
    pub kind: String,
    /// `22-Nov-2026 10:15`.
    pub at: String,
    /// Who wrote it.
    pub author: Option<String>,
}
