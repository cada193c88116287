//! What the value of a parameter asks for.

use std::borrow::Cow;

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan as _};

use super::index::{BAR, LONGEST_WORD, end_of, folded};
use super::parameter::{Parameter, ParameterKind};
use super::range::{Range, millis_bytes};
use super::{Condition, Group, Term, Test};
use crate::date::{PartialDate, When};
use crate::find::words;
use crate::id::RecordKey;

/// Whom a comparison of birth dates finds: those who were born from the first day and before the second.
const BORN_FROM: Date = date(1875, 1, 1);
const BORN_BEFORE: Date = date(2101, 1, 1);

/// Why a value cannot be asked for. The value is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// It is no value of this parameter's type.
    #[error("the value is not of the parameter's type")]
    Unreadable,
    /// Birth dates are kept as tokens: only some comparisons can be asked for, and each by itself.
    #[error("a birth date is compared by ge, gt, le and lt alone, one comparison a parameter")]
    Comparison,
}

/// The alternatives that a parameter's value stands for: what commas part, any of which may hold.
///
/// # Errors
/// When the value cannot be read as one of the parameter's type.
pub fn question(parameter: &Parameter, value: &str) -> Result<Group, NotAsked> {
    let mut group = Vec::new();
    let parts = parts(value);
    for part in &parts {
        let found = alternatives(parameter, part)?;
        // A comparison of birth dates is hundreds of alternatives as it is.
        if parameter.kind == ParameterKind::Birth && parts.len() > 1 && found.len() > 1 {
            return Err(NotAsked::Comparison);
        }
        group.extend(found);
    }
    if group.is_empty() { Err(NotAsked::Unreadable) } else { Ok(group) }
}

fn alternatives(parameter: &Parameter, value: &str) -> Result<Group, NotAsked> {
    let is = |term| Condition { parameter: Cow::Borrowed(parameter.name), test: Test::Is(term) };
    if value.is_empty() {
        return Err(NotAsked::Unreadable);
    }
    match parameter.kind {
        ParameterKind::Token if parameter.is_identifying => {
            let key = match value.split_once('|') {
                Some((system, code)) => format!("{}{BAR}{system}", folded(code)),
                None => folded(value),
            };
            Ok(vec![vec![is(Term::Keyed(key.into_bytes()))]])
        }
        ParameterKind::Token => token(parameter, value),
        ParameterKind::Name => names(parameter, value),
        ParameterKind::Contact => {
            // `phone|555…` says the same as `555…`.
            let value = value.rsplit_once('|').map_or(value, |(_, number)| number);
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let is_number = !value.contains('@') && !digits.is_empty();
            let key = match digits.len().checked_sub(10) {
                Some(start) if is_number => digits.get(start..).unwrap_or_default().to_owned(),
                None if is_number => digits,
                Some(_) | None => folded(value),
            };
            Ok(vec![vec![is(Term::Keyed(key.into_bytes()))]])
        }
        ParameterKind::Birth => {
            let keys = born(value)?;
            Ok(keys.into_iter().map(|key| vec![is(Term::Keyed(key.into_bytes()))]).collect())
        }
        ParameterKind::Date => dates(parameter, value),
        ParameterKind::Reference => {
            let key: RecordKey = match value.parse() {
                Ok(key) => key,
                Err(_) if parameter.name == "encounter" => {
                    format!("Encounter/{value}").parse().map_err(|_| NotAsked::Unreadable)?
                }
                Err(_) => return Err(NotAsked::Unreadable),
            };
            Ok(vec![vec![is(Term::Clear(key.to_string().into_bytes()))]])
        }
    }
}

/// `code` of any system, `system|code`, or `|code` without a system.
fn token(parameter: &Parameter, value: &str) -> Result<Group, NotAsked> {
    let test = match value.split_once('|') {
        Some((_, "")) => return Err(NotAsked::Unreadable),
        Some((system, code)) => Test::Is(Term::Clear(format!("{code}{BAR}{system}").into_bytes())),
        None => {
            let from = format!("{value}{BAR}").into_bytes();
            let below = format!("{value}\u{20}").into_bytes();
            Test::Within(Some(from), Some(below))
        }
    };
    Ok(vec![vec![Condition { parameter: Cow::Borrowed(parameter.name), test }]])
}

