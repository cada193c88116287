//! The lock, and what tells a window that it is time for it.

use std::time::Duration;

use super::{LockCause, Workstation};

impl Workstation {
    /// How long the open session may go on at the most: twelve hours from the full sign-in, however often the person came
    /// back since. `None` with nobody signed in.
    pub fn session_left(&self) -> Option<Duration> {
        self.station().ok()?.session_left()
    }

    /// Locks at once; never fails. An unlock that is under way comes to nothing.
    pub fn lock(&self, cause: LockCause) {
        if let Ok(station) = self.station() {
            station.lock(cause);
        }
    }

    /// Whether the date of the computer was set since somebody signed in: then the window locks.
    pub fn clock_was_set(&self) -> bool {
        self.station().is_ok_and(|station| station.clocks_have_parted())
    }
}
