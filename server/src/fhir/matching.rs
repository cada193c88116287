//! Whether an audit event is one that was asked for: the parameters of ITI-81, read off the event itself.

use super::asked::{bounds, narrowed};
use super::reply::Trouble;
use serde_json::Value;
use uuid::Uuid;

/// How a parameter is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `date` and `_lastUpdated`.
    Date,
    Token,
    Text,
    Reference,
}

impl Kind {
    pub(super) const fn fhir(self) -> &'static str {
        match self {
            Kind::Date => "date",
            Kind::Token => "token",
            Kind::Text => "string",
            Kind::Reference => "reference",
        }
    }
}

/// Every parameter of a search for audit events (IHE ITI-81, BALP), and two of FHIR's own.
pub(super) const PARAMETERS: [(&str, Kind); 15] = [
    ("_id", Kind::Token),
    ("_lastUpdated", Kind::Date),
    ("date", Kind::Date),
    ("address", Kind::Text),
    ("agent.identifier", Kind::Token),
    ("patient.identifier", Kind::Token),
    ("entity.identifier", Kind::Token),
    ("entity-type", Kind::Token),
    ("entity-role", Kind::Token),
    ("source.identifier", Kind::Token),
    ("type", Kind::Token),
    ("subtype", Kind::Token),
    ("outcome", Kind::Token),
    ("action", Kind::Token),
    ("patient", Kind::Reference),
];

/// What is asked of the events of a span.
#[derive(Default)]
pub(super) struct Wanted {
    /// Recorded not before the first and before the second, in milliseconds since 1970.
    pub(super) recorded: (Option<i64>, Option<i64>),
    /// Received, likewise.
    pub(super) received: (Option<i64>, Option<i64>),
    /// One of these ids; any where there is none.
    pub(super) ids: Vec<String>,
    /// One of these patients; any where there is none.
    pub(super) patients: Vec<String>,
    /// What each event has to pass.
    tests: Vec<(&'static str, Vec<Token>)>,
}

/// A value, and the system that was named with it.
#[derive(Clone)]
struct Token {
    system: Option<String>,
    value: String,
}

impl Wanted {
    /// Takes one parameter; false where there is no such parameter.
    pub(super) fn take(&mut self, name: &str, value: &str, in_address: bool) -> Result<bool, Trouble> {
        let Some((name, kind)) = PARAMETERS.into_iter().find(|(known, _)| *known == name) else {
            return Ok(false);
        };
        if kind == Kind::Date {
            let bounds = bounds(value).ok_or_else(unreadable)?;
            let span = if name == "date" { &mut self.recorded } else { &mut self.received };
            *span = narrowed(*span, bounds);
            return Ok(true);
        }
        let tokens: Vec<Token> = value.split(',').filter(|part| !part.is_empty()).map(Token::of).collect();
        if tokens.is_empty() {
            return Err(unreadable());
        }
        let may_be_a_number = matches!(name, "patient.identifier" | "entity.identifier");
        if in_address && may_be_a_number && !tokens.iter().all(|token| token.is_opaque()) {
            return Err(not_in_an_address());
        }
        let values = || tokens.iter().map(|token| token.value.clone()).collect();
        match name {
            "_id" => self.ids = values(),
            "patient.identifier" | "patient" => self.patients = values(),
            _ => {}
        }
        if name != "_id" {
            self.tests.push((name, tokens));
        }
        Ok(true)
    }

    /// Whether an event passes; the spans and ids are the store's to see to.
    pub(super) fn takes(&self, event: &Value) -> bool {
        self.tests.iter().all(|(name, tokens)| {
            let found = values_of(event, name);
            tokens.iter().any(|token| found.iter().any(|found| token.is_in(found)))
        })
    }
}

impl Token {
    fn of(text: &str) -> Self {
        let text = text.strip_prefix("Patient/").unwrap_or(text);
        match text.split_once('|') {
            Some(("", value)) => Self { system: None, value: value.to_owned() },
            Some((system, value)) => Self { system: Some(system.to_owned()), value: value.to_owned() },
            None => Self { system: None, value: text.to_owned() },
        }
    }

