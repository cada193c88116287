//! The four lanes of the machine; each knows what it has to do next and nothing of the others.

pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod directives;
pub(crate) mod pull;

use crate::request::RequestId;
use jiff::Timestamp;

/// A request that has no answer yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlight {
    /// Which.
    pub(crate) id: RequestId,
    /// Since when.
    pub(crate) sent: Timestamp,
}

/// Whether `id` is the request that is out; a late answer to an older one is not.
pub(crate) fn is_current(in_flight: Option<InFlight>, id: RequestId) -> bool {
    in_flight.is_some_and(|out| out.id == id)
}
