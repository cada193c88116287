//! What the audit page shows of an event, read back from its JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::codes::EventKind;
use crate::id::{EventId, PatientId, PersonId, RecordKey};
use crate::reference::Reference;

/// The name of the detail that says how somebody signed in.
pub(super) const METHOD: &str = "method";

/// The parts of an event that a list of events shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSummary {
    /// Its id, where it is one of ours.
    pub id: Option<EventId>,
    /// What kind of event, where it is one of ours.
    pub kind: Option<EventKind>,
    /// When it happened.
    pub recorded: Option<Timestamp>,
    /// The person, if one took part.
    pub person: Option<PersonId>,
    /// What the person is called, where the event says so: a sign-in does.
    pub person_name: Option<String>,
    /// The patient, if it is about one.
    pub patient: Option<PatientId>,
    /// C, R, U, D or E.
    pub action: Option<String>,
    /// 0, 4, 8 or 12; none for a write intent.
    pub outcome: Option<String>,
    /// Why it failed, in one word.
    pub outcome_words: Option<String>,
    /// How somebody signed in, in one word ([`super::SignIn::as_str`]).
    pub method: Option<String>,
    /// The other records it names.
    pub records: Vec<RecordKey>,
    /// The intent that it is the result of.
    pub intent: Option<EventId>,
}

impl EventSummary {
    pub(super) fn of(event: &Value) -> Self {
        let text = |name: &str| event.get(name).and_then(Value::as_str);
        let list = |name: &str| event.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut summary = Self {
            id: text("id").and_then(|id| id.parse().ok()),
            kind: EventKind::of(event),
            recorded: text("recorded").and_then(|at| at.parse().ok()),
            person: None,
            person_name: None,
            patient: None,
            action: text("action").map(str::to_owned),
            outcome: text("outcome").map(str::to_owned),
            outcome_words: text("outcomeDesc").map(str::to_owned),
            method: list("entity").find_map(method),
            records: Vec::new(),
            intent: None,
        };
        if let Some((person, agent)) = list("agent").find_map(|agent| Some((person(agent)?, agent))) {
            summary.person = Some(person);
            summary.person_name = agent.get("name").and_then(Value::as_str).map(str::to_owned);
        }
        for key in list("entity").filter_map(|entity| record(entity.get("what")?)) {
            match key.kind.as_str() {
                "Patient" if summary.patient.is_none() => summary.patient = Some(PatientId(key.id)),
                "Patient" => {}
                "AuditEvent" => summary.intent = key.id.as_str().parse().ok(),
                _ => summary.records.push(key),
            }
        }
        summary
    }
}

fn method(entity: &Value) -> Option<String> {
    let details = entity.get("detail")?.as_array()?;
    let named = |detail: &&Value| detail.get("type").and_then(Value::as_str) == Some(METHOD);
    details.iter().find(named)?.get("valueString")?.as_str().map(str::to_owned)
}

fn person(agent: &Value) -> Option<PersonId> {
    let key = record(agent.get("who")?)?;
    if key.kind.as_str() == "Practitioner" { key.id.as_str().parse().ok() } else { None }
}

fn record(element: &Value) -> Option<RecordKey> {
    match Reference::parse(element.get("reference")?.as_str()?) {
        Reference::Record(key) => Some(key),
        Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    }
}
