//! The numbers that the machine works with.

use jiff::SignedDuration;

/// Limits and intervals; [`Config::default`] is what ships.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an answer may take before the request counts as lost.
    pub request_timeout: SignedDuration,
    /// The wait after the first failure.
    pub first_backoff: SignedDuration,
    /// The longest wait between two tries.
    pub longest_backoff: SignedDuration,
    /// How often to ask for news and directives when all is quiet.
    pub interval: SignedDuration,
    /// The most changes in one request.
    pub changes_per_request: usize,
    /// The most bytes of envelopes in one request; one envelope may be larger and then goes alone.
    pub change_bytes_per_request: u64,
    /// The most audit events in one request.
    pub events_per_request: u32,
    /// The size of the first page of a pull, in entries.
    pub first_page: u32,
    /// The smallest page.
    pub smallest_page: u32,
    /// The largest page.
    pub largest_page: u32,
    /// What fetching or applying one page should take.
    pub page_aim: SignedDuration,
    /// How many pages may be fetched and not applied yet, a drawer.
    pub pages_ahead: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            request_timeout: SignedDuration::from_secs(60),
            first_backoff: SignedDuration::from_secs(1),
            longest_backoff: SignedDuration::from_secs(300),
            interval: SignedDuration::from_secs(60),
            changes_per_request: 64,
            change_bytes_per_request: 4 << 20,
            events_per_request: 1_000,
            first_page: 500,
            smallest_page: 25,
            largest_page: 5_000,
            page_aim: SignedDuration::from_secs(2),
            pages_ahead: 2,
        }
    }
}
