//! Dates and ages as staff read them.

use jiff::civil::date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use records::date::{PartialDate, When, date_text, duration_text, end_of_day, instant_text, time_text};

fn born(text: &str) -> PartialDate {
    text.parse().unwrap()
}

#[test]
fn dates_read_day_month_year_whatever_they_hold() {
    assert_eq!(born("1945-07-14").text(), "14-Jul-1945");
    assert_eq!(born("1945-07").text(), "Jul-1945");
    assert_eq!(born("1945").text(), "1945");
    assert_eq!(date_text(date(2026, 3, 2)), "02-Mar-2026");
}

#[test]
fn what_is_no_date_is_refused() {
    for text in
        ["", "45", "1945-13", "1945-02-30", "1945-7-14", "1945-07-14-01", "14-Jul-1945", "1945-07-14T10:00"]
    {
        assert!(text.parse::<PartialDate>().is_err(), "{text}");
    }
    assert!("1945-07-14T10:00".parse::<When>().is_err(), "a time without a zone is no FHIR instant");
}

#[test]
fn ages_come_in_the_unit_that_fits_them() {
    let on = date(2026, 3, 2);
    let cases = [
        ("2026-03-02", "0d"),
        ("2026-02-03", "27d"),
        ("2026-02-02", "4w 0d"),
        ("2025-03-03", "52w 0d"),
        ("2025-03-02", "12m 0d"),
        ("2024-03-03", "23m 27d"),
        ("2024-03-02", "2y 0m"),
        ("2008-03-03", "17y 11m"),
        ("2008-03-02", "18y"),
        ("1945-07-14", "80y"),
        ("1945", "81y"),
        ("1945-07", "81y"),
    ];
    for (text, age) in cases {
        assert_eq!(born(text).age_text(on).as_deref(), Some(age), "{text}");
    }
    assert_eq!(born("2026-03-03").age_text(on), None);
    assert_eq!(born("2030").age_text(on), None);
}

#[test]
fn instants_are_shown_in_the_clinics_zone_with_24_hours() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let at = "2026-03-02T02:05:00Z".parse().unwrap();
    assert_eq!(instant_text(at, &zone), "01-Mar-2026 21:05");
    assert_eq!(time_text(at, &zone), "21:05");
    assert_eq!(end_of_day(at, &zone).to_string(), "2026-03-02T05:00:00Z");
    let when: When = "2026-03-01T21:05:00-05:00".parse().unwrap();
    assert_eq!(when.text(&zone), "01-Mar-2026 21:05");
    assert_eq!(when.time_text(&zone).as_deref(), Some("21:05"));
    let day: When = "2026-03-01".parse().unwrap();
    assert_eq!((day.text(&zone).as_str(), day.time_text(&zone)), ("01-Mar-2026", None));
}

#[test]
fn durations_read_in_hours_and_minutes() {
    assert_eq!(duration_text(15), "15min");
    assert_eq!(duration_text(60), "1hr");
    assert_eq!(duration_text(160), "2hr 40min");
}

proptest! {
    #[test]
    fn a_partial_date_reads_back(year in 1000_i16..2999, month in 1_i8..=12, day in 1_i8..=28) {
        for text in [format!("{year:04}"), format!("{year:04}-{month:02}"), format!("{year:04}-{month:02}-{day:02}")] {
            prop_assert_eq!(born(&text).to_string(), text);
        }
    }

    #[test]
    fn an_age_never_panics(year in 1800_i16..2200, month in 1_i8..=12, day in 1_i8..=28) {
        let _age = PartialDate::Day(date(year, month, day)).age_text(date(2026, 3, 2));
    }
}
