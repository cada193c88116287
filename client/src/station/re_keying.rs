//! Writing drawers anew, for newer keys or because somebody was erased, in the background of whoever holds them: in small
//! steps, so that nobody waits for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use records::event::{Alert, AuditEvent};
use vault::RewriteProgress;

use super::Station;
use crate::Code;
use crate::view::ReKeyView;

/// Patients that are copied or proven at a time: some milliseconds, between two letters of whoever is signed in.
const PATIENTS_A_STEP: u32 = 20;
/// How long the vault is left to whoever is signed in, between two steps.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether a re-key is going on, and how far it is.
#[derive(Default)]
pub(super) struct ReKeying {
    running: AtomicBool,
    shown: Mutex<Option<RewriteProgress>>,
}

impl Station {
    /// Begins, when somebody is signed in who holds newer keys, and none is going on. A lock ends it; it begins again
    /// with the next who can.
    pub(crate) fn begin_re_key(self: &Arc<Self>) {
        if !self.mailbox().is_open() || self.re_keying.running.swap(true, Ordering::SeqCst) {
            return;
        }
        let station = self.clone();
        // Nobody waits for it: it ends with the session at the latest.
        drop(self.runtime().spawn_blocking(move || {
            let has_worked = station.re_key();
            station.re_keying.running.store(false, Ordering::SeqCst);
            station.show_re_key(None);
            // What waits for another person's drawers begins again with the next round, not at once.
            if has_worked {
                station.carry_out_orders();
            }
        }));
    }

    /// What the sync page says of it.
    pub(super) fn re_key_view(&self) -> Option<ReKeyView> {
        let shown = *self.re_keying.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.map(|progress| ReKeyView {
            drawer: progress.drawer.as_str().to_owned(),
            percent: percent(&progress),
        })
    }

    /// Returns whether anything was written anew.
    fn re_key(self: &Arc<Self>) -> bool {
        let mut has_worked = false;
        loop {
            match self.ask(|session| session.re_key_step(PATIENTS_A_STEP)) {
                Ok(Some(progress)) => {
                    has_worked |= progress.finished;
                    self.show_re_key(Some(progress));
                }
                Ok(None) => return has_worked,
                Err(error) if error.code == Code::Locked => return false,
                Err(error) => {
                    tracing::error!(
                        code = error.code.as_str(),
                        "a drawer was not re-keyed; it stays under its keys"
                    );
                    let alert = AuditEvent::security_alert(self.stamp(), self.node(), Alert::Damaged);
                    if let Err(error) = self.record(&[alert]) {
                        tracing::error!(code = error.code.as_str(), "the failed re-key was not recorded");
                    }
                    return false;
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn show_re_key(&self, progress: Option<RewriteProgress>) {
        let before = {
            let mut shown = self.re_keying.shown.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shown, progress)
        };
        if before.as_ref().map(percent) != progress.as_ref().map(percent) {
            self.sync_page_changed();
        }
    }
}

fn percent(progress: &RewriteProgress) -> u32 {
    let percent = progress.done.saturating_mul(100).checked_div(progress.total).unwrap_or(100);
    u32::try_from(percent.min(100)).unwrap_or(100)
}
