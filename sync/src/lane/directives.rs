//! Asking for directives now and then.

use crate::backoff::Backoff;
use crate::lane::InFlight;
use jiff::Timestamp;

/// The lane.
#[derive(Debug)]
pub(crate) struct DirectivesLane {
    pub(crate) due: Timestamp,
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) backoff: Backoff,
}

impl DirectivesLane {
    /// A lane that asks at once.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { due: now, in_flight: None, backoff: Backoff::default() }
    }
}
