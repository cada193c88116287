//! Locking: the mailbox is closed first, so that nothing is shown any more, whatever is still on its way.

use std::sync::Arc;

use records::event::{AuditEvent, LockCause as Cause};

use super::Station;
use crate::syncing::Told;
use crate::{LockCause, workstation};

impl Station {
    /// Locks at once. An unlock that is under way comes to nothing; a save that has begun comes to its end.
    pub(crate) fn lock(self: &Arc<Self>, cause: LockCause) {
        let leaving = self.mailbox().close();
        self.security_key().cancel();
        let signed_in = self.take_signed_in();
        self.forget_session_token();
        drop(self.pending_phone().take());
        self.driver().tell(Told::Shut);
        let Some(leaving) = leaving else { return };
        leaving.wait();
        self.driver().tell(Told::DrawersMoved);
        self.keep_time();
        // Who has still to register a security key comes back as they came in: with a code, and not past that screen.
        let key_due = signed_in.as_ref().is_some_and(|signed_in| signed_in.key_due);
        self.park(if key_due { LockCause::SignOut } else { cause });
        if let Some(signed_in) = signed_in {
            let event = AuditEvent::locked(self.stamp(), &signed_in.actor, word(cause));
            let recorded = self.record(&[event]).and_then(|()| self.keep_checkpoint());
            if let Err(error) = recorded {
                // The workstation is locked all the same.
                tracing::error!(code = error.code.as_str(), "the lock was not recorded");
            }
        }
        self.note_anchors_at_lock();
        self.state_changed();
        // Whoever locks by hand has a window that lets go by itself.
        if cause == LockCause::Order {
            (self.surroundings.listener)(workstation::Event::LockedByOrder);
        }
    }

    /// Locks for the end of the program, and says that it ended.
    pub(crate) fn stop(self: &Arc<Self>) {
        self.lock(LockCause::Exit);
        self.keep_time();
        let stopped = AuditEvent::app_stopped(self.stamp(), self.node());
        if let Err(error) = self.record(&[stopped]) {
            tracing::error!(code = error.code.as_str(), "the end of the program was not recorded");
        }
        self.driver().tell(Told::Stop);
    }
}

fn word(cause: LockCause) -> Cause {
    match cause {
        LockCause::Person | LockCause::SignOut | LockCause::Exit => Cause::Request,
        LockCause::Idle => Cause::Idle,
        LockCause::Order => Cause::Directive,
        LockCause::Absolute => Cause::Absolute,
        LockCause::ScreenLock => Cause::ScreenLock,
        LockCause::Sleep => Cause::Sleep,
        LockCause::UserSwitch => Cause::UserSwitch,
        LockCause::Crash => Cause::Crash,
        LockCause::ClockSet => Cause::ClockSet,
    }
}
