//! What a crash left open is closed when its drawer is next open: envelopes recopied, intents given their result.

use std::collections::BTreeSet;

use jiff::Timestamp;
use records::event::{AuditEvent, EventOutcome, EventSummary, WriteDetails};
use records::id::SessionId;
use records::rights::Action;
use records::{Actor, Purpose};

use crate::device::OutboxEntry;
use crate::drawer::HeldFor;
use crate::error::StoreError;
use crate::save::Intent;
use crate::vault::Vault;

impl Vault {
    /// Finishes or closes the saves that were cut short in the open drawers, and recopies to `outbox/` what is missing
    /// there. Saves in drawers that this person cannot open wait for the next who can.
    pub(crate) fn recover(&mut self, now: Timestamp) -> Result<(), StoreError> {
        for drawer in self.open_drawers() {
            for open in self.device.open_intents(drawer)? {
                let intent = Intent::from_bytes(&open.intent)?;
                let kept = self.drawers.get(&drawer).map(|d| d.envelope(open.entry.change));
                let written = kept.transpose()?.flatten();
                if let Some(envelope) = &written {
                    self.copy_to_outbox(open.entry.change, envelope)?;
                }
                self.close_save(&intent, written.as_deref(), now)?;
                self.recovered.extend(written.is_some().then_some(open.entry.change));
            }
        }
        self.close_unlisted(now)?;
        self.list_missing()?;
        self.recopy_missing(now)
    }

    /// A change that a drawer waits with and the index does not know: `device.db` is an older copy of itself.
    fn list_missing(&mut self) -> Result<(), StoreError> {
        let Self { drawers, device, recovered, .. } = self;
        for open in drawers.values() {
            for entry in open.waiting_changes()? {
                if device.outbox_entry(entry.change)?.is_some() {
                    continue;
                }
                if let Some(envelope) = open.envelope(entry.change)? {
                    device.list_again(&entry, &envelope)?;
                    recovered.push(entry.change);
                }
            }
        }
        Ok(())
    }

    /// Gives a result to intents that were logged and came no further: the change never took its number.
    fn close_unlisted(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let unlisted = self.device.unlisted_intents()?;
        let results: Vec<AuditEvent> =
            unlisted.iter().filter_map(|intent| self.nothing_came_of(intent, now)).collect();
        self.device.close_unlisted(&results)
    }

    fn nothing_came_of(&mut self, intent: &EventSummary, now: Timestamp) -> Option<AuditEvent> {
        let identity = self.device.identity();
        let actor = Actor {
            person: intent.person?,
            practice: identity.practice,
            roles: Vec::new(),
            device: identity.device,
            session: SessionId::from_uuid(self.random.uuid_v7(now)),
            purpose: Purpose::SystemAdministration,
        };
        let action = match intent.action.as_deref() {
            Some("C") => Action::Create,
            Some("D") => Action::Delete,
            Some(_) | None => Action::Update,
        };
        let details = WriteDetails { records: intent.records.clone(), ..WriteDetails::default() };
        Some(AuditEvent::write_result(
            self.stamp(now),
            &actor,
            action,
            intent.patient.as_ref(),
            &details,
            intent.id?,
            EventOutcome::SeriousFailure,
        ))
    }

    /// An `outbox/` that was lost or damaged is filled again from the drawers. A drawer that does not know a change which
    /// waits is an older copy of itself.
    fn recopy_missing(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut older = BTreeSet::new();
        for entry in self.device.unsent()? {
            let Some(open) = self.drawers.get(&entry.drawer) else { continue };
            match open.envelope(entry.change)? {
                Some(_) if self.device.envelope(entry.change)?.is_some() => {}
                Some(envelope) => {
                    self.copy_to_outbox(entry.change, &envelope)?;
                    self.recovered.push(entry.change);
                }
                // It went with its patient; `outbox/` has the copy that is sent.
                None if self.is_of_erased(&entry)? => {}
                None => drop(older.insert(entry.drawer)),
            }
        }
        for drawer in older {
            self.hold_back(drawer, HeldFor::OldCopy, None, now)?;
        }
        Ok(())
    }

    fn is_of_erased(&self, entry: &OutboxEntry) -> Result<bool, StoreError> {
        for patient in entry.patients() {
            if self.device.is_erased(patient.as_str())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
