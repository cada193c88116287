//! What a change stands on: other changes, one in conflict, or a version that went with a lost store.

use super::{Arrival, Verdict};
use crate::answer::Refusal;
use records::change::{Base, Change, Outcome, RefusalCode, Stored};
use records::id::RecordKey;

impl Arrival<'_> {
    /// What is to be done with a change whose bases are known by name.
    pub(super) fn stands_on(&self, change: Change) -> Result<Verdict, Refusal> {
        for base in change.depends_on() {
            match self.tx.change(base)?.map(|row| row.outcome) {
                None => return Ok(Verdict::Waits(base)),
                Some(Outcome::Refused { .. }) => {
                    return Ok(Verdict::Settled(Outcome::Refused { code: RefusalCode::Dependency }));
                }
                Some(Outcome::Applied { .. } | Outcome::Conflict { .. }) => {}
            }
        }
        Ok(Verdict::Apply(Box::new(change), None))
    }

    /// A change of a record that is here, whose base went with a lost store, is in conflict with what is here.
    pub(super) fn on_lost(&self, lost: Option<RecordKey>) -> Result<Option<Outcome>, Refusal> {
        let Some(key) = lost else { return Ok(None) };
        let facts = self.tx.facts(&key)?;
        Ok(facts.map(|facts| Outcome::Conflict { key, current: facts.version, fields: Vec::new() }))
    }

    /// A change that stands on one in conflict is in conflict too: what it stands on is in no version.
    pub(super) fn on_conflict(&self, change: &Change) -> Result<Option<Outcome>, Refusal> {
        for (key, base) in change.bases() {
            let Base::Change(base) = base else { continue };
            let base = self.tx.change(base)?.map(|row| row.outcome);
            if let (Some(Outcome::Conflict { .. }), Some(facts)) = (base, self.tx.facts(key)?) {
                let key = key.clone();
                return Ok(Some(Outcome::Conflict { key, current: facts.version, fields: Vec::new() }));
            }
        }
        Ok(None)
    }
}

/// No version has a number below this, so that none has that of one that was lost.
pub(super) fn numbered(mut stored: Vec<Stored>, least: u64) -> Vec<Stored> {
    for record in &mut stored {
        record.version = record.version.max(least);
    }
    stored
}
