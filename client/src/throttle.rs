//! How long a person waits after failed attempts. The count and the time of the last failure lie in `device.db`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::{ClientError, Code};

/// So many failures in a row and the slot only opens again after a sign-in at the server (NIST SP 800-63B §3.2.2).
pub const MOST_FAILURES: u32 = 100;

const DELAYS_S: [u64; 8] = [0, 0, 0, 5, 15, 60, 300, 900];

/// The wait after `failures` failed attempts in a row.
#[must_use]
pub fn delay_after(failures: u32) -> Duration {
    let last = DELAYS_S.len() - 1;
    let index = usize::try_from(failures).unwrap_or(last).min(last);
    Duration::from_secs(DELAYS_S[index])
}

/// Two clocks at once: a monotonic one that starts with the program, and the computer's date.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Monotonic.
    pub monotonic: Duration,
    /// Wall clock.
    pub date: Timestamp,
}

/// What `device.db` knows of the failures under one name.
#[derive(Clone, Copy, Debug)]
pub struct Failures {
    /// In a row.
    pub count: u32,
    /// When the last one was, by the computer's date.
    pub last_at: Timestamp,
}

/// When each name failed last, as far as this run of the program knows.
///
/// What has passed since is what either clock says, whichever says more: setting the date back, or having once had a date in the
/// future, keeps nobody out longer than the wait itself, and a restart does not begin the wait anew.
#[derive(Debug)]
pub struct Waits {
    started: Duration,
    last_failure: BTreeMap<[u8; 16], Duration>,
}

impl Waits {
    /// A run of the program that began at `started` of the monotonic clock.
    #[must_use]
    pub fn since(started: Duration) -> Self {
        Self { started, last_failure: BTreeMap::new() }
    }

    /// Whether somebody may try under this name now.
    ///
    /// # Errors
    /// `wait-before-retry` with the seconds that are left; `slot-disabled` at a hundred failures.
    pub fn admit(&self, name: [u8; 16], failures: Failures, now: Moment) -> Result<(), ClientError> {
        if failures.count >= MOST_FAILURES {
            return Err(Code::SlotDisabled.into());
        }
        let since = self.last_failure.get(&name).copied().unwrap_or(self.started);
        let by_date = Duration::try_from(failures.last_at.duration_until(now.date)).unwrap_or_default();
        let passed = now.monotonic.saturating_sub(since).max(by_date);
        let left = delay_after(failures.count).saturating_sub(passed);
        if left.is_zero() {
            Ok(())
        } else {
            Err(ClientError::wait(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
        }
    }

    /// Somebody failed under this name now.
    pub fn failed(&mut self, name: [u8; 16], now: Moment) {
        self.last_failure.insert(name, now.monotonic);
    }

    /// The person got in.
    pub fn succeeded(&mut self, name: [u8; 16]) {
        self.last_failure.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: [u8; 16] = [7; 16];

    fn at(monotonic_s: u64, date_s: i64) -> Moment {
        Moment { monotonic: Duration::from_secs(monotonic_s), date: Timestamp::from_second(date_s).unwrap() }
    }

    fn failures(count: u32, last_at_s: i64) -> Failures {
        Failures { count, last_at: Timestamp::from_second(last_at_s).unwrap() }
    }

    #[test]
    fn the_first_three_attempts_cost_no_wait_and_then_it_grows_to_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (0..10).map(|failures| delay_after(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 5, 15, 60, 300, 900, 900, 900]);
    }

    #[test]
    fn the_message_counts_down_and_the_person_gets_in_when_it_is_over() {
        let mut waits = Waits::since(Duration::ZERO);
        waits.failed(NAME, at(100, 1_000));
        let refused = waits.admit(NAME, failures(3, 1_000), at(102, 1_002)).unwrap_err();
        assert_eq!(refused.code, Code::WaitBeforeRetry);
        assert!(refused.message.contains("3 more seconds"), "{}", refused.message);
        assert_eq!(waits.admit(NAME, failures(3, 1_000), at(105, 1_005)), Ok(()));
    }

    #[test]
    fn a_restart_neither_ends_the_wait_nor_begins_it_anew() {
        let after_restart = Waits::since(Duration::from_secs(10));
        assert!(after_restart.admit(NAME, failures(7, 1_000), at(11, 1_500)).is_err());
        assert_eq!(after_restart.admit(NAME, failures(7, 1_000), at(11, 1_900)), Ok(()));
    }

    #[test]
    fn a_date_in_the_future_or_set_back_keeps_nobody_out_longer_than_the_wait() {
        let after_restart = Waits::since(Duration::from_secs(10));
        let in_the_future = failures(7, 9_999_999);
        assert!(after_restart.admit(NAME, in_the_future, at(909, 1_000)).is_err());
        assert_eq!(after_restart.admit(NAME, in_the_future, at(910, 1_000)), Ok(()));
    }

    #[test]
    fn a_hundred_failures_in_a_row_disable_the_slot_until_online() {
        let waits = Waits::since(Duration::ZERO);
        let refused = waits.admit(NAME, failures(MOST_FAILURES, 0), at(1_000_000, 1_000_000)).unwrap_err();
        assert_eq!(refused.code, Code::SlotDisabled);
    }
}
