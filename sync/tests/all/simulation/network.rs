//! The network of a simulated practice: what is sent, what the server answers, and what of it arrives.

use super::inbox::sealed_body;
use super::paper::Envelope;
use super::restoring::Made;
use super::server::{Line, Order, Way};
use super::world::World;
use super::{DAY, MINUTE, Ms, at};
use records::{Drawer, Role};
use std::rc::Rc;
use sync::wire::{ChangeReceipt, Cursor, ProblemCode};
use sync::{Answer, Failure, Request, RequestId, Transmit};

/// What is in a request: fetched from the disk when it is sent.
#[derive(Clone)]
pub(super) enum Load {
    Changes(Vec<Envelope>, Vec<Made>),
    Events { first: u64, events: Vec<u64> },
    Pull { cursor: Cursor, count: u32, person: usize, token_until: Ms },
    PullSealed { cursor: Cursor, count: u32 },
    Orders { done: u64, asked: Ms },
}

/// What is in an answer.
#[derive(Clone)]
pub(super) enum Reply {
    Receipts(Vec<ChangeReceipt>),
    Events {
        size: u64,
    },
    /// With the generation of the keys that it is sealed to, where it is.
    Page {
        lines: Rc<Vec<Line>>,
        next: Cursor,
        more: bool,
        sealed_to: Option<u32>,
    },
    Orders(Rc<Orders>),
    Failed(Failure),
}

pub(super) struct Orders {
    asked: Ms,
    orders: Vec<(u64, Order)>,
    grants: Vec<(usize, Drawer, u32)>,
    roles: Vec<(usize, Role)>,
    log_size: u64,
    held_until: Option<Ms>,
}

#[derive(Clone)]
pub(super) enum Packet {
    Request { from: usize, boot: u64, id: RequestId, load: Rc<Load> },
    Answer { to: usize, boot: u64, id: RequestId, reply: Reply },
}

impl World {
    pub(super) fn send(&mut self, station: usize, transmit: Transmit) {
        let id = transmit.id;
        let boot = self.stations[station].boots;
        let load = if self.is_reachable(station) { self.load(station, &transmit.request) } else { None };
        let Some(load) = load else {
            let reply = Reply::Failed(Failure::Unreachable);
            self.schedule(Packet::Answer { to: station, boot, id, reply }, 0);
            return;
        };
        self.post(station, Packet::Request { from: station, boot, id, load: Rc::new(load) });
    }

    fn load(&self, station: usize, request: &Request) -> Option<Load> {
        let held = &self.stations[station];
        Some(match request {
            Request::DeliverChanges { changes } => {
                let found = changes.iter().map(|change| held.disk.envelopes.get(change).cloned());
                let made = changes.iter().flat_map(|change| held.disk.made(*change)).collect();
                Load::Changes(found.collect::<Option<_>>()?, made)
            }
            Request::DeliverAudit { first_index, count, .. } => {
                let range = *first_index as usize..(*first_index + u64::from(*count)) as usize;
                Load::Events { first: *first_index, events: held.disk.log.get(range)?.to_vec() }
            }
            Request::Pull { cursor, count } => {
                let session = held.session.as_ref()?;
                let token_until = session.token_until.unwrap_or(0);
                Load::Pull { cursor: *cursor, count: *count, person: session.person, token_until }
            }
            Request::PullSealed { cursor, count } => Load::PullSealed { cursor: *cursor, count: *count },
            Request::Directives => Load::Orders { done: held.disk.orders_done(), asked: self.now },
        })
    }

    pub(super) fn arrive(&mut self) {
        let Some((_, packet)) = self.packets.pop_first() else { return };
        match packet {
            Packet::Request { from, boot, id, load } => {
                if self.server_down_until > self.now {
                    return;
                }
                let reply = self.answer(from, &load);
                self.post(from, Packet::Answer { to: from, boot, id, reply });
            }
            Packet::Answer { to, boot, id, reply } => {
                if self.stations[to].boots == boot {
                    self.hear(to, id, reply);
                }
            }
        }
    }

    fn answer(&mut self, from: usize, load: &Load) -> Reply {
        let now = self.now;
        let refused = |code, log_size| Reply::Failed(Failure::Refused { code, log_size });
        if self.server.devices[from].revoked {
            return refused(ProblemCode::DeviceRevoked, None);
        }
        match load {
            Load::Changes(envelopes, made) => {
                self.server.hear(made);
                let take = |envelope| self.server.receive(from, envelope, Way::Wire, now);
                Reply::Receipts(envelopes.iter().map(take).collect())
            }
            Load::Events { first, events } => match self.server.take_events(from, *first, events) {
                Ok(size) => Reply::Events { size },
                Err((code, size)) => refused(code, Some(size)),
            },
            Load::Pull { token_until, .. } if *token_until <= now => {
                refused(ProblemCode::SessionRequired, None)
            }
            Load::Pull { cursor, count, person, .. } => {
                let found = self.server.page((from, *person), (cursor.drawer, cursor.after), *count, now);
                match found {
                    Ok(found) => {
                        self.note_page(from, *person, cursor.drawer);
                        page(*cursor, found, None)
                    }
                    Err(code) => refused(code, None),
                }
            }
            Load::PullSealed { cursor, count } => {
                match self.server.sealed_page(from, (cursor.drawer, cursor.after), *count, now) {
                    Ok((found, generation)) => {
                        self.note_sealed_page(from, cursor.drawer);
                        page(*cursor, found, Some(generation))
                    }
                    Err(code) => refused(code, None),
                }
            }
            Load::Orders { done, asked } => Reply::Orders(Rc::new(self.orders(from, *done, *asked))),
        }
    }