/// Every word of the value begins a word of the name; `name` looks among family and given names too.
fn names(parameter: &Parameter, value: &str) -> Result<Group, NotAsked> {
    let places: &[&'static str] = match parameter.name {
        "name" if parameter.is_identifying => &["family", "given", "name"],
        name => &[name],
    };
    let mut group: Group = vec![Vec::new()];
    for word in whole_words(value) {
        let beginning: String = word.chars().take(LONGEST_WORD).collect();
        let term = |bytes| if parameter.is_identifying { Term::Keyed(bytes) } else { Term::Clear(bytes) };
        let test = Test::Is(term(beginning.into_bytes()));
        group = group
            .iter()
            .flat_map(|before| {
                places.iter().map(|place| {
                    let here = Condition { parameter: Cow::Borrowed(place), test: test.clone() };
                    before.iter().cloned().chain([here]).collect()
                })
            })
            .collect();
    }
    if group.iter().all(Vec::is_empty) { Err(NotAsked::Unreadable) } else { Ok(group) }
}

/// The words as they were written; of the forms of a word, the whole one. Three are enough to find a name by.
fn whole_words(value: &str) -> Vec<String> {
    value.split_whitespace().filter_map(|word| words(word).pop()).take(3).collect()
}

/// The years, months and days that make up what is asked of a birth date. A date that is only partly known is found where all
/// that it may be is within.
fn born(value: &str) -> Result<Vec<String>, NotAsked> {
    let (prefix, date) = prefix_of(value);
    if !matches!(date.len(), 4 | 7 | 10) {
        return Err(NotAsked::Unreadable);
    }
    let When::Date(known) = date.parse().map_err(|_| NotAsked::Unreadable)? else {
        return Err(NotAsked::Unreadable);
    };
    let length = match known {
        PartialDate::Year(_) => 1.year(),
        PartialDate::Month(..) => 1.month(),
        PartialDate::Day(_) => 1.day(),
    };
    let first = known.first_day();
    let after = first.checked_add(length).map_err(|_| NotAsked::Unreadable)?;
    match prefix {
        "eq" => Ok(vec![date.to_owned()]),
        "ge" => Ok(parts_of_span(first, BORN_BEFORE)),
        "gt" => Ok(parts_of_span(after, BORN_BEFORE)),
        "le" => Ok(parts_of_span(BORN_FROM, after)),
        "lt" => Ok(parts_of_span(BORN_FROM, first)),
        _ => Err(NotAsked::Comparison),
    }
}

/// Whole years where they fit, then whole months, then days; one that nobody was born on where the span is empty.
fn parts_of_span(from: Date, before: Date) -> Vec<String> {
    let (from, before) = (from.max(BORN_FROM), before.min(BORN_BEFORE));
    let (mut day, mut parts) = (from, Vec::new());
    while day < before {
        let fits = |span: Span| day.checked_add(span).ok().filter(|next| *next <= before);
        let year = fits(1.year()).filter(|_| day.day_of_year() == 1);
        let month = fits(1.month()).filter(|_| day.day() == 1);
        let (part, next) = match (year, month) {
            (Some(next), _) => (day.strftime("%Y"), next),
            (None, Some(next)) => (day.strftime("%Y-%m"), next),
            (None, None) => (day.strftime("%Y-%m-%d"), day.saturating_add(1.day())),
        };
        parts.push(part.to_string());
        day = next;
    }
    if parts.is_empty() { vec![BORN_BEFORE.to_string()] } else { parts }
}

fn prefix_of(value: &str) -> (&str, &str) {
    match value.split_at_checked(2) {
        Some((prefix, date)) if prefix.bytes().all(|b| b.is_ascii_lowercase()) => (prefix, date),
        Some(_) | None => ("eq", value),
    }
}

fn dates(parameter: &Parameter, value: &str) -> Result<Group, NotAsked> {
    let (prefix, date) = prefix_of(value);
    let range = Range::of(date).ok_or(NotAsked::Unreadable)?;
    let from = |millis| Test::Within(Some(millis_bytes(millis)), None);
    let below = |millis| Test::Within(None, Some(millis_bytes(millis)));
    let start = |test| Condition { parameter: Cow::Borrowed(parameter.name), test };
    let end = |test| Condition { parameter: end_of(parameter.name), test };
    let (first, last) = (range.first, range.last);
    let after = last.saturating_add(1);
    Ok(match prefix {
        "eq" => vec![vec![start(from(first)), end(below(after))]],
        "ne" => vec![vec![start(below(first))], vec![end(from(after))]],
        "gt" => vec![vec![end(from(after))]],
        "ge" => vec![vec![end(from(first))]],
        "lt" => vec![vec![start(below(first))]],
        "le" => vec![vec![start(below(after))]],
        "sa" => vec![vec![start(from(after))]],
        "eb" => vec![vec![end(below(first))]],
        _ => return Err(NotAsked::Unreadable),
    })
}

/// What commas part; a comma after a backslash belongs to the value.
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let part = match letter {
            ',' => {
                parts.push(String::new());
                continue;
            }
            '\\' => letters.next(),
            other => Some(other),
        };
        parts.last_mut().expect("there is one from the start").extend(part);
    }
    parts
}
