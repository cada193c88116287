//! Who does how much when: weekdays and opening hours, quiet and busy workstations, and those that are away from the network. The
//! same seed gives the same plan.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::practice::random::{Random, Topic};
use crate::served::Outcome;

/// The hours (UTC) at which the shifts of a day begin.
const SHIFTS: [i8; 5] = [8, 10, 12, 14, 16];
const SHIFT: SignedDuration = SignedDuration::from_hours(2);
/// Events of an ordinary shift: about 230 in a day, of which 55 open a chart.
const ORDINARY: u64 = 48;
/// The longest that a workstation is away from the network, in days.
const LONGEST_ABSENCE: u64 = 30;
/// Workstations of a thousand that are away for days at some time.
const ABSENT: u64 = 50;
/// Shifts of a thousand that a workstation spends without a network.
const CUT_OFF: u64 = 20;
/// Deliveries of a thousand whose answer is lost.
const REPEATED: u64 = 20;
/// Changes in a shift of the whole practice, about: what one writes, everybody pulls.
const WRITTEN: u64 = 20;

/// The plan of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) devices: u32,
    pub(super) days: u32,
    seed: u64,
    /// Events of an ordinary shift, in thousandths.
    ordinary_milli: u64,
    /// A Monday, so far back that the last day is over.
    first: Date,
}

/// What a workstation does in a shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shift {
    /// So many events are recorded.
    pub(super) events: u32,
    /// Whether it reaches the server.
    pub(super) is_online: bool,
    /// Whether the answer to a delivery is lost, so that it is sent again.
    pub(super) is_repeated: bool,
    /// Whether a record is changed.
    pub(super) writes: bool,
}

impl Plan {
    /// A plan of at most `most` events, which ends before `today`.
    pub(super) fn new(devices: u32, days: u32, seed: u64, most: u64, today: Date) -> Outcome<Plan> {
        let mut first = today.checked_sub(i64::from(days).days())?;
        while first.weekday() != Weekday::Monday {
            first = first.yesterday()?;
        }
        let mut plan = Plan { devices, days, seed, ordinary_milli: ORDINARY * 1000, first };
        let natural = plan.events();
        if natural > most {
            plan.ordinary_milli = plan.ordinary_milli * most / natural;
        }
        Ok(plan)
    }

    /// All events of the plan.
    pub(super) fn events(&self) -> u64 {
        let shifts = (0..self.days).flat_map(|day| (0..SHIFTS.len()).map(move |shift| (day, shift)));
        let of_shift = |(day, shift)| -> u64 {
            (0..self.devices).map(|device| u64::from(self.shift(device, day, shift).events)).sum()
        };
        shifts.map(of_shift).sum()
    }

    /// How many shifts a day has.
    pub(super) fn shifts() -> std::ops::Range<usize> {
        0..SHIFTS.len()
    }

    /// From when until when a shift is.
    pub(super) fn times(&self, day: u32, shift: usize) -> Outcome<(Timestamp, Timestamp)> {
        let hour = SHIFTS.get(shift).ok_or("no such shift")?;
        let date = self.first.checked_add(i64::from(day).days())?;
        let from = date.at(*hour, 0, 0, 0).to_zoned(TimeZone::UTC)?.timestamp();
        Ok((from, from.checked_add(SHIFT)?))
    }

    /// When the practice is made: before anybody works.
    pub(super) fn begins(&self) -> Outcome<Timestamp> {
        Ok(self.first.at(6, 0, 0, 0).to_zoned(TimeZone::UTC)?.timestamp())
    }

    /// When the last day is over.
    pub(super) fn ends(&self) -> Outcome<Timestamp> {
        let after = self.first.checked_add(i64::from(self.days).days())?;
        Ok(after.to_zoned(TimeZone::UTC)?.timestamp())
    }

    /// What a workstation does in a shift of a day.
    pub(super) fn shift(&self, device: u32, day: u32, shift: usize) -> Shift {
        let place = (u64::from(device) << 24) | (u64::from(day) << 8);
        let mut of_day = Random::for_topic(self.seed, Topic::Shift, place | 0xff);
        let mut random = Random::for_topic(self.seed, Topic::Shift, place | shift as u64);
        let is_there = match day % 7 {
            5 => of_day.chance(150) && shift < 2,
            6 => false,
            _ => of_day.chance(920),
        };
        // Half as busy to half as busy again as the ordinary one, and quiet over lunch.
        let busy = (500 + random.below(1001)) * if shift == 2 { 6 } else { 10 } / 10;
        let events = if is_there { busy * self.ordinary_milli / 1_000_000 } else { 0 };
        let is_away = self.absence(device).is_some_and(|days| days.contains(&u64::from(day)));
        let writing = (WRITTEN * 1000 / u64::from(self.devices.max(1))).clamp(1, 300);
        Shift {
            events: u32::try_from(events).unwrap_or(u32::MAX),
            is_online: is_there && !random.chance(CUT_OFF) && !is_away,
            is_repeated: random.chance(REPEATED),
            writes: is_there && random.chance(writing),
        }
    }

    /// The days for which a workstation is away, if it is at all.
    fn absence(&self, device: u32) -> Option<std::ops::Range<u64>> {
        let mut random = Random::for_topic(self.seed, Topic::Absence, device.into());
        let is_absent = random.chance(ABSENT);
        let from = random.below(u64::from(self.days.max(1)));
        is_absent.then(|| from..from + 1 + random.below(LONGEST_ABSENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(devices: u32, days: u32, seed: u64, most: u64) -> Plan {
        Plan::new(devices, days, seed, most, jiff::civil::date(2026, 11, 28)).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_one_another() {
        let all = |plan: Plan| -> Vec<Shift> { (0..50).map(|device| plan.shift(device, 1, 2)).collect() };
        assert_eq!(all(plan(50, 5, 7, u64::MAX)), all(plan(50, 5, 7, u64::MAX)));
        assert_ne!(all(plan(50, 5, 7, u64::MAX)), all(plan(50, 5, 8, u64::MAX)));
    }

    #[test]
    fn it_stays_within_the_events_that_are_asked_for() {
        let natural = plan(40, 14, 7, u64::MAX).events();
        assert!((40 * 10 * 150..40 * 10 * 260).contains(&natural), "{natural}");
        let capped = plan(40, 14, 7, 20_000).events();
        assert!((15_000..=20_000).contains(&capped), "{capped}");
    }

    #[test]
    fn it_begins_on_a_monday_and_ends_before_today() {
        for days in 1..40 {
            let plan = plan(1, days, 7, 1);
            assert_eq!(plan.first.weekday(), Weekday::Monday);
            let today = jiff::civil::date(2026, 11, 28).to_zoned(TimeZone::UTC).unwrap().timestamp();
            assert!(plan.ends().unwrap() <= today);
        }
    }

    #[test]
    fn sundays_are_quiet_and_some_workstations_are_away_for_long() {
        let plan = plan(400, 28, 7, u64::MAX);
        assert!((0..400).all(|device| plan.shift(device, 6, 0).events == 0));
        let away = (0..400).filter_map(|device| plan.absence(device)).map(|days| days.end - days.start);
        let away: Vec<u64> = away.collect();
        assert!((8..40).contains(&away.len()), "{away:?}");
        assert!(away.iter().any(|days| *days > 20) && away.iter().all(|days| *days <= LONGEST_ABSENCE));
    }
}
