//! How long a person waits after failed attempts: a rule over what `device.db` and the keyring have kept of them.

use std::time::Duration;

use uuid::Uuid;
use vault::Throttle;

use crate::clock::Reading;
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

/// What is left of the wait. The date of the computer has no part in it: within one start of the machine its own clock
/// counts, and after another start only the time since then is known to have passed.
#[must_use]
pub fn left(kept: &Throttle, now: &Reading) -> Duration {
    let in_this_boot = kept.boot == now.boot && kept.last_at <= now.since_boot;
    let passed = if in_this_boot { now.since_boot.saturating_sub(kept.last_at) } else { now.since_boot };
    delay_after(kept.failures).saturating_sub(passed)
}

/// Whether somebody may try now.
///
/// # Errors
/// `wait-before-retry` with the seconds that are left; `slot-disabled` at a hundred failures.
pub fn admit(kept: &Throttle, now: &Reading) -> Result<(), ClientError> {
    if kept.failures >= MOST_FAILURES {
        return Err(Code::SlotDisabled.into());
    }
    let left = left(kept, now);
    if left.is_zero() {
        Ok(())
    } else {
        Err(ClientError::wait(left.as_secs() + u64::from(left.subsec_nanos() > 0)))
    }
}

/// A name under which nobody has failed.
#[must_use]
pub fn none() -> Throttle {
    Throttle { rounds: 0, failures: 0, last_at: Duration::ZERO, boot: Uuid::nil() }
}

/// After one more failure.
#[must_use]
pub fn failed(kept: &Throttle, now: &Reading) -> Throttle {
    Throttle {
        rounds: kept.rounds,
        failures: kept.failures.saturating_add(1),
        last_at: now.since_boot,
        boot: now.boot,
    }
}

/// After a success: the row ends, and every copy of it that is put back later is known to be older.
#[must_use]
pub fn succeeded(kept: &Throttle) -> Throttle {
    Throttle { rounds: kept.rounds.saturating_add(1), ..none() }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const BOOT: Uuid = Uuid::from_u128(1);

    fn at(since_boot_s: u64) -> Reading {
        let date = Timestamp::from_second(1_000_000).unwrap();
        Reading { date, since_boot: Duration::from_secs(since_boot_s), boot: BOOT }
    }

    fn kept(failures: u32, last_at_s: u64) -> Throttle {
        Throttle { rounds: 0, failures, last_at: Duration::from_secs(last_at_s), boot: BOOT }
    }

    #[test]
    fn the_first_three_attempts_cost_no_wait_and_then_it_grows_to_a_quarter_of_an_hour() {
        let waits: Vec<u64> = (0..10).map(|failures| delay_after(failures).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 5, 15, 60, 300, 900, 900, 900]);
    }

    #[test]
    fn the_message_counts_down_and_the_person_gets_in_when_it_is_over() {
        let refused = admit(&kept(3, 100), &at(102)).unwrap_err();
        assert_eq!(refused.code, Code::WaitBeforeRetry);
        assert!(refused.message.contains("3 more seconds"), "{}", refused.message);
        assert_eq!(admit(&kept(3, 100), &at(105)), Ok(()));
    }

    #[test]
    fn another_start_of_the_machine_counts_from_its_beginning() {
        let after_restart = |since_boot_s| Reading { boot: Uuid::from_u128(2), ..at(since_boot_s) };
        assert!(admit(&kept(7, 40_000), &after_restart(899)).is_err());
        assert_eq!(admit(&kept(7, 40_000), &after_restart(900)), Ok(()));
    }

    #[test]
    fn a_hundred_failures_in_a_row_disable_the_slot_until_online() {
        let refused = admit(&kept(MOST_FAILURES, 0), &at(1_000_000)).unwrap_err();
        assert_eq!(refused.code, Code::SlotDisabled);
        assert!(admit(&kept(MOST_FAILURES - 1, 0), &at(1_000_000)).is_ok());
    }

    proptest! {
        /// Whatever the date says, and whatever was kept: nobody waits longer than the step, and nobody less who fails
        /// within one start of the machine.
        #[test]
        fn no_date_shortens_or_lengthens_a_wait(
            failures in 0..MOST_FAILURES, last_at in 0_u64..100_000, passed in 0_u64..2_000, date in any::<i32>(),
        ) {
            let now = Reading { date: Timestamp::from_second(i64::from(date)).unwrap(), ..at(last_at + passed) };
            let step = delay_after(failures).as_secs();
            prop_assert_eq!(left(&kept(failures, last_at), &now).as_secs(), step.saturating_sub(passed));
        }

        /// Of any mixture of older copies the latest state holds, so that no copy gives fresh tries and a success
        /// ends the row for good.
        #[test]
        fn an_older_copy_never_wins(story in proptest::collection::vec(any::<bool>(), 1..40), pick in any::<usize>()) {
            let mut states = vec![none()];
            for fails in story {
                let last = states[states.len() - 1];
                states.push(if fails { failed(&last, &at(5)) } else { succeeded(&last) });
            }
            let last = states[states.len() - 1];
            let put_back = states[pick % states.len()];
            prop_assert_eq!(put_back.max(last), last);
        }
    }
}
