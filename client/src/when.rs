//! Times to the second, as the audit page shows them, whatever the computer's own settings say.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Day and second, for the audit page.
pub(crate) fn second(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%d-%b-%Y %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_with_the_month_in_letters_and_a_24_hour_clock() {
        let at: Timestamp = "2026-11-02T14:05:09Z".parse().unwrap();
        assert_eq!(second(at, &TimeZone::UTC), "02-Nov-2026 14:05:09");
    }
}
