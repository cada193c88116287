//! One patient's chart. A section that the role may not see is not in `sections`, and its list is empty because it was never read.

use serde::{Deserialize, Serialize};

use super::chart_rows::{
    AllergyRow, DocumentRow, EncounterRow, ImmunizationRow, LabRow, MedicationsView, NoteRow, ProblemRow,
    VitalsView,
};
use super::find::AppointmentRow;
use crate::ClientError;

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
    /// The charts of the same person that are part of this one.
    pub includes: Vec<IncludedChart>,
    /// Where this workstation does not keep the chart.
    pub away: Option<AwayView>,
    /// How fresh each section is.
    pub freshness: Vec<FreshnessRow>,
    /// What this person had begun to write here.
    pub drafts: Vec<DraftView>,
    /// Whether the person may record vitals and notes for this patient.
    pub can_write: bool,
    /// Why nothing can be saved, where the records are an older copy.
    pub held: Option<ClientError>,
}

/// A chart that was joined to another one, and is shown in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct IncludedChart {
    /// FHIR id.
    pub patient_id: String,
    /// FHIR id of the chart that it was joined to: the one that is shown, or one that is part of that.
    pub part_of: String,
    /// `FAMILY, Given (Title)`.
    pub name: String,
    /// `14-Jul-1945`.
    pub born: String,
    /// Medical record number.
    pub mrn: String,
}

/// A chart that this workstation does not keep: its sections say what is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AwayView {
    /// Until when it is here, where it was fetched: `29-Nov-2026 10:15`.
    pub until: Option<String>,
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
