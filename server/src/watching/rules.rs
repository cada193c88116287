//! What counts as unusual, as pure functions over events.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use records::event::{EventKind, EventSummary};
use records::id::PatientId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// When something is an alert. What a file does not name is as it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// So many different patients whose charts one person opened …
    pub patients: u32,
    /// … within so many minutes.
    pub patients_min: u32,
    /// The practice is open from this hour …
    pub open_from_h: u8,
    /// … until before this one …
    pub open_until_h: u8,
    /// … on Saturdays too …
    pub saturdays: bool,
    /// … and on Sundays …
    pub sundays: bool,
    /// … in this time zone (its name in the IANA database).
    pub time_zone: String,
    /// So many failed sign-ins at one workstation …
    pub failures: u32,
    /// … within so many minutes.
    pub failures_min: u32,
    /// A workstation that was not heard of for so many days; 0 for never.
    pub stale_days: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            patients: 40,
            patients_min: 60,
            open_from_h: 6,
            open_until_h: 21,
            saturdays: true,
            sundays: false,
            time_zone: "UTC".to_owned(),
            failures: 10,
            failures_min: 15,
            stale_days: 14,
        }
    }
}

impl Thresholds {
    /// The practice's time zone, where there is one of that name.
    #[must_use]
    pub fn zone(&self) -> Option<TimeZone> {
        if self.time_zone == "UTC" { Some(TimeZone::UTC) } else { TimeZone::get(&self.time_zone).ok() }
    }

    /// Whether the practice is open at a time.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone().unwrap_or(TimeZone::UTC));
        let day = match local.weekday() {
            Weekday::Saturday => self.saturdays,
            Weekday::Sunday => self.sundays,
            Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => {
                true
            }
        };
        let hour = u8::try_from(local.hour()).unwrap_or(0);
        day && (self.open_from_h..self.open_until_h).contains(&hour)
    }

    pub(super) fn patients_window(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.patients_min))
    }

    pub(super) fn failures_window(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.failures_min))
    }
}

/// A person opened a chart, or took records out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whose chart.
    pub patient: PatientId,
    /// When.
    pub at: Timestamp,
}

impl Access {
    /// The access that an event tells of. What a list displayed is none: a search shows fifty people.
    #[must_use]
    pub fn of(summary: &EventSummary) -> Option<Self> {
        let is_access = matches!(
            summary.kind,
            Some(
                EventKind::ChartOpened
                    | EventKind::EmergencyOpened
                    | EventKind::Printed
                    | EventKind::Exported
            )
        );
        let at = summary.recorded?;
        is_access.then_some(Self { patient: summary.patient.clone()?, at })
    }
}

/// How many different patients.
#[must_use]
pub fn patients(accesses: impl Iterator<Item = Access>) -> u32 {
    let patients: BTreeSet<PatientId> = accesses.map(|access| access.patient).collect();
    u32::try_from(patients.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_open(at: &str, thresholds: &Thresholds) -> bool {
        thresholds.is_open(at.parse().unwrap())
    }

    #[test]
    fn hours_count_from_the_first_minute_and_to_before_the_last_hour() {
        let usual = Thresholds::default();
        // 27-Nov-2026 is a Friday.
        for (at, open) in [
            ("2026-11-27T05:59:59Z", false),
            ("2026-11-27T06:00:00Z", true),
            ("2026-11-27T20:59:59Z", true),
            ("2026-11-27T21:00:00Z", false),
            ("2026-11-28T12:00:00Z", true),
            ("2026-11-29T12:00:00Z", false),
        ] {
            assert_eq!(is_open(at, &usual), open, "{at}");
        }
        assert!(is_open("2026-11-29T12:00:00Z", &Thresholds { sundays: true, ..usual.clone() }));
        assert!(!is_open("2026-11-28T12:00:00Z", &Thresholds { saturdays: false, ..usual.clone() }));
        assert!(is_open("2026-11-27T23:30:00Z", &Thresholds { open_until_h: 24, ..usual }));
    }

    #[test]
    fn an_unknown_time_zone_is_none() {
        assert!(
            Thresholds { time_zone: "Nowhere/Here".to_owned(), ..Thresholds::default() }.zone().is_none()
        );
        assert!(Thresholds::default().zone().is_some());
    }
}
