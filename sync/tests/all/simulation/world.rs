//! Time, the network and the scenes of a simulated practice.

use super::disk::Cut;
use super::network::Packet;
use super::paper::Envelope;
use super::server::{Known, Line, Member, Server, Way};
use super::station::{Station, Writing, config};
use super::{Breakage, DAY, HOUR, MINUTE, Ms, at, since_opening};
use crate::clinic::Dice;
use records::id::ChangeId;
use records::{Drawer, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use sync::Event;
use sync::wire::{ChangeReceipt, Cursor};

/// How well a workstation reaches the server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    pub(super) cut_until: Ms,
    pub(super) loss: u64,
}

/// What really happened, for the checks.
#[derive(Default)]
pub(super) struct Oracle {
    /// Everything that was begun to be written.
    pub(super) begun: BTreeMap<ChangeId, Writing>,
    /// What somebody was told is saved.
    pub(super) saved: BTreeSet<ChangeId>,
    /// What a workstation was told the server holds.
    pub(super) receipts: BTreeMap<ChangeId, ChangeReceipt>,
    /// What was in the record and went with a server.
    pub(super) unmade: BTreeSet<ChangeId>,
    /// What a server refused that has lost its memory of it.
    pub(super) refused: BTreeSet<ChangeId>,
    /// How often the server asked for a change that it had confirmed.
    pub(super) missing: BTreeMap<ChangeId, u32>,
    /// Workstations that were wiped without delivery.
    pub(super) destroyed: BTreeSet<usize>,
    /// Who signed in where, with which drawers: the only ways a record gets onto a disk.
    pub(super) opened: BTreeSet<(usize, Drawer)>,
    /// Every drawer and role a page was given out for against the policy.
    pub(super) forbidden: Vec<String>,
    pub(super) wrong: Vec<String>,
}

/// So often a server that loses nothing asks for one change at most.
const MOST_ASKED: u32 = 50;

/// A practice.
pub(super) struct World {
    pub(super) now: Ms,
    pub(super) dice: Dice,
    pub(super) server: Server,
    pub(super) stations: Vec<Station>,
    pub(super) links: Vec<Link>,
    pub(super) server_down_until: Ms,
    pub(super) oracle: Oracle,
    pub(super) told: Option<Vec<String>>,
    pub(super) packets: BTreeMap<(Ms, u64), Packet>,
    pub(super) next_packet: u64,
    next_mark: u64,
    boots_due: BTreeMap<usize, Ms>,
    pub(super) pages: BTreeMap<u64, Rc<Vec<Line>>>,
}

impl World {
    pub(super) fn new(seed: u64, breakage: Option<Breakage>, tells: bool) -> Self {
        let mut dice = Dice::new(seed);
        let members = [Role::Nurse, Role::Clinician, Role::FrontDesk, Role::Nurse, Role::Clinician];
        let people = 2 + dice.below(4) as usize;
        let members = members.into_iter().take(people).map(|role| Member {
            roles: vec![(0, role)],
            ended_at: None,
            cares: dice.hits(60),
        });
        let members: Vec<Member> = members.collect();
        let count = 1 + dice.below(4) as usize;
        let server =
            Server { members, devices: vec![Known::default(); count], breakage, ..Server::default() };
        let config = config(&mut dice);
        let mut stations: Vec<Station> = (0..count).map(|n| Station::new(n, config.clone())).collect();
        for station in &mut stations {
            station.disk.breakage = breakage;
            station.boot(0);
        }
        let loss = dice.below(50);
        Self {
            now: 0,
            dice,
            server,
            stations,
            links: vec![Link { cut_until: 0, loss }; count],
            server_down_until: 0,
            oracle: Oracle::default(),
            told: tells.then(Vec::new),
            packets: BTreeMap::new(),
            next_packet: 0,
            next_mark: 0,
            boots_due: BTreeMap::new(),
            pages: BTreeMap::new(),
        }
    }

    /// Notes what happens, where somebody wants to read it.
    pub(super) fn tell(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(told) = &mut self.told {
            let (day, rest) = (now / DAY, now % DAY);
            told.push(format!("day {day:>2} {:>5.2} h  {}", rest as f64 / HOUR as f64, what()));
        }
    }

    pub(super) fn is_reachable(&self, station: usize) -> bool {
        self.links[station].cut_until <= self.now && self.server_down_until <= self.now
    }

    /// Does something at a workstation; where the power goes meanwhile, it stays off for a while.
    pub(super) fn at(
        &mut self,
        station: usize,
        act: impl FnOnce(&mut Station, Ms) -> Result<(), Cut>,
    ) -> bool {
        let now = self.now;
        let held = &mut self.stations[station];
        if held.machine.is_none() {
            return false;
        }
        if act(held, now).is_ok() {
            return true;
        }
        self.power_cut(station);
        false
    }

