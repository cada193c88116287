//! A workstation: a disk, the machine while the power is on, and who sits at it. Each function that writes may be cut short.

use super::disk::{Cut, Disk, Kept, State};
use super::paper::{Edit, Envelope, drawer_of, edited, line, new_record, sealed};
use super::server::Order;
use super::{Breakage, Ms, at, log_id};
use crate::clinic::{Dice, change_id};
use jiff::SignedDuration;
use records::change::Base;
use records::id::RecordKey;
use records::{Document, Drawer, Role};
use std::collections::BTreeSet;
use sync::wire::{Cursor, Standing};
use sync::{Config, LogPosition, Machine, QueuedChange, Restored};

/// Who is signed in, and the drawers that are open.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) person: usize,
    pub(super) drawers: BTreeSet<Drawer>,
    /// Until when the server lets the person pull; none while there is no token.
    pub(super) token_until: Option<Ms>,
}

/// A workstation.
pub(super) struct Station {
    pub(super) number: usize,
    pub(super) disk: Disk,
    /// None while the power is off.
    pub(super) machine: Option<Machine>,
    pub(super) session: Option<Session>,
    /// How far its clock is off.
    pub(super) skew: Ms,
    pub(super) boots: u64,
    pub(super) config: Config,
    pub(super) revoked: bool,
    pub(super) next_event: u64,
    pub(super) alarms: Vec<String>,
    /// The drawers that are shut, as the machine was told last.
    pub(super) told_shut: Option<Vec<Cursor>>,
}

/// What somebody wrote, as the oracle keeps it.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    pub(super) envelope: Envelope,
    pub(super) mark: u64,
    /// The line as its author saw it.
    pub(super) line_before: String,
    pub(super) written_at: Ms,
}

impl Station {
    pub(super) fn new(number: usize, config: Config) -> Self {
        Self {
            number,
            disk: Disk::default(),
            machine: None,
            session: None,
            skew: 0,
            boots: 0,
            config,
            revoked: false,
            next_event: number as u64 * 1_000_000,
            alarms: Vec::new(),
            told_shut: None,
        }
    }

    /// What the workstation's own clock shows.
    pub(super) fn clock(&self, now: Ms) -> Ms {
        now + self.skew
    }

    /// Somebody sets the clock. No driver sleeps so long that it would not notice.
    pub(super) fn set_clock(&mut self, skew: Ms, now: Ms) {
        self.skew = skew;
        if let Some(machine) = &mut self.machine {
            machine.handle_timeout(at(now + skew));
        }
    }

    /// The power is back.
    pub(super) fn boot(&mut self, now: Ms) {
        self.boots += 1;
        self.told_shut = None;
        self.disk.steps_left = None;
        let queued = |listed: &super::disk::Listed| QueuedChange {
            id: listed.change,
            base: listed.base,
            bytes: 2_000,
        };
        let waiting = self.disk.outbox.iter().filter(|listed| listed.state == State::Waiting);
        let changes = waiting.filter(|l| self.disk.envelopes.contains_key(&l.change)).map(queued).collect();
        let is_refused = |l: &&super::disk::Listed| matches!(l.answer, Some(Standing::Refused { .. }));
        let refused = self.disk.outbox.iter().filter(is_refused).map(|listed| listed.change).collect();
        let size = self.disk.log.len() as u64;
        let log = LogPosition { log: log_id(), size, delivered: self.disk.delivered };
        let restored = Restored { changes, refused, log: Some(log) };
        let seed = self.boots * 31 + self.number as u64;
        self.machine = Some(Machine::new(self.config.clone(), restored, seed, at(self.clock(now))));
    }

    /// The power goes: what is in memory is gone.
    pub(super) fn cut_power(&mut self) {
        self.machine = None;
        self.session = None;
    }

    pub(super) fn event(&mut self) -> u64 {
        self.next_event += 1;
        self.next_event
    }

    /// Writes an event and tells the machine.
    pub(super) fn log(&mut self, now: Ms) -> Result<(), Cut> {
        let event = self.event();
        self.disk.log(event)?;
        self.tell_log(now);
        Ok(())
    }

    pub(super) fn tell_log(&mut self, now: Ms) {
        let (size, clock) = (self.disk.log.len() as u64, at(self.clock(now)));
        if let Some(machine) = &mut self.machine {
            machine.handle_log(log_id(), size, clock);
        }
    }

