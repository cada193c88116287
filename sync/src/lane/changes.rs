//! The changes that wait for the server, in the order they were saved.

use crate::backoff::Backoff;
use crate::config::Config;
use crate::event::Event;
use crate::lane::InFlight;
use crate::wire::{ChangeReceipt, Standing};
use records::id::ChangeId;
use std::collections::{BTreeMap, VecDeque};

/// A change in the outbox, as the machine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedChange {
    /// The change.
    pub id: ChangeId,
    /// The change it stands on, if its base is another change.
    pub base: Option<ChangeId>,
    /// The size of its envelope, in bytes.
    pub bytes: u64,
}

/// The lane.
#[derive(Debug, Default)]
pub(crate) struct ChangesLane {
    /// Waiting, by order of saving.
    queue: BTreeMap<u64, Waiting>,
    /// Where in the queue a change is.
    places: BTreeMap<ChangeId, u64>,
    /// Refused changes, and those that stand on them, each with the refused one.
    blocked: BTreeMap<ChangeId, ChangeId>,
    next_place: u64,
    /// How many tries one request may hold; falls when the server finds it too large.
    limit: Option<usize>,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) backoff: Backoff,
}

#[derive(Debug)]
struct Waiting {
    change: QueuedChange,
    /// The server asked for another change first; wait for that one to settle or for the backoff.
    waits_for: Option<ChangeId>,
}

impl ChangesLane {
    /// Notes that a change was refused some time ago, so that what stands on it stays.
    pub(crate) fn remember_refused(&mut self, change: ChangeId) {
        self.blocked.insert(change, change);
    }

    /// Queues a change, once; stops it where it stands on a refused one.
    pub(crate) fn push(&mut self, change: QueuedChange, events: &mut VecDeque<Event>) {
        if self.places.contains_key(&change.id) || self.blocked.contains_key(&change.id) {
            return;
        }
        if let Some(&because) = change.base.as_ref().and_then(|base| self.blocked.get(base)) {
            self.blocked.insert(change.id, because);
            events.push_back(Event::ChangeStopped { change: change.id, because });
            return;
        }
        let place = self.next_place;
        self.next_place += 1;
        self.places.insert(change.id, place);
        self.queue.insert(place, Waiting { change, waits_for: None });
    }

    /// Forgets a change that a person has withdrawn or that was written anew; what stands on it is not touched.
    pub(crate) fn withdraw(&mut self, change: ChangeId) {
        self.take(change);
        self.blocked.remove(&change);
    }

    /// How many changes wait.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The changes of the next request; empty when there is nothing to send.
    pub(crate) fn next(&self, config: &Config) -> Vec<ChangeId> {
        let most = self.limit.unwrap_or(config.changes_per_request).min(config.changes_per_request);
        let mut bytes = 0;
        let mut changes = Vec::new();
        for waiting in self.queue.values().filter(|w| w.waits_for.is_none()).take(most) {
            bytes += waiting.change.bytes;
            if bytes > config.change_bytes_per_request && !changes.is_empty() {
                break;
            }
            changes.push(waiting.change.id);
        }
        changes
    }

    /// Takes receipts in, also late ones: what the server holds, it holds. Returns whether any of them settled a change.
    pub(crate) fn receive(&mut self, receipts: Vec<ChangeReceipt>, events: &mut VecDeque<Event>) -> bool {
        let mut any_settled = false;
        for receipt in receipts {
            let Some(change) = receipt.change else { continue };
            match receipt.standing {
                Standing::Waiting { missing } => self.hold(change, missing, events),
                Standing::Refused { .. }
                | Standing::Applied { .. }
                | Standing::Conflict { .. }
                | Standing::Quarantined => any_settled |= self.settle(change, receipt, events),
            }
        }
        any_settled
    }

    /// Sends less at once from now on; returns whether that is possible.
    pub(crate) fn halve(&mut self, config: &Config) -> bool {
        let limit = self.limit.unwrap_or(config.changes_per_request);
        self.limit = Some((limit / 2).max(1));
        limit > 1
    }

    /// Ends the waits for other changes, so that everything is tried again.
    pub(crate) fn retry_held(&mut self) {
        for waiting in self.queue.values_mut() {
            waiting.waits_for = None;
        }
    }

    /// Whether a change waits for another one that is not in the queue.
    pub(crate) fn has_held(&self) -> bool {
        self.queue.values().any(|w| w.waits_for.is_some())
    }

    fn settle(&mut self, change: ChangeId, receipt: ChangeReceipt, events: &mut VecDeque<Event>) -> bool {
        if self.take(change).is_none() {
            return false;
        }
        let ChangeReceipt { standing, received_at, .. } = receipt;
        let is_refused = matches!(standing, Standing::Refused { .. });
        events.push_back(Event::ChangeSettled { change, standing, received_at });
        if is_refused {
            self.blocked.insert(change, change);
            self.stop_dependants(change, events);
        }
        for waiting in self.queue.values_mut().filter(|w| w.waits_for == Some(change)) {
            waiting.waits_for = None;
        }
        true
    }

    /// Stops everything that stands on `refused`; a change is saved after its base, so one pass in order finds all.
    fn stop_dependants(&mut self, refused: ChangeId, events: &mut VecDeque<Event>) {
        let blocked = &mut self.blocked;
        let places = &mut self.places;
        self.queue.retain(|_, waiting| {
            let stands_on_it = waiting.change.base.is_some_and(|base| blocked.get(&base) == Some(&refused));
            if stands_on_it {
                blocked.insert(waiting.change.id, refused);
                places.remove(&waiting.change.id);
                events.push_back(Event::ChangeStopped { change: waiting.change.id, because: refused });
            }
            !stands_on_it
        });
    }

    fn hold(&mut self, change: ChangeId, missing: ChangeId, events: &mut VecDeque<Event>) {
        if !self.places.contains_key(&missing) {
            events.push_back(Event::ChangeMissing { missing });
        }
        let place = self.places.get(&change).copied();
        if let Some(waiting) = place.and_then(|place| self.queue.get_mut(&place)) {
            waiting.waits_for = Some(missing);
        }
    }

    fn take(&mut self, change: ChangeId) -> Option<Waiting> {
        let place = self.places.remove(&change)?;
        self.queue.remove(&place)
    }
}
