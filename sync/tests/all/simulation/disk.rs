//! What survives the power cut of a workstation. Every durable write is one step, and the power may go before any of them;
//! what is written and in which order is the vault's (`vault/src/save.rs`, `drawer/pending.rs`).

use super::inbox::WaitingPage;
use super::paper::{Envelope, drawer_of, key_of};
use super::server::{Line, Order};
use super::{Breakage, Ms};
use records::change::Base;
use records::id::{ChangeId, RecordKey};
use records::{Document, Drawer, Role};
use std::collections::{BTreeMap, BTreeSet};
use sync::wire::Standing;

/// The power went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut;

/// Where a change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Intended,
    Abandoned,
    Waiting,
    Answered,
}

/// A line of the index of changes.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) change: ChangeId,
    pub(super) drawer: Drawer,
    pub(super) base: Option<ChangeId>,
    pub(super) state: State,
    /// The last answer, and whether the drawer has taken it in.
    pub(super) answer: Option<Standing>,
    /// When the server had received it, as long as the envelope is kept.
    pub(super) answered_at: Option<Ms>,
    pub(super) settled: bool,
}

/// How a change made here stands in its drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paper {
    /// No answer yet.
    Waits,
    /// It was united with what somebody else had done, and the united version has not come yet.
    Merged(u64),
    /// The server would not take it: a person has to look.
    Apart,
}

/// A change made here, in its drawer.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) envelope: Envelope,
    pub(super) paper: Paper,
}

/// One drawer's file.
#[derive(Clone, Debug)]
pub(super) struct DrawerFile {
    pub(super) generation: u32,
    pub(super) cursor: u64,
    pub(super) rows: BTreeMap<RecordKey, (u64, Document)>,
    /// The server's version under changes that wait.
    pub(super) under: BTreeMap<RecordKey, (u64, Option<Document>)>,
    pub(super) pending: Vec<Pending>,
}

/// An order that was kept.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) order: Order,
    pub(super) done: bool,
}

/// The disk.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) log: Vec<u64>,
    pub(super) delivered: u64,
    pub(super) outbox: Vec<Listed>,
    pub(super) envelopes: BTreeMap<ChangeId, Envelope>,
    pub(super) drawers: BTreeMap<Drawer, DrawerFile>,
    pub(super) grants: BTreeSet<(usize, Drawer, u32)>,
    pub(super) slots: BTreeMap<usize, Role>,
    /// Pages that came while their drawer was shut.
    pub(super) inbox: Vec<WaitingPage>,
    /// People who have to come back online after a lock by order.
    pub(super) online_first: BTreeSet<usize>,
    pub(super) orders: BTreeMap<u64, Kept>,
    /// Set once what opens the vault is destroyed.
    pub(super) retired: bool,
    /// After so many more writes the power goes.
    pub(super) steps_left: Option<u32>,
    pub(super) steps: u64,
    pub(super) breakage: Option<Breakage>,
}

