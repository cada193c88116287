//! The only file of the client that reads a clock.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What time it is. Everything else takes the time as an argument.
pub trait Clock: Send + Sync {
    /// Wall clock time, in UTC.
    fn now(&self) -> Timestamp;

    /// Time since some moment before the program started; never goes back.
    fn monotonic(&self) -> Duration;

    /// Time since the machine was started, sleep included: what is counted with it goes on through a lock, which replaces
    /// the process. Where the system has no such clock, as [`Clock::monotonic`].
    fn since_boot(&self) -> Duration;

    /// Where the people are.
    fn time_zone(&self) -> TimeZone;
}

/// The clocks of the operating system.
#[derive(Clone, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    #[cfg(target_os = "linux")]
    fn since_boot(&self) -> Duration {
        let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(read).unwrap_or_default()
    }

    #[cfg(not(target_os = "linux"))]
    fn since_boot(&self) -> Duration {
        self.monotonic()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

/// A clock that a test sets. It stands still unless it is moved.
#[derive(Debug)]
pub struct SteppedClock {
    state: std::sync::Mutex<(Timestamp, Duration)>,
}

impl SteppedClock {
    /// Starts at the given time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { state: std::sync::Mutex::new((now, Duration::ZERO)) }
    }

    /// Sets the wall clock alone, as somebody who has the rights to may.
    pub fn set_wall(&self, to: Timestamp) {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0 = to;
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.0 = state.0.saturating_add(by).unwrap_or(Timestamp::MAX);
        state.1 += by;
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }

    fn since_boot(&self) -> Duration {
        self.monotonic()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}
