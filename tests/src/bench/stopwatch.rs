//! The only clock of the bench.

use std::time::{Duration, Instant};

/// How long `work` takes, and what it gives.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a bench does")]
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let value = work();
    (started.elapsed(), value)
}
