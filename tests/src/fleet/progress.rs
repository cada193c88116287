//! How far a fleet has come: a bar at a terminal, lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

use crate::bench::say;

/// What is shown while a fleet works.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins something that has so many parts.
    pub(super) fn of(total: u64, what: &str) -> Progress {
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {msg}, {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Progress(bar)
    }

    /// So many of them are done.
    pub(super) fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// What is being done now; a line of its own where there is no bar.
    pub(super) fn now(&self, what: &str) {
        self.0.set_message(what.to_owned());
        if self.0.is_hidden() {
            say(&format!("{} of {} {what}", self.0.position(), self.0.length().unwrap_or(0)));
        }
    }

    /// A line that stays.
    pub(super) fn line(&self, line: &str) {
        if self.0.is_hidden() { say(line) } else { self.0.println(line) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
