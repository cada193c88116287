//! What a log's events are searched by, read out of each when it is stored.

use jiff::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;

/// The longest value that is searched by, in bytes.
const LONGEST: usize = 256;

/// What is read out of an event, so that it can be searched for; an event without any of it is kept all the same.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) recorded_at: Option<i64>,
    pub(super) kind: Option<String>,
    pub(super) subtype: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) patient: Option<String>,
    pub(super) odd: bool,
}

impl Index {
    pub(super) fn of(event: &[u8]) -> Self {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(event) else {
            return Self { odd: true, ..Self::default() };
        };
        let recorded: Option<Timestamp> = event.recorded.and_then(|at| at.parse().ok());
        let requestor = event.agent.iter().find(|agent| agent.requestor == Some(true));
        let mut subjects =
            event.entity.iter().filter_map(|entity| entity.what.as_ref()?.reference.as_deref());
        let patient = subjects.find_map(|subject| subject.strip_prefix("Patient/"));
        let mut odd = event.resource_type.as_deref() != Some("AuditEvent") || recorded.is_none();
        let mut kept = |text: Option<&str>| {
            let usual = text.filter(|text| is_usual(text));
            odd |= usual != text;
            usual.map(str::to_owned)
        };
        Self {
            recorded_at: recorded.map(Timestamp::as_millisecond),
            kind: kept(event.kind.as_ref().and_then(|kind| kind.code.as_deref())),
            subtype: kept(event.subtype.first().and_then(|kind| kind.code.as_deref())),
            outcome: kept(event.outcome.as_deref()),
            agent: kept(requestor.and_then(|agent| agent.who.as_ref()?.name())),
            patient: kept(patient),
            odd,
        }
    }
}

/// No code or id is longer than this, or has a control character in it; what has would not fit every store's index.
fn is_usual(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains(char::is_control)
}

/// The few elements of an `AuditEvent` that are read; whatever else stands in it is stepped over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    resource_type: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Code<'a>>,
    #[serde(borrow, default)]
    subtype: Vec<Code<'a>>,
    #[serde(borrow)]
    recorded: Option<Cow<'a, str>>,
    #[serde(borrow)]
    outcome: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    agent: Vec<Agent<'a>>,
    #[serde(borrow, default)]
    entity: Vec<Entity<'a>>,
}

#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Agent<'a> {
    requestor: Option<bool>,
    #[serde(borrow)]
    who: Option<Who<'a>>,
}

#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow)]
    what: Option<Who<'a>>,
}

/// A FHIR Reference: by name or by identifier.
#[derive(Deserialize)]
struct Who<'a> {
    #[serde(borrow)]
    reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identifier: Option<Identifier<'a>>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
}

impl Who<'_> {
    fn name(&self) -> Option<&str> {
        let identifier = || self.identifier.as_ref()?.value.as_deref();
        self.reference.as_deref().or_else(identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_index_could_hold_is_left_out_and_the_event_is_marked() {
        let event = |agent: &str| {
            let json = format!(
                r#"{{"resourceType":"AuditEvent","recorded":"2026-01-02T03:04:05Z","outcome":"0","agent":[{{"requestor":true,"who":{{"reference":"{agent}"}}}}]}}"#
            );
            Index::of(json.as_bytes())
        };
        let usual = event("Practitioner/nora");
        assert_eq!((usual.agent.as_deref(), usual.odd), (Some("Practitioner/nora"), false));
        for agent in [r"Practitioner/\u0000", &"x".repeat(LONGEST + 1)] {
            let odd = event(agent);
            assert_eq!((odd.agent, odd.odd, odd.outcome.as_deref()), (None, true, Some("0")));
        }
    }
}
