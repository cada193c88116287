//! The time that a phone shows, as a person types it who was asked for it.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::workstation::PhoneTime;
use crate::{ClientError, Code};

/// The middle of the minute that the phone shows: with the step before and the one after, all of it is tried. Without
/// a day, the one that makes it nearest to `guess`.
///
/// # Errors
/// `form-invalid` for what is no time or no day.
pub(super) fn read(shown: &PhoneTime, guess: Timestamp, zone: &TimeZone) -> Result<Timestamp, ClientError> {
    let time = Time::strptime("%H:%M", shown.time.trim())
        .map_err(|_| refused("This is not a time. Write it as the phone shows it, as in 14:05."))?;
    if !shown.date.trim().is_empty() {
        let day = Date::strptime("%d-%b-%Y", shown.date.trim())
            .map_err(|_| refused("This is not a day. Write it as 14-Jul-2026."))?;
        return moment(day, time, zone).ok_or_else(|| refused("There is no such time on that day."));
    }
    let today = guess.to_zoned(zone.clone()).date();
    let days = [today.yesterday().ok(), Some(today), today.tomorrow().ok()].into_iter().flatten();
    days.filter_map(|day| moment(day, time, zone))
        .min_by_key(|at| guess.duration_until(*at).abs())
        .ok_or_else(|| refused("There is no such time today."))
}

fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let minute = DateTime::from_parts(day, time).to_zoned(zone.clone()).ok()?.timestamp();
    minute.saturating_add(SignedDuration::from_secs(30)).ok()
}

fn refused(message: &str) -> ClientError {
    let advice = "Correct it and sign in again. The code was not used.".to_owned();
    ClientError { code: Code::FormInvalid, message: message.to_owned(), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn shown(time: &str, date: &str) -> PhoneTime {
        PhoneTime { time: time.to_owned(), date: date.to_owned() }
    }

    #[test]
    fn a_time_without_a_day_is_the_nearest_one() {
        let utc = TimeZone::UTC;
        for (guess, time, expected) in [
            ("2026-11-22T10:00:00Z", "11:05", "2026-11-22T11:05:30Z"),
            ("2026-11-22T23:50:00Z", "00:10", "2026-11-23T00:10:30Z"),
            ("2026-11-22T00:10:00Z", " 23:50", "2026-11-21T23:50:30Z"),
        ] {
            assert_eq!(read(&shown(time, ""), at(guess), &utc), Ok(at(expected)));
        }
    }

    #[test]
    fn a_day_says_itself_which_it_is_and_the_zone_is_that_of_the_computer() {
        let guess = at("1970-01-01T00:00:00Z");
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = read(&shown("14:05", "14-Jul-2026"), guess, &zone);
        assert_eq!(read, Ok(at("2026-07-14T12:05:30Z")));
    }

    #[test]
    fn what_is_no_time_is_said() {
        let guess = at("2026-11-22T10:00:00Z");
        for (time, date) in
            [("25:00", ""), ("", ""), ("ten", ""), ("10:00", "32-Jan-2026"), ("10:00", "1/2/26")]
        {
            let refused = read(&shown(time, date), guess, &TimeZone::UTC).err();
            assert_eq!(refused.map(|error| error.code), Some(Code::FormInvalid), "{time} {date}");
        }
    }
}
