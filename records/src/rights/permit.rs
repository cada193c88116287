//! The permit: proof that the trail has the event. Nothing but [`Allowed::permit`] makes one.

use jiff::Timestamp;

use super::decide::{Allowed, Denied, StatedReason};
use super::scope::RowScope;
use super::table::Action;
use crate::actor::Actor;
use crate::class::ClassSet;
use crate::event::{AuditEvent, Observer, Stamp};
use crate::id::{EventId, PatientId, RecordKey};
use crate::log::LogPosition;

/// The audit trail: appends an event durably, and says where.
pub trait Trail {
    /// Why an event could not be written. Nothing is shown then.
    type Error;

    /// Returns once the event will survive a power cut.
    ///
    /// # Errors
    /// When the event is not durable.
    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, Self::Error>;

    /// Who writes the trail; without an answer it is the actor's own workstation.
    fn observer(&self) -> Option<Observer> {
        None
    }
}

/// Leave to move records, once: its event is in the trail. It cannot be copied, and nothing else can make one:
///
/// ```compile_fail
/// let permit = records::rights::Permit { position: todo!() };
/// ```
///
/// ```compile_fail
/// fn twice(permit: records::rights::Permit) -> (records::rights::Permit, records::rights::Permit) {
///     (permit.clone(), permit)
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    allowed: Allowed,
    event: EventId,
    position: LogPosition,
}

impl Allowed {
    /// Appends the event and returns the permit: for a write the event is the intent, for all else the act.
    ///
    /// # Errors
    /// Whatever the trail says; there is no permit then.
    pub fn permit<T: Trail>(self, trail: &mut T, id: EventId, now: Timestamp) -> Result<Permit, T::Error> {
        let observer = trail.observer().unwrap_or(Observer::Workstation(self.actor.device));
        let event = self.event(Stamp { id, at: now, observer });
        let position = trail.append(&event)?;
        Ok(Permit { allowed: self, event: id, position })
    }

    fn event(&self, stamp: Stamp) -> AuditEvent {
        let (actor, patient, details) = (&self.actor, self.patient.as_ref(), &self.details);
        match self.action {
            Action::Search | Action::ViewSchedule => {
                AuditEvent::query(stamp, actor, self.action, None, &details.tokens)
            }
            Action::OpenChart => AuditEvent::chart_opened(stamp, actor, patient, self.stated, self.masked),
            Action::Read => AuditEvent::read(stamp, actor, patient, &details.records),
            Action::Create | Action::Update | Action::Sign | Action::Delete | Action::Import => {
                AuditEvent::write_intent(stamp, actor, self.action, patient, &details.write())
            }
            Action::Print => AuditEvent::printed(stamp, actor, patient, &details.records),
            Action::Export => AuditEvent::exported(stamp, actor, patient, &details.records),
            Action::Replicate => AuditEvent::replicated(stamp, actor, patient, &details.tokens),
            Action::ReadAudit | Action::ReadOwnAudit | Action::ReadAlerts => {
                AuditEvent::audit_read(stamp, actor, patient, &details.tokens)
            }
            Action::ExportAudit => AuditEvent::audit_taken_out(stamp, actor, &details.tokens),
            Action::CloseAlerts => AuditEvent::alert_closed(stamp, actor, &details.tokens),
            Action::ManagePeople | Action::ManageDevices => {
                AuditEvent::administered(stamp, actor, self.action, &details.records)
            }
        }
    }
}

impl Denied {
    /// Appends the refusal, and gives it back to be reported.
    ///
    /// # Errors
    /// Whatever the trail says.
    pub fn record<T: Trail>(self, trail: &mut T, id: EventId, now: Timestamp) -> Result<Denied, T::Error> {
        let observer = trail.observer().unwrap_or(Observer::Workstation(self.actor.device));
        let stamp = Stamp { id, at: now, observer };
        let event = AuditEvent::denied(stamp, &self.actor, self.action, self.patient.as_ref(), self.reason);
        trail.append(&event)?;
        Ok(self)
    }
}

impl Permit {
    /// Who.
    pub fn actor(&self) -> &Actor {
        &self.allowed.actor
    }

    /// What for.
    pub fn action(&self) -> Action {
        self.allowed.action
    }

    /// Which rows a list may read.
    pub fn scope(&self) -> &RowScope {
        &self.allowed.scope
    }

    /// Which patient, where it is about one.
    pub fn patient(&self) -> Option<&PatientId> {
        self.allowed.patient.as_ref()
    }

    /// Which classes may be shown or written.
    pub fn classes(&self) -> ClassSet {
        self.allowed.classes
    }

    /// Which classes exist but stay masked.
    pub fn masked(&self) -> ClassSet {
        self.allowed.masked
    }

    /// The reason that was given for opening without a relation.
    pub fn stated(&self) -> Option<StatedReason> {
        self.allowed.stated
    }

    /// The records that the event names.
    pub fn records(&self) -> &[RecordKey] {
        &self.allowed.details.records
    }

    /// The event that stands for it.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Where the event is.
    pub fn position(&self) -> LogPosition {
        self.position
    }
}
