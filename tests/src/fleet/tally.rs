//! What a fleet has done between two looks, counted.

use std::time::Duration;

use crate::served::Outcome;

/// So many troubles are told in words; the others are counted.
const TOLD: usize = 10;

/// Counts, and how long each request took.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Events that people caused.
    pub(super) recorded: u64,
    /// Events that the server has vouched for.
    pub(super) delivered: u64,
    /// Bytes of their deliveries.
    pub(super) bytes: u64,
    /// Changes that are applied.
    pub(super) pushed: u64,
    /// Requests that were sent a second time.
    pub(super) repeated: u64,
    /// Records that came.
    pub(super) pulled: u64,
    /// Each delivery.
    pub(super) deliveries: Vec<Duration>,
    /// Each page.
    pub(super) pulls: Vec<Duration>,
    /// What went wrong; it is tried again.
    pub(super) troubles: u64,
    /// The first of them, in words.
    pub(super) told: Vec<String>,
}

impl Tally {
    /// Counts what went wrong.
    pub(super) fn note_trouble(&mut self, ended: Outcome<()>) {
        let Err(error) = ended else { return };
        self.troubles += 1;
        if self.told.len() < TOLD {
            self.told.push(error.to_string());
        }
    }

    /// Adds what another one has counted.
    pub(super) fn add(&mut self, other: Tally) {
        let Tally { recorded, delivered, bytes, pushed, repeated, pulled, deliveries, pulls, troubles, told } =
            other;
        self.recorded += recorded;
        self.delivered += delivered;
        self.bytes += bytes;
        self.pushed += pushed;
        self.repeated += repeated;
        self.pulled += pulled;
        self.deliveries.extend(deliveries);
        self.pulls.extend(pulls);
        self.troubles += troubles;
        self.told.extend(told);
        self.told.truncate(TOLD);
    }
}