    /// An id that says nothing by itself.
    fn is_opaque(&self) -> bool {
        Uuid::try_parse(&self.value).is_ok()
    }

    fn is_in(&self, found: &Found<'_>) -> bool {
        let system = self.system.as_deref().is_none_or(|system| found.system == Some(system));
        system && found.value.eq_ignore_ascii_case(&self.value)
    }
}

/// A value of an event, and its system.
struct Found<'a> {
    system: Option<&'a str>,
    value: &'a str,
}

fn values_of<'a>(event: &'a Value, name: &str) -> Vec<Found<'a>> {
    match name {
        "address" => {
            let address = |agent: &'a Value| agent.get("network")?.get("address")?.as_str();
            list(event, "agent").filter_map(address).map(|value| Found { system: None, value }).collect()
        }
        "agent.identifier" => {
            list(event, "agent").filter_map(|agent| agent.get("who")).flat_map(named).collect()
        }
        "patient.identifier" | "patient" => {
            let entities = list(event, "entity").filter(|entity| is_patient(entity));
            let agents = list(event, "agent").filter_map(|agent| agent.get("who"));
            let agents = agents.filter(|who| text(who, "reference").is_some_and(points_at_patient));
            entities.filter_map(|entity| entity.get("what")).chain(agents).flat_map(named).collect()
        }
        "entity.identifier" => {
            list(event, "entity").filter_map(|entity| entity.get("what")).flat_map(named).collect()
        }
        "entity-type" => list(event, "entity").filter_map(|entity| coding(entity.get("type")?)).collect(),
        "entity-role" => list(event, "entity").filter_map(|entity| coding(entity.get("role")?)).collect(),
        "source.identifier" => {
            event.get("source").and_then(|source| source.get("observer")).map(named).unwrap_or_default()
        }
        "type" => event.get("type").and_then(coding).into_iter().collect(),
        "subtype" => list(event, "subtype").filter_map(coding).collect(),
        "outcome" | "action" => {
            text(event, name).map(|value| Found { system: None, value }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn is_patient(entity: &Value) -> bool {
    let code = |name: &str| entity.get(name).and_then(|coding| text(coding, "code"));
    let by_reference =
        entity.get("what").and_then(|what| text(what, "reference")).is_some_and(points_at_patient);
    by_reference || (code("type") == Some("1") && code("role").is_none_or(|role| role == "1"))
}

fn points_at_patient(reference: &str) -> bool {
    reference.starts_with("Patient/") || reference.contains("/Patient/")
}

/// What a Reference names: its identifier, the id at its end, and the whole of it.
fn named(reference: &Value) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    if let Some(identifier) = reference.get("identifier") {
        let value = text(identifier, "value");
        found.extend(value.map(|value| Found { system: text(identifier, "system"), value }));
    }
    if let Some(whole) = text(reference, "reference") {
        found.push(Found { system: None, value: whole });
        let unversioned = whole.split_once("/_history/").map_or(whole, |(before, _)| before);
        found.extend(unversioned.rsplit_once('/').map(|(_, id)| Found { system: None, value: id }));
    }
    found
}

fn coding(coding: &Value) -> Option<Found<'_>> {
    text(coding, "code").map(|value| Found { system: text(coding, "system"), value })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

const fn unreadable() -> Trouble {
    Trouble::invalid("The value of a parameter cannot be read.", "Check dates and codes against FHIR R4.")
}

const fn not_in_an_address() -> Trouble {
    Trouble::Outcome {
        status: 400,
        issue: "security",
        text: "A number that a patient is known by does not belong in an address.",
        advice: "Send it as a form to POST AuditEvent/_search; an opaque id may stand here.",
    }
}