impl Disk {
    /// One durable write is about to be made.
    pub(super) fn step(&mut self) -> Result<(), Cut> {
        self.steps += 1;
        match &mut self.steps_left {
            Some(0) => Err(Cut),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Appends an event.
    pub(super) fn log(&mut self, event: u64) -> Result<(), Cut> {
        self.step()?;
        self.log.push(event);
        Ok(())
    }

    /// Saves a change in the vault's order; `events` are the intent and the result.
    pub(super) fn save(&mut self, envelope: &Envelope, events: [u64; 2]) -> Result<(), Cut> {
        let (id, drawer) = (envelope.id(), drawer_of(envelope.document()));
        let base = match envelope.base() {
            Base::Change(base) => Some(base),
            Base::None | Base::Version(_) => None,
        };
        self.log(events[0])?;
        self.step()?;
        let state = State::Intended;
        self.outbox.push(Listed {
            change: id,
            drawer,
            base,
            state,
            answer: None,
            answered_at: None,
            settled: false,
        });
        if self.breakage != Some(Breakage::SavesNothing) {
            self.step()?;
            self.drawer(drawer).write(envelope);
            self.step()?;
            self.envelopes.insert(id, envelope.clone());
        }
        self.close(id, true, events[1])
    }

    /// Finishes, or closes as not done, what was cut short in a drawer that is open again.
    pub(super) fn finish_cut_short(
        &mut self,
        drawer: Drawer,
        mut event: impl FnMut() -> u64,
    ) -> Result<Vec<ChangeId>, Cut> {
        let cut = |listed: &&Listed| listed.state == State::Intended && listed.drawer == drawer;
        let open: Vec<ChangeId> = self.outbox.iter().filter(cut).map(|listed| listed.change).collect();
        let mut finished = Vec::new();
        for change in open {
            let written = self.drawer(drawer).pending.iter().find(|p| p.envelope.id() == change);
            let written = written.map(|pending| pending.envelope.clone());
            let is_written = written.is_some();
            if let Some(envelope) = written {
                self.step()?;
                self.envelopes.insert(change, envelope);
                finished.push(change);
            }
            self.close(change, is_written, event())?;
        }
        Ok(finished)
    }

    fn close(&mut self, change: ChangeId, written: bool, event: u64) -> Result<(), Cut> {
        self.step()?;
        self.log.push(event);
        let state = if written { State::Waiting } else { State::Abandoned };
        if let Some(listed) = self.listed(change) {
            listed.state = state;
        }
        Ok(())
    }

    /// Lets a drawer that is open take in the answers to its changes.
    pub(super) fn take_answers(&mut self, drawer: Drawer) -> Result<(), Cut> {
        let open = |l: &&Listed| l.drawer == drawer && l.state == State::Answered && !l.settled;
        let answers: Vec<_> =
            self.outbox.iter().filter(open).filter_map(|l| Some((l.change, l.answer.clone()?))).collect();
        for (change, standing) in answers {
            self.step()?;
            if let Some(file) = self.drawers.get_mut(&drawer) {
                file.take_answer(change, &standing);
            }
            self.step()?;
            if let Some(listed) = self.listed(change) {
                listed.settled = true;
            }
        }
        Ok(())
    }

    /// Applies a page: rows and cursor in one step. Returns whether the drawer stood where the page starts.
    pub(super) fn apply_page(
        &mut self,
        drawer: Drawer,
        (from, next): (u64, u64),
        lines: &[Line],
    ) -> Result<bool, Cut> {
        if self.drawer(drawer).cursor != from {
            return Ok(false);
        }
        if self.breakage == Some(Breakage::MovesCursorFirst) {
            self.step()?;
            self.drawer(drawer).cursor = next;
        }
        self.step()?;
        let file = self.drawer(drawer);
        for line in lines {
            file.receive(&line.key, line.version, line.document.as_ref());
        }
        file.cursor = next;
        Ok(true)
    }

    /// Until which number the orders were carried out.
    pub(super) fn orders_done(&self) -> u64 {
        let open = self.orders.iter().find(|(_, kept)| !kept.done).map(|(number, _)| number - 1);
        open.or(self.orders.keys().next_back().copied()).unwrap_or(0)
    }

    /// What opens the vault is destroyed first, what it holds after that.
    pub(super) fn retire(&mut self) -> Result<(), Cut> {
        self.step()?;
        self.retired = true;
        self.grants.clear();
        self.slots.clear();
        Ok(())
    }

    /// Destroys every record and every change that was not sent.
    pub(super) fn destroy(&mut self) -> Result<(), Cut> {
        if self.breakage == Some(Breakage::WipesNothing) {
            return Ok(());
        }
        while let Some((&drawer, _)) = self.drawers.iter().next() {
            self.step()?;
            self.drawers.remove(&drawer);
        }
        self.step()?;
        self.envelopes.clear();
        self.step()?;
        self.inbox.clear();
        Ok(())
    }

    pub(super) fn drawer(&mut self, drawer: Drawer) -> &mut DrawerFile {
        self.drawers.entry(drawer).or_insert_with(|| DrawerFile {
            generation: 1,
            cursor: 0,
            rows: BTreeMap::new(),
            under: BTreeMap::new(),
            pending: Vec::new(),
        })
    }

    pub(super) fn listed(&mut self, change: ChangeId) -> Option<&mut Listed> {
        self.outbox.iter_mut().find(|listed| listed.change == change)
    }

    /// The last role a person was known to have.
    pub(super) fn role(&self, person: usize) -> Option<Role> {
        self.slots.get(&person).copied()
    }

    pub(super) fn has_room_for(&self, now: Ms) -> bool {
        now >= 0 && self.outbox.len() < 400
    }
}

impl DrawerFile {
    /// What a new edit is made from.
    pub(super) fn base_of(&self, key: &RecordKey) -> Base {
        let ours = self.pending.iter().rev().find(|p| p.paper != Paper::Apart && p.is_of(key));
        match (ours, self.rows.get(key)) {
            (Some(pending), _) => Base::Change(pending.envelope.id()),
            (None, Some((version, _))) => Base::Version(*version),
            (None, None) => Base::None,
        }
    }

    fn write(&mut self, envelope: &Envelope) {
        let document = envelope.document().clone();
        let key = document.key().clone();
        let version = self.rows.get(&key).map_or(0, |(version, _)| *version);
        if !self.is_waiting(&key) {
            let before = self.rows.get(&key).map(|(_, document)| document.clone());
            self.under.insert(key.clone(), (version, before));
        }
        self.pending.push(Pending { envelope: envelope.clone(), paper: Paper::Waits });
        self.rows.insert(key, (version, document));
    }

    pub(super) fn receive(&mut self, key: &RecordKey, version: u64, document: Option<&Document>) {
        self.pending.retain(|p| !(p.is_of(key) && matches!(p.paper, Paper::Merged(v) if v <= version)));
        if self.is_waiting(key) {
            let known = self.under.get(key).map_or(0, |(version, _)| *version);
            if version >= known {
                self.under.insert(key.clone(), (version, document.cloned()));
            }
            return;
        }
        match document {
            Some(document) => {
                if self.rows.get(key).is_none_or(|(here, _)| *here <= version) {
                    self.rows.insert(key.clone(), (version, document.clone()));
                }
            }
            None => drop(self.rows.remove(key)),
        }
    }

    fn take_answer(&mut self, change: ChangeId, standing: &Standing) {
        let Some(place) = self.pending.iter().position(|p| p.envelope.id() == change) else { return };
        if self.pending[place].paper != Paper::Waits {
            // It met another change once, at a server that was put back since.
            if let Standing::Applied { .. } = standing
                && self.pending[place].paper == Paper::Apart
            {
                self.pending.remove(place);
            }
            return;
        }
        match standing {
            Standing::Applied { versions, merged } => {
                let pending = self.pending.remove(place);
                let key = pending.envelope.document().key().clone();
                let version = versions.iter().find(|v| key_of(&v.key) == key).map_or(0, |v| v.version);
                self.applied(pending, &key, version, *merged);
            }
            Standing::Conflict { .. } | Standing::Refused { .. } => self.set_apart(place),
            Standing::Quarantined | Standing::Waiting { .. } => {}
        }
    }

    fn applied(&mut self, mut pending: Pending, key: &RecordKey, version: u64, merged: bool) {
        let known = self.under.get(key).cloned();
        let newer = known.filter(|(known, _)| *known >= version);
        if newer.is_none() && merged {
            // The united version is not here: what stands here is no version, and nothing may say that it is.
            pending.paper = Paper::Merged(version);
            self.pending.insert(0, pending);
            if !self.is_waiting(key) {
                self.under.remove(key);
            }
            return;
        }
        if self.is_waiting(key) {
            if newer.is_none() {
                self.under.insert(key.clone(), (version, Some(pending.envelope.document().clone())));
            }
            return;
        }
        self.under.remove(key);
        match newer {
            Some((version, Some(document))) => drop(self.rows.insert(key.clone(), (version, document))),
            Some((_, None)) => drop(self.rows.remove(key)),
            None => {
                if let Some(row) = self.rows.get_mut(key) {
                    row.0 = version;
                }
            }
        }
    }

    fn set_apart(&mut self, place: usize) {
        let key = self.pending[place].envelope.document().key().clone();
        self.pending[place].paper = Paper::Apart;
        if self.is_waiting(&key) {
            return;
        }
        match self.under.remove(&key) {
            Some((version, Some(document))) => drop(self.rows.insert(key, (version, document))),
            Some((_, None)) => drop(self.rows.remove(&key)),
            None => {}
        }
    }

    fn is_waiting(&self, key: &RecordKey) -> bool {
        self.pending.iter().any(|p| p.paper == Paper::Waits && p.is_of(key))
    }
}

impl Pending {
    fn is_of(&self, key: &RecordKey) -> bool {
        self.envelope.document().key() == key
    }
}
