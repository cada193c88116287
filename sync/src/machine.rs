//! The machine: what it is told, and what it tells.

mod drive;

use crate::backoff::{Backoff, Jitter, later};
use crate::config::Config;
use crate::event::{Event, LogAlarm};
use crate::lane::audit::{AuditLane, LogPosition};
use crate::lane::changes::{ChangesLane, QueuedChange};
use crate::lane::directives::DirectivesLane;
use crate::lane::pull::{Arrived, PullLane};
use crate::lane::{InFlight, is_current};
use crate::request::{Answer, Failure, RequestId, Transmit};
use crate::wire::{Cursor, ProblemCode};
use jiff::Timestamp;
use records::id::{ChangeId, LogId};
use std::collections::VecDeque;

/// What is on disk when the machine starts.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The outbox, in the order the changes were saved.
    pub changes: Vec<QueuedChange>,
    /// Changes that were refused and that nobody has settled since.
    pub refused: Vec<ChangeId>,
    /// The audit log.
    pub log: Option<LogPosition>,
}

/// The workstation's side of the protocol; see the [crate] page.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    jitter: Jitter,
    /// The latest time that was passed in.
    now: Timestamp,
    next_request: u64,
    /// Whether the server answers at all; shared by the lanes, so that one probe goes out instead of four.
    contact: Backoff,
    online: Option<bool>,
    revoked: bool,
    changes: ChangesLane,
    audit: AuditLane,
    directives: DirectivesLane,
    /// One a drawer at most: open, while somebody has a session, or shut.
    pulls: Vec<PullLane>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

impl Machine {
    /// A machine that goes on where the disk says. `seed` spreads its waits; any number will do.
    #[must_use]
    pub fn new(config: Config, restored: Restored, seed: u64, now: Timestamp) -> Self {
        let mut machine = Self {
            config,
            jitter: Jitter(seed),
            now,
            next_request: 0,
            contact: Backoff::default(),
            online: None,
            revoked: false,
            changes: ChangesLane::default(),
            audit: AuditLane::new(restored.log),
            directives: DirectivesLane::new(now),
            pulls: Vec::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        };
        for refused in restored.refused {
            machine.changes.remember_refused(refused);
        }
        for change in restored.changes {
            machine.changes.push(change, &mut machine.events);
        }
        machine.drive(now);
        machine
    }

    /// A change was saved; its envelope is in the outbox.
    pub fn handle_saved(&mut self, change: QueuedChange, now: Timestamp) {
        self.changes.push(change, &mut self.events);
        self.drive(now);
    }

    /// A person has withdrawn a change, or settled a refused one; what stands on it is queued anew by [`Self::handle_saved`].
    pub fn handle_withdrawn(&mut self, change: ChangeId, now: Timestamp) {
        self.changes.withdraw(change);
        self.drive(now);
    }

    /// The audit log has `size` leaves on disk.
    pub fn handle_log(&mut self, log: LogId, size: u64, now: Timestamp) {
        self.audit.grow(log, size);
        self.drive(now);
    }

    /// What the server has signed of the log is not believed: nothing more of it is delivered until the next start.
    pub fn handle_log_alarm(&mut self, reason: LogAlarm, now: Timestamp) {
        self.audit.raise(reason, &mut self.events);
        self.drive(now);
    }

    /// A session is open for these drawers, each with the cursor the vault holds; an empty list ends pulling.
    pub fn handle_session(&mut self, cursors: Vec<Cursor>, now: Timestamp) {
        let is_open = |drawer| cursors.iter().any(|cursor| cursor.drawer == drawer);
        self.pulls.retain(|lane| match lane.is_shut() {
            true => !is_open(lane.applied().drawer),
            false => cursors.iter().any(|cursor| lane.leads_to(*cursor)),
        });
        for cursor in cursors {
            if !self.pulls.iter().any(|lane| lane.leads_to(cursor)) {
                self.pulls.push(PullLane::new(cursor, &self.config, now));
            }
        }
        for lane in self.pulls.iter_mut().filter(|lane| !lane.is_shut()) {
            lane.hurry(now);
        }
        self.drive(now);
    }

    /// These drawers are shut, each with the cursor after the last page that is kept for it: pages are fetched for them,
    /// sealed. An empty list ends that.
    pub fn handle_shut(&mut self, cursors: Vec<Cursor>, now: Timestamp) {
        self.pulls.retain(|lane| !lane.is_shut() || cursors.iter().any(|cursor| lane.leads_to(*cursor)));
        for cursor in cursors {
            if !self.pulls.iter().any(|lane| lane.applied().drawer == cursor.drawer) {
                self.pulls.push(PullLane::shut(cursor, &self.config, now));
            }
        }
        self.drive(now);
    }

