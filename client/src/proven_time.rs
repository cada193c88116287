//! What is proven of the time: by the server, by a one-time code that opened a slot, and by the machine's own clock since.
//!
//! The date of the computer proves nothing. It is a guess at the time where nothing better is known since the machine was
//! started, and no gate depends on it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keys::totp::{STEP_SECONDS, step_at};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Reading;

/// So far may a phone be behind what the server said before its codes count as old.
pub(crate) const PHONES_LAG: SignedDuration = SignedDuration::from_mins(10);

/// So many steps of a phone's own error are remembered; one that is further off is asked for its time each time.
pub(crate) const MOST_AHEAD: i64 = 20;

/// What is proven of the time (JSON in `device.db`, version 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvenTime {
    version: u8,
    /// It is no earlier than this.
    floor: Option<Timestamp>,
    server: Option<Mark>,
    code: Option<Mark>,
}

/// A time, and what the machine's own clock showed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    at: Timestamp,
    boot: Uuid,
    since_boot_ms: u64,
}

const VERSION: u8 = 1;

impl Mark {
    fn new(at: Timestamp, now: &Reading) -> Self {
        Self { at, boot: now.boot, since_boot_ms: millis(now.since_boot) }
    }

    /// The time now, if the machine has been on since.
    fn now(&self, now: &Reading) -> Option<Timestamp> {
        let passed = millis(now.since_boot).checked_sub(self.since_boot_ms)?;
        (self.boot == now.boot).then(|| later(self.at, Duration::from_millis(passed)))
    }
}

impl ProvenTime {
    /// Nothing is proven yet.
    pub(crate) fn nothing() -> Self {
        Self { version: VERSION, floor: None, server: None, code: None }
    }

    /// Reads what was kept; `None` for anything that this version did not write.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let kept: Self = serde_json::from_slice(bytes).ok()?;
        (kept.version == VERSION).then_some(kept)
    }

    /// What is to be kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("times, numbers and ids are JSON")
    }

    /// The server said what time it is. It stands above all else: what a phone with a wrong date proved is forgotten.
    pub(crate) fn hear(&mut self, server: Timestamp, now: &Reading) {
        *self =
            Self { version: VERSION, floor: Some(server), server: Some(Mark::new(server, now)), code: None };
    }

    /// The code of a step has opened a slot. Where the server was heard since the machine was started, its word
    /// stands; elsewhere the time is moved as little as makes it lie in the step.
    pub(crate) fn open(&mut self, step: u64, now: &Reading) {
        if self.by_server(now).is_some() {
            return;
        }
        let Some((first, last)) = span_of(step) else { return };
        let at = self.guess(now).clamp(first, last);
        self.code = Some(Mark::new(at, now));
        self.floor = self.floor.max(Some(first));
    }

    /// Brings what is proven up to now, so that it outlives the machine's being switched off.
    pub(crate) fn advance(&mut self, now: &Reading) {
        self.floor = self.earliest(now);
    }

    /// When the server said last what time it is.
    pub(crate) fn last_heard(&self) -> Option<Timestamp> {
        self.server.map(|mark| mark.at)
    }

    /// The earliest that it can be. What ends, ends by this, and a date that is set back moves it nowhere.
    pub(crate) fn earliest(&self, now: &Reading) -> Option<Timestamp> {
        [self.floor, self.by_server(now), self.by_code(now)].into_iter().flatten().max()
    }

    /// The best guess at the time, for choosing which codes to try: proven since the machine was started, or else its
    /// date, where that is not before what the server said last.
    pub(crate) fn guess(&self, now: &Reading) -> Timestamp {
        let said = self.server.map_or(Timestamp::MIN, |mark| mark.at);
        self.by_server(now).or_else(|| self.by_code(now)).unwrap_or_else(|| now.date.max(said))
    }

    /// Codes of steps up to this one are too old to be tried, whatever time anybody claims. Only the server's word
    /// counts here: one phone with a date in the future must keep nobody else out.
    pub(crate) fn last_dead_step(&self, now: &Reading) -> Option<u64> {
        let server = self.server?;
        let heard = server.now(now).unwrap_or(server.at);
        step_at(heard.saturating_sub(PHONES_LAG).ok()?).checked_sub(1)
    }

    fn by_server(&self, now: &Reading) -> Option<Timestamp> {
        self.server.and_then(|mark| mark.now(now))
    }

    fn by_code(&self, now: &Reading) -> Option<Timestamp> {
        self.code.and_then(|mark| mark.now(now))
    }
}

/// The time that a phone shows, which is ahead by so many steps.
pub(crate) fn on_phone(guess: Timestamp, ahead: i64) -> Timestamp {
    let steps = SignedDuration::from_secs(ahead.saturating_mul(STEP_S));
    guess.saturating_add(steps).unwrap_or(guess)
}

/// How many steps a phone is ahead, now that its code of `step` has opened. One that is too far off is not followed.
pub(crate) fn learn_ahead(before: i64, guess: Timestamp, step: u64) -> i64 {
    let off = i128::from(step) - i128::from(step_at(guess));
    i64::try_from(off).ok().filter(|off| (-MOST_AHEAD..=MOST_AHEAD).contains(off)).unwrap_or(before)
}

const STEP_S: i64 = STEP_SECONDS.cast_signed();

/// The first and the last millisecond of a step.
fn span_of(step: u64) -> Option<(Timestamp, Timestamp)> {
    let first = i64::try_from(step).ok()?.checked_mul(STEP_S * 1000)?;
    let last = first.checked_add(STEP_S * 1000 - 1)?;
    Some((Timestamp::from_millisecond(first).ok()?, Timestamp::from_millisecond(last).ok()?))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
