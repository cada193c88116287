//! When the workstation warns and locks because nobody is there: a state machine that is told the time.

use std::time::Duration;

use crate::LockCause;
use crate::settings::IDLE_CEILING;

/// The shortest warning (WCAG 2.2.1 asks for 20 s; design §5 for 30 s).
pub const WARNING: Duration = Duration::from_secs(30);

/// Twelve hours after a full sign-in the workstation locks whatever happens.
pub const ABSOLUTE_LIMIT: Duration = Duration::from_secs(12 * 60 * 60);

/// What the idle time asks for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleState {
    /// Somebody is there. Nothing happens before `next` has passed.
    Quiet {
        /// Time until the state can change by itself.
        next: Duration,
    },
    /// Nobody has been there for a while: lock in `left`, unless there is activity.
    Warning {
        /// Time until the lock, more than zero.
        left: Duration,
    },
    /// Lock now, for this cause.
    Lock(LockCause),
}

/// Counts from the last activity. Times are monotonic, from one clock.
///
/// There are two kinds of activity. Whoever types, points or scrolls in Chartkeep starts the whole count again. Whoever works
/// in another program beside it is there too, so the limit counts from that as well, but who it is nobody can say: the open
/// chart may be one that a colleague left behind. So work elsewhere never carries a session past [`IDLE_CEILING`] after the
/// last sign of life in Chartkeep itself.
#[derive(Clone, Debug)]
pub struct IdleTimer {
    limit: Duration,
    ends: Duration,
    inside: Duration,
    elsewhere: Duration,
}

impl IdleTimer {
    /// Starts counting at `now`. A limit beyond the ceiling of 15 minutes is the ceiling.
    #[must_use]
    pub fn start(limit: Duration, now: Duration) -> Self {
        Self { limit: limit.min(IDLE_CEILING), ends: now + ABSOLUTE_LIMIT, inside: now, elsewhere: now }
    }

    /// Ends in `left` from `now` whatever happens: less than twelve hours for somebody who came back since the full sign-in.
    #[must_use]
    pub fn ending_in(self, left: Duration, now: Duration) -> Self {
        Self { ends: self.ends.min(now + left), ..self }
    }

    /// Somebody moved, typed or scrolled in Chartkeep. Once the limit has passed it is too late.
    pub fn activity(&mut self, now: Duration) {
        if !self.is_over(now) {
            self.inside = self.inside.max(now);
        }
    }

    /// The operating system, asked at `now`, saw a key or the pointer at `seen`, in whatever program.
    pub fn elsewhere(&mut self, seen: Duration, now: Duration) {
        if !self.is_over(now) {
            self.elsewhere = self.elsewhere.max(seen.min(now));
        }
    }

