//! Conflicts that a person has decided.

use super::Arrival;
use super::permits::Permits;
use crate::answer::Refusal;
use records::change::Change;
use records::id::{ChangeId, RecordKey, ResourceKind};
use records::rights::Permit;
use records::write::settled_by;

impl Arrival<'_> {
    /// Ends the conflicts that a change says were decided, of records of its own patient.
    pub(super) fn settle(&self, change: &Change, permits: &Permits) -> Result<(), Refusal> {
        for entry in change.entries() {
            let Some((settled, records)) = settled_by(&entry.document) else { continue };
            let permit = permits.of(entry.document.key())?;
            for key in records {
                let owner = self.tx.facts(&key)?.and_then(|facts| facts.patient);
                if owner.as_ref() != entry.document.patient() {
                    continue;
                }
                for settled in &settled {
                    self.tx.settle_conflict(permit, *settled, &key, self.now)?;
                    self.settle_other_half(permit, *settled, &key)?;
                }
            }
        }
        Ok(())
    }

    /// A change that joins or separates two charts is in conflict as a whole, and so decided as a whole, at either patient.
    fn settle_other_half(&self, permit: &Permit, settled: ChangeId, key: &RecordKey) -> Result<(), Refusal> {
        if key.kind != ResourceKind::PATIENT {
            return Ok(());
        }
        let Some(change) = self.received(settled)? else { return Ok(()) };
        for other in change.keys().filter(|other| other.kind == ResourceKind::PATIENT && *other != key) {
            self.tx.settle_conflict(permit, settled, other, self.now)?;
        }
        Ok(())
    }
}
