//! Dates as FHIR gives them, whole or partial, and as staff read them: `14-Jul-1945`, 24-hour times, ages.
//!
//! The forms follow the NHS Common User Interface guidance: day-month-year with the month in letters, whatever the
//! machine's regional settings say.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Month names as they are shown.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A text that is no FHIR date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a FHIR date or time")]
pub struct InvalidDate;

/// A FHIR `date`: a year, a month, or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartialDate {
    /// `1945`.
    Year(i16),
    /// `1945-07`.
    Month(i16, i8),
    /// `1945-07-14`.
    Day(Date),
}

/// A FHIR `dateTime`: a partial date, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Known to the day at best.
    Date(PartialDate),
    /// Known to the second.
    Instant(Timestamp),
}

impl PartialDate {
    /// The first day that it can mean, to sort and count by.
    pub fn first_day(self) -> Date {
        match self {
            PartialDate::Year(year) => Date::constant(year, 1, 1),
            PartialDate::Month(year, month) => Date::constant(year, month, 1),
            PartialDate::Day(date) => date,
        }
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.first_day().year()
    }

    /// As staff read it: `14-Jul-1945`, `Jul-1945`, `1945`.
    pub fn text(self) -> String {
        match self {
            PartialDate::Year(year) => format!("{year:04}"),
            PartialDate::Month(year, month) => format!("{}-{year:04}", month_name(month)),
            PartialDate::Day(date) => date_text(date),
        }
    }

    /// The age on a day, as staff read it; none before birth, and only years for a partial date.
    ///
    /// Units follow CUI and NHS practice: days up to 4 weeks, weeks and days up to a year, months and days up to 2
    /// years, years and months up to 18 years, then years.
    pub fn age_text(self, on: Date) -> Option<String> {
        let PartialDate::Day(born) = self else {
            let years = i32::from(on.year()) - i32::from(self.year());
            return (years >= 0).then(|| format!("{years}y"));
        };
        let days = born.until((Unit::Day, on)).ok()?.get_days();
        let span = born.until((Unit::Year, on)).ok()?;
        let (years, months) = (i32::from(span.get_years()), span.get_months());
        match (years, days) {
            _ if days < 0 => None,
            (0, ..28) => Some(format!("{days}d")),
            (0, _) => Some(format!("{}w {}d", days / 7, days % 7)),
            (1, _) => {
                let span = born.until((Unit::Month, on)).ok()?;
                Some(format!("{}m {}d", span.get_months(), span.get_days()))
            }
            (..18, _) => Some(format!("{years}y {months}m")),
            _ => Some(format!("{years}y")),
        }
    }

    /// Completed years on a day; by the year alone for a partial date.
    pub fn years_on(self, on: Date) -> Option<u16> {
        let years = match self {
            PartialDate::Day(born) => i32::from(born.until((Unit::Year, on)).ok()?.get_years()),
            PartialDate::Year(_) | PartialDate::Month(..) => i32::from(on.year()) - i32::from(self.year()),
        };
        u16::try_from(years).ok()
    }
}

impl When {
    /// As staff read the date: `14-Jul-1945`; an instant counts in the given time zone.
    pub fn date_text(self, zone: &TimeZone) -> String {
        match self {
            When::Date(date) => date.text(),
            When::Instant(at) => date_text(at.to_zoned(zone.clone()).date()),
        }
    }

    /// Date and, where it is known, 24-hour time: `14-Jul-1945 09:05`.
    pub fn text(self, zone: &TimeZone) -> String {
        match self {
            When::Date(date) => date.text(),
            When::Instant(at) => instant_text(at, zone),
        }
    }

    /// The time of day, `09:05`, where it is known.
    pub fn time_text(self, zone: &TimeZone) -> Option<String> {
        match self {
            When::Date(_) => None,
            When::Instant(at) => Some(time_text(at, zone)),
        }
    }

    /// The day it falls on.
    pub fn day(self, zone: &TimeZone) -> Date {
        match self {
            When::Date(date) => date.first_day(),
            When::Instant(at) => at.to_zoned(zone.clone()).date(),
        }
    }

    /// An instant to sort by: that of a date is the beginning of its first day in UTC.
    pub fn sort_key(self) -> Timestamp {
        match self {
            When::Instant(at) => at,
            When::Date(date) => date
                .first_day()
                .to_zoned(TimeZone::UTC)
                .map_or(Timestamp::MIN, |midnight| midnight.timestamp()),
        }
    }
}

/// `14-Jul-1945`.
pub fn date_text(date: Date) -> String {
    format!("{:02}-{}-{:04}", date.day(), month_name(date.month()), date.year())
}

/// `09:05`, 24 hours.
pub fn time_text(at: Timestamp, zone: &TimeZone) -> String {
    let time = at.to_zoned(zone.clone()).time();
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `14-Jul-1945 09:05`.
pub fn instant_text(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    format!("{} {:02}:{:02}", date_text(zoned.date()), zoned.hour(), zoned.minute())
}

/// A span of minutes as staff read it: `2hr 40min`.
pub fn duration_text(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}min"),
        (hours, 0) => format!("{hours}hr"),
        (hours, minutes) => format!("{hours}hr {minutes}min"),
    }
}

/// The end of the day in the given time zone: how long a relation "for the day" lasts.
pub fn end_of_day(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let zoned = at.to_zoned(zone.clone());
    let midnight = zoned.checked_add(1.day()).and_then(|tomorrow| tomorrow.start_of_day());
    midnight.map_or(at, |midnight| midnight.timestamp())
}

fn month_name(month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("Unknown")
}

impl FromStr for PartialDate {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let mut parts = text.split('-');
        let mut number = |width: usize| match parts.next() {
            None => Ok(None),
            Some(part) if part.len() == width && part.bytes().all(|b| b.is_ascii_digit()) => {
                part.parse::<i16>().map(Some).map_err(|_| InvalidDate)
            }
            Some(_) => Err(InvalidDate),
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return Err(InvalidDate);
        }
        let small = |n: i16| i8::try_from(n).map_err(|_| InvalidDate);
        match (year, month, day) {
            (Some(year), None, None) => Ok(PartialDate::Year(year)),
            (Some(year), Some(month), None) if (1..=12).contains(&month) => {
                Ok(PartialDate::Month(year, small(month)?))
            }
            (Some(year), Some(month), Some(day)) => {
                Date::new(year, small(month)?, small(day)?).map(PartialDate::Day).map_err(|_| InvalidDate)
            }
            _ => Err(InvalidDate),
        }
    }
}

impl FromStr for When {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        if text.contains('T') {
            text.parse().map(When::Instant).map_err(|_| InvalidDate)
        } else {
            text.parse().map(When::Date)
        }
    }
}

impl fmt::Display for PartialDate {
    /// As FHIR writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialDate::Year(year) => write!(f, "{year:04}"),
            PartialDate::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            PartialDate::Day(date) => write!(f, "{date}"),
        }
    }
}

impl fmt::Display for When {
    /// As FHIR writes it, an instant in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Date(date) => fmt::Display::fmt(date, f),
            When::Instant(at) => fmt::Display::fmt(at, f),
        }
    }
}

macro_rules! serde_as_text {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_as_text! { PartialDate When }
