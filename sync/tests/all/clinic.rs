//! A workstation with a disk, a network that loses, doubles and reorders, and a model of the server.

use jiff::{SignedDuration, Timestamp};
use records::id::{ChangeId, LogId};
use std::collections::{BTreeMap, BTreeSet};
use sync::wire::{ChangeReceipt, Cursor, ProblemCode, RefusalCode, Standing};
use sync::{Answer, Config, Event, Failure, Machine, QueuedChange, Request, RequestId, Restored, Transmit};
use uuid::Uuid;

pub(crate) const LOG: u128 = 77;

pub(crate) fn change_id(n: u64) -> ChangeId {
    ChangeId::from_uuid(Uuid::from_u128(u128::from(n) + 1))
}

pub(crate) fn log_id() -> LogId {
    LogId::from_uuid(Uuid::from_u128(LOG))
}

pub(crate) fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + n).unwrap()
}

/// Numbers from a seed (xorshift); good enough to shuffle with.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    pub(crate) fn hits(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What the real server promises, in memory.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) standings: BTreeMap<ChangeId, Standing>,
    /// Every change in the order it was applied; a change that is here twice was applied twice.
    pub(crate) applied: Vec<ChangeId>,
    pub(crate) bases: BTreeMap<ChangeId, Option<ChangeId>>,
    pub(crate) refuses: BTreeSet<ChangeId>,
    pub(crate) leaves: Vec<u64>,
    pub(crate) feed: BTreeMap<&'static str, u64>,
    pub(crate) has_session: bool,
}

impl Server {
    /// Answers a request; `bases` stands for what the envelope would say.
    fn answer(&mut self, request: &Request, disk: &Disk) -> Result<Answer, Failure> {
        match request {
            Request::DeliverChanges { changes } => {
                Ok(Answer::Receipts(changes.iter().map(|change| self.receive(*change)).collect()))
            }
            Request::DeliverAudit { first_index, count, .. } => {
                let held = self.leaves.len() as u64;
                if *first_index > held {
                    return Err(Failure::Refused { code: ProblemCode::LogGap, log_size: Some(held) });
                }
                let batch = &disk.leaves[*first_index as usize..(*first_index + u64::from(*count)) as usize];
                for (at, leaf) in batch.iter().enumerate() {
                    match self.leaves.get(*first_index as usize + at) {
                        Some(known) => assert_eq!(known, leaf, "a fork"),
                        None => self.leaves.push(*leaf),
                    }
                }
                Ok(Answer::Audit { size: self.leaves.len() as u64 })
            }
            Request::Pull { cursor, count } => {
                if !self.has_session {
                    return Err(Failure::Refused { code: ProblemCode::SessionRequired, log_size: None });
                }
                let end = self.feed.get(cursor.drawer.as_str()).copied().unwrap_or(0);
                let next = end.min(cursor.after + u64::from(*count));
                Ok(Answer::Page {
                    body: format!("{}-{next}", cursor.after).into_bytes(),
                    next: Cursor { drawer: cursor.drawer, after: next },
                    more: next < end,
                    entries: u32::try_from(next - cursor.after).unwrap(),
                })
            }
            Request::PullSealed { cursor, .. } => panic!("{cursor} is not shut"),
            Request::Directives => Ok(Answer::Directives { log_size: Some(self.leaves.len() as u64) }),
        }
    }

    fn receive(&mut self, change: ChangeId) -> ChangeReceipt {
        let received_at = second(0);
        let base = self.bases[&change];
        let standing = match base.and_then(|base| (!self.standings.contains_key(&base)).then_some(base)) {
            Some(missing) => Standing::Waiting { missing },
            None => self.settle(change),
        };
        ChangeReceipt { change: Some(change), received_at, standing }
    }

    fn settle(&mut self, change: ChangeId) -> Standing {
        if let Some(standing) = self.standings.get(&change) {
            return standing.clone();
        }
        let base = self.bases[&change].and_then(|base| self.standings.get(&base));
        let standing = match base {
            Some(Standing::Refused { .. }) => Standing::Refused { code: RefusalCode::Dependency },
            _ if self.refuses.contains(&change) => Standing::Refused { code: RefusalCode::NotAllowed },
            _ => {
                self.applied.push(change);
                Standing::Applied { versions: Vec::new(), merged: false }
            }
        };
        self.standings.insert(change, standing.clone());
        standing
    }
}

/// What survives a restart of the workstation.
#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) outbox: Vec<QueuedChange>,
    pub(crate) refused: Vec<ChangeId>,
    pub(crate) settled: Vec<ChangeId>,
    pub(crate) stopped: BTreeSet<ChangeId>,
    pub(crate) leaves: Vec<u64>,
    pub(crate) delivered: u64,
    pub(crate) cursors: BTreeMap<&'static str, u64>,
    /// Every entry that was applied, in order.
    pub(crate) received: BTreeMap<&'static str, Vec<u64>>,
}

/// A request or an answer under way.
enum Packet {
    Request(Transmit),
    Answer(RequestId, Result<Answer, Failure>),
}

pub(crate) struct Clinic {
    pub(crate) machine: Machine,
    pub(crate) disk: Disk,
    pub(crate) server: Server,
    pub(crate) now: Timestamp,
    pub(crate) loss: u64,
    pub(crate) cut: bool,
    dice: Dice,
    packets: BTreeMap<(Timestamp, u64), Packet>,
    next_packet: u64,
    next_change: u64,
}

