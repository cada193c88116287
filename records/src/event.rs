//! Audit events: FHIR R4 `AuditEvent` in the patterns of IHE BALP, with opaque ids only.
//!
//! One function per kind of event. What a record says, a name, a birth date or a search text never comes in here:
//! the arguments have no place for them. The bytes are canonical: one order of elements, no white space, UTC.

mod codes;
mod draft;
mod profile;
mod summary;
mod system;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::actor::Actor;
use crate::class::{ClassSet, Drawer};
use crate::id::{ChangeId, DeviceId, EventId, PatientId, PracticeId, RecordKey};
use crate::rights::{Action, DeniedReason, StatedReason};

use draft::Draft;

pub use codes::EventKind;
pub use profile::{Fault, faults_of, profile_faults};
pub use summary::EventSummary;
pub use system::{Alert, LockCause, LogLink, OwnCredential, SignIn};

/// An audit event as canonical JSON, and what a list of events shows of it.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditEvent {
    bytes: Vec<u8>,
    summary: EventSummary,
}

/// Which event it is, when it happened, and who observed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The id of the event.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// Who writes it down.
    pub observer: Observer,
}

/// The machine that writes an event down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observer {
    /// A workstation, by its device id.
    Workstation(DeviceId),
    /// The central server, by its device id.
    Server(DeviceId),
}

impl Observer {
    /// The device id.
    pub fn device(self) -> DeviceId {
        match self {
            Observer::Workstation(device) | Observer::Server(device) => device,
        }
    }
}

/// A machine of a practice, for events that no person causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The practice.
    pub practice: PracticeId,
    /// The machine.
    pub device: DeviceId,
}

/// What a write names: the records, the change that carries them, and the elements touched (names, not values).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteDetails {
    /// The records.
    pub records: Vec<RecordKey>,
    /// The change.
    pub change: Option<ChangeId>,
    /// Names of the elements that differ, such as `birthDate`.
    pub changed: Vec<String>,
}

/// How something ended: the codes of `AuditEvent.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventOutcome {
    /// 0.
    Success,
    /// 4: refused, or failed without harm.
    MinorFailure,
    /// 8: failed.
    SeriousFailure,
    /// 12: the system itself is at an end.
    MajorFailure,
}

impl EventOutcome {
    /// The code.
    pub const fn code(self) -> &'static str {
        match self {
            EventOutcome::Success => "0",
            EventOutcome::MinorFailure => "4",
            EventOutcome::SeriousFailure => "8",
            EventOutcome::MajorFailure => "12",
        }
    }
}

/// Bytes that are not an `AuditEvent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a FHIR AuditEvent")]
pub struct NotAnEvent;

