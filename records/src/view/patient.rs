//! The patient as banner and lists show them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NOT_KNOWN;
use super::element::{self, items, text};
use crate::date::{PartialDate, When};
use crate::document::Document;
use crate::id::{PatientId, ResourceKind};
use crate::link::Links;

/// The identifier system of Chartkeep's own short record numbers.
pub const RECORD_NUMBER: &str = "urn:chartkeep:mrn";

const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Sex as it is recorded for administration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
    /// Neither.
    Other,
    /// Not known.
    Unknown,
}

impl Sex {
    /// As it is shown.
    pub const fn text(self) -> &'static str {
        match self {
            Sex::Male => "Male",
            Sex::Female => "Female",
            Sex::Other => "Other",
            Sex::Unknown => NOT_KNOWN,
        }
    }
}

/// That the patient has died, and when, if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Deceased {
    /// When.
    pub at: Option<When>,
}

/// Marital status in words. Many systems write the bare code of HL7's `v3-MaritalStatus` where words should stand.
pub fn marital_status(patient: &Document) -> Option<String> {
    let told = element::concept(patient.value().get("maritalStatus")?)?;
    let words = match told.as_str() {
        "A" => "Annulled",
        "D" => "Divorced",
        "I" => "Interlocutory",
        "L" => "Legally separated",
        "M" => "Married",
        "C" => "Common law",
        "P" => "Polygamous",
        "T" => "Domestic partner",
        "U" => "Unmarried",
        "S" => "Never married",
        "W" => "Widowed",
        "UNK" => NOT_KNOWN,
        other => other,
    };
    Some(words.to_owned())
}

/// Who a patient is. Social security numbers and their like are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatientSummary {
    /// The id.
    pub id: PatientId,
    /// Family name.
    pub family: String,
    /// Given names.
    pub given: String,
    /// Title, such as `Mrs`.
    pub title: Option<String>,
    /// The name they wish to be called by.
    pub preferred: Option<String>,
    /// `FAMILY, Given (Title)`.
    pub display_name: String,
    /// Birth date, whole or partial.
    pub born: Option<PartialDate>,
    /// Administrative sex.
    pub sex: Sex,
    /// The record number to show, or "Not Known".
    pub mrn: String,
    /// Whether they have died.
    pub deceased: Option<Deceased>,
    /// The telephone number to show.
    pub phone: Option<String>,
    /// The address in one line.
    pub address: Option<String>,
    /// The language they speak.
    pub language: Option<String>,
    /// Whether they need an interpreter, where that is recorded.
    pub interpreter: bool,
    /// Every name they have, for finding.
    #[serde(skip)]
    pub all_names: Vec<String>,
    /// Every record number, for finding; never a social security or licence number.
    #[serde(skip)]
    pub numbers: Vec<String>,
    /// Every telephone number, for finding.
    #[serde(skip)]
    pub phones: Vec<String>,
    /// The other charts of this person.
    #[serde(skip)]
    pub links: Links,
}

impl PatientSummary {
    /// The view of a `Patient`; none of any other document.
    pub fn of(document: &Document) -> Option<Self> {
        if *document.kind() != ResourceKind::PATIENT {
            return None;
        }
        let value = document.value();
        let name = official_name(value);
        let family = name.and_then(|n| text(n, "family"));
        let given = name.and_then(|n| joined(n, "given"));
        let title = name.and_then(|n| joined(n, "prefix")).map(|t| t.trim_end_matches('.').to_owned());
        let numbers: Vec<String> = items(value, "identifier").iter().filter_map(record_number).collect();
        let phones: Vec<String> = items(value, "telecom").iter().filter_map(phone).collect();
        let contact = first_language(value);
        Some(Self {
            id: PatientId(document.id().clone()),
            display_name: display_name(family.as_deref(), given.as_deref(), title.as_deref(), name),
            family: family.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            given: given.unwrap_or_else(|| NOT_KNOWN.to_owned()),
            title,
            preferred: preferred(value),
            born: value.get("birthDate").and_then(Value::as_str).and_then(|date| date.parse().ok()),
            sex: sex(value),
            mrn: shown_number(value).unwrap_or_else(|| NOT_KNOWN.to_owned()),
            deceased: deceased(value),
            phone: preferred_phone(value).or_else(|| phones.first().cloned()),
            address: items(value, "address").iter().find_map(address),
            language: contact.and_then(|c| element::concept(c.get("language")?)),
            interpreter: interpreter(value),
            all_names: items(value, "name").iter().filter_map(whole_name).collect(),
            numbers,
            phones,
            links: Links::of(document),
        })
    }

    /// The birth date as it is shown: `14-Jul-1945`, or "Not Known".
    pub fn born_text(&self) -> String {
        self.born.map_or_else(|| NOT_KNOWN.to_owned(), PartialDate::text)
    }

    /// The age on a day, or at death: `61y`, or "Not Known".
    pub fn age_text(&self, today: Date) -> String {
        let died = self.deceased.and_then(|d| d.at).map(|at| at.day(&jiff::tz::TimeZone::UTC));
        let age = self.born.and_then(|born| born.age_text(died.unwrap_or(today)));
        age.unwrap_or_else(|| NOT_KNOWN.to_owned())
    }

    /// Initials for a small badge; empty where no name is known.
    pub fn initials(&self) -> String {
        let first = |name: &str| name.chars().find(|c| c.is_alphabetic());
        [&self.given, &self.family].into_iter().filter(|n| *n != NOT_KNOWN).filter_map(|n| first(n)).collect()
    }
}

