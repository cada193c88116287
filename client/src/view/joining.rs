//! Two charts that may be of one person.

use serde::{Deserialize, Serialize};

use super::find::PatientRow;
use crate::ClientError;

/// Which two charts, and which of them stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct JoinForm {
    /// The chart that is used from now on.
    pub survivor_id: String,
    /// The chart that becomes part of it.
    pub superseded_id: String,
}

/// Who one of them is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChartSide {
    /// FHIR id.
    pub patient_id: String,
    /// `FAMILY, Given (Title)`.
    pub name: String,
    /// `14-Jul-1945`, or `Not Known`.
    pub born: String,
    /// `Female`, `Male`, `Other`, `Not Known`.
    pub sex: String,
    /// Medical record number.
    pub mrn: String,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// Address on one line.
    pub address: Option<String>,
}

/// A chart that may be of the same person as another.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlikeRow {
    /// Whose.
    pub row: PatientRow,
    /// Whether all that is known agrees.
    pub certain: bool,
}

/// Two charts that may be of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlikePairRow {
    /// The one that came here first. The address is not told.
    pub one: ChartSide,
    /// The other.
    pub other: ChartSide,
    /// Whether all that is known agrees.
    pub certain: bool,
    /// What speaks for one person and against it, as in [`ChartsCompared`].
    pub reasons: Vec<String>,
}

/// Which pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct AlikePairsForm {
    /// Those of which somebody said that they are two people; otherwise those that may be one.
    pub apart: bool,
}

/// The charts on this workstation that may be of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlikePairsView {
    /// How many pairs may be of one person.
    pub total: u64,
    /// The first of those that were asked for, the likeliest first.
    pub rows: Vec<AlikePairRow>,
}

/// Both side by side.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChartsCompared {
    /// The chart that would stay.
    pub survivor: ChartSide,
    /// The chart that would become part of it.
    pub superseded: ChartSide,
    /// Whether all that is known agrees.
    pub certain: bool,
    /// What speaks for one person and against it: `same-name`, `birth-date-swapped`, `other-sex` …
    pub reasons: Vec<String>,
    /// Who said that they are two people, and when: `Rosa Quintanilla, 22-Nov-2026`.
    pub told_apart: Option<String>,
    /// Why they cannot be joined like this.
    pub refused: Option<ClientError>,
}
