//! The only file of the client that reads a clock.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// What all clocks of the computer show at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The date, which anybody may have set.
    pub date: Timestamp,
    /// Time since the machine was started, sleep included.
    pub since_boot: Duration,
    /// Which start of the machine.
    pub boot: Uuid,
}

/// What time it is. Everything else takes the time as an argument.
pub trait Clock: Send + Sync {
    /// Wall clock time, in UTC.
    fn now(&self) -> Timestamp;

    /// Time since some moment before the program started; never goes back.
    fn monotonic(&self) -> Duration;

    /// Time since the machine was started, sleep included: what is counted with it goes on through a lock, which replaces
    /// the process. Where the system has no such clock, as [`Clock::monotonic`].
    fn since_boot(&self) -> Duration;

    /// Which start of the machine [`Clock::since_boot`] counts from.
    fn boot(&self) -> Uuid;

    /// Where the people are.
    fn time_zone(&self) -> TimeZone;

    /// All of them at once.
    fn reading(&self) -> Reading {
        Reading { date: self.now(), since_boot: self.since_boot(), boot: self.boot() }
    }
}

/// The clocks of the operating system.
#[derive(Clone, Debug)]
pub struct SystemClock {
    started: Instant,
    boot: Uuid,
}

impl SystemClock {
    /// Starts counting now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn new() -> Self {
        Self { started: Instant::now(), boot: boot_id() }
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

    fn boot(&self) -> Uuid {
        self.boot
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

/// The kernel's name for this start of the machine. Where there is none, every start of the program counts as one.
fn boot_id() -> Uuid {
    let named = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    named.and_then(|text| text.trim().parse().ok()).unwrap_or_else(|| keys::Random::from_os().uuid())
}

/// A clock that a test sets. It stands still unless it is moved.
#[derive(Debug)]
pub struct SteppedClock {
    state: std::sync::Mutex<Stepped>,
}

#[derive(Debug)]
struct Stepped {
    date: Timestamp,
    monotonic: Duration,
    booted_at: Duration,
    boots: u128,
}

impl SteppedClock {
    /// Starts at the given time.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let (monotonic, booted_at) = (Duration::ZERO, Duration::ZERO);
        Self { state: std::sync::Mutex::new(Stepped { date: now, monotonic, booted_at, boots: 1 }) }
    }

    /// Sets the date alone, as anybody may.
    pub fn set_wall(&self, to: Timestamp) {
        self.stepped().date = to;
    }

    /// Moves all clocks on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.stepped();
        state.date = state.date.saturating_add(by).unwrap_or(Timestamp::MAX);
        state.monotonic += by;
    }

    /// Starts the machine anew.
    pub fn reboot(&self) {
        let mut state = self.stepped();
        (state.booted_at, state.boots) = (state.monotonic, state.boots + 1);
    }

    fn stepped(&self) -> std::sync::MutexGuard<'_, Stepped> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        self.stepped().date
    }

    fn monotonic(&self) -> Duration {
        self.stepped().monotonic
    }

    fn since_boot(&self) -> Duration {
        let state = self.stepped();
        state.monotonic.saturating_sub(state.booted_at)
    }

    fn boot(&self) -> Uuid {
        Uuid::from_u128(self.stepped().boots)
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::UTC
    }
}
