//! Whether anything was lost: what each workstation knows it recorded and wrote, against what the server holds.

use std::collections::BTreeMap;

use chartkeep_server::practice::Practice;
use chartkeep_server::store::{self, StoreError};
use chartkeep_server::verifying::verify;
use records::change::Outcome as Became;
use records::id::LogId;
use records::log::Tree;

use super::workplace::Workplace;
use crate::served::Outcome;

/// So many losses are told in words; the others are counted.
const TOLD: usize = 20;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Everything that is not as it should be, in words as far as there are not too many.
    pub(super) losses: Vec<String>,
    /// How many there are.
    pub(super) count: u64,
    /// Events of workstations that the server holds.
    pub(super) events: u64,
    /// Changes that are in the record.
    pub(super) changes: u64,
}

/// What the server holds of a log.
#[derive(Clone, Debug)]
struct Held {
    tree: Tree,
    /// Whether there are entries past its end.
    has_more: bool,
}

impl Verdict {
    fn note(&mut self, loss: String) {
        self.count += 1;
        if self.losses.len() < TOLD {
            self.losses.push(loss);
        }
    }
}

/// Counts and compares everything, and lets the server check every log from its bytes up.
pub(super) fn judge(practice: &Practice, workplaces: &[Workplace]) -> Outcome<Verdict> {
    let mut verdict = Verdict::default();
    let held = held(practice)?;
    for workplace in workplaces {
        let station = &workplace.station;
        compare(&mut verdict, station.log, station.tree(), held.get(&station.log));
        if workplace.unsent() > 0 {
            verdict.note(format!(
                "workstation {}: {} were not acknowledged",
                workplace.number,
                workplace.unsent()
            ));
        }
    }
    judge_changes(&mut verdict, practice, workplaces)?;
    for log in verify(practice)?.logs.iter().filter(|log| !log.ok) {
        verdict.note(format!("log {} is not sound, first at {:?}", log.log, log.first_bad));
    }
    Ok(verdict)
}

fn held(practice: &Practice) -> Outcome<BTreeMap<LogId, Held>> {
    let held = store::read(practice.store.as_ref(), |tx| -> Result<_, StoreError> {
        let mut held = BTreeMap::new();
        for log in tx.logs()? {
            let has_more = !tx.leaves(log.id, log.tree.size(), 1)?.is_empty();
            held.insert(log.id, Held { tree: log.tree, has_more });
        }
        Ok(held)
    })?;
    Ok(held)
}

/// One log: the same entries, in the same order, and no more.
fn compare(verdict: &mut Verdict, log: LogId, recorded: &Tree, held: Option<&Held>) {
    let size = held.map_or(0, |held| held.tree.size());
    verdict.events += size;
    if size != recorded.size() {
        verdict.note(format!("log {log}: {size} of {} events are at the server", recorded.size()));
    } else if held.is_some_and(|held| held.tree != *recorded) {
        verdict.note(format!("log {log}: the server holds other events"));
    } else if held.is_some_and(|held| held.has_more) {
        verdict.note(format!("log {log}: there are events past its end"));
    }
}

