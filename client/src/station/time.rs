//! What this workstation knows of the time, kept in `device.db`, and whether its two clocks still agree.

use jiff::{SignedDuration, Timestamp};
use vault::{Device, Setting};

use super::{Station, held};
use crate::Reading;
use crate::proven_time::ProvenTime;

/// A date that runs so far from the machine's own clock while somebody is signed in was set by somebody.
const MOST_APART: SignedDuration = SignedDuration::from_secs(90);

/// What was proven before this start of the program.
pub(super) fn kept(device: &Device) -> ProvenTime {
    let kept = device.setting(Setting::ProvenTime).ok().flatten();
    kept.and_then(|bytes| ProvenTime::from_bytes(&bytes)).unwrap_or_else(|| {
        tracing::debug!("nothing is known of the time yet");
        ProvenTime::nothing()
    })
}

impl Station {
    /// The best guess at the time, for choosing codes and for what the server checks anyway.
    pub(crate) fn guessed_time(&self) -> Timestamp {
        held(&self.proven).guess(&self.reading())
    }

    /// What is proven of the time.
    pub(crate) fn proven_time(&self) -> ProvenTime {
        held(&self.proven).clone()
    }

    /// The server said what time it is.
    pub(crate) fn hear_time(&self, server: Timestamp) {
        let now = self.reading();
        self.prove(|proven| proven.hear(server, &now));
    }

    /// A code of this step has opened a slot.
    pub(crate) fn step_opened(&self, step: u64) {
        let now = self.reading();
        self.prove(|proven| proven.open(step, &now));
    }

    /// Keeps how far the time has come, before the machine may be switched off.
    pub(crate) fn keep_time(&self) {
        let now = self.reading();
        self.prove(|proven| proven.advance(&now));
    }

    fn prove(&self, change: impl FnOnce(&mut ProvenTime)) {
        let bytes = {
            let mut proven = held(&self.proven);
            change(&mut proven);
            proven.to_bytes()
        };
        // What was kept before still holds: it is only less.
        if let Err(error) = self.device().set(Setting::ProvenTime, &bytes) {
            tracing::warn!(%error, "what is proven of the time was not kept");
        }
    }

    /// Somebody has signed in: from now on the two clocks are watched.
    pub(super) fn watch_clocks(&self, is_open: bool) {
        *held(&self.opened_at) = is_open.then(|| self.reading());
    }

    /// Whether the date has run away from the machine's own clock since somebody signed in. Sleep counts on both.
    pub(crate) fn clocks_have_parted(&self) -> bool {
        let opened_at = *held(&self.opened_at);
        opened_at.is_some_and(|before| apart(&before, &self.reading()) > MOST_APART)
    }
}

/// How far the date has run from the machine's own clock.
fn apart(before: &Reading, now: &Reading) -> SignedDuration {
    let by_date = before.date.duration_until(now.date);
    let by_machine = now.since_boot.saturating_sub(before.since_boot);
    let by_machine = SignedDuration::try_from(by_machine).unwrap_or(SignedDuration::MAX);
    by_date.saturating_sub(by_machine).abs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    fn reading(date_s: i64, since_boot_s: u64) -> Reading {
        let date = Timestamp::from_second(date_s).unwrap();
        Reading { date, since_boot: Duration::from_secs(since_boot_s), boot: Uuid::nil() }
    }

    #[test]
    fn sleep_is_no_parting_and_a_date_that_was_set_is_one() {
        let before = reading(1_000_000, 50);
        let cases = [(1_003_600, 3_650, 0), (1_000_090, 50, 90), (999_000, 50, 1_000), (1_000_000, 650, 600)];
        for (date, since_boot, expected) in cases {
            assert_eq!(apart(&before, &reading(date, since_boot)).as_secs(), expected);
        }
    }
}
