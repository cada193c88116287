//! What the drill found, as a table.

use crate::cli::print;
use crate::failure::Failure;
use client::{Clock as _, SystemClock};
use serde_json::json;
use std::io::{self, Write as _};
use std::time::Duration;

/// What the drill found so far.
pub(super) struct Report {
    clock: SystemClock,
    lines: Vec<Line>,
}

struct Line {
    what: String,
    holds: bool,
    took: Option<Duration>,
}

/// A stopwatch that was started.
pub(super) struct Started(Duration);

impl Report {
    pub(super) fn begin() -> Self {
        Self { clock: SystemClock::new(), lines: Vec::new() }
    }

    /// Notes whether something holds.
    pub(super) fn check(&mut self, what: &str, holds: bool) {
        self.lines.push(Line { what: what.to_owned(), holds, took: None });
    }

    /// Starts to measure how long a rescue takes.
    pub(super) fn start(&self) -> Started {
        Started(self.clock.monotonic())
    }

    /// Notes how long it took from the first command of the rescue to the last change at the server.
    pub(super) fn took(&mut self, what: &str, since: &Started) {
        let took = self.clock.monotonic().saturating_sub(since.0);
        self.lines.push(Line { what: what.to_owned(), holds: true, took: Some(took) });
    }

    /// Prints the table for people and the result for scripts.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut err = io::stderr().lock();
        for line in &self.lines {
            let took = line.took.map(|took| format!("{:.1} s", took.as_secs_f64())).unwrap_or_default();
            let word = if line.holds { "holds" } else { "FAILS" };
            // Whoever has closed standard error does not want to read it; the result is on standard output.
            writeln!(err, "{word:<6} {:<72} {took:>8}", line.what).ok();
        }
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                let seconds = line.took.map(|took| format!("{:.1}", took.as_secs_f64()));
                json!({ "what": line.what, "holds": line.holds, "seconds": seconds })
            })
            .collect();
        print(&json!({ "holds": self.holds(), "lines": lines }))
    }

    /// The drill's own end: a finding where something does not hold.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if self.holds() {
            return Ok(());
        }
        let advice = "Do not rely on a rescue before this is understood; the table says what failed.";
        Err(Failure::finding("drill-failed", "The drill does not hold.", advice))
    }

    fn holds(&self) -> bool {
        self.lines.iter().all(|line| line.holds)
    }
}
