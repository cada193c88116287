//! Saving a change, in the one order that survives a power cut at any point:
//!
//! 1. the intent: the permit's event is in the log already; the change takes its number in the outbox index;
//! 2. the drawer: rows, their next version and the finished envelope in one commit;
//! 3. the outbox: the envelope copied to `outbox/`, synced;
//! 4. the result event, and the change waits to be sent.
//!
//! Saved is said after step 4. What is cut short is finished, or closed as not done, at the next opening of the drawer
//! (`recovery.rs`).

use jiff::Timestamp;
use keys::envelope::{self, Letter};
use keys::{AgreementPublic, SigningKey};
use records::change::{Base, Change};
use records::event::{AuditEvent, EventOutcome, WriteDetails};
use records::id::{ChangeId, EventId, PatientId, RecordKey};
use records::rights::{Action, Permit};
use records::{Actor, Drawer, classify};
use serde::{Deserialize, Serialize};

use crate::device::{OutboxEntry, OutboxState};
use crate::durable;
use crate::error::{SaveError, StoreError};
use crate::vault::Vault;

/// What a change is signed and sealed with.
#[derive(Debug, Clone, Copy)]
pub struct Pen<'a> {
    /// The author's signing key.
    pub author_key: &'a SigningKey,
    /// The server's sealing key.
    pub sealing_key: &'a AgreementPublic,
    /// The practice's recovery key.
    pub recovery_key: &'a AgreementPublic,
}

/// A step of a save. A save that is told to stop after one returns [`SaveError::Stopped`], as if the power had gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SaveStep {
    /// The change has its number.
    Intent,
    /// The rows and the envelope are in the drawer.
    Drawer,
    /// The envelope is in `outbox/`.
    Outbox,
    /// The result is in the log.
    Result,
}

/// What is needed to write the result event of a save, also after a crash. Opaque ids only.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Intent {
    actor: Actor,
    action: Action,
    patient: Option<PatientId>,
    records: Vec<RecordKey>,
    change: ChangeId,
    event: EventId,
    /// The changes in conflict that this one settles.
    #[serde(default)]
    pub(crate) settles: Vec<ChangeId>,
    /// The other patient whose record it changes.
    #[serde(default)]
    also: Option<Also>,
}

/// The part of a change that is of a second patient.
#[derive(Debug, Serialize, Deserialize)]
struct Also {
    patient: PatientId,
    records: Vec<RecordKey>,
    event: EventId,
}

