//! The server as a workstation may rely on it: what it promises, in memory. What decides and merges is the real thing.

use super::paper::{Envelope, device_id, drawer_of, person_id, practice};
use super::shelf::Shelf;
use super::{Breakage, Ms, at, since_opening};
use jiff::Timestamp;
use records::change::{Base, Change, Decision, Footing, Outcome, RefusalCode, Stored, apply, footing};
use records::id::{ChangeId, RecordKey, SessionId};
use records::rights::{Rights, StatedReason, decide};
use records::{Action, Actor, Document, Drawer, Facts, Purpose, Relation, Role, classify};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use sync::wire::{ChangeReceipt, ProblemCode, Standing};
use uuid::Uuid;

/// A member of staff.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Roles, each from when it counts; the last that counts is the one.
    pub(super) roles: Vec<(Ms, Role)>,
    pub(super) ended_at: Option<Ms>,
    /// Whether the person is known to care for the patients.
    pub(super) cares: bool,
}

impl Member {
    pub(super) fn role_at(&self, when: Ms) -> Role {
        self.roles.iter().rev().find(|(from, _)| *from <= when).map_or(self.roles[0].1, |(_, role)| *role)
    }
}

/// What a workstation is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Lock,
    Wipe { deliver_first: bool },
    ReKey { drawer: Drawer, generation: u32 },
    DropPerson { person: usize },
    SendAgain,
}

/// A workstation as the server knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) revoked: bool,
    pub(super) log: Vec<u64>,
    pub(super) orders: Vec<Order>,
    pub(super) done: u64,
    pub(super) generations: BTreeMap<Drawer, u32>,
    /// Who has signed in there, so that they have keys there.
    pub(super) people: BTreeSet<usize>,
}

/// One version of a record.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) document: Document,
    pub(super) change: ChangeId,
    pub(super) author: usize,
    pub(super) device: usize,
}

/// A change that was received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) outcome: Outcome,
    pub(super) received_at: Ms,
    pub(super) envelope: Option<Envelope>,
}

/// One line of a drawer's history.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) seq: u64,
    pub(super) key: RecordKey,
    pub(super) version: u64,
    /// None where the record left the drawer.
    pub(super) document: Option<Document>,
}

/// What the server holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) members: Vec<Member>,
    pub(super) devices: Vec<Known>,
    pub(super) records: BTreeMap<RecordKey, Vec<Version>>,
    pub(super) changes: BTreeMap<ChangeId, Received>,
    pub(super) feed: BTreeMap<Drawer, Vec<Line>>,
    pub(super) next_seq: u64,
    pub(super) forks: u32,
    pub(super) breakage: Option<Breakage>,
    /// The last backup, and when it was made.
    pub(super) backup: Option<(Ms, Rc<Server>)>,
    /// How often it was put back, and when last.
    pub(super) epoch: u64,
    pub(super) declared_at: Ms,
    /// Versions that it has lost, as workstations have told.
    pub(super) lost: BTreeMap<(RecordKey, u64), ChangeId>,
}

/// How an envelope came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Wire,
    File,
}

impl Server {
    /// Takes an envelope in: once, whatever comes how often.
    pub(super) fn receive(&mut self, from: usize, envelope: &Envelope, way: Way, now: Ms) -> ChangeReceipt {
        let id = envelope.id();
        let receipt = |standing, received_at| ChangeReceipt { change: Some(id), received_at, standing };
        if let Some(known) = self.changes.get(&id)
            && !self.broken(Breakage::AppliesTwice)
        {
            return receipt(Standing::from(&known.outcome), at(known.received_at));
        }
        let is_genuine = envelope.is_genuine() && envelope.device == from;
        if !is_genuine && !self.broken(Breakage::TakesAnySignature) {
            // Nothing is known of who sent this, so the id stays free for who really wrote it.
            return receipt(Standing::Refused { code: RefusalCode::Signature }, at(now));
        }
        let stands = if self.epoch == 0 {
            Footing::Known((*envelope.change).clone())
        } else {
            let Ok(stands) = footing((*envelope.change).clone(), &*self);
            stands
        };
        let outcome = match self.judge(envelope, &stands, (way, now)) {
            Ok(()) => self.apply(envelope, &stands, now),
            Err(Judged::Waits(missing)) => return receipt(Standing::Waiting { missing }, at(now)),
            Err(Judged::Refused(code)) => Outcome::Refused { code },
        };
        let standing = Standing::from(&outcome);
        let is_quarantined = matches!(outcome, Outcome::Refused { code: RefusalCode::Quarantined });
        let kept = (!(is_quarantined && self.broken(Breakage::DropsQuarantined))).then(|| envelope.clone());
        let forgets = self.broken(Breakage::ForgetsChanges) && id.uuid().as_u128() % 16 == 3;
        if !forgets {
            self.changes.insert(id, Received { outcome, received_at: now, envelope: kept });
        }
        receipt(standing, at(now))
    }

