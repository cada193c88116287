//! What is indexed of a document.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Term;
use super::parameter::{Parameter, ParameterKind, parameters};
use super::range::{Range, millis_bytes};
use crate::document::Document;
use crate::find::words;
use crate::id::ResourceKind;
use crate::reference::Reference;

/// The most letters of a word that its beginnings are indexed up to.
pub(super) const LONGEST_WORD: usize = 24;
/// Stands between a code and its system.
pub(super) const BAR: char = '\u{1f}';
/// Identifiers that open more than a chart: social security, driving licence, passport, tax and national numbers.
const CONFIDENTIAL_TYPES: [&str; 6] = ["SS", "DL", "PPN", "TAX", "NI", "SB"];
const SSN_SYSTEM: &str = "http://hl7.org/fhir/sid/us-ssn";

/// One row of the index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Indexed {
    /// The parameter, as the index names it.
    pub parameter: Cow<'static, str>,
    /// Its value.
    pub term: Term,
}

/// Under this name a record is marked that makes its patient's chart one that curiosity is drawn to. Nobody searches by it.
pub const VIP: &str = "_vip";

/// Every row of a document, each once.
pub fn index_of(document: &Document) -> BTreeSet<Indexed> {
    let mut rows = BTreeSet::new();
    if document.labels().vip {
        rows.insert(Indexed { parameter: Cow::Borrowed(VIP), term: Term::Clear(Vec::new()) });
    }
    for parameter in parameters(document.kind()) {
        for path in parameter.paths {
            for element in elements(document.value(), path) {
                rows_of(document.kind(), parameter, element, &mut rows);
            }
        }
    }
    rows
}

/// Whether an identifier is one that only the class of identifiers shows, such as a social security number.
pub fn is_confidential(identifier: &Value) -> bool {
    let codings = identifier.get("type").and_then(|kind| kind.get("coding")).and_then(Value::as_array);
    let codes = codings.into_iter().flatten().filter_map(|coding| coding.get("code")?.as_str());
    let by_system = identifier.get("system").and_then(Value::as_str) == Some(SSN_SYSTEM);
    by_system || codes.into_iter().any(|code| CONFIDENTIAL_TYPES.contains(&code))
}

/// What an end of a span is indexed under.
pub(super) fn end_of(parameter: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{parameter}.end"))
}

/// A number or code that identifies, in one spelling.
pub(super) fn folded(text: &str) -> String {
    text.trim().to_uppercase()
}

fn rows_of(kind: &ResourceKind, parameter: &Parameter, element: &Value, rows: &mut BTreeSet<Indexed>) {
    let mut add = |term| rows.insert(Indexed { parameter: Cow::Borrowed(parameter.name), term });
    match parameter.kind {
        ParameterKind::Token if parameter.is_identifying => {
            if *kind == ResourceKind::PATIENT && is_confidential(element) {
                return;
            }
            for (system, code) in codes(element) {
                add(Term::Keyed(folded(code).into_bytes()));
                add(Term::Keyed(format!("{}{BAR}{}", folded(code), system.unwrap_or_default()).into_bytes()));
            }
        }
        ParameterKind::Token => {
            for (system, code) in codes(element) {
                add(Term::Clear(format!("{code}{BAR}{}", system.unwrap_or_default()).into_bytes()));
            }
        }
        ParameterKind::Name => {
            for beginning in element.as_str().iter().flat_map(|name| words(name)).flat_map(beginnings) {
                add(if parameter.is_identifying {
                    Term::Keyed(beginning.into_bytes())
                } else {
                    Term::Clear(beginning.into_bytes())
                });
            }
        }
        ParameterKind::Contact => {
            for key in contact_keys(parameter.name, element) {
                add(Term::Keyed(key.into_bytes()));
            }
        }
        ParameterKind::Birth => {
            let date = element.as_str().unwrap_or_default();
            for part in [4, 7, 10].iter().filter_map(|length| date.get(..*length)) {
                add(Term::Keyed(part.to_owned().into_bytes()));
            }
        }
        ParameterKind::Reference => {
            if let Some(Reference::Record(key)) =
                element.get("reference").and_then(Value::as_str).map(Reference::parse)
            {
                add(Term::Clear(key.to_string().into_bytes()));
            }
        }
        ParameterKind::Date => {
            let Some(range) = span(element) else { return };
            add(Term::Clear(millis_bytes(range.first)));
            rows.insert(Indexed {
                parameter: end_of(parameter.name),
                term: Term::Clear(millis_bytes(range.last)),
            });
        }
    }
}

/// Everything at the end of a path; lists on the way are gone through.
fn elements<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for name in path.split('.') {
        found = found.into_iter().filter_map(|value| value.get(name)).flat_map(one_or_many).collect();
    }
    found
}

fn one_or_many(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Codes with their systems, of a code, a `Coding`, a `CodeableConcept` or an `Identifier`.
fn codes(element: &Value) -> Vec<(Option<&str>, &str)> {
    match element {
        Value::String(code) => vec![(None, code)],
        Value::Bool(flag) => vec![(None, if *flag { "true" } else { "false" })],
        Value::Object(members) => match members.get("coding").and_then(Value::as_array) {
            Some(codings) => codings.iter().flat_map(codes).collect(),
            None => {
                let system = members.get("system").and_then(Value::as_str);
                let code = members.get("code").or_else(|| members.get("value")).and_then(Value::as_str);
                code.map(|code| (system, code)).into_iter().collect()
            }
        },
        Value::Null | Value::Number(_) | Value::Array(_) => Vec::new(),
    }
}

/// A word's beginnings, from its first letter to its whole.
fn beginnings(word: String) -> Vec<String> {
    let ends = word.char_indices().map(|(at, letter)| at + letter.len_utf8()).take(LONGEST_WORD);
    ends.filter_map(|end| word.get(..end)).map(str::to_owned).collect()
}

/// The keys of a `ContactPoint`: of a telephone number its last ten, seven and four digits and the whole.
fn contact_keys(parameter: &str, contact: &Value) -> Vec<String> {
    let system = contact.get("system").and_then(Value::as_str).unwrap_or_default();
    let Some(value) = contact.get("value").and_then(Value::as_str) else { return Vec::new() };
    let is_phone = matches!(system, "phone" | "sms" | "fax" | "pager");
    if !is_phone {
        return if parameter == "phone" { Vec::new() } else { vec![folded(value)] };
    }
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let tails = [10, 7, 4].iter().filter_map(|n| digits.get(digits.len().checked_sub(*n)?..));
    tails.map(str::to_owned).chain([digits.clone()]).filter(|key| !key.is_empty()).collect()
}

/// The span of a date or a `Period`; an open end reaches as far as it can.
fn span(element: &Value) -> Option<Range> {
    match element {
        Value::String(text) => Range::of(text),
        Value::Object(period) => {
            let end = |name: &str| period.get(name).and_then(Value::as_str).and_then(Range::of);
            let (start, end) = (end("start"), end("end"));
            (start.is_some() || end.is_some()).then(|| Range {
                first: start.map_or(i64::MIN, |range| range.first),
                last: end.map_or(i64::MAX, |range| range.last),
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}