impl AuditEvent {
    /// Takes the bytes of an event as they are; whether it keeps to a profile is [`profile_faults`]' business,
    /// because a repository must not refuse an event for that (BALP 1:52.1.1.3).
    ///
    /// # Errors
    /// When it is not a JSON object with `resourceType` `AuditEvent`.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, NotAnEvent> {
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| NotAnEvent)?;
        match value.get("resourceType").and_then(Value::as_str) {
            Some("AuditEvent") => Ok(Self { summary: EventSummary::of(&value), bytes }),
            Some(_) | None => Err(NotAnEvent),
        }
    }

    /// The JSON bytes, which the log hashes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The same event, joined to what the asker has recorded by the id of the request that it tells of (BALP).
    pub fn of_request(&self, request: Uuid) -> Self {
        let mut value = self.value();
        let entity = draft::request(&request.to_string());
        match value.get_mut("entity").and_then(Value::as_array_mut) {
            Some(entities) => entities.push(entity),
            None => value["entity"] = vec![entity].into(),
        }
        Self { summary: self.summary.clone(), bytes: value.to_string().into_bytes() }
    }

    /// What the audit page shows of it.
    pub fn summary(&self) -> &EventSummary {
        &self.summary
    }

    /// As a JSON value.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("an event is made from, or has been read as, JSON")
    }

    /// A chart was opened (BALP `PatientRead`). Says which classes stayed masked and which reason was given.
    pub fn chart_opened(
        stamp: Stamp,
        actor: &Actor,
        patient: Option<&PatientId>,
        stated: Option<StatedReason>,
        masked: ClassSet,
    ) -> Self {
        let kind =
            if actor.purpose.is_emergency() { EventKind::EmergencyOpened } else { EventKind::ChartOpened };
        let mut draft = Draft::rest(stamp, kind, "R", &[("read", codes::RESTFUL)]);
        draft.profile("IHE.BasicAudit.PatientRead");
        draft.readers(actor);
        draft.patient(patient);
        let masked = masked.iter().map(|class| ("masked", class.as_str()));
        let stated = stated.map(|reason| ("reason", codes::stated(reason)));
        draft.data(
            &patient.map(PatientId::key).into_iter().collect::<Vec<_>>(),
            &masked.chain(stated).collect::<Vec<_>>(),
        );
        draft.finish()
    }

    /// Single records were read (BALP `PatientRead`, or `Read` where there is no patient).
    pub fn read(stamp: Stamp, actor: &Actor, patient: Option<&PatientId>, records: &[RecordKey]) -> Self {
        let mut draft = Draft::rest(stamp, EventKind::Read, "R", &[("read", codes::RESTFUL)]);
        draft.profile(if patient.is_some() { "IHE.BasicAudit.PatientRead" } else { "IHE.BasicAudit.Read" });
        draft.readers(actor);
        draft.patient(patient);
        draft.data(records, &[]);
        draft.finish()
    }

    /// A search, a day's list, or one patient that a search has shown (BALP `Query`, `PatientQuery`). The terms are
    /// keyed tokens.
    pub fn query(
        stamp: Stamp,
        actor: &Actor,
        action: Action,
        shown: Option<&PatientId>,
        tokens: &[u8],
    ) -> Self {
        let kind = match (action, shown) {
            (Action::ViewSchedule, _) => EventKind::ScheduleViewed,
            (_, Some(_)) => EventKind::PatientShown,
            (_, None) => EventKind::Searched,
        };
        let mut draft = Draft::rest(stamp, kind, "E", &[("search-type", codes::RESTFUL)]);
        draft.profile(if shown.is_some() { "IHE.BasicAudit.PatientQuery" } else { "IHE.BasicAudit.Query" });
        draft.searchers(actor);
        draft.patient(shown);
        // FHIR has no empty base64: without terms the query is what was asked for.
        draft.query_tokens(if tokens.is_empty() { action.as_str().as_bytes() } else { tokens });
        draft.finish()
    }

    /// A write is about to happen. The result follows as an event of its own ([`AuditEvent::write_result`]).
    pub fn write_intent(
        stamp: Stamp,
        actor: &Actor,
        action: Action,
        patient: Option<&PatientId>,
        write: &WriteDetails,
    ) -> Self {
        let mut draft = Draft::dicom(
            stamp,
            EventKind::WriteIntent,
            codes::action_letter(action),
            codes::PATIENT_RECORD,
            &[],
        );
        draft.writers(actor);
        draft.patient(patient);
        draft.write(write);
        draft.finish()
    }

    /// What became of a write (BALP `PatientCreate`, `PatientUpdate`, `PatientDelete`), naming its intent.
    pub fn write_result(
        stamp: Stamp,
        actor: &Actor,
        action: Action,
        patient: Option<&PatientId>,
        write: &WriteDetails,
        intent: EventId,
        outcome: EventOutcome,
    ) -> Self {
        let interaction = codes::interaction(action);
        let mut draft = Draft::rest(
            stamp,
            EventKind::Written,
            codes::action_letter(action),
            &[(interaction, codes::RESTFUL)],
        );
        draft.profile(codes::write_profile(action, patient.is_some()));
        draft.outcome(outcome, None);
        if action == Action::Delete {
            draft.deleters(actor)
        } else {
            draft.writers(actor)
        }
        draft.patient(patient);
        draft.write(write);
        draft.about_event(intent);
        draft.finish()
    }

    /// Records were printed (DICOM 110106; ITI-20 counts printing as export).
    pub fn printed(stamp: Stamp, actor: &Actor, patient: Option<&PatientId>, records: &[RecordKey]) -> Self {
        Self::taken_out(stamp, EventKind::Printed, actor, patient, records)
    }

    /// Records were exported (DICOM 110106).
    pub fn exported(stamp: Stamp, actor: &Actor, patient: Option<&PatientId>, records: &[RecordKey]) -> Self {
        Self::taken_out(stamp, EventKind::Exported, actor, patient, records)
    }

    fn taken_out(
        stamp: Stamp,
        kind: EventKind,
        actor: &Actor,
        patient: Option<&PatientId>,
        records: &[RecordKey],
    ) -> Self {
        let mut draft = Draft::dicom(stamp, kind, "R", codes::EXPORT, &[("disclose", codes::LIFECYCLE)]);
        draft.readers(actor);
        draft.patient(patient);
        draft.data(records, &[]);
        draft.finish()
    }

    /// A page of history was fetched for a workstation, of everybody or of one patient; the token is the cursor.
    pub fn replicated(stamp: Stamp, actor: &Actor, patient: Option<&PatientId>, cursor: &[u8]) -> Self {
        let mut draft = Draft::rest(stamp, EventKind::Replicated, "E", &[("history-system", codes::RESTFUL)]);
        draft.searchers(actor);
        draft.patient(patient);
        draft.query_tokens(if cursor.is_empty() { b"start" } else { cursor });
        draft.finish()
    }

    /// The trail was read (DICOM 110101), of one patient or altogether.
    ///
    /// `query` says what was asked for, with what could tell who somebody is as keyed tokens; it is never what was found (ITI-20
    /// 3.20.4.1.1.1).
    pub fn audit_read(stamp: Stamp, actor: &Actor, patient: Option<&PatientId>, query: &[u8]) -> Self {
        let mut draft = Draft::dicom(stamp, EventKind::AuditRead, "R", codes::AUDIT_LOG_USED, &[]);
        draft.user(actor, "IRCP", true);
        draft.patient(patient);
        draft.audit_log();
        if !query.is_empty() {
            draft.query_tokens(query);
        }
        draft.finish()
    }

    /// Somebody wrote an audit log into a file (DICOM 110101); `what` says which.
    pub fn audit_taken_out(stamp: Stamp, actor: &Actor, what: &[u8]) -> Self {
        let mut draft = Draft::dicom(stamp, EventKind::AuditExported, "R", codes::AUDIT_LOG_USED, &[]);
        draft.user(actor, "IRCP", true);
        draft.audit_log();
        draft.query_tokens(what);
        draft.finish()
    }

    /// Somebody said that an alert was looked at (DICOM 110101); `what` is its number and what came of it.
    pub fn alert_closed(stamp: Stamp, actor: &Actor, what: &[u8]) -> Self {
        let mut draft = Draft::dicom(stamp, EventKind::AlertClosed, "U", codes::AUDIT_LOG_USED, &[]);
        draft.user(actor, "IRCP", true);
        draft.audit_log();
        draft.query_tokens(what);
        draft.finish()
    }

    /// Someone administered people or workstations (DICOM 110113).
    pub fn administered(stamp: Stamp, actor: &Actor, action: Action, records: &[RecordKey]) -> Self {
        let people = action == Action::ManagePeople;
        let subtype = if people { codes::ROLES_CHANGED } else { codes::SECURITY_CONFIGURATION };
        let mut draft = Draft::dicom(
            stamp,
            EventKind::Administered,
            "E",
            codes::SECURITY_ALERT,
            &[(subtype, codes::DICOM)],
        );
        draft.user(actor, "AUT", true);
        draft.data(records, &[]);
        draft.finish()
    }

    /// Something was refused.
    pub fn denied(
        stamp: Stamp,
        actor: &Actor,
        action: Action,
        patient: Option<&PatientId>,
        reason: DeniedReason,
    ) -> Self {
        let subtypes = [(codes::RESTRICTED_FUNCTION, codes::DICOM)];
        let mut draft = Draft::dicom(
            stamp,
            EventKind::Denied,
            codes::action_letter(action),
            codes::SECURITY_ALERT,
            &subtypes,
        );
        draft.outcome(EventOutcome::MinorFailure, Some(reason.as_str()));
        draft.user(actor, "IRCP", true);
        draft.patient(patient);
        draft.function(action.as_str());
        draft.finish()
    }

    /// Changes were handed to the server (count), or a drawer was brought up to date.
    pub fn delivered(stamp: Stamp, node: Node, changes: u64, drawer: Option<Drawer>) -> Self {
        let mut draft =
            Draft::dicom(stamp, EventKind::Delivered, "E", codes::EXPORT, &[("transmit", codes::LIFECYCLE)]);
        draft.machine(node, codes::APPLICATION);
        draft.count("changes", changes, drawer);
        draft.finish()
    }
}

impl std::fmt::Debug for AuditEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditEvent({} bytes)", self.bytes.len())
    }
}
