//! A light workstation with its people: what they do in a shift is recorded; what is recorded or written waits for the network, goes out,
//! and is told again where an answer was lost.

use std::collections::VecDeque;
use std::time::Duration;

use client::{Clock as _, SystemClock};
use jiff::Timestamp;
use keys::envelope::{Letter, seal};
use keys::session::SessionClaim;
use keys::{Random, SigningKey};
use records::change::{Base, Change, Entry, Origin};
use records::id::{ChangeId, PersonId};
use records::{Document, Drawer};
use reqwest::Method;
use reqwest::header::HeaderMap;
use sync::wire::{self, Cursor, HistoryPage, SecretText, Standing};

use super::acts::Acts;
use super::ground::PATIENTS;
use super::plan::Shift;
use super::tally::Tally;
use crate::served::{Batch, Outcome, Station};

/// Events in one delivery at most, as a workstation sends them.
const MOST: usize = 1_000;
/// Records in a page.
const PAGE: u32 = 500;

/// A workstation and who works at it.
pub(super) struct Workplace {
    pub(super) number: u32,
    pub(super) station: Station,
    pub(super) writer: Writer,
    acts: Acts,
    /// Taken off the log and not receipted yet, oldest first.
    unsent: VecDeque<Batch>,
    /// Everything that was ever written here.
    pub(super) written: Vec<Written>,
    cursor: Cursor,
    /// How many records have come.
    pub(super) pulled: u64,
    last_day: Option<u32>,
}

/// A person whose signature the server knows.
pub(super) struct Writer {
    pub(super) person: PersonId,
    pub(super) key: SigningKey,
}

/// A change that was written.
pub(super) struct Written {
    pub(super) id: ChangeId,
    /// The sealed change, until it is acknowledged.
    envelope: Option<Vec<u8>>,
}

