//! Lists of patients: search, recent, today.

use serde::Serialize;

/// One patient in a list.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PatientRow {
    /// FHIR id.
    pub id: String,
    /// `FAMILY, Given (Title)`.
    pub name: String,
    /// `14-Jul-1945`, or `Not Known`.
    pub born: String,
    /// `61y`; empty when the birth date is not known.
    pub age: String,
    /// `Female`, `Male`, `Other`, `Not Known`.
    pub sex: String,
    /// Medical record number of the practice.
    pub mrn: String,
    /// First telephone number.
    pub phone: Option<String>,
    /// Whether the patient has died.
    pub deceased: bool,
    /// Whether another patient of this list bears the same name: look twice.
    pub same_name: bool,
    /// `NAME, Given · number` of charts that are part of this one, where one of them was found.
    pub found_as: Vec<String>,
    /// Today's appointment time, `10:15`.
    pub arrival: Option<String>,
}

/// The answer to one keystroke.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchView {
    /// Best first, at most fifty.
    pub rows: Vec<PatientRow>,
    /// Whether there are more than shown.
    pub more: bool,
    /// Whether records still arrive for the first time: who is not found may yet come.
    pub arriving: bool,
    /// How long the vault took, in milliseconds.
    pub millis: f64,
}

/// A part of today's list.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TodayView {
    /// In the order of their times.
    pub rows: Vec<AppointmentRow>,
    /// Whether there are more after these.
    pub more: bool,
    /// Whether records still arrive for the first time: what is not in the list may yet come.
    pub arriving: bool,
}

/// One appointment of today's list.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AppointmentRow {
    /// FHIR id of the appointment.
    pub id: String,
    /// Whose it is.
    pub patient_id: String,
    /// `FAMILY, Given (Title)`.
    pub patient_name: String,
    /// `14-Jul-1945`.
    pub born: String,
    /// `22-Nov-2026`.
    pub date: String,
    /// `10:15`.
    pub time: String,
    /// `15min`.
    pub duration: String,
    /// Why, as the front desk wrote it.
    pub reason: String,
    /// FHIR status code.
    pub status: String,
    /// Room.
    pub room: Option<String>,
    /// Who sees the patient.
    pub clinician: Option<String>,
}
