//! What the watch over the trail reads and keeps: events in the order they came in, alerts, and settings of the server's own.

use super::{AlertKind, StoreError};
use jiff::Timestamp;
use records::id::{DeviceId, LogId, PersonId};
use sync::wire::AlertOutcome;

/// An event as it came in.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    /// Rises with each event of any log.
    pub number: u64,
    /// Whose log it is in.
    pub log: LogId,
    /// Its index there.
    pub index: u64,
    /// The workstation of that log; none for the server's own.
    pub device: Option<DeviceId>,
    /// Its exact bytes.
    pub event: Vec<u8>,
}

/// An alert.
#[derive(Clone, Debug)]
pub struct AlertRow {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// About what.
    pub kind: AlertKind,
    /// Which workstation.
    pub device: Option<DeviceId>,
    /// Which person.
    pub person: Option<PersonId>,
    /// Numbers and ids that help to look.
    pub detail: String,
    /// Who has looked at it.
    pub acknowledged: Option<Acknowledged>,
}

/// Who has looked at an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: AlertOutcome,
}

/// A chart that somebody opened, or took records out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The id of the patient.
    pub patient: String,
    /// When, by the event, in whole milliseconds.
    pub at: Timestamp,
}

/// How often something happened in a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRow {
    /// The type code of the events; empty for one that has none.
    pub kind: String,
    /// Their first subtype code.
    pub subtype: String,
    /// Their outcome code.
    pub outcome: String,
    /// How many.
    pub events: u64,
    /// By how many different agents.
    pub agents: u64,
    /// About how many different patients.
    pub patients: u64,
}

/// The rows of the watch.
pub trait Watching {
    /// A setting of the server's own.
    fn server_setting(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Keeps a setting.
    fn set_server_setting(&self, name: &str, value: &str) -> Result<(), StoreError>;
    /// Events that came in after a number, at most `most`, in their order.
    fn events_after(&self, number: u64, most: u64) -> Result<Vec<SeenEvent>, StoreError>;
    /// The charts that a person opened between two times, both included, by the time in the event: at most `most`, the newest
    /// first.
    fn accesses_of(
        &self,
        person: PersonId,
        between: (Timestamp, Timestamp),
        most: u64,
    ) -> Result<Vec<Access>, StoreError>;
    /// How often what happened from a time until before another, by the time in the events.
    fn activity(&self, since: Timestamp, until: Timestamp) -> Result<Vec<ActivityRow>, StoreError>;
    /// Alerts after a number, at most `most`, in their order.
    fn alerts(&self, after: u64, most: u64) -> Result<Vec<AlertRow>, StoreError>;
    /// Alerts before a number, newest first, at most `most`; those alone that nobody has looked at unless `all`.
    fn alerts_before(&self, before: Option<u64>, all: bool, most: u64) -> Result<Vec<AlertRow>, StoreError>;
    /// How many alerts nobody has looked at.
    fn open_alerts(&self) -> Result<u64, StoreError>;
    /// When there was an alert of a kind about a workstation and person last.
    fn last_alert(
        &self,
        kind: AlertKind,
        device: Option<DeviceId>,
        person: Option<PersonId>,
    ) -> Result<Option<Timestamp>, StoreError>;
    /// Somebody has looked at an alert; false when there is none or somebody had before.
    fn acknowledge_alert(&self, number: u64, seen: &Acknowledged) -> Result<bool, StoreError>;
}