    /// Somebody asked for it, or the network is back: try everything now.
    pub fn handle_sync_now(&mut self, now: Timestamp) {
        self.contact.hurry();
        self.changes.backoff.hurry();
        self.changes.retry_held();
        self.audit.backoff.hurry();
        self.directives.backoff.hurry();
        self.directives.due = now;
        for lane in &mut self.pulls {
            lane.hurry(now);
        }
        self.drive(now);
    }

    /// A good answer to the request `id`; late ones and doubles do no harm.
    pub fn handle_answer(&mut self, id: RequestId, answer: Answer, now: Timestamp) {
        self.contact.reset();
        self.set_online(true);
        match answer {
            Answer::Receipts(receipts) => {
                let settled = self.changes.receive(receipts, &mut self.events);
                if is_current(self.changes.in_flight, id) {
                    self.changes.in_flight = None;
                    self.end_changes_try(settled, now);
                }
                if settled {
                    self.hurry_pulls(now);
                }
            }
            Answer::Audit { size } => {
                if is_current(self.audit.in_flight, id) {
                    self.audit.in_flight = None;
                    self.audit.backoff.reset();
                }
                self.audit.confirm(size, &mut self.events);
            }
            Answer::Page { body, next, more, entries } => {
                self.receive_page(id, body, (next, more, entries), now)
            }
            Answer::Directives { log_size } => {
                if is_current(self.directives.in_flight, id) {
                    self.directives.in_flight = None;
                    self.directives.backoff.reset();
                    self.directives.due = later(now, self.config.interval);
                }
                self.revoked = false;
                if let Some(size) = log_size {
                    self.audit.confirm(size, &mut self.events);
                }
            }
        }
        self.drive(now);
    }

    /// No good answer to the request `id`.
    pub fn handle_failure(&mut self, id: RequestId, failure: Failure, now: Timestamp) {
        match failure {
            Failure::Unreachable => self.lose_contact(id, now),
            Failure::Refused { code, log_size } => {
                self.contact.reset();
                self.set_online(true);
                self.refuse(id, code, log_size, now);
            }
        }
        self.drive(now);
    }

    /// The vault holds the page that ends at `next`, and the cursor; or keeps it for a drawer that is shut.
    pub fn handle_page_applied(&mut self, next: Cursor, now: Timestamp) {
        if let Some(lane) = self.pulls.iter_mut().find(|lane| lane.applied().drawer == next.drawer) {
            lane.applied_to(next, &self.config, now);
        }
        self.drive(now);
    }

    /// The vault could not take a page that starts at `from`; it is asked for again later. A page from where the vault
    /// stands no more is nobody's.
    pub fn handle_page_failed(&mut self, from: Cursor, now: Timestamp) {
        let Some(lane) = self.pulls.iter_mut().find(|lane| lane.has_handed_over(from)) else { return };
        lane.rewind();
        lane.backoff.fail(&self.config, &mut self.jitter, now);
        let is_of_drawer = |event: &Event| {
            matches!(event, Event::Page { from: page, .. } | Event::SealedPage { from: page, .. }
                if page.drawer == from.drawer)
        };
        self.events.retain(|event| !is_of_drawer(event));
        self.drive(now);
    }