impl Clinic {
    pub(crate) fn new(seed: u64) -> Self {
        let now = second(0);
        Self {
            machine: Machine::new(Config::default(), Restored::default(), seed, now),
            disk: Disk::default(),
            server: Server::default(),
            now,
            loss: 0,
            cut: false,
            dice: Dice::new(seed),
            packets: BTreeMap::new(),
            next_packet: 0,
            next_change: 0,
        }
    }

    /// Somebody saves a change; `base` is a change saved before.
    pub(crate) fn save(&mut self, base: Option<ChangeId>) -> ChangeId {
        let id = change_id(self.next_change);
        self.next_change += 1;
        let change = QueuedChange { id, base, bytes: 2_000 };
        self.server.bases.insert(id, base);
        self.disk.outbox.push(change.clone());
        self.machine.handle_saved(change, self.now);
        self.log(1);
        id
    }

    /// The workstation logs some events.
    pub(crate) fn log(&mut self, count: u64) {
        for _ in 0..count {
            self.disk.leaves.push(self.disk.leaves.len() as u64 + 1_000);
        }
        self.machine.handle_log(log_id(), self.disk.leaves.len() as u64, self.now);
    }

    /// Lets time pass until `seconds` from now, doing everything that falls due.
    pub(crate) fn run(&mut self, seconds: i64) {
        let end = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let mut idle_turns = 0;
        loop {
            self.drain();
            let packet = self.packets.keys().next().map(|(at, _)| *at);
            let wake = self.machine.poll_timeout();
            let Some(next) = [packet, wake].into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            idle_turns = if next > self.now { 0 } else { idle_turns + 1 };
            assert!(idle_turns < 1_000, "the machine asks to be woken again and again");
            self.now = self.now.max(next);
            match packet.filter(|at| *at <= self.now) {
                Some(_) => self.arrive(),
                None => self.machine.handle_timeout(self.now),
            }
        }
        self.now = end;
        self.machine.handle_timeout(end);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            let promised = self.machine.poll_timeout();
            let mut any = false;
            while let Some(transmit) = self.machine.poll_transmit() {
                any = true;
                self.post(Packet::Request(transmit));
            }
            while let Some(event) = self.machine.poll_event() {
                any = true;
                self.act(event);
            }
            if !any {
                return;
            }
            assert!(
                promised.is_some_and(|at| at <= self.now),
                "output was queued, but the machine said sleep"
            );
        }
    }

    fn act(&mut self, event: Event) {
        match event {
            Event::ChangeSettled { change, standing, .. } => {
                self.disk.outbox.retain(|queued| queued.id != change);
                self.disk.settled.push(change);
                if matches!(standing, Standing::Refused { .. }) {
                    self.disk.refused.push(change);
                }
            }
            Event::ChangeStopped { change, .. } => {
                self.disk.stopped.insert(change);
            }
            Event::AuditDelivered { size, .. } => self.disk.delivered = size,
            Event::Page { from, next, body } => self.apply(from, next, &body),
            Event::SealedPage { from, .. } => panic!("{from} is not shut"),
            Event::LogAlarm { reason, .. } => panic!("alarm: {reason:?}"),
            Event::SessionEnded => self.server.has_session = false,
            Event::ChangeMissing { missing } => panic!("{missing} is missing"),
            Event::Online | Event::Offline | Event::DeviceRevoked => {}
        }
    }

    fn apply(&mut self, from: Cursor, next: Cursor, body: &[u8]) {
        let drawer = from.drawer.as_str();
        let cursor = self.disk.cursors.entry(drawer).or_default();
        if *cursor != from.after || self.dice.hits(self.loss / 4) {
            self.machine.handle_page_failed(from, self.now);
            return;
        }
        assert_eq!(body, format!("{}-{}", from.after, next.after).as_bytes());
        self.disk.received.entry(drawer).or_default().extend(from.after + 1..=next.after);
        *cursor = next.after;
        self.machine.handle_page_applied(next, self.now);
    }

    fn arrive(&mut self) {
        let Some((_, packet)) = self.packets.pop_first() else { return };
        match packet {
            Packet::Request(transmit) => {
                let answer = self.server.answer(&transmit.request, &self.disk);
                self.post(Packet::Answer(transmit.id, answer));
            }
            Packet::Answer(id, Ok(answer)) => self.machine.handle_answer(id, answer, self.now),
            Packet::Answer(id, Err(failure)) => self.machine.handle_failure(id, failure, self.now),
        }
    }

    fn post(&mut self, packet: Packet) {
        if self.cut {
            if let Packet::Request(transmit) = packet {
                self.schedule(Packet::Answer(transmit.id, Err(Failure::Unreachable)));
            }
            return;
        }
        if self.dice.hits(self.loss) {
            return;
        }
        if self.dice.hits(self.loss / 2) {
            let copy = match &packet {
                Packet::Request(transmit) => Packet::Request(transmit.clone()),
                Packet::Answer(id, answer) => Packet::Answer(*id, answer.clone()),
            };
            self.schedule(copy);
        }
        self.schedule(packet);
    }

    /// Most packets take a few milliseconds; when the network is bad some take half a minute and overtake each other.
    fn schedule(&mut self, packet: Packet) {
        let slow = self.loss > 0 && self.dice.hits(20);
        let millis = 1 + self.dice.below(if slow { 90_000 } else { 40 });
        let at = self.now.checked_add(SignedDuration::from_millis(i64::try_from(millis).unwrap())).unwrap();
        self.next_packet += 1;
        self.packets.insert((at, self.next_packet), packet);
    }
}
