//! What a log's events are searched by, read out of each when it is stored.

use jiff::Timestamp;
use records::AuditEvent;
use records::event::profile_faults;
use serde::Deserialize;
use std::borrow::Cow;

/// The longest value that is searched by, in bytes.
const LONGEST: usize = 256;

/// What is read out of an event, so that it can be searched for; an event without any of it is kept all the same.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) recorded_at: Option<i64>,
    pub(super) event_id: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) subtype: Option<String>,
    pub(super) outcome: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) patient: Option<String>,
    pub(super) odd: bool,
}

impl Index {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(bytes) else {
            return Self { odd: true, ..Self::default() };
        };
        // What does not keep to its pattern is flagged and kept (BALP 1:52.1.1.3).
        let keeps_to_pattern =
            AuditEvent::parse(bytes.to_vec()).is_ok_and(|event| profile_faults(&event).is_empty());
        let recorded: Option<Timestamp> = event.recorded.and_then(|at| at.parse().ok());
        let requestor = event.agent.iter().find(|agent| agent.requestor == Some(true));
        let mut patients: Vec<&str> = event.entity.iter().filter_map(Entity::patient).collect();
        patients.dedup();
        let patient = patients.first().copied();
        // A search by patient looks at odd events itself, so one about several is found under each.
        let mut odd = !keeps_to_pattern || recorded.is_none() || patients.len() > 1;
        let mut kept = |text: Option<&str>| {
            let usual = text.filter(|text| is_usual(text));
            odd |= usual != text;
            usual.map(str::to_owned)
        };
        Self {
            recorded_at: recorded.map(Timestamp::as_millisecond),
            event_id: kept(event.id.as_deref()),
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
    id: Option<Cow<'a, str>>,
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
    #[serde(borrow, rename = "type")]
    kind: Option<Code<'a>>,
}

impl Entity<'_> {
    /// The patient that it is, by reference or else by identifier.
    fn patient(&self) -> Option<&str> {
        let what = self.what.as_ref()?;
        let by_reference = what.reference.as_deref().and_then(|subject| {
            let unversioned = subject.split_once("/_history/").map_or(subject, |(before, _)| before);
            let (before, id) = unversioned.rsplit_once('/')?;
            before.ends_with("Patient").then_some(id)
        });
        let is_person = self.kind.as_ref().and_then(|kind| kind.code.as_deref()) == Some("1");
        let by_identifier = || what.identifier.as_ref()?.value.as_deref().filter(|_| is_person);
        by_reference.or_else(by_identifier)
    }
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
