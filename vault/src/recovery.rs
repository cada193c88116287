//! What a crash left open is closed when its drawer is next open: envelopes recopied, intents given their result.

use jiff::Timestamp;
use records::event::EventOutcome;

use crate::device::OutboxState;
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
                let change = open.entry.change.uuid().into_bytes();
                let written = self.drawers.get(&drawer).map(|d| d.envelope(change)).transpose()?.flatten();
                match written {
                    Some(envelope) => {
                        self.copy_to_outbox(open.entry.change, &envelope)?;
                        self.close_save(&intent, OutboxState::Waiting, EventOutcome::Success, now)?;
                    }
                    None => {
                        self.close_save(&intent, OutboxState::Abandoned, EventOutcome::SeriousFailure, now)?;
                    }
                }
            }
        }
        self.recopy_missing()
    }

    /// An `outbox/` that was lost is filled again from the drawers.
    fn recopy_missing(&mut self) -> Result<(), StoreError> {
        for entry in self.device.unsent()? {
            if self.device.folder().envelope_file(entry.change).try_exists()? {
                continue;
            }
            let Some(open) = self.drawers.get(&entry.drawer) else { continue };
            if let Some(envelope) = open.envelope(entry.change.uuid().into_bytes())? {
                self.copy_to_outbox(entry.change, &envelope)?;
            }
        }
        Ok(())
    }
}