    fn judge(&self, envelope: &Envelope, stands: &Footing, (way, now): (Way, Ms)) -> Result<(), Judged> {
        let is_revoked = self.devices[envelope.device].revoked;
        debug_assert!(!is_revoked || way == Way::File, "a revoked workstation is not let in");
        let has_left = self.members[envelope.author].ended_at.is_some();
        if (is_revoked || has_left) && !self.broken(Breakage::TakesFromRevoked) {
            return Err(Judged::Refused(RefusalCode::Quarantined));
        }
        let change = match stands {
            Footing::Unknown(..) if self.others_may_come(envelope.device, now) => {
                return Err(Judged::Waits(envelope.id()));
            }
            Footing::Known(change) | Footing::Unknown(change, _) => change,
        };
        for base in change.depends_on() {
            match self.changes.get(&base).map(|known| &known.outcome) {
                None => return Err(Judged::Waits(base)),
                Some(Outcome::Refused { .. }) => return Err(Judged::Refused(RefusalCode::Dependency)),
                Some(Outcome::Applied { .. } | Outcome::Conflict { .. }) => {}
            }
        }
        Ok(())
    }

    fn apply(&mut self, envelope: &Envelope, stands: &Footing, now: Ms) -> Outcome {
        let change = match stands {
            Footing::Unknown(_, key) if let Some(current) = self.current(key) => {
                return Outcome::Conflict { key: key.clone(), current: current.number, fields: Vec::new() };
            }
            Footing::Known(change) | Footing::Unknown(change, _) => change,
        };
        let key = envelope.document().key().clone();
        if !self.is_allowed(envelope, now) && !self.broken(Breakage::AsksNobody) {
            return Outcome::Refused { code: RefusalCode::NotAllowed };
        }
        if let Some((_, Base::Change(base))) = change.bases().next()
            && let Some(Outcome::Conflict { .. }) = self.changes.get(&base).map(|known| &known.outcome)
            && let Some(current) = self.current(&key)
        {
            return Outcome::Conflict { key, current: current.number, fields: Vec::new() };
        }
        let decision = if self.broken(Breakage::LastWriterWins) {
            self.last_writer(change)
        } else {
            let Ok(decision) = apply(change, &Shelf(self));
            decision
        };
        let decision = self.numbered(decision);
        let outcome = decision.outcome();
        if let Decision::Store(stored) = decision {
            for made in stored {
                self.store(made, envelope);
            }
        }
        outcome
    }

    fn last_writer(&self, change: &Change) -> Decision {
        let document = change.entries()[0].document.clone();
        let version = self.current(document.key()).map_or(1, |current| current.number + 1);
        let key = document.key().clone();
        Decision::Store(vec![Stored { key, version, document: Some(document), merged: false }])
    }

    /// By the rights of when it was written; but a clock that is ahead gives nobody tomorrow's role.
    pub(super) fn is_allowed(&self, envelope: &Envelope, now: Ms) -> bool {
        let written_at = envelope.change.origin().written_at;
        let key = envelope.document().key();
        let current = self.current(key);
        let by_author = current.map_or(envelope.base() == Base::None, |v| v.author == envelope.author);
        let member = &self.members[envelope.author];
        let relation = match (by_author, member.cares) {
            (true, _) => Relation::Author,
            (false, true) => Relation::Care { until: Timestamp::MAX },
            (false, false) => Relation::Stated(StatedReason::Visit),
        };
        let mut classes = vec![classify(envelope.document())];
        classes.extend(current.map(|version| classify(&version.document)));
        let facts = Facts {
            patient: envelope.document().patient().cloned(),
            classes,
            relation,
            ..Facts::of_practice(practice())
        };
        let role = member.role_at(since_opening(written_at).min(now));
        let actor = actor(envelope.author, envelope.device, role);
        let action = if envelope.base() == Base::None { Action::Create } else { Action::Update };
        decide(Rights::built_in(), &actor, action, &facts, written_at).is_ok()
    }

    fn store(&mut self, made: Stored, envelope: &Envelope) {
        let Stored { key, version, document, .. } = made;
        let before = self.current(&key).map(|version| drawer_of(&version.document));
        let Some(document) = document else { unreachable!("nobody here deletes anything") };
        let drawer = drawer_of(&document);
        // Merged with what moved it meanwhile, the record is not where its author still has it.
        let mut left = [before, Some(drawer_of(envelope.document()))].into_iter().flatten();
        if let Some(left) = left.find(|left| *left != drawer)
            && !self.broken(Breakage::LeavesNoWord)
        {
            self.tell(left, &key, version, None);
        }
        self.tell(drawer, &key, version, Some(document.clone()));
        self.records.entry(key).or_default().push(Version {
            number: version,
            document,
            change: envelope.id(),
            author: envelope.author,
            device: envelope.device,
        });
    }

