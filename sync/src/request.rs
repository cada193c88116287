//! What the machine asks its driver to send, and what the driver tells it of the answer.

use crate::wire::{ChangeReceipt, Cursor, ProblemCode};
use records::id::{ChangeId, LogId};

/// Names one request; never used twice by one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(pub(crate) u64);

/// A request to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// To be handed back with the answer or failure.
    pub id: RequestId,
    /// What to send.
    pub request: Request,
}

/// What to send; the driver fetches the bytes that are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The envelopes of these changes, in this order.
    DeliverChanges {
        /// The changes.
        changes: Vec<ChangeId>,
    },
    /// These leaves of the audit log, and a signed checkpoint of the log's size after the last of them.
    DeliverAudit {
        /// The log.
        log: LogId,
        /// The index of the first leaf.
        first_index: u64,
        /// How many leaves; at least 1.
        count: u32,
    },
    /// A page of a drawer's history.
    Pull {
        /// Where to go on.
        cursor: Cursor,
        /// How many entries at most.
        count: u32,
    },
    /// The same for a drawer that is shut: a page that is sealed to it. Needs no session.
    PullSealed {
        /// Where to go on.
        cursor: Cursor,
        /// How many entries at most.
        count: u32,
    },
    /// Policy, directives and receipts.
    Directives,
}

/// A good answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Request::DeliverChanges`].
    Receipts(Vec<ChangeReceipt>),
    /// To [`Request::DeliverAudit`].
    Audit {
        /// How many leaves the server holds now.
        size: u64,
    },
    /// To [`Request::Pull`] and [`Request::PullSealed`].
    Page {
        /// The body as it came; handed on in [`crate::Event::Page`] or [`crate::Event::SealedPage`].
        body: Vec<u8>,
        /// Where the page says to go on.
        next: Cursor,
        /// Whether more is known to wait there.
        more: bool,
        /// How many entries it has; of a sealed page, which does not say, how many it may have.
        entries: u32,
    },
    /// To [`Request::Directives`]; the driver acts on the directives itself.
    Directives {
        /// How many leaves of this workstation's log the server holds, where it says so.
        log_size: Option<u64>,
    },
}

/// No good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer at all: no network, no server, a broken connection.
    Unreachable,
    /// The server said no.
    Refused {
        /// Its code.
        code: ProblemCode,
        /// How many leaves of the log it holds, where it says so.
        log_size: Option<u64>,
    },
}
