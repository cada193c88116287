//! The one place of the server that asks what time it is.

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where time comes from.
#[derive(Clone)]
pub enum Clock {
    /// The operating system.
    System,
    /// A time that stands still until it is set: for tests.
    Set(Arc<Mutex<Timestamp>>),
    /// The operating system's, ahead by so many seconds: for tests beside workstations that let time pass.
    Ahead(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands at a time.
    #[must_use]
    pub fn set_to(at: Timestamp) -> Self {
        Self::Set(Arc::new(Mutex::new(at)))
    }

    /// Sets a clock that stands; the system's is left alone.
    pub fn set(&self, at: Timestamp) {
        if let Self::Set(time) = self {
            *time.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// What time it is.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Set(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
            Self::Ahead(seconds) => Timestamp::now() + Duration::from_secs(seconds.load(Ordering::SeqCst)),
        }
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "Clock(system)",
            Self::Set(_) => "Clock(set)",
            Self::Ahead(_) => "Clock(ahead)",
        })
    }
}

/// Now, as timers count it.
pub(crate) fn timer_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Measures how long something takes, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "this is the clock file")]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn millis(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
