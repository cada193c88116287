//! Reading FHIR elements out of JSON: texts that are never empty, codes, times, references.

use serde_json::Value;

use super::NOT_KNOWN;
use crate::date::When;
use crate::id::RecordKey;
use crate::reference::Reference;

pub(super) const LOINC: &str = "http://loinc.org";
pub(super) const SNOMED: &str = "http://snomed.info/sct";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// A text member without invisible characters; `None` when nothing is left.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    clean(value.get(name)?.as_str()?)
}

/// White space made plain, zero-width characters and controls dropped; `None` when nothing is left.
pub(super) fn clean(text: &str) -> Option<String> {
    let visible =
        |c: &char| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}');
    let spaced =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(visible).collect::<String>();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then_some(words)
}

/// The items of a list member; of a single value, that one.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    match value.get(name) {
        Some(Value::Array(items)) => items,
        Some(Value::Null) | None => &[],
        Some(single) => std::slice::from_ref(single),
    }
}

/// The first item of a list member.
pub(super) fn first<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    items(value, name).first()
}

/// The words of a `CodeableConcept`: its text, a display, a code; `None` when it has none of them.
pub(super) fn concept(concept: &Value) -> Option<String> {
    let codings = items(concept, "coding");
    text(concept, "text")
        .or_else(|| codings.iter().find_map(|coding| text(coding, "display")))
        .or_else(|| codings.iter().find_map(|coding| text(coding, "code")))
}

/// The words of a `CodeableConcept` member, or "Not Known".
pub(super) fn concept_of(value: &Value, name: &str) -> String {
    first(value, name).and_then(concept).unwrap_or_else(|| NOT_KNOWN.to_owned())
}

/// The code of a `CodeableConcept` in one code system.
pub(super) fn code_in(concept: &Value, system: &str) -> Option<String> {
    let coding =
        items(concept, "coding").iter().find(|c| c.get("system").and_then(Value::as_str) == Some(system))?;
    text(coding, "code")
}

/// The first code of a `CodeableConcept` member, whatever its system.
pub(super) fn first_code(value: &Value, name: &str) -> Option<String> {
    items(first(value, name)?, "coding").iter().find_map(|coding| text(coding, "code"))
}

/// Whether a `CodeableConcept` list member has this code anywhere.
pub(crate) fn has_code(value: &Value, name: &str, code: &str) -> bool {
    let is = |coding: &Value| coding.get("code").and_then(Value::as_str) == Some(code);
    items(value, name)
        .iter()
        .any(|concept| concept.as_str() == Some(code) || items(concept, "coding").iter().any(is))
}

/// A date or time member.
pub(super) fn when(value: &Value, name: &str) -> Option<When> {
    value.get(name)?.as_str()?.parse().ok()
}

/// The first of these members that is a time; a period counts by its start.
pub(super) fn first_when(value: &Value, names: &[&str]) -> Option<When> {
    names.iter().find_map(|name| {
        let element = value.get(*name)?;
        if element.is_object() { when(element, "start") } else { when(value, name) }
    })
}

/// The record that a reference member leads to.
pub(super) fn target(value: &Value, name: &str) -> Option<RecordKey> {
    match Reference::parse(first(value, name)?.get("reference")?.as_str()?) {
        Reference::Record(key) => Some(key),
        Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    }
}

/// A number with the digits it was written with.
pub(super) fn number(value: &Value, name: &str) -> Option<(f64, String)> {
    let number = value.get(name)?.as_number()?;
    Some((number.as_f64()?, number.to_string()))
}

/// Whether the record is marked as a mistake, in any of the ways that FHIR has for it.
pub(super) fn entered_in_error(value: &Value) -> bool {
    value.get("status").and_then(Value::as_str) == Some("entered-in-error")
        || has_code(value, "verificationStatus", "entered-in-error")
}

/// A code such as `on-hold` in words: `On hold`.
pub(super) fn status_words(code: &str) -> String {
    let mut words = code.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