/// The name of any resource that has `name` as `HumanName`: `Dr Johnson Schmitt`.
pub(super) fn person_name(value: &Value) -> Option<String> {
    name_words(official_name(value)?)
}

/// A `HumanName` in its words.
pub(super) fn name_words(name: &Value) -> Option<String> {
    text(name, "text").or_else(|| {
        let parts =
            [joined(name, "prefix"), joined(name, "given"), text(name, "family"), joined(name, "suffix")];
        let words: Vec<String> = parts.into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" "))
    })
}

fn official_name(value: &Value) -> Option<&Value> {
    let names = items(value, "name");
    let used = |wanted: &str| names.iter().find(|n| n.get("use").and_then(Value::as_str) == Some(wanted));
    let current =
        |n: &&Value| !matches!(n.get("use").and_then(Value::as_str), Some("old" | "maiden" | "nickname"));
    used("official")
        .or_else(|| used("usual"))
        .or_else(|| names.iter().find(current))
        .or_else(|| names.first())
}

fn display_name(
    family: Option<&str>,
    given: Option<&str>,
    title: Option<&str>,
    name: Option<&Value>,
) -> String {
    let title = title.map(|t| format!(" ({t})")).unwrap_or_default();
    match (family, given) {
        (Some(family), Some(given)) => format!("{}, {given}{title}", family.to_uppercase()),
        (Some(family), None) => format!("{}{title}", family.to_uppercase()),
        (None, Some(given)) => format!("{given}{title}"),
        (None, None) => name.and_then(|n| text(n, "text")).unwrap_or_else(|| NOT_KNOWN.to_owned()),
    }
}

fn joined(value: &Value, name: &str) -> Option<String> {
    let words: Vec<String> =
        items(value, name).iter().filter_map(|item| element::clean(item.as_str()?)).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn whole_name(name: &Value) -> Option<String> {
    let parts = [joined(name, "given"), text(name, "family"), text(name, "text")];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn preferred(value: &Value) -> Option<String> {
    let nickname = |n: &&Value| n.get("use").and_then(Value::as_str) == Some("nickname");
    let name = items(value, "name").iter().find(nickname)?;
    joined(name, "given").or_else(|| text(name, "text"))
}

fn sex(value: &Value) -> Sex {
    match value.get("gender").and_then(Value::as_str) {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        Some("other") => Sex::Other,
        Some(_) | None => Sex::Unknown,
    }
}

fn deceased(value: &Value) -> Option<Deceased> {
    match (value.get("deceasedBoolean").and_then(Value::as_bool), value.get("deceasedDateTime")) {
        (_, Some(_)) => Some(Deceased { at: element::when(value, "deceasedDateTime") }),
        (Some(true), None) => Some(Deceased { at: None }),
        (Some(false) | None, None) => None,
    }
}

/// The type code of an identifier, such as `MR` or `SS`.
fn identifier_type(identifier: &Value) -> Option<String> {
    let kind = identifier.get("type")?;
    element::code_in(kind, IDENTIFIER_TYPE).or_else(|| element::first_code(identifier, "type"))
}

/// A record number: of our own system, or typed MR; nothing else that an identifier can be.
fn record_number(identifier: &Value) -> Option<String> {
    let own = identifier.get("system").and_then(Value::as_str) == Some(RECORD_NUMBER);
    let typed = identifier_type(identifier);
    (own || typed.as_deref() == Some("MR")).then(|| text(identifier, "value")).flatten()
}

/// Our own number first, then the shortest: many sources use UUIDs as record numbers, which nobody reads aloud.
fn shown_number(value: &Value) -> Option<String> {
    let identifiers = items(value, "identifier");
    let own = |i: &&Value| i.get("system").and_then(Value::as_str) == Some(RECORD_NUMBER);
    let own = identifiers.iter().find(own).and_then(|i| text(i, "value"));
    own.or_else(|| identifiers.iter().filter_map(record_number).min_by_key(String::len))
}

fn phone(telecom: &Value) -> Option<String> {
    let is_phone = matches!(telecom.get("system").and_then(Value::as_str), Some("phone" | "sms"));
    let old = telecom.get("use").and_then(Value::as_str) == Some("old");
    (is_phone && !old).then(|| text(telecom, "value")).flatten()
}

fn preferred_phone(value: &Value) -> Option<String> {
    let mobile = |t: &&Value| t.get("use").and_then(Value::as_str) == Some("mobile");
    items(value, "telecom").iter().find(mobile).and_then(phone)
}

fn address(address: &Value) -> Option<String> {
    if address.get("use").and_then(Value::as_str) == Some("old") {
        return None;
    }
    let parts =
        [joined(address, "line"), text(address, "city"), text(address, "state"), text(address, "postalCode")];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    if words.is_empty() { text(address, "text") } else { Some(words.join(", ")) }
}

fn first_language(value: &Value) -> Option<&Value> {
    let spoken = items(value, "communication");
    let preferred = |c: &&Value| c.get("preferred").and_then(Value::as_bool) == Some(true);
    spoken.iter().find(preferred).or_else(|| spoken.first())
}

fn interpreter(value: &Value) -> bool {
    const REQUIRED: &str = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired";
    let required = |e: &Value| {
        e.get("url").and_then(Value::as_str) == Some(REQUIRED)
            && e.get("valueBoolean").and_then(Value::as_bool) == Some(true)
    };
    items(value, "extension").iter().any(required)
}
