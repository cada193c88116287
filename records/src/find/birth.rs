//! Birth dates as they are typed: which days a text may mean.

use jiff::civil::Date;

use super::fold::fold;
use crate::date::MONTHS;

/// One part of a birth date, indexed by itself so that a part finds the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BirthKey {
    /// The year, with its century.
    Year(i16),
    /// The month, 1 to 12.
    Month(i8),
    /// The day of the month, 1 to 31.
    Day(i8),
}

/// One reading of a text as a birth date; what is not given is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Reading {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
}

impl Reading {
    pub(super) fn keys(self) -> Vec<BirthKey> {
        let year = self.year.map(BirthKey::Year);
        let month = self.month.map(BirthKey::Month);
        let day = self.day.map(BirthKey::Day);
        [year, month, day].into_iter().flatten().collect()
    }

    fn of(year: Option<i16>, month: Option<i8>, day: Option<i8>, today: Date) -> Option<Self> {
        let month_ok = month.is_none_or(|m| (1..=12).contains(&m));
        let day_ok = day.is_none_or(|d| {
            // Without a year 29 February stays possible.
            month_ok
                && (1..=31).contains(&d)
                && Date::new(year.unwrap_or(2000), month.unwrap_or(1), d).is_ok()
        });
        let year_ok = year.is_none_or(|y| (1870..=today.year()).contains(&y));
        (month_ok && day_ok && year_ok).then_some(Self { year, month, day })
    }
}

/// The month that a word names by its first three letters or more, such as `jul` or `July`.
pub(super) fn month_of(word: &str) -> Option<i8> {
    const FULL: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = fold(word);
    if word.chars().count() < 3 {
        return None;
    }
    let found = FULL.iter().position(|full| full.starts_with(word.as_str()))?;
    debug_assert_eq!(fold(MONTHS[found]).get(..3), FULL[found].get(..3));
    i8::try_from(found + 1).ok()
}

/// The readings of parts that stood apart: `14 jul 1945`, `07/14/1945`, `1945-07-14`, `jul 1945`.
pub(super) fn of_parts(parts: &[&str], today: Date) -> Vec<Reading> {
    let mut found = Vec::new();
    let named: Vec<Option<i8>> = parts.iter().map(|part| month_of(part)).collect();
    let mut add = |year: Option<i16>, month: Option<i8>, day: Option<i8>| {
        found.extend(Reading::of(year, month, day, today).filter(|r| !found.contains(r)));
    };
    match (parts, named.as_slice()) {
        ([a, _, c], [None, Some(month), None]) => {
            add(year(c, today), Some(*month), small(a));
            if a.len() == 4 {
                add(year(a, today), Some(*month), small(c));
            }
        }
        ([_, b, c], [Some(month), None, None]) => add(year(c, today), Some(*month), small(b)),
        ([a, _], [None, Some(month)]) | ([_, a], [Some(month), None]) => match a.len() {
            4 => add(year(a, today), Some(*month), None),
            _ => add(None, Some(*month), small(a)),
        },
        ([a, b, c], [None, None, None]) if a.len() == 4 => add(year(a, today), small(b), small(c)),
        ([a, b, c], [None, None, None]) => {
            add(year(c, today), small(b), small(a));
            add(year(c, today), small(a), small(b));
        }
        ([a, b], [None, None]) if a.len() == 4 => add(year(a, today), small(b), None),
        ([a, b], [None, None]) if b.len() == 4 => add(year(b, today), small(a), None),
        _ => {}
    }
    found.retain(|reading| reading.keys().len() == parts.len());
    found
}

/// The readings of digits in one row: `19450714`, `14071945`, `140745`, and a year alone.
pub(super) fn of_digits(digits: &str, today: Date) -> Vec<Reading> {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let mut found = Vec::new();
    match digits.len() {
        4 => found.extend(Reading::of(year(digits, today), None, None, today)),
        6 => found.extend(of_parts(&[part(0, 2), part(2, 4), part(4, 6)], today)),
        8 => {
            found.extend(of_parts(&[part(0, 4), part(4, 6), part(6, 8)], today));
            found.extend(of_parts(&[part(0, 2), part(2, 4), part(4, 8)], today));
        }
        _ => {}
    }
    found.retain(|reading| reading.year.is_some());
    found
}

fn small(text: &str) -> Option<i8> {
    (1..=2).contains(&text.len()).then(|| text.parse().ok()).flatten()
}

/// Two digits mean the latest such year that is not in the future.
fn year(text: &str, today: Date) -> Option<i16> {
    let number: i16 = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))?;
    match text.len() {
        4 => Some(number),
        2 => {
            let century = today.year() - today.year() % 100;
            Some(if century + number > today.year() { century - 100 + number } else { century + number })
        }
        _ => None,
    }
}
