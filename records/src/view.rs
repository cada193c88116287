//! What a screen shows of records: read-only values, each a pure function of documents.
//!
//! A view never shows an empty text: what has no words falls back to its code, then to "Not Known". A masked record
//! keeps its row, which says so.

mod allergy;
mod appointment;
mod chart;
mod coverage;
mod element;
mod encounter;
mod immunization;
mod lab;
mod measure;
mod medication;
mod note;
mod patient;
mod problem;
mod procedure;
pub mod range;
mod vitals;
mod words;

pub(crate) use element::has_code;

pub use allergy::{AllergyItem, AllergyList, AllergyTitle, Section};
pub use appointment::AppointmentItem;
pub use chart::Chart;
pub use coverage::CoverageItem;
pub use encounter::EncounterItem;
pub use immunization::ImmunizationItem;
pub use lab::{Flag, LabResult, LabSeries};
pub use measure::{MeasuredValue, Measurement};
pub use medication::{MedicationItem, MedicationList};
pub use note::{DocumentItem, NoteItem, NoteState};
pub use patient::{Deceased, PatientSummary, RECORD_NUMBER, Sex, marital_status};
pub use problem::ProblemItem;
pub use procedure::ProcedureItem;
pub use range::{RANGE_NOT_SUPPLIED, Range, Subject};
pub use vitals::{VitalPoint, VitalSeries, VitalSet};
pub use words::{ElementLine, element_lines, record_title};

/// LOINC codes that reading and writing share.
pub(crate) mod vital_codes {
    pub(crate) use super::vitals::{BLOOD_PRESSURE, DIASTOLIC, SYSTOLIC};
}

/// What stands where nothing is known.
pub const NOT_KNOWN: &str = "Not Known";

/// What stands where a record may not be shown.
pub const MASKED: &str = "Masked";
