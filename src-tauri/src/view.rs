//! The forms that come from the page, beside the client's own; what goes back are the client's views.

use client::view::{AlertOutcome, DraftKind, OpenReason};
use serde::Deserialize;

/// The code that proves a new authenticator.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ConfirmForm {
    /// Six digits.
    pub code: String,
}

/// What has been typed into the search field so far.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SearchForm {
    /// Any part of a name, a birth date, a record number or a telephone number.
    pub text: String,
}

/// The patients that a list that came to rest has displayed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SettleForm {
    /// Their ids.
    pub shown: Vec<String>,
}

/// Which part of today's list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct TodayForm {
    /// The last appointment of the part before; none for the first part.
    pub after: Option<String>,
}

/// Which chart to open.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct OpenChartForm {
    /// Whose.
    pub patient_id: String,
    /// Why, where there is no care relation.
    pub reason: Option<OpenReason>,
}

/// Names a chart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ChartRef {
    /// Whose.
    pub patient_id: String,
}

/// Names a draft.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DraftRef {
    /// Whose chart.
    pub patient_id: String,
    /// Which form.
    pub form: DraftKind,
}

/// Names a change that met another one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ConflictRef {
    /// The change's id.
    pub change_id: String,
}

/// Which page of the trail.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AuditPageForm {
    /// Only what concerns this patient.
    pub patient_id: Option<String>,
    /// From this entry downwards; the newest where it is absent.
    pub from_index: Option<u64>,
}

/// Which page of alerts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AlertsForm {
    /// Those below this number; the newest where it is absent.
    pub before: Option<u64>,
    /// Also those that somebody has closed.
    pub all: bool,
}

/// What came of an alert.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct CloseAlertForm {
    /// Its number.
    pub number: u64,
    /// What came of it.
    pub outcome: AlertOutcome,
}

/// Which day's report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct DayReportForm {
    /// The day, `2026-11-27`; the last that is over where it is absent.
    pub day: Option<String>,
}
