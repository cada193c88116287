//! What a log's events are searched by, read out of each when it is stored.

use jiff::Timestamp;
use records::event::{EventKind, faults_of};
use serde_json::Value;

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
    pub(super) access: bool,
    pub(super) odd: bool,
}

impl Index {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Ok(event) = serde_json::from_slice::<Value>(bytes) else {
            return Self { odd: true, ..Self::default() };
        };
        let recorded: Option<Timestamp> = text(&event, "recorded").and_then(|at| at.parse().ok());
        let requestor =
            list(&event, "agent").find(|agent| agent.get("requestor") == Some(&Value::Bool(true)));
        let mut patients: Vec<&str> = list(&event, "entity").filter_map(patient).collect();
        patients.dedup();
        let several = patients.len() > 1;
        // What does not keep to its pattern is flagged and kept (BALP 1:52.1.1.3). A search by patient looks at odd events
        // itself, so one about several is found under each.
        let is_event = text(&event, "resourceType") == Some("AuditEvent");
        let mut odd = !is_event || recorded.is_none() || several || !faults_of(&event).is_empty();
        let mut kept = |text: Option<&str>| {
            let usual = text.filter(|text| is_usual(text));
            odd |= usual != text;
            usual.map(str::to_owned)
        };
        Self {
            recorded_at: recorded.map(Timestamp::as_millisecond),
            event_id: kept(text(&event, "id")),
            kind: kept(event.get("type").and_then(|kind| text(kind, "code"))),
            subtype: kept(list(&event, "subtype").next().and_then(|kind| text(kind, "code"))),
            outcome: kept(text(&event, "outcome")),
            agent: kept(requestor.and_then(|agent| name(agent.get("who")?))),
            patient: kept(patients.first().copied()),
            access: EventKind::of(&event).is_some_and(EventKind::is_access),
            odd,
        }
    }
}

/// No code or id is longer than this, or has a control character in it; what has would not fit every store's index.
fn is_usual(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains(char::is_control)
}

/// The patient that an entity is, by reference or else by identifier.
fn patient(entity: &Value) -> Option<&str> {
    let what = entity.get("what")?;
    let by_reference = text(what, "reference").and_then(|subject| {
        let unversioned = subject.split_once("/_history/").map_or(subject, |(before, _)| before);
        let (before, id) = unversioned.rsplit_once('/')?;
        before.ends_with("Patient").then_some(id)
    });
    let is_person = entity.get("type").and_then(|kind| text(kind, "code")) == Some("1");
    by_reference.or_else(|| what.get("identifier").and_then(|who| text(who, "value")).filter(|_| is_person))
}

/// What a Reference says: by name or else by identifier.
fn name(who: &Value) -> Option<&str> {
    text(who, "reference").or_else(|| text(who.get("identifier")?, "value"))
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_index_could_hold_is_left_out_and_the_event_is_marked() {
        let event = |agent: &str| {
            let json = format!(
                r#"{{"resourceType":"AuditEvent","type":{{"code":"110100"}},"recorded":"2026-01-02T03:04:05Z","outcome":"0",
                    "agent":[{{"requestor":true,"who":{{"reference":"{agent}"}}}}],"source":{{"observer":{{"display":"x"}}}}}}"#
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