    /// Time has passed: to be called when [`Self::poll_timeout`] says so; more often does no harm.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.give_up_on_lost(now);
        self.drive(now);
    }

    /// The next request to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`]: now, while anything is queued to be sent or told.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if !self.transmits.is_empty() || !self.events.is_empty() {
            return Some(self.now);
        }
        // A clock that was set back would put every wait far away.
        let furthest = later(self.now, self.config.longest_backoff);
        let wake = if self.is_probing() {
            self.lost_times().min()
        } else {
            self.lost_times().chain(self.due_times()).min()
        };
        wake.map(|at| at.min(furthest))
    }

    /// How many changes wait for the server.
    #[must_use]
    pub fn unsent_changes(&self) -> usize {
        self.changes.len()
    }

    /// How many audit events wait for the server.
    #[must_use]
    pub fn unsent_events(&self) -> u64 {
        self.audit.waiting()
    }

    /// Whether the server answered last; `None` before the first try ended.
    #[must_use]
    pub fn is_online(&self) -> Option<bool> {
        self.online
    }

    /// When the server is tried again, while it does not answer.
    #[must_use]
    pub fn next_try(&self) -> Option<Timestamp> {
        self.contact.until()
    }

    fn receive_page(&mut self, id: RequestId, body: Vec<u8>, page: (Cursor, bool, u32), now: Timestamp) {
        let Some(lane) = self.pulls.iter_mut().find(|lane| is_current(lane.in_flight, id)) else {
            return;
        };
        let Some(out) = lane.in_flight.take() else { return };
        let (next, more, entries) = page;
        lane.backoff.reset();
        let arrived = Arrived { sent: out.sent, next, more, entries };
        if let Some(from) = lane.receive(&arrived, &self.config, now) {
            self.events.push_back(match lane.is_shut() {
                true => Event::SealedPage { from, next, body },
                false => Event::Page { from, next, body },
            });
        }
    }

    fn end_changes_try(&mut self, settled: bool, now: Timestamp) {
        if settled {
            self.changes.backoff.reset();
        } else {
            self.changes.backoff.fail(&self.config, &mut self.jitter, now);
        }
    }

    fn refuse(&mut self, id: RequestId, code: ProblemCode, log_size: Option<u64>, now: Timestamp) {
        if code == ProblemCode::DeviceRevoked && !self.revoked {
            self.revoked = true;
            self.events.push_back(Event::DeviceRevoked);
        }
        if is_current(self.changes.in_flight, id) {
            self.changes.in_flight = None;
            if !(code == ProblemCode::TooLarge && self.changes.halve(&self.config)) {
                self.changes.backoff.fail(&self.config, &mut self.jitter, now);
            }
        } else if is_current(self.audit.in_flight, id) {
            self.audit.in_flight = None;
            self.refuse_audit(code, log_size, now);
        } else if is_current(self.directives.in_flight, id) {
            self.directives.in_flight = None;
            self.directives.backoff.fail(&self.config, &mut self.jitter, now);
        } else {
            self.refuse_pull(id, code, now);
        }
    }

    fn refuse_audit(&mut self, code: ProblemCode, log_size: Option<u64>, now: Timestamp) {
        match (code, log_size) {
            (ProblemCode::LogGap, Some(size)) => self.audit.go_to(size, &mut self.events),
            (ProblemCode::LogFork, _) => self.audit.raise(LogAlarm::Forked, &mut self.events),
            (ProblemCode::CheckpointRefused, _) => {
                self.audit.raise(LogAlarm::CheckpointRefused, &mut self.events)
            }
            (ProblemCode::MarksRefused, _) => self.audit.raise(LogAlarm::MarksRefused, &mut self.events),
            (ProblemCode::TooLarge, _) if self.audit.halve(&self.config) => {}
            _ => self.audit.backoff.fail(&self.config, &mut self.jitter, now),
        }
    }

    fn refuse_pull(&mut self, id: RequestId, code: ProblemCode, now: Timestamp) {
        let Some(lane) = self.pulls.iter_mut().find(|lane| is_current(lane.in_flight, id)) else {
            return;
        };
        lane.in_flight = None;
        lane.backoff.fail(&self.config, &mut self.jitter, now);
        if code == ProblemCode::SessionRequired {
            self.pulls.retain(PullLane::is_shut);
            self.events.push_back(Event::SessionEnded);
        }
    }

    fn lose_contact(&mut self, id: RequestId, now: Timestamp) {
        let mut was_current = false;
        for out in self.in_flights() {
            if is_current(*out, id) {
                *out = None;
                was_current = true;
            }
        }
        if was_current {
            self.contact.fail(&self.config, &mut self.jitter, now);
            self.set_online(false);
        }
    }

    fn give_up_on_lost(&mut self, now: Timestamp) {
        let timeout = self.config.request_timeout;
        let lost: Vec<RequestId> = self
            .in_flights()
            .filter_map(|out| *out)
            .filter(|out| out.sent.duration_until(now).abs() >= timeout)
            .map(|out| out.id)
            .collect();
        for id in lost {
            self.lose_contact(id, now);
        }
    }

    fn in_flights(&mut self) -> impl Iterator<Item = &mut Option<InFlight>> {
        let singles =
            [&mut self.changes.in_flight, &mut self.audit.in_flight, &mut self.directives.in_flight];
        singles.into_iter().chain(self.pulls.iter_mut().map(|lane| &mut lane.in_flight))
    }

    fn set_online(&mut self, online: bool) {
        if self.online != Some(online) {
            self.online = Some(online);
            self.events.push_back(if online { Event::Online } else { Event::Offline });
        }
    }

    fn hurry_pulls(&mut self, now: Timestamp) {
        for lane in &mut self.pulls {
            lane.hurry(now);
        }
    }
}
