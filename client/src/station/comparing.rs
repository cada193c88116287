//! Finding charts that may be of one person, in the background of whoever is signed in: in small steps, so that nobody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Station;
use crate::Code;

/// Patients that are compared at a time: some milliseconds, between two letters of whoever is signed in.
const PATIENTS_A_STEP: u32 = 4;
/// How long the vault is left to whoever is signed in, between two steps.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether it is going on.
#[derive(Default)]
pub(super) struct Comparing {
    running: AtomicBool,
    /// Something came meanwhile.
    again: AtomicBool,
}

impl Station {
    /// Compares whoever came or changed with the others, when somebody is signed in. A lock ends it; it goes on with the next.
    pub(crate) fn compare_charts(self: &Arc<Self>) {
        self.comparing.again.store(true, Ordering::SeqCst);
        if !self.mailbox().is_open() || self.comparing.running.swap(true, Ordering::SeqCst) {
            return;
        }
        let station = self.clone();
        self.in_background("chart-compare", move || {
            while station.comparing.again.swap(false, Ordering::SeqCst) {
                station.compare_all();
            }
            station.comparing.running.store(false, Ordering::SeqCst);
            // What came between the last look and this is not left to whatever comes next.
            if station.comparing.again.load(Ordering::SeqCst) {
                station.compare_charts();
            }
        });
    }

    fn compare_all(&self) {
        let mut has_compared = false;
        loop {
            match self.ask(|session| session.compare_some(PATIENTS_A_STEP)) {
                Ok(true) => has_compared = true,
                Ok(false) => break,
                Err(error) if error.code == Code::Locked => return,
                Err(error) => {
                    tracing::error!(code = error.code.as_str(), "charts were not compared");
                    return;
                }
            }
            std::thread::sleep(PAUSE);
        }
        if has_compared {
            self.sync_page_changed();
        }
    }
}
