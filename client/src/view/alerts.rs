//! The page for privacy: alerts, what came of them, and the report of a day. Words for kinds and codes are the window's.

use serde::{Deserialize, Serialize};
use sync::wire;

/// A page of alerts, as the server had it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlertsView {
    /// Newest first.
    pub alerts: Vec<AlertRow>,
    /// Whether there are more below the last.
    pub more: bool,
    /// How many are open altogether.
    pub open: u64,
    /// When this was read, `22-Nov-2026 10:15:07`.
    pub read_at: String,
}

/// An alert. The person is one of the staff; no patient is named.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlertRow {
    /// Its number.
    pub number: u64,
    /// `22-Nov-2026 10:15:07`.
    pub at: String,
    /// About what, by its name: `mass-look-up`.
    pub kind: String,
    /// Which workstation: its label, else its id.
    pub device: Option<String>,
    /// Which person: the name, else the id.
    pub person: Option<String>,
    /// Whether it is about the person who is signed in, who cannot close it.
    pub about_me: bool,
    /// Numbers and ids that help to look.
    pub detail: String,
    /// Who has closed it.
    pub closed: Option<AlertClosed>,
}

/// What came of an alert.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AlertClosed {
    /// Who has said so.
    pub by: String,
    /// When, `22-Nov-2026 10:15:07`.
    pub at: String,
    /// What.
    pub outcome: AlertOutcome,
}

/// What came of an alert, in the words there are for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum AlertOutcome {
    /// It was looked at; no more is said.
    Seen,
    /// There was a good reason.
    Expected,
    /// It was dealt with.
    FollowedUp,
    /// Somebody else goes on with it.
    HandedOn,
    /// It is treated as an incident.
    Incident,
}

/// The report of one day.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DayReportView {
    /// The day, `2026-11-27`, to ask for it again.
    pub day: String,
    /// The day as it is shown, `Friday 27-Nov-2026`.
    pub title: String,
    /// The practice's time zone, by its name.
    pub time_zone: String,
    /// When it was made, `28-Nov-2026 10:15:07`.
    pub made_at: String,
    /// The day before, to ask for it.
    pub earlier: Option<String>,
    /// The day after, to ask for it.
    pub later: Option<String>,
    /// Events of that day that the server holds.
    pub events: u64,
    /// Of which kinds they were.
    pub activity: Vec<DayActivityRow>,
    /// Alerts of that day.
    pub alerts: Vec<DayAlertRow>,
    /// Alerts of any day that are open now.
    pub open_alerts: u64,
    /// Workstations that deserve a look now.
    pub workstations: Vec<DayWorkstationRow>,
}

/// How often something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DayActivityRow {
    /// Type and first subtype code, `110114/110122`.
    pub what: String,
    /// Whether it failed or was refused.
    pub failed: bool,
    /// How many.
    pub events: u64,
    /// By how many people and machines.
    pub agents: u64,
    /// About how many patients.
    pub patients: u64,
}

/// How many alerts of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DayAlertRow {
    /// The kind, by its name.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// A workstation that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DayWorkstationRow {
    /// Its label.
    pub name: String,
    /// Whole days since the server heard of it.
    pub days_away: u64,
    /// Why, by name: `lease-ended`, `disk-plain`, …
    pub look_at: Vec<String>,
}

impl From<AlertOutcome> for wire::AlertOutcome {
    fn from(outcome: AlertOutcome) -> Self {
        match outcome {
            AlertOutcome::Seen => Self::Seen,
            AlertOutcome::Expected => Self::Expected,
            AlertOutcome::FollowedUp => Self::FollowedUp,
            AlertOutcome::HandedOn => Self::HandedOn,
            AlertOutcome::Incident => Self::Incident,
        }
    }
}

impl From<wire::AlertOutcome> for AlertOutcome {
    fn from(outcome: wire::AlertOutcome) -> Self {
        match outcome {
            wire::AlertOutcome::Seen => Self::Seen,
            wire::AlertOutcome::Expected => Self::Expected,
            wire::AlertOutcome::FollowedUp => Self::FollowedUp,
            wire::AlertOutcome::HandedOn => Self::HandedOn,
            wire::AlertOutcome::Incident => Self::Incident,
        }
    }
}
