//! What counts as unusual, as pure functions over events.

use crate::store::Access;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use records::event::{EventKind, EventSummary};
use serde::{Deserialize, Serialize};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

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

/// When somebody opened a patient's chart, or took records out of it, where that is what happened.
#[must_use]
pub fn access(summary: &EventSummary) -> Option<Timestamp> {
    let is_access = summary.patient.is_some() && summary.kind.is_some_and(EventKind::is_access);
    summary.recorded.filter(|_| is_access)
}

/// The times from which and until which accesses bear on any window with one of `news` in it: apart where nothing in between does.
#[must_use]
pub fn spans(news: &BTreeSet<Timestamp>, window: SignedDuration) -> Vec<(Timestamp, Timestamp)> {
    let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
    for at in news {
        let since = at.saturating_sub(window).unwrap_or(Timestamp::MIN);
        let until = at.saturating_add(window).unwrap_or(Timestamp::MAX);
        match spans.last_mut() {
            Some(last) if since <= last.1 => last.1 = until,
            _ => spans.push((since, until)),
        }
    }
    spans
}

/// The window with one of `news` in it in which the most different patients' charts were opened: how many, and when it ended.
/// `accesses` go by their time.
#[must_use]
pub fn most_patients(
    accesses: &[Access],
    news: &BTreeSet<Timestamp>,
    window: SignedDuration,
) -> Option<(u32, Timestamp)> {
    let mut within: BTreeMap<&str, u32> = BTreeMap::new();
    let mut gone = accesses.iter().peekable();
    let mut most = None;
    for access in accesses {
        *within.entry(&access.patient).or_default() += 1;
        let since = access.at.saturating_sub(window).unwrap_or(Timestamp::MIN);
        while let Some(earlier) = gone.next_if(|earlier| earlier.at < since) {
            if let Entry::Occupied(mut times) = within.entry(&earlier.patient) {
                *times.get_mut() -= 1;
                if *times.get() == 0 {
                    times.remove();
                }
            }
        }
        let count = u32::try_from(within.len()).unwrap_or(u32::MAX);
        let is_new = news.range(since..=access.at).next().is_some();
        if is_new && most.is_none_or(|(most, _)| count > most) {
            most = Some((count, access.at));
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    /// As [`most_patients`], by trying every window.
    fn most_of_all(accesses: &[Access], news: &BTreeSet<Timestamp>, window: SignedDuration) -> Option<u32> {
        let ends = accesses.iter().map(|access| access.at);
        let counts = ends.filter(|end| news.range(*end - window..=*end).next().is_some()).map(|end| {
            let within = accesses.iter().filter(|access| access.at >= end - window && access.at <= end);
            within.map(|access| &access.patient).collect::<BTreeSet<_>>().len()
        });
        counts.max().and_then(|most| u32::try_from(most).ok())
    }

    proptest! {
        #[test]
        fn the_window_with_the_most_patients_is_found(
            opened in prop::collection::vec((0_u8..9, 0_i64..200), 0..60),
            news in prop::collection::btree_set(0_i64..200, 0..4),
            minutes in 1_i64..60,
        ) {
            let opened = opened.into_iter();
            let mut accesses: Vec<Access> =
                opened.map(|(patient, minute)| Access { patient: patient.to_string(), at: at(minute) }).collect();
            accesses.sort_by_key(|access| access.at);
            let news: BTreeSet<Timestamp> = news.into_iter().map(at).collect();
            let window = SignedDuration::from_mins(minutes);
            let most = most_patients(&accesses, &news, window);
            prop_assert_eq!(most.map(|(count, _)| count), most_of_all(&accesses, &news, window));
            // Nothing outside the spans bears on it.
            let spans = spans(&news, window);
            let in_spans = |access: &&Access| spans.iter().any(|(since, until)| (*since..=*until).contains(&access.at));
            let near: Vec<Access> = accesses.iter().filter(in_spans).cloned().collect();
            prop_assert_eq!(most_patients(&near, &news, window), most);
        }
    }

    #[test]
    fn spans_that_touch_are_one() {
        let news = [at(100), at(110), at(131)].into();
        let spans = spans(&news, SignedDuration::from_mins(10));
        assert_eq!(spans, [(at(90), at(120)), (at(121), at(141))]);
    }

    #[test]
    fn an_unknown_time_zone_is_none() {
        assert!(
            Thresholds { time_zone: "Nowhere/Here".to_owned(), ..Thresholds::default() }.zone().is_none()
        );
        assert!(Thresholds::default().zone().is_some());
    }
}
