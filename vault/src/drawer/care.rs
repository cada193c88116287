//! Who cares for whom, as far as the records of a drawer say: derived anew whenever a document changes.
//!
//! A relation holds from `since` to `until`:
//! * a care team: as long as the team and the membership last;
//! * the patient's own general practitioner: as long as the patient says so;
//! * an appointment: from [`BEFORE_VISIT`] before it starts to [`AFTER_VISIT`] after it ends;
//! * an encounter: from its start to [`AFTER_VISIT`] after its end, or for [`OPEN_ENCOUNTER`] when it has no end;
//! * a patient who has arrived is everybody's at the site until the end of the next day ([`SITE`], [`ARRIVED`]).
//!
//! What was cancelled, missed, or entered in error makes none.

use jiff::{SignedDuration, Timestamp};
use records::Document;
use records::id::{RecordKey, ResourceKind};
use records::reference::Reference;
use serde_json::Value;

use super::place;

/// Stands for everybody who works at the site.
pub(crate) const SITE: &str = "*";

/// Charts are prepared the week before a visit.
const BEFORE_VISIT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Results come in and questions are asked for a month after a visit.
const AFTER_VISIT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// An encounter that nobody closed ends some day.
const OPEN_ENCOUNTER: SignedDuration = SignedDuration::from_hours(90 * 24);
/// An arrival counts for the visit and the work after it.
const ARRIVED: SignedDuration = SignedDuration::from_hours(24);

/// From when to when somebody cares for a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// Who cares for the document's patient because of this document: id of the practitioner, and how long.
pub(super) fn relations(document: &Document) -> Vec<(String, Since)> {
    let value = document.value();
    let kind = document.kind();
    if *kind == ResourceKind::CARE_TEAM {
        care_team(value)
    } else if *kind == ResourceKind::PATIENT {
        let doctors = value.get("generalPractitioner").and_then(Value::as_array).into_iter().flatten();
        doctors.filter_map(practitioner).map(|person| (person, always())).collect()
    } else if *kind == ResourceKind::APPOINTMENT {
        appointment(value)
    } else if *kind == ResourceKind::ENCOUNTER {
        encounter(value)
    } else {
        Vec::new()
    }
}

/// Whether documents of this type can make a relation at all; the others need not be read for it.
pub(super) fn may_relate(kind: &ResourceKind) -> bool {
    [ResourceKind::CARE_TEAM, ResourceKind::PATIENT, ResourceKind::APPOINTMENT, ResourceKind::ENCOUNTER]
        .contains(kind)
}

/// The id of the practitioner who wrote a note or document, for what only its author may read; empty when unknown.
pub(crate) fn author(document: &Document) -> String {
    let kind = document.kind();
    if *kind != ResourceKind::DOCUMENT_REFERENCE && *kind != ResourceKind::COMPOSITION {
        return String::new();
    }
    list(document.value(), "author").find_map(practitioner).unwrap_or_default()
}

fn care_team(team: &Value) -> Vec<(String, Since)> {
    if matches!(text(team, "status"), Some("inactive" | "entered-in-error" | "proposed" | "suspended")) {
        return Vec::new();
    }
    let whole = period(team.get("period")).unwrap_or_else(always);
    let member = |participant: &Value| {
        let person = practitioner(participant.get("member")?)?;
        let own = period(participant.get("period")).unwrap_or_else(always);
        let since = own.since.max(whole.since);
        Some((person, Since { since, until: own.until.min(whole.until) }))
    };
    list(team, "participant").filter_map(member).collect()
}

fn appointment(appointment: &Value) -> Vec<(String, Since)> {
    let status = text(appointment, "status");
    if matches!(status, Some("cancelled" | "noshow" | "entered-in-error" | "proposed" | "waitlist")) {
        return Vec::new();
    }
    let Some(start) = text(appointment, "start").and_then(place::parse) else {
        return Vec::new();
    };
    let end = text(appointment, "end").and_then(place::parse).unwrap_or(start);
    let booked = Since { since: start - BEFORE_VISIT, until: end + AFTER_VISIT };
    let with = |participant: &Value| Some((practitioner(participant.get("actor")?)?, booked));
    let mut relations: Vec<_> = list(appointment, "participant").filter_map(with).collect();
    if matches!(status, Some("arrived" | "checked-in" | "fulfilled")) {
        relations.push((SITE.to_owned(), Since { since: start - ARRIVED, until: end + ARRIVED }));
    }
    relations
}