    fn tell(&mut self, drawer: Drawer, key: &RecordKey, version: u64, document: Option<Document>) {
        self.next_seq += 1;
        if self.broken(Breakage::SkipsHistory) && self.next_seq.is_multiple_of(11) {
            return;
        }
        let line = Line { seq: self.next_seq, key: key.clone(), version, document };
        let forgets = self.broken(Breakage::ForgetsWhatLeft) && line.document.is_some();
        for (in_drawer, lines) in &mut self.feed {
            // What is superseded is not sent any more; but a drawer that a record left still hears of it.
            lines.retain(|old| old.key != *key || (*in_drawer != drawer && !forgets));
        }
        let lines = self.feed.entry(drawer).or_default();
        lines.push(line);
    }

    /// A page of a drawer for who holds it; every page asks anew.
    pub(super) fn page(
        &self,
        (device, person): (usize, usize),
        (drawer, after): (Drawer, u64),
        count: u32,
        now: Ms,
    ) -> Result<(Vec<Line>, bool), ProblemCode> {
        let member = &self.members[person];
        if self.devices[device].revoked || member.ended_at.is_some() {
            return Err(ProblemCode::SessionRequired);
        }
        if !member.role_at(now).drawers().contains(&drawer) && !self.broken(Breakage::ShowsEveryDrawer) {
            return Err(ProblemCode::NotFound);
        }
        Ok(self.lines(drawer, after, count))
    }

    /// A page of a drawer that is shut at a workstation, with the generation of the keys it is sealed to: the certificate is
    /// enough, where somebody there could open it.
    pub(super) fn sealed_page(
        &self,
        device: usize,
        (drawer, after): (Drawer, u64),
        count: u32,
        now: Ms,
    ) -> Result<((Vec<Line>, bool), u32), ProblemCode> {
        let is_opened = self.grants(device, now).iter().any(|(_, granted, _)| *granted == drawer);
        if !is_opened && !self.broken(Breakage::SealsForNobody) {
            return Err(ProblemCode::NotFound);
        }
        let generation = self.devices[device].generations.get(&drawer).copied().unwrap_or(1);
        Ok((self.lines(drawer, after, count), generation))
    }

    fn lines(&self, drawer: Drawer, after: u64, count: u32) -> (Vec<Line>, bool) {
        let lines = self.feed.get(&drawer).map(Vec::as_slice).unwrap_or_default();
        let start = lines.partition_point(|line| line.seq <= after);
        let end = lines.len().min(start + count as usize);
        (lines[start..end].to_vec(), end < lines.len())
    }

    /// Takes events in as one unbroken run; what differs from what is held is a fork.
    pub(super) fn take_events(
        &mut self,
        device: usize,
        first: u64,
        events: &[u64],
    ) -> Result<u64, (ProblemCode, u64)> {
        let doubles = self.broken(Breakage::DoublesEvents);
        let log = &mut self.devices[device].log;
        let held = log.len() as u64;
        if first > held {
            return Err((ProblemCode::LogGap, held));
        }
        for (index, event) in (first..).zip(events) {
            match log.get(index as usize) {
                Some(known) if known != event && !doubles => {
                    self.forks += 1;
                    return Err((ProblemCode::LogFork, held));
                }
                Some(_) if !doubles => {}
                Some(_) | None => log.push(*event),
            }
        }
        Ok(log.len() as u64)
    }

    /// The drawers a person may open on a workstation, with the generations of their keys.
    pub(super) fn grants(&self, device: usize, now: Ms) -> Vec<(usize, Drawer, u32)> {
        let known = &self.devices[device];
        let here = known.people.iter().filter(|person| self.members[**person].ended_at.is_none());
        here.flat_map(|person| {
            let drawers = self.members[*person].role_at(now).drawers();
            drawers
                .iter()
                .map(|drawer| (*person, *drawer, known.generations.get(drawer).copied().unwrap_or(1)))
        })
        .collect()
    }

    pub(super) fn current(&self, key: &RecordKey) -> Option<&Version> {
        self.records.get(key).and_then(|versions| versions.last())
    }

    pub(super) fn broken(&self, breakage: Breakage) -> bool {
        self.breakage == Some(breakage)
    }
}

enum Judged {
    Waits(ChangeId),
    Refused(RefusalCode),
}

fn actor(person: usize, device: usize, role: Role) -> Actor {
    Actor {
        person: person_id(person),
        practice: practice(),
        roles: vec![role],
        device: device_id(device),
        session: SessionId::from_uuid(Uuid::nil()),
        purpose: Purpose::usual(role),
    }
}