/// When something happens.
#[derive(Clone, Copy)]
pub(super) struct When {
    pub(super) day: u32,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Workplace {
    pub(super) fn new(number: u32, station: Station, writer: Writer) -> Workplace {
        Workplace {
            number,
            acts: Acts::of(number, station.id, station.practice),
            station,
            writer,
            unsent: VecDeque::new(),
            written: Vec::new(),
            cursor: Cursor::start(Drawer::Clinical),
            pulled: 0,
            last_day: None,
        }
    }

    /// A shift: people work, and what there is to tell the server goes out if it is reached.
    pub(super) async fn work(&mut self, shift: Shift, when: When, tally: &mut Tally) -> Outcome<()> {
        self.acts.record(&mut self.station, shift.events, when.from, when.until)?;
        tally.recorded += u64::from(shift.events);
        if shift.writes {
            self.write(when.until)?;
        }
        if shift.is_online {
            let told = self.tell(shift.is_repeated, when, tally).await;
            tally.note_trouble(told);
        }
        Ok(())
    }

    /// Everything that waits goes out, and everything that waits there comes in.
    pub(super) async fn come_back(&mut self, at: Timestamp, tally: &mut Tally) {
        self.last_day = None;
        let when = When { day: u32::MAX, from: at, until: at };
        let told = self.tell(false, when, tally).await;
        tally.note_trouble(told);
    }

    /// How many events and changes the server has not acknowledged.
    pub(super) fn unsent(&self) -> usize {
        let events = self.station.waiting() + self.unsent.iter().map(|batch| batch.count).sum::<usize>();
        events + self.written.iter().filter(|written| written.envelope.is_some()).count()
    }

    async fn tell(&mut self, is_repeated: bool, when: When, tally: &mut Tally) -> Outcome<()> {
        let is_first = self.last_day.replace(when.day) != Some(when.day);
        if is_first {
            self.ask_for_orders().await?;
        }
        self.deliver(is_repeated, when.until, tally).await?;
        self.push(is_repeated, tally).await?;
        if is_first {
            self.pull(tally).await?;
        }
        Ok(())
    }

    async fn ask_for_orders(&self) -> Outcome<()> {
        let asked = wire::DirectivesRequest {
            done: 0,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            trust_bundle: self.station.trust.number,
            renewal_csr_pem: None,
            recovery_codes: Vec::new(),
            prepared_slots: Vec::new(),
            used_steps: Vec::new(),
            machine: None,
        };
        let answer: wire::DirectivesResponse =
            self.station.way().call(wire::path::DIRECTIVES, &asked).await?;
        if answer.directives.is_empty() { Ok(()) } else { Err("there are orders that nobody gave".into()) }
    }

    async fn deliver(&mut self, is_repeated: bool, now: Timestamp, tally: &mut Tally) -> Outcome<()> {
        let way = self.station.way();
        loop {
            if self.unsent.is_empty() && self.station.waiting() > 0 {
                self.unsent.push_back(self.station.batch_of(MOST, now)?);
            }
            let Some(batch) = self.unsent.front() else { return Ok(()) };
            if is_repeated {
                // The answer to this one is lost.
                batch.deliver(&way).await?;
                tally.repeated += 1;
            }
            let (time, delivered) = timed(batch.deliver(&way)).await;
            delivered?;
            tally.deliveries.push(time);
            tally.delivered += batch.count as u64;
            tally.bytes += batch.body().len() as u64;
            self.unsent.pop_front();
        }
    }

    fn write(&mut self, now: Timestamp) -> Outcome<()> {
        let id = ChangeId::from_uuid(Random::from_os().uuid_v7(now));
        let patient = (self.number as usize + self.written.len() * 7) % PATIENTS as usize;
        let document = Document::parse(observation(&id.to_string(), patient).into_bytes())?;
        let origin = Origin {
            id,
            author: self.writer.person,
            device: self.station.id,
            practice: self.station.practice,
            written_at: now,
        };
        let change = Change::new(origin, vec![Entry { document, base: Base::None }])?;
        let letter = Letter {
            practice: self.station.practice.uuid(),
            device: self.station.id.uuid(),
            sequence: self.written.len() as u64 + 1,
            change: id.uuid(),
            author: self.writer.person.uuid(),
            written_at: now,
            transaction: change.bundle(),
        };
        let trust = &self.station.trust;
        let envelope =
            seal(&letter, &self.writer.key, &trust.sealing_key, &trust.recovery_key, &mut Random::from_os())?;
        self.written.push(Written { id, envelope: Some(envelope) });
        Ok(())
    }

    /// Every change that waits; where the answer is lost, all of them a second time, for the same receipts.
    async fn push(&mut self, is_repeated: bool, tally: &mut Tally) -> Outcome<()> {
        let waiting = || self.written.iter().filter_map(|written| written.envelope.as_deref());
        let envelopes: Vec<wire::Base64Bytes> = waiting().map(Into::into).collect();
        if envelopes.is_empty() {
            return Ok(());
        }
        let (way, request) = (self.station.way(), wire::ChangesRequest { envelopes, made: Vec::new() });
        let first = if is_repeated {
            tally.repeated += 1;
            Some(way.call::<_, wire::ChangesResponse>(wire::path::CHANGES, &request).await?)
        } else {
            None
        };
        let answer: wire::ChangesResponse = way.call(wire::path::CHANGES, &request).await?;
        if first.is_some_and(|first| first.receipts != answer.receipts) {
            return Err("a change that was sent again got another receipt".into());
        }
        for receipt in answer.receipts {
            let Standing::Applied { versions, .. } = &receipt.standing else {
                return Err(format!("a change was not applied: {:?}", receipt.standing).into());
            };
            if versions.iter().any(|made| made.version != 1) {
                return Err("a change was applied more than once".into());
            }
            let written = self.written.iter_mut().find(|written| Some(written.id) == receipt.change);
            written.ok_or("a receipt for another change")?.envelope = None;
            tally.pushed += 1;
        }
        Ok(())
    }

    /// Every page that follows the cursor.
    async fn pull(&mut self, tally: &mut Tally) -> Outcome<()> {
        let session = self.open_session().await?;
        loop {
            let path = format!("{}?_cursor={}&_count={PAGE}", wire::path::HISTORY, self.cursor);
            let way = self.station.way();
            let asked = way.send(Method::GET, &path, Some(&session), HeaderMap::new(), Vec::new());
            let (time, answer) = timed(asked).await;
            let answer = answer?;
            let page = HistoryPage::parse(answer.ok()?)?;
            tally.pulls.push(time);
            tally.pulled += page.entries.len() as u64;
            self.pulled += page.entries.len() as u64;
            self.cursor = page.next;
            if !page.more {
                return Ok(());
            }
        }
    }

    /// As after an unlock: the person's key signs the server's challenge.
    async fn open_session(&self) -> Outcome<SecretText> {
        let (way, person) = (self.station.way(), self.writer.person);
        let asked = wire::ChallengeRequest { person };
        let given: wire::ChallengeResponse = way.call(wire::path::SESSION_CHALLENGE, &asked).await?;
        let claim = SessionClaim {
            practice: self.station.practice.uuid(),
            device: self.station.id.uuid(),
            person: person.uuid(),
            certificate: self.station.certificate,
            challenge: given.challenge.to_array().ok_or("a challenge of another length")?,
        };
        let signature = claim.sign(&self.writer.key).to_bytes().into();
        let asked = wire::SessionRequest { person, challenge: given.challenge, signature };
        let session: wire::SessionResponse = way.call(wire::path::SESSION, &asked).await?;
        Ok(session.token)
    }
}

/// How long something takes, from the request to the answer.
async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    let value = work.await;
    (clock.monotonic() - begun, value)
}

fn observation(id: &str, patient: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"subject":{{"reference":"Patient/fleet-{patient}"}},"valueQuantity":{{"value":72,"unit":"/min"}}}}"#
    )
}
