//! What the page for privacy reads: alerts with what came of them, and the report of a day. Ids and names of staff and
//! workstations; nothing of a record, and no patient's name.

use jiff::Timestamp;
use records::id::{DeviceId, PersonId};
use serde::{Deserialize, Serialize};

/// What came of an alert, in the words there are for it: no free text, so that nothing of a patient can get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl AlertOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [Self::Seen, Self::Expected, Self::FollowedUp, Self::HandedOn, Self::Incident];

    /// The name in stores, in events and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Expected => "expected",
            Self::FollowedUp => "followed-up",
            Self::HandedOn => "handed-on",
            Self::Incident => "incident",
        }
    }
}

impl std::str::FromStr for AlertOutcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text).ok_or(())
    }
}

/// `POST /v1/alerts`: newest first, a page at a time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AlertsRequest {
    /// Those with a lower number than this alone.
    pub before: Option<u64>,
    /// Also those that somebody has closed.
    pub all: bool,
}

/// A page of alerts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertsResponse {
    /// Newest first.
    pub alerts: Vec<AlertEntry>,
    /// Whether there are more below the last.
    pub more: bool,
    /// How many are open altogether.
    pub open: u64,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEntry {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// About what: a name of `docs/formats/alert.md`; a reader shows one that it does not know as an alert all the same.
    pub kind: String,
    /// Which workstation.
    pub device: Option<NamedDevice>,
    /// Which person.
    pub person: Option<NamedPerson>,
    /// Numbers and ids that help to look.
    pub detail: String,
    /// Who has closed it.
    pub closed: Option<Closed>,
}

/// A workstation, with what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its label; none where the server does not know the workstation.
    pub label: Option<String>,
}

/// A person of the practice's staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPerson {
    /// Their id.
    pub id: PersonId,
    /// Their name; none where the server does not know them.
    pub name: Option<String>,
}

/// What came of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Who has said so.
    pub by: NamedPerson,
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: AlertOutcome,
}

/// `POST /v1/alerts/close`. Not found where there is no such open alert; not allowed where it is about the person.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CloseAlertRequest {
    /// Its number.
    pub number: u64,
    /// What came of it.
    pub outcome: AlertOutcome,
}

/// The alert is closed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CloseAlertResponse {
    /// How many are open now.
    pub open: u64,
}

/// `POST /v1/reports`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// The day as `2026-11-27`, in the practice's time zone; without one the last that is over.
    pub day: Option<String>,
}

/// The report of one day, also of one on which nothing happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DayReport {
    /// The day.
    pub day: String,
    /// The practice's time zone, by its name.
    pub time_zone: String,
    /// When the report was made: now. What is delivered later is in one that is made later.
    pub made_at: Timestamp,
    /// The day before, where the practice was there already.
    pub earlier: Option<String>,
    /// The day after, where it is over.
    pub later: Option<String>,
    /// Events of that day that are held.
    pub events: u64,
    /// Of which kinds they were.
    pub activity: Vec<DayActivity>,
    /// Alerts of that day.
    pub alerts: Vec<DayAlerts>,
    /// Alerts of any day that are open now.
    pub open_alerts: u64,
    /// Workstations that deserve a look now.
    pub workstations: Vec<DayWorkstation>,
}

/// How often something happened on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayActivity {
    /// The type code of the events (DICOM or FHIR).
    pub kind: String,
    /// Their first subtype code.
    pub subtype: String,
    /// Their outcome code: 0 success; 4, 8 and 12 failures.
    pub outcome: String,
    /// How many.
    pub events: u64,
    /// By how many different people and machines.
    pub agents: u64,
    /// About how many different patients.
    pub patients: u64,
}

/// How many alerts of a kind there were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAlerts {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// A workstation that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayWorkstation {
    /// Which.
    pub device: NamedDevice,
    /// Whole days since it was heard of.
    pub days_away: i64,
    /// Why, by name: `lease-ended`, `disk-plain`, …
    pub look_at: Vec<String>,
}
