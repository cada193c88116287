//! The offline lease: for how many days without its server a workstation still opens, by proven time alone.
//!
//! It runs from the last time the server was heard. Past its end the vault stays shut and nothing is deleted; the server, or
//! an extension that it has signed, opens it again. Nobody who is at work is interrupted.

use jiff::{SignedDuration, Timestamp};

use crate::view::LeaseLevel;

/// Days before the end from which it is said more loudly. The first warning comes when two thirds of the lease are over: with
/// 45 days that is days 30, 38 and 43 (design §7). A short lease warns later, in proportion.
const SOON_DAYS: i64 = 7;
const URGENT_DAYS: i64 = 2;

const DAY_S: i64 = 24 * 3600;

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How loudly it has to be said; `None` while there is nothing to say.
    pub(crate) level: Option<LeaseLevel>,
    /// Days that are left, a part of one counted as one.
    pub(crate) days_left: u32,
    /// Whole days since the server was heard.
    pub(crate) days_away: u32,
}

/// Judges a lease of so many days from when the server was heard last, or to the end of an extension.
pub(crate) fn judge(
    heard: Timestamp,
    lease_days: u32,
    extended_until: Option<Timestamp>,
    now: Timestamp,
) -> Standing {
    let days = SignedDuration::from_secs(i64::from(lease_days) * DAY_S);
    let end = heard.saturating_add(days).unwrap_or(Timestamp::MAX);
    let end = extended_until.map_or(end, |until| until.max(end));
    let left_s = now.duration_until(end).as_secs();
    let part = |of: i64| i64::from(lease_days) * DAY_S / of;
    let level = if now >= end {
        Some(LeaseLevel::Ended)
    } else if left_s <= part(18).min(URGENT_DAYS * DAY_S) {
        Some(LeaseLevel::Urgent)
    } else if left_s <= part(6).min(SOON_DAYS * DAY_S) {
        Some(LeaseLevel::Soon)
    } else if left_s <= part(3) {
        Some(LeaseLevel::Notice)
    } else {
        None
    };
    let away_s = heard.duration_until(now).as_secs();
    let count = |days: i64| u32::try_from(days.max(0)).unwrap_or(u32::MAX);
    Standing { level, days_left: count((left_s + DAY_S - 1) / DAY_S), days_away: count(away_s / DAY_S) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn level(lease_days: u32, after_s: i64) -> Option<LeaseLevel> {
        judge(at(0), lease_days, None, at(after_s)).level
    }

    #[test]
    fn forty_five_days_warn_on_days_thirty_thirty_eight_and_forty_three() {
        let on = |day: i64| level(45, day * DAY_S);
        let just_before = |day: i64| level(45, day * DAY_S - 1);
        assert_eq!((just_before(30), on(30)), (None, Some(LeaseLevel::Notice)));
        assert_eq!((just_before(38), on(38)), (Some(LeaseLevel::Notice), Some(LeaseLevel::Soon)));
        assert_eq!((just_before(43), on(43)), (Some(LeaseLevel::Soon), Some(LeaseLevel::Urgent)));
        assert_eq!((just_before(45), on(45)), (Some(LeaseLevel::Urgent), Some(LeaseLevel::Ended)));
    }

    #[test]
    fn the_shortest_lease_does_not_warn_from_its_first_day() {
        let hours = |hours: i64| level(7, hours * 3600);
        assert_eq!((hours(0), hours(111), hours(112)), (None, None, Some(LeaseLevel::Notice)));
        assert_eq!((hours(140), hours(159)), (Some(LeaseLevel::Soon), Some(LeaseLevel::Urgent)));
    }

    #[test]
    fn an_extension_counts_where_it_is_longer_and_warns_as_the_lease_does() {
        let extended =
            |until_day: i64, day: i64| judge(at(0), 45, Some(at(until_day * DAY_S)), at(day * DAY_S));
        assert_eq!(extended(60, 50).level, Some(LeaseLevel::Notice));
        assert_eq!(extended(60, 50).days_left, 10);
        assert_eq!(extended(60, 60).level, Some(LeaseLevel::Ended));
        assert_eq!(extended(10, 20).level, None, "one that is over takes nothing away");
    }

    #[test]
    fn days_are_counted_as_people_do() {
        let standing = judge(at(0), 45, None, at(44 * DAY_S + 3600));
        assert_eq!((standing.days_left, standing.days_away), (1, 44));
        let before = judge(at(0), 45, None, at(-5 * DAY_S));
        assert_eq!((before.level, before.days_away), (None, 0));
    }
}
