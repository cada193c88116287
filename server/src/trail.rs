//! The server's own audit trail: events written in the same unit of work as what they tell of.

use crate::practice::Practice;
use crate::store::{AlertKind, Leaf, NewAlert, StoreError, Transaction};
use jiff::Timestamp;
use keys::Random;
use records::AuditEvent;
use records::event::{Alert, Node, Observer, Stamp};
use records::id::{DeviceId, EventId, PersonId};
use records::log::{LogPosition, audit_leaf_hash};
use records::rights::Trail;
use uuid::Uuid;

/// Appends to the server's log within one unit of work; durable when that is committed, and nothing is answered before.
pub(crate) struct ServerTrail<'a> {
    practice: &'a Practice,
    transaction: &'a dyn Transaction,
    now: Timestamp,
    /// What each event is joined by to what the asker has recorded.
    request: Option<Uuid>,
    random: Random,
}

impl<'a> ServerTrail<'a> {
    /// The trail within a unit of work.
    #[must_use]
    pub(crate) fn new(practice: &'a Practice, transaction: &'a dyn Transaction, now: Timestamp) -> Self {
        Self { practice, transaction, now, request: None, random: Random::from_os() }
    }

    /// The same trail, for what a request with an id of its own asks: each event names it (BALP, `X-Request-Id`).
    #[must_use]
    pub(crate) fn of_request(self, request: Option<Uuid>) -> Self {
        Self { request, ..self }
    }

    /// A new event id.
    pub(crate) fn event_id(&mut self) -> EventId {
        EventId::from_uuid(self.random.uuid_v7(self.now))
    }

    /// Id, time and observer for an event of this moment.
    pub(crate) fn stamp(&mut self) -> Stamp {
        let observer = Observer::Server(self.practice.row.node);
        Stamp { id: self.event_id(), at: self.now, observer }
    }

    /// The server itself, as a machine of the practice.
    #[must_use]
    pub(crate) fn node(&self) -> Node {
        Node { practice: self.practice.row.id, device: self.practice.row.node }
    }

    /// Writes the event that what holds for the practice was changed.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn changed_settings(&mut self) -> Result<(), StoreError> {
        let event = AuditEvent::security_alert(self.stamp(), self.node(), Alert::DeviceChanged);
        self.append(&event)?;
        Ok(())
    }

    /// Writes an alert row, and the event that goes with it.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn alert(
        &mut self,
        kind: AlertKind,
        device: Option<DeviceId>,
        person: Option<PersonId>,
        detail: String,
    ) -> Result<(), StoreError> {
        tracing::warn!(code = kind.as_str(), device = device.map(|device| device.to_string()), "an alert");
        self.transaction.insert_alert(&NewAlert { at: self.now, kind, device, person, detail })?;
        let practice = self.practice.row.id;
        let node = device.map_or_else(|| self.node(), |device| Node { practice, device });
        let event = AuditEvent::security_alert(self.stamp(), node, event_alert(kind));
        self.append(&event)?;
        Ok(())
    }
}

impl Trail for ServerTrail<'_> {
    type Error = StoreError;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, StoreError> {
        let joined = self.request.map(|request| event.of_request(request));
        let event = joined.as_ref().unwrap_or(event);
        let id = self.practice.row.log;
        let mut log =
            self.transaction.log(id)?.ok_or(StoreError::Unreadable("a store without its own log"))?;
        let position = LogPosition { log: id, index: log.tree.size() };
        let hash = audit_leaf_hash(position, event.bytes());
        log.tree.push(hash);
        log.updated_at = self.now;
        let leaf = Leaf { index: position.index, hash, event: event.bytes().to_vec() };
        self.transaction.append_leaves(&log, &[leaf])?;
        Ok(position)
    }

    fn observer(&self) -> Option<Observer> {
        Some(Observer::Server(self.practice.row.node))
    }
}

impl std::fmt::Debug for ServerTrail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerTrail")
    }
}

fn event_alert(kind: AlertKind) -> Alert {
    match kind {
        AlertKind::LogFork
        | AlertKind::LogGap
        | AlertKind::LogReplaced
        | AlertKind::CheckpointRefused
        | AlertKind::MarksRefused => Alert::LogBroken,
        AlertKind::EntriesUnmarked | AlertKind::MarksBegunAnew => Alert::AuditImpaired,
        AlertKind::CodeReused => Alert::CodeReused,
        AlertKind::SignInFailures => Alert::Throttled,
        AlertKind::ChangeRefused | AlertKind::ChangeQuarantined => Alert::ChangeRefused,
        AlertKind::RecoveryCodeUsed | AlertKind::RecoveryCodeReleased => Alert::RecoveryCode,
        AlertKind::RevokedDevice | AlertKind::LateRenewal | AlertKind::NewDevice => Alert::DeviceChanged,
        AlertKind::StaleDevice => Alert::DeviceStale,
        AlertKind::MassLookUp | AlertKind::OffHours | AlertKind::BreakGlass => Alert::UnusualAccess,
        AlertKind::SignInBurst => Alert::Throttled,
        AlertKind::StoreRolledBack => Alert::RolledBack,
        AlertKind::LeaseExtended => Alert::LeaseExtended,
        AlertKind::BackupOld => Alert::BackupOld,
        AlertKind::KeyDue => Alert::KeysRotated,
    }
}