fn encounter(encounter: &Value) -> Vec<(String, Since)> {
    if matches!(text(encounter, "status"), Some("cancelled" | "entered-in-error")) {
        return Vec::new();
    }
    let Some(start) = encounter.pointer("/period/start").and_then(Value::as_str).and_then(place::parse)
    else {
        return Vec::new();
    };
    let end = encounter.pointer("/period/end").and_then(Value::as_str).and_then(place::parse);
    let until = end.map_or(start + OPEN_ENCOUNTER, |end| end + AFTER_VISIT);
    let with = |participant: &Value| {
        Some((practitioner(participant.get("individual")?)?, Since { since: start, until }))
    };
    list(encounter, "participant").filter_map(with).collect()
}

/// The id of the practitioner that a reference leads to.
fn practitioner(reference: &Value) -> Option<String> {
    match Reference::parse(text(reference, "reference")?) {
        Reference::Record(RecordKey { kind, id }) if kind == ResourceKind::PRACTITIONER => {
            Some(id.as_str().to_owned())
        }
        Reference::Record(_) | Reference::Urn(_) | Reference::Contained(_) | Reference::Other(_) => None,
    }
}

/// An end that nobody lives to see: the last moment that a column of milliseconds gives back is before [`Timestamp::MAX`].
const NO_END: Timestamp = Timestamp::constant(253_370_764_800, 0);

fn period(period: Option<&Value>) -> Option<Since> {
    let at = |name| text(period?, name).and_then(place::parse);
    period?;
    Some(Since { since: at("start").unwrap_or(Timestamp::UNIX_EPOCH), until: at("end").unwrap_or(NO_END) })
}

fn always() -> Since {
    Since { since: Timestamp::UNIX_EPOCH, until: NO_END }
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
    fn an_appointment_relates_its_practitioners_around_the_visit() {
        let found =
            of(r#"{"resourceType":"Appointment","id":"a","status":"booked","start":"2026-03-10T09:00:00Z",
            "end":"2026-03-10T09:20:00Z","participant":[{"actor":{"reference":"Patient/p"}},
            {"actor":{"reference":"Practitioner/dr"}}]}"#);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "dr");
        assert_eq!(found[0].1.since.to_string(), "2026-03-03T09:00:00Z");
        assert_eq!(found[0].1.until.to_string(), "2026-04-09T09:20:00Z");
    }

    #[test]
    fn an_arrival_relates_the_whole_site() {
        let found =
            of(r#"{"resourceType":"Appointment","id":"a","status":"arrived","start":"2026-03-10T09:00:00Z",
            "participant":[{"actor":{"reference":"Patient/p"}}]}"#);

        assert_eq!(found.iter().map(|(person, _)| person.as_str()).collect::<Vec<_>>(), [SITE]);
    }

    #[test]
    fn what_was_cancelled_relates_nobody() {
        for text in [
            r#"{"resourceType":"Appointment","id":"a","status":"cancelled","start":"2026-03-10T09:00:00Z",
               "participant":[{"actor":{"reference":"Practitioner/dr"}}]}"#,
            r#"{"resourceType":"Encounter","id":"a","status":"entered-in-error","period":{"start":"2026-03-10"},
               "participant":[{"individual":{"reference":"Practitioner/dr"}}]}"#,
            r#"{"resourceType":"CareTeam","id":"a","status":"inactive",
               "participant":[{"member":{"reference":"Practitioner/dr"}}]}"#,
            r#"{"resourceType":"Observation","id":"a","performer":[{"reference":"Practitioner/dr"}]}"#,
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_care_team_ends_with_the_membership_or_the_team_whichever_is_first() {
        let found =
            of(r#"{"resourceType":"CareTeam","id":"a","status":"active","period":{"end":"2026-06-01"},
            "participant":[{"member":{"reference":"Practitioner/a"},"period":{"end":"2026-05-01"}},
            {"member":{"reference":"Practitioner/b"}}]}"#);

        assert_eq!(found[0].1.until.to_string(), "2026-05-01T00:00:00Z");
        assert_eq!(found[1].1.until.to_string(), "2026-06-01T00:00:00Z");
    }

    fn of(text: &str) -> Vec<(String, Since)> {
        relations(&Document::parse(text.as_bytes().to_vec()).unwrap())
    }
}
