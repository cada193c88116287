//! One patient's chart. A section that the role may not see is not in `sections`, and its list is empty because it was never read.

use serde::{Deserialize, Serialize};

use super::find::AppointmentRow;

/// Why a person opens a chart without having a care relation to the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum OpenReason {
    /// The patient is here.
    Visit,
    /// The patient is on the telephone.
    Telephone,
    /// Results have come.
    Results,
    /// Standing in for someone.
    Covering,
}

/// A section of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Section {
    /// Names, addresses, contacts.
    Demographics,
    /// Appointments.
    Appointments,
    /// Insurance.
    Coverage,
    /// Problems.
    Problems,
    /// Medications.
    Medications,
    /// Allergies.
    Allergies,
    /// Vital signs.
    Vitals,
    /// Laboratory results.
    Labs,
    /// Immunizations.
    Immunizations,
    /// Encounters.
    Encounters,
    /// Notes.
    Notes,
    /// Documents.
    Documents,
}

/// All of a chart that the person may see.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChartView {
    /// FHIR id.
    pub patient_id: String,
    /// The line that never scrolls away.
    pub banner: BannerView,
    /// Sections the role may see, in the order to show them.
    pub sections: Vec<Section>,
    /// Active first.
    pub problems: Vec<ProblemRow>,
    /// Current and past.
    pub medications: MedicationsView,
    /// Drug allergies first.
    pub allergies: Vec<AllergyRow>,
    /// Vital signs.
    pub vitals: VitalsView,
    /// Newest first.
    pub labs: Vec<LabRow>,
    /// Newest first.
    pub immunizations: Vec<ImmunizationRow>,
    /// Newest first.
    pub encounters: Vec<EncounterRow>,
    /// Newest first.
    pub notes: Vec<NoteRow>,
    /// Newest first.
    pub documents: Vec<DocumentRow>,
    /// Next first.
    pub appointments: Vec<AppointmentRow>,
    /// Names, addresses, contacts.
    pub demographics: DemographicsView,
    /// Insurance.
    pub coverage: Vec<CoverageRow>,
    /// How fresh each section is.
    pub freshness: Vec<FreshnessRow>,
    /// What this person had begun to write here.
    pub drafts: Vec<DraftView>,
    /// Whether the person may record vitals and notes for this patient.
    pub can_write: bool,
}

/// The patient banner (NHS Common User Interface order).
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BannerView {
    /// Upper case.
    pub family: String,
    /// Given names.
    pub given: String,
    /// `Mrs`; empty when none.
    pub title: String,
    /// What the patient likes to be called.
    pub preferred: Option<String>,
    /// `14-Jul-1945`.
    pub born: String,
    /// `61y`, or the age at death.
    pub age: String,
    /// `Female`, `Male`, `Other`, `Not Known`.
    pub sex: String,
    /// Medical record number.
    pub mrn: String,
    /// Date of death.
    pub deceased: Option<String>,
    /// First telephone number.
    pub phone: Option<String>,
    /// Address on one line.
    pub address: Option<String>,
    /// Absent for roles that may not see allergies.
    pub allergies: Option<AllergyBanner>,
    /// Interpreter, access needs, same name: short flags without clinical content.
    pub flags: Vec<String>,
}

/// The allergy line of the banner.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AllergyBanner {
    /// Exactly one of "Known allergies", "No known allergies", "Allergies not recorded", "Allergies unavailable".
    pub title: String,
    /// Agents, severe first.
    pub items: Vec<String>,
    /// When the list was last updated.
    pub as_of: Option<String>,
    /// Whether an entry is hidden from this role.
    pub masked: bool,
}

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

/// Names, addresses and contacts in words.
#[derive(Clone, Default, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DemographicsView {
    /// `FAMILY, Given (Title)`.
    pub name: String,
    /// `14-Jul-1945`.
    pub born: String,
    /// `Female`, …
    pub sex: String,
    /// Medical record number.
    pub mrn: String,
    /// Telephone numbers with their use.
    pub phones: Vec<String>,
    /// Electronic mail.
    pub emails: Vec<String>,
    /// Addresses, one line each.
    pub addresses: Vec<String>,
    /// Languages, and whether an interpreter is needed.
    pub language: Option<String>,
    /// Marital status.
    pub marital_status: Option<String>,
    /// Whom to call.
    pub contacts: Vec<String>,
}

/// One insurance.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CoverageRow {
    /// FHIR id.
    pub id: String,
    /// Who pays.
    pub payer: String,
    /// Which plan.
    pub plan: Option<String>,
    /// Member number.
    pub member: Option<String>,
    /// FHIR status in words.
    pub status: String,
    /// From and to.
    pub period: Option<String>,
}

/// How fresh a section is.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FreshnessRow {
    /// Which section.
    pub section: Section,
    /// `22-Nov-2026 10:15`; absent when it was never synced.
    pub as_of: Option<String>,
    /// Whether it is older than policy allows without a warning.
    pub stale: bool,
    /// One sentence for the reader.
    pub note: String,
}

/// A draft that waits for its author.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DraftView {
    /// Which form.
    pub form: super::write::DraftKind,
    /// What the form stored, as JSON text.
    pub content: String,
    /// Where the caret was.
    pub place: Option<super::state::Place>,
    /// `22-Nov-2026 10:15`.
    pub saved_at: String,
}