    /// Opens the person's drawers. What was cut short in them is finished first, and answers are taken in.
    pub(super) fn open(&mut self, person: usize, now: Ms) -> Result<(), Cut> {
        self.close(now)?;
        let held: BTreeSet<(Drawer, u32)> =
            self.disk.grants.iter().filter(|(p, ..)| *p == person).map(|(_, d, g)| (*d, *g)).collect();
        let mut drawers = BTreeSet::new();
        for (drawer, newest) in held {
            if !self.disk.drawers.contains_key(&drawer) {
                self.disk.step()?;
                self.disk.drawer(drawer).generation = newest;
            }
            if self.disk.drawer(drawer).generation < newest {
                self.re_key(drawer, newest)?;
            }
            if self.disk.drawer(drawer).generation == newest {
                drawers.insert(drawer);
            }
        }
        self.log(now)?;
        for drawer in &drawers {
            let mut next = self.next_event;
            let event = || {
                next += 1;
                next
            };
            let finished = self.disk.finish_cut_short(*drawer, event);
            self.next_event = next;
            for change in finished? {
                self.queue(change, now);
            }
            self.disk.take_answers(*drawer)?;
            self.disk.apply_waiting_pages(*drawer)?;
        }
        self.tell_log(now);
        self.session = Some(Session { person, drawers, token_until: None });
        self.close_re_keys(now)
    }

    /// Lock.
    pub(super) fn close(&mut self, now: Ms) -> Result<(), Cut> {
        if self.session.take().is_some() {
            let clock = at(self.clock(now));
            if let Some(machine) = &mut self.machine {
                machine.handle_session(Vec::new(), clock);
            }
            self.log(now)?;
        }
        Ok(())
    }

    /// The copy under new keys is whole before one row makes it the one that counts.
    fn re_key(&mut self, drawer: Drawer, generation: u32) -> Result<(), Cut> {
        self.disk.step()?;
        self.disk.step()?;
        self.disk.drawer(drawer).generation = generation;
        Ok(())
    }

    fn close_re_keys(&mut self, now: Ms) -> Result<(), Cut> {
        let is_done = |disk: &Disk, order: &Order| match order {
            Order::ReKey { drawer, generation } => {
                disk.drawers.get(drawer).is_none_or(|file| file.generation >= *generation)
            }
            Order::Lock | Order::Wipe { .. } | Order::DropPerson { .. } | Order::SendAgain => false,
        };
        let open: Vec<u64> = self.disk.orders.iter().filter(|(_, k)| !k.done).map(|(n, _)| *n).collect();
        for number in open {
            if is_done(&self.disk, &self.disk.orders[&number].order) {
                self.order_done(number, now)?;
            }
        }
        Ok(())
    }

    fn order_done(&mut self, number: u64, now: Ms) -> Result<(), Cut> {
        self.log(now)?;
        if let Some(kept) = self.disk.orders.get_mut(&number) {
            kept.done = true;
        }
        Ok(())
    }

    /// Keeps what the server ordered, and carries out what can be carried out now.
    pub(super) fn take_orders(&mut self, orders: &[(u64, Order)], now: Ms) -> Result<(), Cut> {
        for (number, order) in orders {
            if !self.disk.orders.contains_key(number) {
                self.disk.step()?;
                self.disk.orders.insert(*number, Kept { order: order.clone(), done: false });
            }
        }
        self.carry_out(now)
    }

    /// Carries out what can be carried out now.
    pub(super) fn carry_out(&mut self, now: Ms) -> Result<(), Cut> {
        let open: Vec<(u64, Order)> =
            self.disk.orders.iter().filter(|(_, k)| !k.done).map(|(n, k)| (*n, k.order.clone())).collect();
        for (number, order) in open {
            match order {
                Order::Lock => {
                    self.close(now)?;
                    self.disk.step()?;
                    self.disk.online_first.extend(self.disk.slots.keys());
                    self.order_done(number, now)?;
                }
                Order::DropPerson { person } => {
                    if self.session.as_ref().is_some_and(|session| session.person == person) {
                        self.close(now)?;
                    }
                    if self.disk.breakage != Some(Breakage::DropsNobody) {
                        self.disk.step()?;
                        self.disk.slots.remove(&person);
                        self.disk.grants.retain(|(p, ..)| *p != person);
                        self.disk.forget_pages_of_nobody()?;
                    }
                    self.order_done(number, now)?;
                }
                Order::ReKey { .. } => self.close_re_keys(now)?,
                Order::SendAgain => {
                    for change in self.disk.send_again()? {
                        self.queue(change, now);
                    }
                    self.order_done(number, now)?;
                }
                Order::Wipe { deliver_first } => self.wipe(number, deliver_first, now)?,
            }
        }
        Ok(())
    }

