//! Elements of any record in plain words, for showing two versions of it side by side.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::element::{self, concept, items, text};
use super::{MASKED, NOT_KNOWN, note, patient};
use crate::date::When;
use crate::document::Document;

/// One element of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementLine {
    /// What it is, in words: `Dosage instruction`.
    pub label: String,
    /// What it says; lines are kept. "Not Known" where it says nothing that can be read.
    pub text: String,
}

/// The elements of a record that it has, in words; times in the given zone. Nothing of a record that is masked.
pub fn element_lines(document: &Document, elements: &[String], zone: &TimeZone) -> Vec<ElementLine> {
    if document.labels().masked {
        return vec![ElementLine { label: MASKED.to_owned(), text: MASKED.to_owned() }];
    }
    let line = |name: &String| {
        let value = document.value().get(name)?;
        let text = words(name, value, zone).unwrap_or_else(|| NOT_KNOWN.to_owned());
        Some(ElementLine { label: label(name), text })
    };
    elements.iter().filter_map(line).collect()
}

/// Names of elements that their own name does not explain to everybody.
const LABELS: [(&str, &str); 9] = [
    ("docStatus", "Signed or draft"),
    ("authenticator", "Signed by"),
    ("content", "Text"),
    ("medicationCodeableConcept", "Medicine"),
    ("medicationReference", "Medicine"),
    ("dosageInstruction", "Dose"),
    ("code", "What"),
    ("telecom", "Telephone and mail"),
    ("effectiveDateTime", "When"),
];

fn label(name: &str) -> String {
    let name = name.trim_start_matches('_');
    if let Some((_, words)) = LABELS.iter().find(|(element, _)| *element == name) {
        return (*words).to_owned();
    }
    let name = name
        .strip_prefix("value")
        .filter(|rest| rest.starts_with(char::is_uppercase))
        .map_or(name, |_| "value");
    let spaced: String = name
        .chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec![' ', c.to_ascii_lowercase()] } else { vec![c] })
        .collect();
    element::status_words(&spaced)
}

fn words(name: &str, value: &Value, zone: &TimeZone) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("Yes".to_owned()),
        Value::Bool(false) => Some("No".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(said) => string_words(name, said, zone),
        Value::Array(items) => joined(items.iter().filter_map(|item| words(name, item, zone)), "\n"),
        Value::Object(_) => object_words(name, value, zone),
    }
}

fn string_words(name: &str, said: &str, zone: &TimeZone) -> Option<String> {
    let is_time = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["date", "time", "start", "end", "issued", "recorded", "creation", "instant"]
            .iter()
            .any(|part| name.ends_with(part))
    };
    if is_time(name)
        && let Ok(when) = said.parse::<When>()
    {
        return Some(when.text(zone));
    }
    match name {
        "docStatus" => Some(note::doc_status(said).text().to_owned()),
        "status" | "intent" | "gender" | "priority" | "use" => {
            element::clean(said).map(|code| element::status_words(&code))
        }
        _ => element::clean(said),
    }
}

fn object_words(name: &str, value: &Value, zone: &TimeZone) -> Option<String> {
    if let Some(attachment) = value.get("attachment") {
        return attachment_words(attachment);
    }
    if value.get("coding").is_some() {
        return concept(value);
    }
    if value.get("family").is_some() || value.get("given").is_some() {
        return patient::name_words(value);
    }
    if let (Some((_, number)), Some(unit)) = (element::number(value, "value"), unit(value)) {
        return Some(format!("{number} {unit}"));
    }
    if let Some(shown) = text(value, "display").or_else(|| text(value, "text")) {
        return Some(shown);
    }
    let members = value.as_object()?.iter();
    // What only machines read says nothing here.
    let said =
        members.filter(|(name, _)| !matches!(name.as_str(), "system" | "id" | "extension" | "reference"));
    let said: Vec<String> = said.filter_map(|(name, member)| words(name, member, zone)).collect();
    joined(said.into_iter(), "; ").or_else(|| value.get("reference").and_then(|to| words(name, to, zone)))
}

fn unit(quantity: &Value) -> Option<String> {
    text(quantity, "unit").or_else(|| text(quantity, "code"))
}

/// The text of a plain attachment with its lines; of any other its title and type.
fn attachment_words(attachment: &Value) -> Option<String> {
    let kind = text(attachment, "contentType");
    let title = text(attachment, "title");
    let data = attachment.get("data").and_then(Value::as_str);
    let is_plain = kind.as_deref().is_some_and(|kind| kind.starts_with("text/plain"));
    let said = data
        .filter(|_| is_plain)
        .and_then(|data| BASE64_STANDARD.decode(data.split_whitespace().collect::<String>()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    joined([title, said.or(kind)].into_iter().flatten(), "\n")
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> Option<String> {
    let parts: Vec<String> = parts.filter(|part| !part.trim().is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(between))
}

/// What a record is called among others: its title, what it is about, a name, or its type.
pub fn record_title(document: &Document) -> String {
    let value = document.value();
    let attached = || {
        let attachments = items(value, "content").iter().filter_map(|content| content.get("attachment"));
        attachments.filter_map(|attachment| text(attachment, "title")).next()
    };
    let coded = || {
        ["code", "medicationCodeableConcept", "vaccineCode", "type"]
            .iter()
            .find_map(|name| value.get(*name).and_then(concept))
    };
    let title = text(value, "title").or_else(attached).or_else(coded).or_else(|| patient::person_name(value));
    title.unwrap_or_else(|| document.kind().as_str().to_owned())
}