/// Every change is applied, made one version of one record, and came to every workstation.
fn judge_changes(verdict: &mut Verdict, practice: &Practice, workplaces: &[Workplace]) -> Outcome<()> {
    let written: u64 = workplaces.iter().map(|workplace| workplace.written.len() as u64).sum();
    let (applied, kinds) = store::read(practice.store.as_ref(), |tx| -> Result<_, StoreError> {
        for change in workplaces.iter().flat_map(|workplace| &workplace.written) {
            match tx.change(change.id)?.map(|row| row.outcome) {
                Some(Became::Applied { .. }) => {}
                Some(_) | None => verdict.note(format!("change {} is not applied", change.id)),
            }
        }
        Ok((tx.applied_changes()?, tx.count_by_kind()?))
    })?;
    verdict.changes = applied;
    let records = kinds.iter().find(|(kind, _)| kind == "Observation").map_or(0, |(_, count)| *count);
    if (applied, records) != (written, written) {
        verdict
            .note(format!("{written} changes were written, {applied} applied, {records} records are there"));
    }
    for workplace in workplaces.iter().filter(|workplace| workplace.pulled != written) {
        let (number, pulled) = (workplace.number, workplace.pulled);
        verdict.note(format!("workstation {number} was told of {pulled} of {written} changes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::ground::Ground;
    use crate::fleet::host::here;
    use crate::fleet::plan::{Plan, Shift};
    use crate::fleet::tally::Tally;
    use crate::fleet::workplace::When;
    use chartkeep_server::serving::{Addresses, start};
    use records::log::{LogPosition, audit_leaf_hash};
    use uuid::Uuid;

    fn log() -> LogId {
        LogId::from_uuid(Uuid::from_u128(7))
    }

    fn tree(events: &[&str]) -> Tree {
        let at = |index: usize| LogPosition { log: log(), index: index as u64 };
        Tree::of(events.iter().enumerate().map(|(index, event)| audit_leaf_hash(at(index), event.as_bytes())))
    }

    fn found(recorded: &[&str], held: Option<(&[&str], bool)>) -> Vec<String> {
        let mut verdict = Verdict::default();
        let held = held.map(|(events, has_more)| Held { tree: tree(events), has_more });
        compare(&mut verdict, log(), &tree(recorded), held.as_ref());
        assert_eq!(verdict.count, verdict.losses.len() as u64);
        verdict.losses
    }

    #[test]
    fn a_log_that_is_whole_is_no_finding() {
        assert!(found(&["a", "b", "c"], Some((&["a", "b", "c"], false))).is_empty());
        assert!(found(&[], None).is_empty(), "who has recorded nothing need not be known");
    }

    #[test]
    fn every_event_that_is_missing_twice_there_or_another_is_found() {
        let recorded = ["a", "b", "c"];
        for held in [
            Some((&["a", "b"][..], false)),
            Some((&["a", "b", "c", "c"][..], false)),
            Some((&["a", "x", "c"][..], false)),
            Some((&["b", "a", "c"][..], false)),
            Some((&["a", "b", "c"][..], true)),
            None,
        ] {
            assert_eq!(found(&recorded, held).len(), 1, "{held:?}");
        }
    }

    /// A practice with one workstation that has joined, and what it does in a shift.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_workstation_loses_on_its_way_is_found() -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let plan = Plan::new(1, 1, 7, u64::MAX, jiff::civil::date(2026, 11, 28))?;
        let mut ground = Ground::make(folder.path(), None, &plan)?;
        let mut workplaces = ground.join(1, |_| true).await?;
        let addresses = Addresses { main: here(ground.ports.0), enrolment: here(ground.ports.1) };
        let _running = start(ground.practice.clone(), addresses)?;
        let (from, until) = plan.times(0, 0)?;
        let (when, mut tally) = (When { day: 0, from, until }, Tally::default());
        let shift = Shift { events: 5, is_online: true, is_repeated: true, writes: true };

        workplaces[0].work(shift, when, &mut tally).await?;
        assert_eq!((tally.told.clone(), tally.delivered, tally.pushed), (Vec::new(), 5, 1));
        let verdict = judge(&ground.practice, &workplaces)?;
        assert_eq!((verdict.losses, verdict.events, verdict.changes), (Vec::new(), 5, 1));

        workplaces[0].work(Shift { is_online: false, ..shift }, when, &mut tally).await?;
        let waits = judge(&ground.practice, &workplaces)?;
        assert_eq!(waits.count, 5, "5 of 10 events, 1 of 2 changes in three ways: {:?}", waits.losses);

        let _lost = workplaces[0].station.batch_of(2, until)?;
        workplaces[0].come_back(until, &mut tally).await;
        assert_eq!(tally.troubles, 1, "a gap");
        let verdict = judge(&ground.practice, &workplaces)?;
        assert!(verdict.losses[0].contains("5 of 10 events"), "{:?}", verdict.losses);
        Ok(())
    }
}