    fn wipe(&mut self, number: u64, deliver_first: bool, now: Ms) -> Result<(), Cut> {
        self.close(now)?;
        if !self.disk.retired {
            self.disk.retire()?;
        }
        let unsent = self.machine.as_ref().is_some_and(|m| m.unsent_changes() > 0 || m.unsent_events() > 0);
        if deliver_first && unsent {
            return Ok(());
        }
        self.disk.destroy()?;
        for order in 1..=number {
            if self.disk.orders.get(&order).is_some_and(|kept| !kept.done) {
                self.order_done(order, now)?;
            }
        }
        if !deliver_first {
            // What was not sent is gone, so there is nothing left to send but events.
            self.boot(now);
        }
        Ok(())
    }

    /// Somebody writes: a new record, or an edit of one that is open.
    pub(super) fn write(&mut self, mark: u64, now: Ms, dice: &mut Dice) -> Option<(Writing, [u64; 2])> {
        let session = self.session.clone()?;
        let role = self.disk.role(session.person)?;
        let (document, base, line_before) = match self.pick(&session, dice) {
            Some((before, base)) if dice.hits(75) => {
                let edit = match dice.below(10) {
                    0..=5 => Edit::Note,
                    6 if role == Role::Clinician => Edit::Label,
                    _ => Edit::Line,
                };
                let document = edited(&before, edit, mark);
                if !session.drawers.contains(&drawer_of(&document)) {
                    return None;
                }
                (document, base, line(&before).to_owned())
            }
            Some(_) | None => {
                let open: Vec<Drawer> = session.drawers.iter().copied().collect();
                let drawer = *open.get(dice.below(open.len().max(1) as u64) as usize)?;
                (new_record(drawer, mark, mark), Base::None, "s0".to_owned())
            }
        };
        let written_at = self.clock(now);
        let by = (session.person, self.number);
        let envelope = sealed(by, change_id(mark), at(written_at), document, base);
        let events = [self.event(), self.event()];
        Some((Writing { envelope, mark, line_before, written_at }, events))
    }

    /// A record that is open, as it stands here, and what an edit of it is made from.
    fn pick(&self, session: &Session, dice: &mut Dice) -> Option<(Document, Base)> {
        let files = || session.drawers.iter().filter_map(|drawer| self.disk.drawers.get(drawer));
        let keys: Vec<&RecordKey> = files().flat_map(|file| file.rows.keys()).collect();
        let key = *keys.get(dice.below(keys.len().max(1) as u64) as usize)?;
        // One that is open in two drawers was moved here, and not there yet: what is newer counts.
        let held = files().filter_map(|file| Some((file.rows.get(key)?.1.clone(), file.base_of(key))));
        held.max_by_key(|(_, base)| match base {
            Base::None => (0, 0),
            Base::Version(version) => (1, u128::from(*version)),
            Base::Change(change) => (2, change.uuid().as_u128()),
        })
    }

    /// A change is ready to be sent.
    pub(super) fn queue(&mut self, change: records::id::ChangeId, now: Ms) {
        let Some(listed) = self.disk.listed(change) else { return };
        let queued = QueuedChange { id: change, base: listed.base, bytes: 2_000 };
        let clock = at(self.clock(now));
        if let Some(machine) = &mut self.machine {
            machine.handle_saved(queued, clock);
        }
    }

    /// The server has answered a change.
    pub(super) fn settle(
        &mut self,
        change: records::id::ChangeId,
        (standing, received_at): (&Standing, Ms),
        now: Ms,
    ) -> Result<(), Cut> {
        self.disk.keep_answer(change, standing, received_at)?;
        let open: Vec<Drawer> = self.session.iter().flat_map(|session| session.drawers.clone()).collect();
        for drawer in open {
            self.disk.take_answers(drawer)?;
        }
        self.carry_out(now)
    }

    /// Where each open drawer stands.
    pub(super) fn cursors(&self) -> Vec<Cursor> {
        let open = self.session.iter().flat_map(|session| session.drawers.iter());
        open.filter_map(|drawer| {
            let after = self.disk.drawers.get(drawer)?.cursor;
            Some(Cursor { drawer: *drawer, after })
        })
        .collect()
    }
}

/// Most practices ask seldom, so that a month is cheap to simulate; some as often as what ships.
pub(super) fn config(dice: &mut Dice) -> Config {
    if dice.hits(3) {
        return Config { first_page: 3, smallest_page: 1, ..Config::default() };
    }
    Config {
        longest_backoff: SignedDuration::from_hours(6),
        interval: SignedDuration::from_hours(6),
        changes_per_request: 1 + dice.below(8) as usize,
        events_per_request: 1 + dice.below(20) as u32,
        first_page: 1 + dice.below(8) as u32,
        smallest_page: 1,
        ..Config::default()
    }
}
