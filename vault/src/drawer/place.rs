//! Where a document lies among the rows, and by which date it sorts.

use std::borrow::Cow;

use jiff::{Timestamp, civil, tz::TimeZone};
use records::Document;
use serde::Deserialize;

/// Bits of a place that count a patient's documents.
const COUNT_BITS: u32 = 24;

/// The first place of a patient's documents, and the first that is not.
pub(crate) fn span(patient: i64) -> (i64, i64) {
    (patient << COUNT_BITS, (patient + 1) << COUNT_BITS)
}

/// The place of a patient's `count`th document.
pub(crate) fn place(patient: i64, count: i64) -> i64 {
    (patient << COUNT_BITS) | count
}

/// When what the document tells of happened, in milliseconds since 1970; the earliest there is when it does not say.
pub(crate) fn sort_at(document: &Document) -> i64 {
    let Ok(dates) = serde_json::from_slice::<Dates<'_>>(document.bytes()) else {
        return i64::MIN;
    };
    dates.first().and_then(parse).map_or(i64::MIN, Timestamp::as_millisecond)
}

/// A FHIR `dateTime`, `date` or `instant` in any precision; a date without a time zone counts as UTC.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if text.contains('T') {
        return text.parse().ok();
    }
    let date: civil::Date = match text.len() {
        4 => civil::Date::new(text.parse().ok()?, 1, 1).ok()?,
        7 => format!("{text}-01").parse().ok()?,
        _ => text.parse().ok()?,
    };
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The elements of the resource types that say when, the most telling first.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Dates<'a> {
    #[serde(borrow)]
    effective_date_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    effective_period: Option<Period<'a>>,
    #[serde(borrow)]
    effective_instant: Option<Cow<'a, str>>,
    #[serde(borrow)]
    occurrence_date_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    performed_date_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    performed_period: Option<Period<'a>>,
    #[serde(borrow)]
    onset_date_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    start: Option<Cow<'a, str>>,
    #[serde(borrow)]
    period: Option<Period<'a>>,
    #[serde(borrow)]
    billable_period: Option<Period<'a>>,
    #[serde(borrow)]
    authored_on: Option<Cow<'a, str>>,
    #[serde(borrow)]
    recorded_date: Option<Cow<'a, str>>,
    #[serde(borrow)]
    started: Option<Cow<'a, str>>,
    #[serde(borrow)]
    issued: Option<Cow<'a, str>>,
    #[serde(borrow)]
    date: Option<Cow<'a, str>>,
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    recorded: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Period<'a> {
    #[serde(borrow)]
    start: Option<Cow<'a, str>>,
}

impl Dates<'_> {
    fn first(&self) -> Option<&str> {
        [
            self.effective_date_time.as_deref(),
            start(self.effective_period.as_ref()),
            self.effective_instant.as_deref(),
            self.occurrence_date_time.as_deref(),
            self.performed_date_time.as_deref(),
            start(self.performed_period.as_ref()),
            self.onset_date_time.as_deref(),
            self.start.as_deref(),
            start(self.period.as_ref()),
            start(self.billable_period.as_ref()),
            self.authored_on.as_deref(),
            self.recorded_date.as_deref(),
            self.started.as_deref(),
            self.issued.as_deref(),
            self.date.as_deref(),
            self.created.as_deref(),
            self.recorded.as_deref(),
        ]
        .into_iter()
        .flatten()
        .next()
    }
}

fn start<'a>(period: Option<&'a Period<'_>>) -> Option<&'a str> {
    period?.start.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_precision_sort_by_their_beginning() {
        for (text, expected) in [
            ("1970", Some(0)),
            ("1970-02", Some(31 * 86_400_000)),
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            ("1970-01-01T00:00:00.500Z", Some(500)),
            ("yesterday", None),
        ] {
            assert_eq!(parse(text).map(Timestamp::as_millisecond), expected, "{text}");
        }
    }

    #[test]
    fn a_document_sorts_by_when_it_happened_and_not_by_when_it_was_noted() {
        let text = r#"{"resourceType":"Observation","id":"a","issued":"2020-01-01T00:00:00Z","effectiveDateTime":"1970-01-02"}"#;
        let document = Document::parse(text.as_bytes().to_vec()).unwrap();

        assert_eq!(sort_at(&document), 86_400_000);
    }

    #[test]
    fn places_of_two_patients_never_meet() {
        assert_eq!(span(3).1, span(4).0);
        assert_eq!(place(4, 0), span(4).0);
    }
}
