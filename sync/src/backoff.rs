//! When to try again: doubling waits with jitter, immune to a clock that was set back.

use crate::config::Config;
use jiff::{SignedDuration, Timestamp};

/// The failures in a row of one lane, and when it may go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Timestamp>,
}

impl Backoff {
    /// Notes a failure and waits between half and all of the doubled wait.
    pub(crate) fn fail(&mut self, config: &Config, jitter: &mut Jitter, now: Timestamp) {
        let doubled = config.first_backoff.saturating_mul(1 << self.failures.min(20));
        let longest = doubled.min(config.longest_backoff);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(later(now, jitter.spread(longest)));
    }

    /// Notes a success.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Lets the next try go at once, without forgetting that the last ones failed.
    pub(crate) fn hurry(&mut self) {
        self.until = None;
    }

    /// Whether the last try failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// When the next try may go; `None` for at once.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether a try may go now. A wait longer than any that is ever set means that the clock was set back: then it is over.
    pub(crate) fn is_over(&mut self, config: &Config, now: Timestamp) -> bool {
        match self.until {
            Some(until) if until > now && until <= later(now, config.longest_backoff) => false,
            _ => {
                self.until = None;
                true
            }
        }
    }
}

/// A point of time after `now`, held at the end of the calendar.
pub(crate) fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Spreads waits, so that a hundred workstations do not come back in the same second; seeded by the caller (`SplitMix64`).
#[derive(Clone, Debug)]
pub(crate) struct Jitter(pub(crate) u64);

impl Jitter {
    /// Between half of `wait` and all of it.
    fn spread(&mut self, wait: SignedDuration) -> SignedDuration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let per_mille = i64::try_from(mixed % 501).unwrap_or(0);
        let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        SignedDuration::from_millis(millis / 2 + millis.saturating_mul(per_mille) / 1000)
    }
}
