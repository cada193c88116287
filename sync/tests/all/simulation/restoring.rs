//! A server whose disk is gone: its backups, what it goes on with, and what workstations keep and send again.

use super::disk::{Cut, Disk, Listed, State};
use super::paper::key_of;
use super::server::{Known, Order, Server};
use super::world::World;
use super::{Breakage, DAY, MINUTE, Ms};
use records::change::{Decision, Lost, Outcome};
use records::id::{ChangeId, RecordKey};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;
use sync::wire::Standing;

/// A version that a change had made, as a workstation tells a server that was put back.
pub(super) type Made = (ChangeId, RecordKey, u64);

/// What was received so shortly before a backup may not be in it.
const MARGIN: Ms = MINUTE;

/// Numbers of an epoch begin at so many times its own.
pub(super) const NUMBERS: u64 = 1_000_000;

impl Server {
    /// Copies everything away.
    pub(super) fn back_up(&mut self, now: Ms) {
        let copy = Self { backup: None, ..self.clone() };
        self.backup = Some((now, Rc::new(copy)));
    }

    /// The disk is gone, and the backup takes its place. What people and workstations may do is done again by hand; every
    /// workstation is told to send again what it kept.
    pub(super) fn put_back(&mut self, now: Ms) -> bool {
        let Some((taken_at, backup)) = self.backup.clone() else { return false };
        let before = std::mem::replace(self, (*backup).clone());
        self.members = before.members;
        for (known, was) in self.devices.iter_mut().zip(before.devices) {
            let log = std::mem::take(&mut known.log);
            *known = Known { log, ..was };
            known.orders.push(Order::SendAgain);
        }
        self.backup = Some((taken_at, backup));
        (self.epoch, self.declared_at) = (before.epoch + 1, now);
        if !self.broken(Breakage::NumbersAgain) {
            self.next_seq = self.next_seq.max(self.epoch * NUMBERS);
        }
        true
    }

    /// What a workstation need not keep any longer; nothing while it has not sent again what a backup of today lacks.
    pub(super) fn held_until(&self, device: usize) -> Option<Ms> {
        let (taken_at, _) = self.backup.as_ref()?;
        (!self.has_to_send_again(device)).then(|| *taken_at - MARGIN)
    }

    fn has_to_send_again(&self, device: usize) -> bool {
        let known = &self.devices[device];
        let order = known.orders.iter().rposition(|order| *order == Order::SendAgain);
        order.is_some_and(|order| known.done <= order as u64) && !self.broken(Breakage::ForgetsTooSoon)
    }

    /// Keeps what a workstation tells of versions that are not here.
    pub(super) fn hear(&mut self, made: &[Made]) {
        for (change, key, version) in made {
            if !self.has(key, *version) {
                self.lost.entry((key.clone(), *version)).or_insert(*change);
            }
        }
    }

    fn has(&self, key: &RecordKey, version: u64) -> bool {
        self.records.get(key).into_iter().flatten().any(|v| v.number == version)
    }

    /// Whether somebody may still bring the change that had made a version.
    pub(super) fn others_may_come(&self, from: usize, now: Ms) -> bool {
        let mut others = (0..self.devices.len()).filter(|device| *device != from);
        now - self.declared_at < DAY
            || others.any(|device| !self.devices[device].revoked && self.has_to_send_again(device))
    }

    /// No version has a number of before.
    pub(super) fn numbered(&self, decision: Decision) -> Decision {
        let Decision::Store(mut stored) = decision else { return decision };
        if !self.broken(Breakage::NumbersAgain) {
            stored.iter_mut().for_each(|made| made.version = made.version.max(self.epoch * NUMBERS + 1));
        }
        Decision::Store(stored)
    }
}

impl Lost for Server {
    type Error = Infallible;

    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, Infallible> {
        Ok(self.has(key, version))
    }

    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, Infallible> {
        let made_by = self.lost.get(&(key.clone(), version));
        let stands = |change: &&ChangeId| {
            let outcome = self.changes.get(change).map(|known| &known.outcome);
            matches!(outcome, Some(Outcome::Applied { .. } | Outcome::Conflict { .. }))
        };
        Ok(made_by.filter(stands).copied())
    }
}

impl Disk {
    /// Keeps the server's answer to a change.
    pub(super) fn keep_answer(
        &mut self,
        change: ChangeId,
        standing: &Standing,
        received_at: Ms,
    ) -> Result<(), Cut> {
        self.step()?;
        let Some(listed) = self.listed(change) else { return Ok(()) };
        if listed.state == State::Waiting {
            listed.state = State::Answered;
            listed.answer = Some(standing.clone());
            listed.answered_at = Some(received_at);
            listed.settled = false;
        }
        if self.breakage == Some(Breakage::KeepsNothing) {
            self.forget_backed_up(Ms::MAX)?;
        }
        Ok(())
    }

    /// Removes the envelopes that a backup of the server holds.
    pub(super) fn forget_backed_up(&mut self, until: Ms) -> Result<(), Cut> {
        let is_held = |l: &&mut Listed| {
            l.answered_at.is_some_and(|at| at <= until) && matches!(l.answer, Some(Standing::Applied { .. }))
        };
        let done: Vec<ChangeId> = self
            .outbox
            .iter_mut()
            .filter(is_held)
            .filter(|l| l.state == State::Answered)
            .map(|l| l.change)
            .collect();
        for change in done {
            self.step()?;
            self.envelopes.remove(&change);
            self.step()?;
            if let Some(listed) = self.listed(change) {
                listed.answered_at = None;
            }
        }
        Ok(())
    }

    /// Queues again what is kept of what the server has answered.
    pub(super) fn send_again(&mut self) -> Result<Vec<ChangeId>, Cut> {
        self.step()?;
        let mut again = Vec::new();
        for listed in self.outbox.iter_mut().filter(|l| l.state == State::Answered && l.answered_at.is_some())
        {
            let is_refused = matches!(listed.answer, Some(Standing::Refused { .. }));
            if !is_refused && self.envelopes.contains_key(&listed.change) {
                (listed.state, listed.settled) = (State::Waiting, false);
                again.push(listed.change);
            }
        }
        Ok(again)
    }

    /// What a change had made at the server, by its last answer.
    pub(super) fn made(&self, change: ChangeId) -> Vec<Made> {
        let listed = self.outbox.iter().find(|listed| listed.change == change);
        let Some(Standing::Applied { versions, .. }) = listed.and_then(|l| l.answer.as_ref()) else {
            return Vec::new();
        };
        versions.iter().map(|made| (change, key_of(&made.key), made.version)).collect()
    }
}

impl World {
    /// The server's disk is gone, and its last backup takes its place. What was on the way to it is gone, too.
    pub(super) fn lose_the_server(&mut self) {
        let now = self.now;
        if !self.server.put_back(now) {
            return;
        }
        self.tell(|| "the server is put back to its last backup".to_owned());
        self.packets.clear();
        let changes = &self.server.changes;
        let (known, lost): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.oracle.receipts)
            .into_iter()
            .partition(|(change, _)| changes.contains_key(change));
        self.oracle.receipts = known;
        // What was refused is not sent again: it is set apart where it was written, as before.
        for (change, told) in lost {
            match told.standing {
                Standing::Refused { .. } => drop(self.oracle.refused.insert(change)),
                Standing::Applied { .. } => drop(self.oracle.unmade.insert(change)),
                Standing::Conflict { .. } | Standing::Quarantined | Standing::Waiting { .. } => {}
            }
        }
    }
}