impl Vault {
    /// Saves a change of the permit's patient. The permit's event is the intent; it is used up:
    ///
    /// ```compile_fail,E0382
    /// # use records::{Permit, change::Change};
    /// fn twice(vault: &mut vault::Vault, permit: Permit, change: &Change, pen: &vault::Pen, now: jiff::Timestamp) {
    ///     let _ = vault.save(permit, change, pen, now);
    ///     let _ = vault.save(permit, change, pen, now);
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SaveError`]; a change that was refused leaves nothing but its events.
    pub fn save(
        &mut self,
        permit: Permit,
        change: &Change,
        pen: &Pen<'_>,
        now: Timestamp,
    ) -> Result<(), SaveError> {
        self.save_until(permit, change, pen, now, SaveStep::Result)
    }

    /// As [`Vault::save`], but stops after a step, for tests of what a power cut leaves.
    ///
    /// # Errors
    /// [`SaveError::Stopped`] after any step but the last.
    pub fn save_until(
        &mut self,
        permit: Permit,
        change: &Change,
        pen: &Pen<'_>,
        now: Timestamp,
        last: SaveStep,
    ) -> Result<(), SaveError> {
        self.save_under(&[permit], change, pen, now, last)
    }

    /// Saves a change of two patients, under a permit for each: their charts are joined, or separated again.
    ///
    /// # Errors
    /// As [`Vault::save`].
    pub fn save_of_two(
        &mut self,
        permits: [Permit; 2],
        change: &Change,
        pen: &Pen<'_>,
        now: Timestamp,
    ) -> Result<(), SaveError> {
        self.save_under(&permits, change, pen, now, SaveStep::Result)
    }

    fn save_under(
        &mut self,
        permits: &[Permit],
        change: &Change,
        pen: &Pen<'_>,
        now: Timestamp,
        last: SaveStep,
    ) -> Result<(), SaveError> {
        let intent = Intent::of(permits, change).ok_or(SaveError::NotPermitted)?;
        match self.check_change(permits, change) {
            Ok(drawer) => self.write_change(&intent, change, drawer, pen, now, last),
            Err(refused) => {
                let results = self.result_events(&intent, EventOutcome::MinorFailure, now);
                self.device.append_all(&results)?;
                Err(refused)
            }
        }
    }

    fn write_change(
        &mut self,
        intent: &Intent,
        change: &Change,
        drawer: Drawer,
        pen: &Pen<'_>,
        now: Timestamp,
        last: SaveStep,
    ) -> Result<(), SaveError> {
        let mut entry = outbox_entry(intent, change, drawer);
        entry.sequence = self.device.intend(&entry, &intent.to_bytes())?;
        stop_after(SaveStep::Intent, last)?;
        let envelope = match self.write_drawer(change, &entry, pen) {
            Ok(envelope) => envelope,
            Err(error) => {
                // Nothing was written, if the drawer says so; a commit whose end is not known waits for the next
                // opening.
                if self.is_unwritten(change.id(), drawer) {
                    self.close_save(intent, None, now)?;
                }
                return Err(error);
            }
        };
        stop_after(SaveStep::Drawer, last)?;
        self.copy_to_outbox(change.id(), &envelope)?;
        stop_after(SaveStep::Outbox, last)?;
        self.close_save(intent, Some(&envelope), now)?;
        Ok(())
    }

    fn write_drawer(
        &mut self,
        change: &Change,
        entry: &OutboxEntry,
        pen: &Pen<'_>,
    ) -> Result<Vec<u8>, SaveError> {
        let origin = change.origin();
        let letter = Letter {
            practice: origin.practice.uuid(),
            device: origin.device.uuid(),
            sequence: entry.sequence,
            change: origin.id.uuid(),
            author: origin.author.uuid(),
            written_at: origin.written_at,
            transaction: change.bundle(),
        };
        let Self { drawers, random, .. } = self;
        let envelope = envelope::seal(&letter, pen.author_key, pen.sealing_key, pen.recovery_key, random)?;
        let open = drawers.get_mut(&entry.drawer).ok_or(SaveError::NotOneDrawer)?;
        open.write(random, |writing| {
            for written in change.entries() {
                writing.write_pending(change.id(), &written.document)?;
            }
            for settled in change.settles() {
                writing.drop_set_apart(settled)?;
            }
            writing.keep_envelope(entry, &envelope)?;
            Ok::<_, SaveError>(())
        })?;
        Ok(envelope)
    }

    fn is_unwritten(&self, change: ChangeId, drawer: Drawer) -> bool {
        let kept = self.drawers.get(&drawer).map(|open| open.envelope(change));
        matches!(kept, Some(Ok(None)))
    }

    /// Copies an envelope to `outbox/`, durably.
    pub(crate) fn copy_to_outbox(&self, change: ChangeId, envelope: &[u8]) -> Result<(), StoreError> {
        Ok(durable::write(&self.device.folder().envelope_file(change), envelope)?)
    }

    /// Writes the result of a save and its state, in one commit of `device.db`: done if an envelope was written.
    pub(crate) fn close_save(
        &mut self,
        intent: &Intent,
        written: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let outcome = if written.is_some() { EventOutcome::Success } else { EventOutcome::SeriousFailure };
        let results = self.result_events(intent, outcome, now);
        self.device.close_intent(intent.change, written, &intent.settles, &results)
    }

    /// One for each patient.
    fn result_events(&mut self, intent: &Intent, outcome: EventOutcome, now: Timestamp) -> Vec<AuditEvent> {
        let first = (intent.patient.as_ref(), &intent.records, intent.event);
        let also = intent.also.iter().map(|also| (Some(&also.patient), &also.records, also.event));
        let parts = std::iter::once(first).chain(also);
        let result = |(patient, records, event): (Option<&PatientId>, &Vec<RecordKey>, EventId)| {
            let stamp = self.stamp(now);
            let details =
                WriteDetails { records: records.clone(), change: Some(intent.change), changed: Vec::new() };
            AuditEvent::write_result(stamp, &intent.actor, intent.action, patient, &details, event, outcome)
        };
        parts.map(result).collect()
    }

    /// The drawer of a change that the permits cover, one for each patient, and whose base is what is here.
    fn check_change(&self, permits: &[Permit], change: &Change) -> Result<Drawer, SaveError> {
        let (origin, identity) = (change.origin(), self.device.identity());
        for permit in permits {
            self.check(permit, &[Action::Create, Action::Update, Action::Sign, Action::Delete])
                .map_err(|_| SaveError::NotPermitted)?;
            if origin.author != permit.actor().person {
                return Err(SaveError::NotPermitted);
            }
        }
        let written_here = origin.practice == identity.practice && origin.device == identity.device;
        // No screen deletes a record, and a drawer keeps nothing that stands for a deletion until it is answered.
        let deletes = !change.deletions().is_empty();
        let classes: Vec<_> = change.entries().iter().map(|entry| classify(&entry.document)).collect();
        let covered = change.entries().iter().zip(&classes).all(|(entry, class)| {
            let mut of_patient = permits.iter().filter(|permit| entry.document.patient() == permit.patient());
            of_patient.any(|permit| permit.classes().contains(*class))
        });
        if deletes || !written_here || !covered {
            return Err(SaveError::NotPermitted);
        }
        let drawer = classes.first().map(|class| class.drawer()).ok_or(SaveError::Unreadable)?;
        let one_drawer = classes.iter().all(|class| class.drawer() == drawer);
        if !one_drawer || !self.drawers.contains_key(&drawer) {
            return Err(SaveError::NotOneDrawer);
        }
        if self.drawer(drawer).map_err(|_| SaveError::NotOneDrawer)?.held_for()?.is_some() {
            return Err(SaveError::Held);
        }
        // What was open on the screen may have been written for somebody who is gone by now.
        for patient in permits.iter().filter_map(Permit::patient) {
            if self.device.is_erased(patient.as_str())? {
                return Err(SaveError::Erased);
            }
        }
        self.check_bases(change)?;
        self.check_settled(permits, change, drawer)?;
        Ok(drawer)
    }

    /// A conflict is decided once, and in the drawer and for the patient that it is of.
    fn check_settled(&self, permits: &[Permit], change: &Change, drawer: Drawer) -> Result<(), SaveError> {
        for settled in change.settles() {
            let entry = self.device.outbox_entry(settled)?.ok_or(SaveError::Stale)?;
            if entry.state != OutboxState::Conflict {
                return Err(SaveError::Stale);
            }
            let is_of_patient = permits.iter().any(|permit| entry.patient.as_ref() == permit.patient());
            if entry.drawer != drawer || !is_of_patient {
                return Err(SaveError::NotPermitted);
            }
        }
        Ok(())
    }

    fn check_bases(&self, change: &Change) -> Result<(), SaveError> {
        for entry in change.entries() {
            let here = self.base_of(entry.document.key()).map_err(|_| SaveError::Stale)?;
            if here != entry.base {
                return Err(SaveError::Stale);
            }
            if here != Base::None && !self.is_of(entry.document.key(), entry.document.patient())? {
                return Err(SaveError::NotPermitted);
            }
        }
        Ok(())
    }

    /// Whether the record that is here belongs to this patient: a change must not move it to another.
    fn is_of(&self, key: &RecordKey, patient: Option<&PatientId>) -> Result<bool, StoreError> {
        let owner = patient.map(PatientId::as_str).unwrap_or_default();
        for open in self.drawers.values() {
            if open.version_of(key)?.is_some() {
                return open.belongs_to(key, owner);
            }
        }
        Ok(true)
    }
}

impl Intent {
    /// `None` without a permit, or with two of which one is of no patient.
    fn of(permits: &[Permit], change: &Change) -> Option<Self> {
        let records_of = |patient: Option<&PatientId>| -> Vec<RecordKey> {
            let entries = change.entries().iter().map(|entry| &entry.document);
            entries.filter(|document| document.patient() == patient).map(|one| one.key().clone()).collect()
        };
        let (permit, others) = permits.split_first()?;
        let mut intent = Self {
            actor: permit.actor().clone(),
            action: permit.action(),
            patient: permit.patient().cloned(),
            records: change.keys().cloned().collect(),
            change: change.id(),
            event: permit.event(),
            settles: change.settles().collect(),
            also: None,
        };
        if let Some(other) = others.first() {
            let patient = other.patient()?.clone();
            intent.records = records_of(intent.patient.as_ref());
            intent.also = Some(Also { records: records_of(Some(&patient)), patient, event: other.event() });
        }
        Some(intent)
    }

    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an intent is plain data")
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(bytes).map_err(|_| StoreError::Damaged)
    }
}

/// The events of an intent as the outbox index keeps it.
pub(crate) fn intent_events(bytes: &[u8]) -> Result<Vec<EventId>, StoreError> {
    let intent = Intent::from_bytes(bytes)?;
    Ok(std::iter::once(intent.event).chain(intent.also.map(|also| also.event)).collect())
}

fn outbox_entry(intent: &Intent, change: &Change, drawer: Drawer) -> OutboxEntry {
    let kind = change.keys().next().map(|key| key.kind.as_str().to_owned());
    OutboxEntry {
        sequence: 0,
        change: change.id(),
        author: change.origin().author,
        drawer,
        patient: intent.patient.clone(),
        also: intent.also.as_ref().map(|also| also.patient.clone()),
        kind: kind.unwrap_or_default(),
        written_at: change.origin().written_at,
        state: OutboxState::Intended,
        depends_on: change.depends_on().collect(),
        verdict: Vec::new(),
    }
}

fn stop_after(step: SaveStep, last: SaveStep) -> Result<(), SaveError> {
    if step == last { Err(SaveError::Stopped) } else { Ok(()) }
}
