//! Dates and times as spans of milliseconds, since a date is as long as it is precise.

use crate::date::{PartialDate, When};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// From its first to its last millisecond since 1970, both part of it. A date without a time is a day of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first millisecond.
    pub first: i64,
    /// The last millisecond.
    pub last: i64,
}

impl Range {
    /// The span that a FHIR date, time or instant stands for.
    pub fn of(text: &str) -> Option<Self> {
        match text.parse().ok()? {
            When::Date(date) => {
                let (first, length) = match date {
                    PartialDate::Year(_) => (date.first_day(), 1.year()),
                    PartialDate::Month(..) => (date.first_day(), 1.month()),
                    PartialDate::Day(day) => (day, 1.day()),
                };
                Self::of_days(first, length)
            }
            When::Instant(at) => {
                let first = at.as_millisecond();
                // A time without a fraction is as long as its second.
                let last = if text.contains('.') { first } else { first + 999 };
                Some(Self { first, last })
            }
        }
    }

    fn of_days(first: Date, length: Span) -> Option<Self> {
        let start = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
        Some(Self { first: start(first)?, last: start(first.checked_add(length).ok()?)? - 1 })
    }
}

/// A number of milliseconds as bytes that sort as it does.
pub fn millis_bytes(millis: i64) -> Vec<u8> {
    (millis.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec()
}