    /// The policy once more, from what really happened and not from what the server looked at.
    fn note_page(&mut self, device: usize, person: usize, drawer: Drawer) {
        let member = &self.server.members[person];
        if member.ended_at.is_some() || !member.role_at(self.now).drawers().contains(&drawer) {
            self.oracle.forbidden.push(format!("w{device}: p{person} was given a page of {drawer}"));
        }
    }

    fn orders(&mut self, from: usize, done: u64, asked: Ms) -> Orders {
        let grants = self.server.grants(from, self.now);
        let held_until = self.server.held_until(from);
        let known = &mut self.server.devices[from];
        known.done = known.done.max(done);
        let numbered = (1..).zip(&known.orders).filter(|(number, _)| *number > known.done);
        let orders = numbered.map(|(number, order)| (number, order.clone())).collect();
        let log_size = known.log.len() as u64;
        let members = &self.server.members;
        let roles = known.people.iter().map(|p| (*p, members[*p].role_at(self.now))).collect();
        Orders { asked, orders, grants, roles, log_size, held_until }
    }

    fn hear(&mut self, station: usize, id: RequestId, reply: Reply) {
        let answer = match reply {
            Reply::Failed(failure) => {
                let held = &mut self.stations[station];
                let clock = at(held.clock(self.now));
                if let Some(machine) = &mut held.machine {
                    machine.handle_failure(id, failure, clock);
                }
                return;
            }
            Reply::Receipts(receipts) => {
                for receipt in receipts.iter().filter(|receipt| receipt.standing.is_held()) {
                    self.oracle.receipts.extend(receipt.change.map(|change| (change, receipt.clone())));
                }
                Answer::Receipts(receipts)
            }
            Reply::Events { size } => Answer::Audit { size },
            Reply::Page { lines, next, more, sealed_to } => {
                let entries = lines.len() as u32;
                let number = self.next_packet;
                self.pages.insert(number, lines);
                let body = match sealed_to {
                    Some(generation) => sealed_body(number, generation),
                    None => number.to_le_bytes().to_vec(),
                };
                Answer::Page { body, next, more, entries }
            }
            // Nobody waits for an answer so long; and one that is that old may not take away or give any right.
            Reply::Orders(told) if told.asked + MINUTE < self.now => return,
            Reply::Orders(told) => {
                let kept = self.at(station, |station, now| {
                    if !station.disk.retired {
                        station.disk.step()?;
                        station.disk.grants = told.grants.iter().copied().collect();
                        for (person, role) in &told.roles {
                            station.disk.slots.entry(*person).and_modify(|known| *known = *role);
                        }
                        station.disk.forget_pages_of_nobody()?;
                    }
                    if let Some(until) = told.held_until {
                        station.disk.forget_backed_up(until)?;
                    }
                    station.take_orders(&told.orders, now)
                });
                if !kept {
                    return;
                }
                Answer::Directives { log_size: Some(told.log_size) }
            }
        };
        let held = &mut self.stations[station];
        let clock = at(held.clock(self.now));
        if let Some(machine) = &mut held.machine {
            machine.handle_answer(id, answer, clock);
        }
    }

    fn post(&mut self, station: usize, packet: Packet) {
        let loss = self.links[station].loss;
        if self.links[station].cut_until > self.now || self.dice.hits(loss) {
            return;
        }
        if self.dice.hits(loss / 2) {
            self.schedule(packet.clone(), loss);
        }
        self.schedule(packet, loss);
    }

    /// Most packets take a few milliseconds; on a bad network some take minutes, and now and then one comes a day late.
    fn schedule(&mut self, packet: Packet, loss: u64) {
        let slowest = match self.dice.below(200) {
            0 if loss > 0 => 2 * DAY as u64,
            1..=40 if loss > 0 => 90_000,
            _ => 40,
        };
        let at = self.now + 1 + self.dice.below(slowest) as Ms;
        self.next_packet += 1;
        self.packets.insert((at, self.next_packet), packet);
    }
}

fn page(from: Cursor, (lines, more): (Vec<Line>, bool), sealed_to: Option<u32>) -> Reply {
    let after = lines.last().map_or(from.after, |line| line.seq);
    Reply::Page { lines: Rc::new(lines), next: Cursor { after, ..from }, more, sealed_to }
}
