//! What the machine tells its driver.

use crate::wire::{Cursor, Standing};
use jiff::Timestamp;
use records::id::{ChangeId, LogId};

/// Something the driver has to act on or show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server holds this change: record the outcome; it will not be sent again.
    ChangeSettled {
        /// The change.
        change: ChangeId,
        /// What became of it; never [`Standing::Waiting`].
        standing: Standing,
        /// When the server had received it first.
        received_at: Timestamp,
    },
    /// This change stands on one that was refused; it stays where it is until a person decides.
    ChangeStopped {
        /// The change.
        change: ChangeId,
        /// The refused change, directly below it or further down.
        because: ChangeId,
    },
    /// The server lacks a change that was delivered before (it was restored from a backup): queue it again.
    ChangeMissing {
        /// The change to queue again.
        missing: ChangeId,
    },
    /// The server holds the log up to this size.
    AuditDelivered {
        /// The log.
        log: LogId,
        /// How many leaves.
        size: u64,
    },
    /// The server refuses the log, or holds more of it than this workstation: an alarm; delivery stops until the next start.
    LogAlarm {
        /// The log.
        log: LogId,
        /// What is wrong.
        reason: LogAlarm,
    },
    /// A page to be applied together with `next`, in one step; then [`crate::Machine::handle_page_applied`]. Where the vault does
    /// not stand at `from`, or cannot take it: [`crate::Machine::handle_page_failed`].
    Page {
        /// The cursor the page was asked with.
        from: Cursor,
        /// The cursor after it.
        next: Cursor,
        /// The body as it came.
        body: Vec<u8>,
    },
    /// A page for a drawer that is shut, to be kept until that is opened; then [`crate::Machine::handle_page_applied`]. Where
    /// it cannot be kept: [`crate::Machine::handle_page_failed`].
    SealedPage {
        /// The cursor the page was asked with.
        from: Cursor,
        /// The cursor after it.
        next: Cursor,
        /// The page as it came.
        body: Vec<u8>,
    },
    /// The server answers again.
    Online,
    /// The server does not answer.
    Offline,
    /// The session has ended: get a new one and call [`crate::Machine::handle_session`].
    SessionEnded,
    /// This workstation was revoked; only directives are asked for from now on.
    DeviceRevoked,
}

/// What is wrong with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogAlarm {
    /// The server holds other leaves than this workstation.
    Forked,
    /// The server holds more leaves than this workstation: the workstation's file was put back.
    ServerAhead,
    /// The server does not accept the checkpoint.
    CheckpointRefused,
    /// The server does not believe the mark of an entry.
    MarksRefused,
    /// The server's receipt is not cosigned as it should be, or not over this log.
    ReceiptRefused,
}