    pub(super) fn power_cut(&mut self, station: usize) {
        self.stations[station].cut_power();
        let longest = if self.dice.hits(20) { 12 * HOUR } else { MINUTE };
        let wait = 1 + self.dice.below(longest.unsigned_abs());
        self.boots_due.insert(station, self.now + wait as Ms);
        self.tell(|| format!("w{station}: the power goes"));
    }

    /// Signs a person in, where that can be done.
    pub(super) fn sign_in(&mut self, station: usize, person: usize) -> bool {
        let now = self.now;
        let reachable = self.is_reachable(station) && !self.server.devices[station].revoked;
        let disk = &self.stations[station].disk;
        if disk.retired || self.stations[station].machine.is_none() {
            return false;
        }
        let offline = disk.slots.contains_key(&person) && !disk.online_first.contains(&person);
        let may = self.server.members[person].ended_at.is_none();
        let can_come = offline || (reachable && may);
        if !can_come {
            return false;
        }
        if reachable && may {
            self.server.devices[station].people.insert(person);
            let role = self.server.members[person].role_at(now);
            let grants = self.server.grants(station, now);
            let kept = self.at(station, |station, _| {
                station.disk.step()?;
                station.disk.grants = grants.into_iter().collect();
                station.disk.slots.insert(person, role);
                station.disk.online_first.remove(&person);
                station.disk.forget_pages_of_nobody()
            });
            if !kept {
                return false;
            }
        }
        let opened = self.at(station, |station, now| station.open(person, now));
        if opened {
            let drawers = self.stations[station].session.iter().flat_map(|s| s.drawers.clone());
            self.oracle.opened.extend(drawers.map(|drawer| (station, drawer)));
            self.tell(|| format!("w{station}: p{person} signs in"));
            self.begin_session(station);
        }
        opened
    }

    /// Gets a token for who is signed in, where the server can be reached.
    fn begin_session(&mut self, station: usize) {
        let now = self.now;
        if !self.is_reachable(station) || self.server.devices[station].revoked {
            return;
        }
        let held = &mut self.stations[station];
        let Some(session) = &mut held.session else { return };
        if self.server.members[session.person].ended_at.is_some() {
            return;
        }
        if session.token_until.is_none_or(|until| until <= now) {
            session.token_until = Some(now + 15 * MINUTE);
        }
        let (cursors, clock) = (held.cursors(), at(held.clock(now)));
        if let Some(machine) = &mut held.machine {
            machine.handle_session(cursors, clock);
        }
    }

    /// Somebody writes at a workstation.
    pub(super) fn write(&mut self, station: usize) {
        let (now, mark) = (self.now, self.next_mark);
        let held = &mut self.stations[station];
        if held.machine.is_none() || !held.disk.has_room_for(now) {
            return;
        }
        let Some((writing, events)) = held.write(mark, now, &mut self.dice) else { return };
        self.next_mark += 1;
        let envelope = writing.envelope.clone();
        let id = envelope.id();
        self.tell(|| {
            let key = envelope.document().key();
            format!("w{station}: p{} writes m{mark} into {key} on {:?}", envelope.author, envelope.base())
        });
        self.oracle.begun.insert(id, writing);
        let saved = self.at(station, |station, now| {
            station.disk.save(&envelope, events)?;
            station.queue(id, now);
            station.tell_log(now);
            Ok(())
        });
        if saved {
            self.oracle.saved.insert(id);
        }
    }

    /// Somebody sends what is not theirs: an envelope of another workstation, or one with another name on it.
    pub(super) fn forge(&mut self, by: usize) {
        if self.server.devices[by].revoked {
            return;
        }
        let others = self.oracle.begun.values().filter(|writing| writing.envelope.device != by);
        let others: Vec<Envelope> = others.map(|writing| writing.envelope.clone()).collect();
        let Some(stolen) = others.get(self.dice.below(others.len().max(1) as u64) as usize) else { return };
        let mut forged = stolen.clone();
        if self.dice.hits(50) {
            forged.device = by;
            forged.author = self.dice.below(self.server.members.len() as u64) as usize;
        }
        self.tell(|| format!("w{by}: sends m-{} as if it were its own", forged.id()));
        let now = self.now;
        let receipt = self.server.receive(by, &forged, Way::Wire, now);
        let known = self.server.changes.contains_key(&stolen.id());
        if !known
            && receipt.standing.is_held()
            && !matches!(receipt.standing, sync::wire::Standing::Refused { .. })
        {
            self.oracle.wrong.push(format!("a forged envelope was taken: {receipt:?}"));
        }
    }

