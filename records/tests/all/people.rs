//! Actors, trails and small documents that the tests share.

use jiff::Timestamp;
use records::event::{AuditEvent, EventSummary, Observer, Stamp};
use records::log::LogPosition;
use records::view::{Sex, Subject};
use records::{
    Actor, DeviceId, Document, EventId, LogId, PatientId, PersonId, PracticeId, Purpose, Role, SessionId,
    Trail,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const PRACTICE: PracticeId = PracticeId::from_uuid(Uuid::from_u128(0xA1));
pub(crate) const OTHER_PRACTICE: PracticeId = PracticeId::from_uuid(Uuid::from_u128(0xA2));
pub(crate) const PERSON: PersonId = PersonId::from_uuid(Uuid::from_u128(0xB1));
pub(crate) const DEVICE: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xC1));
pub(crate) const SERVER: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xC2));
pub(crate) const EVENT: EventId = EventId::from_uuid(Uuid::from_u128(0xE1));
pub(crate) const LOG: LogId = LogId::from_uuid(Uuid::from_u128(0xF1));

pub(crate) fn now() -> Timestamp {
    "2026-03-02T09:30:00Z".parse().unwrap()
}

pub(crate) fn actor(role: Role) -> Actor {
    Actor {
        person: PERSON,
        practice: PRACTICE,
        roles: vec![role],
        device: DEVICE,
        session: SessionId::from_uuid(Uuid::from_u128(0xD1)),
        purpose: Purpose::usual(role),
    }
}

pub(crate) fn stamp() -> Stamp {
    Stamp { id: EVENT, at: now(), observer: Observer::Workstation(DEVICE) }
}

pub(crate) fn patient() -> PatientId {
    "pat-1".parse().unwrap()
}

pub(crate) fn document(value: Value) -> Document {
    Document::from_value(value).unwrap()
}

/// A trail in memory, which can be told to fail.
#[derive(Default)]
pub(crate) struct MemoryTrail {
    pub(crate) events: Vec<AuditEvent>,
    pub(crate) full: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TrailFull;

impl Trail for MemoryTrail {
    type Error = TrailFull;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, TrailFull> {
        if self.full {
            return Err(TrailFull);
        }
        self.events.push(event.clone());
        Ok(LogPosition { log: LOG, index: self.events.len() as u64 - 1 })
    }
}

impl MemoryTrail {
    pub(crate) fn last(&self) -> EventSummary {
        self.events.last().unwrap().summary().clone()
    }
}

/// A record of the patient `p`.
pub(crate) fn of_patient(kind: &str, id: &str, more: Value) -> Document {
    let mut value = json!({"resourceType": kind, "id": id, "subject": {"reference": "Patient/p"}});
    more.as_object().unwrap().iter().for_each(|(name, member)| value[name] = member.clone());
    document(value)
}

/// A man of fifty-odd.
pub(crate) fn adult() -> Subject {
    Subject { sex: Sex::Male, born: Some("1970-01-01".parse().unwrap()) }
}

/// A concept with a code and words.
pub(crate) fn coded(code: &str, text: &str) -> Value {
    json!({"coding": [{"code": code}], "text": text})
}
