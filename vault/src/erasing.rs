//! Taking erased patients out of the open drawers: their keys and all their rows at once, what free pages may still hold
//! with the next writing anew (`rewrite.rs`).

use std::collections::BTreeSet;

use records::Drawer;
use records::id::{ChangeId, PatientId};

use crate::error::StoreError;
use crate::vault::Vault;

impl Vault {
    /// Takes the order to erase a patient in: what is open here of them goes at once.
    ///
    /// # Errors
    /// When a file cannot be written; what is not done is done at the next opening.
    pub fn erase_patient(&mut self, patient: &PatientId, now: jiff::Timestamp) -> Result<(), StoreError> {
        self.device.erase_patient(patient, now)?;
        self.take_out_erased()
    }

    /// The open drawers that have to be written anew because somebody was taken out of them.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn erasures_due(&self) -> Result<BTreeSet<Drawer>, StoreError> {
        let due = self.device.erasures_due()?;
        Ok(due.into_iter().filter(|drawer| self.drawers.contains_key(drawer)).collect())
    }

    /// Deletes every row of every erased patient from the open drawers. An older copy of a drawer may have brought one back.
    pub(crate) fn take_out_erased(&mut self) -> Result<(), StoreError> {
        for patient in self.device.erased_patients()? {
            for drawer in self.open_drawers() {
                self.take_out(drawer, &patient)?;
            }
        }
        Ok(())
    }

    fn take_out(&mut self, drawer: Drawer, patient: &str) -> Result<(), StoreError> {
        let Some(open) = self.drawers.get(&drawer) else { return Ok(()) };
        if open.number_of(patient)?.is_none() {
            return Ok(());
        }
        let changes = open.envelopes_of(patient)?;
        // A file that is being made of this one would keep traces of who was copied into it.
        if self.rewriting().is_some_and(|rewriting| rewriting.drawer == drawer) {
            self.cancel_rewrite()?;
        }
        self.device.erasure_is_due(drawer, patient)?;
        self.keep_unsent_copies(drawer, &changes)?;
        let Self { drawers, random, .. } = self;
        let Some(open) = drawers.get_mut(&drawer) else { return Ok(()) };
        open.write(random, |writing| writing.erase(patient))
    }

    /// What still has to be sent is in `outbox/` before the drawer's own copy goes.
    fn keep_unsent_copies(&self, drawer: Drawer, changes: &[ChangeId]) -> Result<(), StoreError> {
        let Some(open) = self.drawers.get(&drawer) else { return Ok(()) };
        for entry in self.device.unsent()?.iter().filter(|entry| changes.contains(&entry.change)) {
            if self.device.envelope(entry.change)?.is_none()
                && let Some(envelope) = open.envelope(entry.change)?
            {
                self.copy_to_outbox(entry.change, &envelope)?;
            }
        }
        Ok(())
    }
}
