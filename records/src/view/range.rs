//! Normal ranges: the one that came with the result, or one of a small curated table whose source is shown.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::element::{items, number, text};
use super::lab::Flag;
use super::patient::{PatientSummary, Sex};
use crate::date::{PartialDate, When};

/// What stands where there is no range.
pub const RANGE_NOT_SUPPLIED: &str = "range not supplied";

/// A normal range in the unit of the value it stands beside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Range {
    /// The lowest normal value.
    pub low: Option<f64>,
    /// The highest normal value.
    pub high: Option<f64>,
    /// As it is shown: `3.5 – 5.0`.
    pub text: String,
    /// Where it comes from.
    pub source: String,
}

/// Of whom a range is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Administrative sex.
    pub sex: Sex,
    /// Birth date.
    pub born: Option<PartialDate>,
}

impl Subject {
    /// The subject that a patient is.
    pub fn of(patient: &PatientSummary) -> Self {
        Self { sex: patient.sex, born: patient.born }
    }

    /// Nobody known: only ranges that hold for everyone are given.
    pub const fn unknown() -> Self {
        Self { sex: Sex::Unknown, born: None }
    }
}

impl Range {
    /// The range that the source sent with an observation, if it is in the same unit.
    pub(super) fn supplied(observation: &Value, unit_code: &str) -> Option<Self> {
        let range = items(observation, "referenceRange").first()?;
        let side = |name: &str| {
            let quantity = range.get(name)?;
            let unit = text(quantity, "code").or_else(|| text(quantity, "unit"));
            number(quantity, "value").filter(|_| unit.is_none_or(|unit| unit == unit_code))
        };
        let (low, high) = (side("low"), side("high"));
        let words = text(range, "text");
        if low.is_none() && high.is_none() && words.is_none() {
            return None;
        }
        let numbers = || shown(low.as_ref().map(|(_, t)| &**t), high.as_ref().map(|(_, t)| &**t));
        Some(Self {
            text: words.unwrap_or_else(numbers),
            low: low.map(|(value, _)| value),
            high: high.map(|(value, _)| value),
            source: "Supplied with the result".to_owned(),
        })
    }

    /// The curated range for a code and unit, if there is one for this sex and age at that time.
    pub fn curated(code: &str, unit_code: &str, subject: &Subject, at: Option<When>) -> Option<Self> {
        let years = age(subject, at);
        let line = TABLE.ranges.iter().find(|line| line.fits(code, unit_code, subject.sex, years))?;
        let digits = |bound: &Option<String>| bound.as_ref().and_then(|text| text.parse::<f64>().ok());
        Some(Self {
            low: digits(&line.low),
            high: digits(&line.high),
            text: shown(line.low.as_deref(), line.high.as_deref()),
            source: TABLE.sources.iter().find(|s| s.key == line.source).map(|s| s.title.clone())?,
        })
    }

    /// Where a value lies; `None` inside the range.
    pub(super) fn judge(&self, value: f64) -> Option<Flag> {
        if self.low.is_some_and(|low| value < low) {
            Some(Flag::Low)
        } else if self.high.is_some_and(|high| value > high) {
            Some(Flag::High)
        } else {
            None
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sources: Vec<Source>,
    ranges: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    key: String,
    title: String,
}

/// Bounds are texts, so that they are shown with the digits they have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    codes: Vec<String>,
    units: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table"))]
    name: String,
    sex: Option<Sex>,
    from_years: Option<u16>,
    low: Option<String>,
    high: Option<String>,
    source: String,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../ranges/adult.toml"))
        .expect("the table is part of the program and is tested")
});

impl Line {
    fn fits(&self, code: &str, unit_code: &str, sex: Sex, years: Option<u16>) -> bool {
        self.codes.iter().any(|c| c == code)
            && self.units.iter().any(|u| u == unit_code)
            && self.sex.is_none_or(|wanted| wanted == sex)
            && self.from_years.is_none_or(|from| years.is_some_and(|years| years >= from))
    }
}

/// Completed years at the time of the value; without a time no age band is assumed.
fn age(subject: &Subject, at: Option<When>) -> Option<u16> {
    subject.born?.years_on(at?.day(&TimeZone::UTC))
}

fn shown(low: Option<&str>, high: Option<&str>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} – {high}"),
        (Some(low), None) => format!("≥ {low}"),
        (None, Some(high)) => format!("≤ {high}"),
        (None, None) => RANGE_NOT_SUPPLIED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn every_line_of_the_table_has_a_source_and_bounds_in_order() {
        for line in &TABLE.ranges {
            assert!(TABLE.sources.iter().any(|source| source.key == line.source), "{}", line.name);
            let bounds: Vec<f64> =
                [&line.low, &line.high].into_iter().flatten().map(|b| b.parse().unwrap()).collect();
            assert!(!bounds.is_empty() && bounds.is_sorted(), "{}", line.name);
        }
    }

    #[test]
    fn no_two_lines_answer_for_the_same_person() {
        for (nth, one) in TABLE.ranges.iter().enumerate() {
            for other in TABLE.ranges.iter().skip(nth + 1) {
                let shared = |a: &[String], b: &[String]| a.iter().any(|item| b.contains(item));
                let same_sex = one.sex.is_none() || other.sex.is_none() || one.sex == other.sex;
                let clash = shared(&one.codes, &other.codes) && shared(&one.units, &other.units) && same_sex;
                assert!(!clash, "{} and {}", one.name, other.name);
            }
        }
    }
}