    /// What to do at `now`.
    #[must_use]
    pub fn poll(&self, now: Duration) -> IdleState {
        let left = self.deadline().saturating_sub(now);
        let warning = self.warning();
        if left.is_zero() {
            IdleState::Lock(self.cause())
        } else if left <= warning {
            IdleState::Warning { left }
        } else {
            IdleState::Quiet { next: left.saturating_sub(warning) }
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        now >= self.deadline()
    }

    fn deadline(&self) -> Duration {
        self.untouched().min(self.ends)
    }

    /// When it locks because nobody is there.
    fn untouched(&self) -> Duration {
        let last = self.inside.max(self.elsewhere);
        (last + self.limit).min(self.inside + IDLE_CEILING)
    }

    fn cause(&self) -> LockCause {
        if self.ends <= self.untouched() { LockCause::Absolute } else { LockCause::Idle }
    }

    /// A limit so short that the warning would fill it (a demonstration, a test) warns for half of it.
    fn warning(&self) -> Duration {
        WARNING.min(self.limit / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn it_warns_thirty_seconds_before_it_locks() {
        let timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        assert_eq!(timer.poll(seconds(569)), IdleState::Quiet { next: seconds(1) });
        assert_eq!(timer.poll(seconds(570)), IdleState::Warning { left: seconds(30) });
        assert_eq!(timer.poll(seconds(599)), IdleState::Warning { left: seconds(1) });
        assert_eq!(timer.poll(seconds(600)), IdleState::Lock(LockCause::Idle));
    }

    #[test]
    fn any_activity_before_the_limit_starts_the_count_again() {
        let mut timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        timer.activity(seconds(599));
        assert_eq!(timer.poll(seconds(600)), IdleState::Quiet { next: seconds(569) });
    }

    #[test]
    fn activity_after_the_limit_does_not_bring_the_session_back() {
        let mut timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        timer.activity(seconds(600));
        assert_eq!(timer.poll(seconds(600)), IdleState::Lock(LockCause::Idle));
    }

    #[test]
    fn no_setting_reaches_beyond_fifteen_minutes() {
        let timer = IdleTimer::start(600 * MINUTE, Duration::ZERO);
        assert_eq!(timer.poll(15 * MINUTE), IdleState::Lock(LockCause::Idle));
    }

    #[test]
    fn twelve_hours_after_the_sign_in_it_locks_even_under_the_fingers() {
        let mut timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        let mut now = Duration::ZERO;
        while now < ABSOLUTE_LIMIT {
            assert!(!timer.is_over(now));
            timer.activity(now);
            now += MINUTE;
        }
        assert_eq!(timer.poll(now), IdleState::Lock(LockCause::Absolute));
    }

    #[test]
    fn who_came_back_has_what_is_left_of_the_twelve_hours_and_no_more() {
        let mut timer =
            IdleTimer::start(10 * MINUTE, MINUTE).ending_in(5 * MINUTE, MINUTE).ending_in(9 * MINUTE, MINUTE);
        timer.activity(5 * MINUTE);
        assert_eq!(timer.poll(6 * MINUTE - WARNING), IdleState::Warning { left: WARNING });
        assert_eq!(timer.poll(6 * MINUTE), IdleState::Lock(LockCause::Absolute));
    }

    #[test]
    fn a_monotonic_clock_read_out_of_order_does_not_shorten_the_time() {
        let mut timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        timer.activity(seconds(100));
        timer.activity(seconds(50));
        assert_eq!(timer.poll(seconds(100)), IdleState::Quiet { next: seconds(570) });
    }

    #[test]
    fn a_limit_shorter_than_a_minute_still_warns() {
        let timer = IdleTimer::start(seconds(8), Duration::ZERO);
        assert_eq!(timer.poll(seconds(3)), IdleState::Quiet { next: seconds(1) });
        assert_eq!(timer.poll(seconds(5)), IdleState::Warning { left: seconds(3) });
    }

    #[test]
    fn a_person_can_stay_as_often_as_they_like_within_the_twelve_hours() {
        let mut timer = IdleTimer::start(5 * MINUTE, Duration::ZERO);
        let mut now = Duration::ZERO;
        for _ in 0..20 {
            now += 5 * MINUTE - WARNING;
            assert_eq!(timer.poll(now), IdleState::Warning { left: WARNING });
            timer.activity(now + Duration::from_secs(29));
            now += Duration::from_secs(29);
        }
    }

    #[test]
    fn work_in_another_program_counts_as_being_there() {
        let mut timer = IdleTimer::start(5 * MINUTE, Duration::ZERO);
        timer.elsewhere(4 * MINUTE, 4 * MINUTE);
        assert!(!timer.is_over(8 * MINUTE));
        assert_eq!(timer.poll(9 * MINUTE), IdleState::Lock(LockCause::Idle));
    }

    #[test]
    fn an_open_chart_beside_busy_hands_locks_after_a_quarter_of_an_hour() {
        let mut timer = IdleTimer::start(10 * MINUTE, Duration::ZERO);
        for minute in 1..15 {
            timer.elsewhere(minute * MINUTE, minute * MINUTE);
        }
        assert_eq!(timer.poll(15 * MINUTE - WARNING), IdleState::Warning { left: WARNING });
        timer.elsewhere(15 * MINUTE, 15 * MINUTE);
        assert_eq!(timer.poll(15 * MINUTE), IdleState::Lock(LockCause::Idle));
    }

    #[test]
    fn the_system_cannot_have_seen_anybody_in_the_future() {
        let mut timer = IdleTimer::start(5 * MINUTE, Duration::ZERO);
        timer.elsewhere(60 * MINUTE, MINUTE);
        assert_eq!(timer.poll(6 * MINUTE), IdleState::Lock(LockCause::Idle));
    }
}