    /// Lets time pass, doing everything that falls due.
    pub(super) fn run(&mut self, duration: Ms) {
        let end = self.now + duration;
        let mut idle_turns = 0;
        loop {
            for station in 0..self.stations.len() {
                self.drain(station);
            }
            let Some(next) = self.next_time().filter(|next| *next <= end) else { break };
            idle_turns = if next > self.now { 0 } else { idle_turns + 1 };
            assert!(idle_turns < 20_000, "a machine asks to be woken again and again");
            self.now = self.now.max(next);
            self.turn();
        }
        self.now = end;
    }

    fn next_time(&self) -> Option<Ms> {
        let packet = self.packets.keys().next().map(|(at, _)| *at);
        let boot = self.boots_due.values().copied();
        let wakes = self.stations.iter().filter_map(wake);
        packet.into_iter().chain(boot).chain(wakes).min()
    }

    fn turn(&mut self) {
        let now = self.now;
        let due: Vec<usize> = self.boots_due.iter().filter(|(_, at)| **at <= now).map(|(s, _)| *s).collect();
        for station in due {
            self.boots_due.remove(&station);
            self.stations[station].boot(now);
            self.at(station, |station, now| {
                station.log(now)?;
                station.carry_out(now)
            });
        }
        if self.packets.keys().next().is_some_and(|(at, _)| *at <= now) {
            self.arrive();
            return;
        }
        for held in &mut self.stations {
            if wake(held).is_some_and(|at| at <= now) {
                let clock = at(held.clock(now));
                if let Some(machine) = &mut held.machine {
                    machine.handle_timeout(clock);
                }
            }
        }
    }

    fn drain(&mut self, station: usize) {
        loop {
            self.stations[station].tell_shut(self.now);
            let Some(machine) = &mut self.stations[station].machine else { return };
            if let Some(transmit) = machine.poll_transmit() {
                self.send(station, transmit);
            } else if let Some(event) = machine.poll_event() {
                self.act(station, event);
            } else {
                return;
            }
        }
    }

    fn act(&mut self, station: usize, event: Event) {
        match event {
            Event::ChangeSettled { change, standing, received_at } => {
                self.tell(|| format!("w{station}: hears of {change}: {standing:?}"));
                self.at(station, |station, now| {
                    station.settle(change, (&standing, since_opening(received_at)), now)
                });
            }
            Event::AuditDelivered { size, .. } => {
                self.at(station, |station, now| {
                    station.disk.step()?;
                    station.disk.delivered = station.disk.delivered.max(size);
                    station.carry_out(now)
                });
            }
            Event::Page { from, next, body } => self.page(station, from, next, &body),
            Event::SealedPage { from, next, body } => self.keep_page(station, from, next, &body),
            Event::LogAlarm { reason, .. } => {
                self.stations[station].alarms.push(format!("{reason:?}"));
            }
            Event::ChangeMissing { missing } => {
                let asked = self.oracle.missing.entry(missing).or_insert(0);
                *asked += 1;
                if *asked > MOST_ASKED {
                    self.oracle.wrong.push(format!("{missing} was sent again and again, and is not there"));
                    return;
                }
                self.at(station, |station, now| {
                    if station.disk.envelopes.contains_key(&missing) {
                        station.queue(missing, now);
                    }
                    Ok(())
                });
            }
            Event::Online => self.begin_session(station),
            Event::SessionEnded => {
                if let Some(session) = &mut self.stations[station].session {
                    session.token_until = None;
                }
                self.begin_session(station);
            }
            Event::DeviceRevoked => self.stations[station].revoked = true,
            Event::ChangeStopped { .. } | Event::Offline => {}
        }
    }

    fn page(&mut self, station: usize, from: Cursor, next: Cursor, body: &[u8]) {
        let number = u64::from_le_bytes(body.try_into().unwrap());
        let Some(lines) = self.pages.get(&number).cloned() else { return };
        self.at(station, |station, now| {
            let is_open = station.session.as_ref().is_some_and(|s| s.drawers.contains(&from.drawer));
            let clock = at(station.clock(now));
            let applied =
                is_open && station.disk.apply_page(from.drawer, (from.after, next.after), &lines)?;
            if let Some(machine) = &mut station.machine {
                match applied {
                    true => machine.handle_page_applied(next, clock),
                    false => machine.handle_page_failed(from, clock),
                }
            }
            Ok(())
        });
    }

    /// Everything works again: every workstation has power, and nothing is lost on the way.
    pub(super) fn heal(&mut self) {
        self.server_down_until = 0;
        for station in 0..self.stations.len() {
            self.links[station] = Link::default();
            self.stations[station].disk.steps_left = None;
            if self.stations[station].machine.is_none() {
                self.boots_due.insert(station, self.now);
            }
        }
    }
}

fn wake(station: &Station) -> Option<Ms> {
    let local = station.machine.as_ref()?.poll_timeout()?;
    Some(local.as_millisecond() - at(0).as_millisecond() - station.skew)
}
