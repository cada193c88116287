//! Finding audit events in all logs, by what is read out of each when it is stored.

use super::StoreError;
use jiff::Timestamp;

/// What to look for. Whatever it leaves open is not asked.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Recorded not before the first and before the second, in milliseconds since 1970.
    pub recorded: (Option<i64>, Option<i64>),
    /// Received, likewise.
    pub received: (Option<i64>, Option<i64>),
    /// With one of these ids; any where there is none.
    pub ids: Vec<String>,
    /// About one of these patients; any where there is none. An odd event may be about more than is read out of it, so it
    /// is found too.
    pub patients: Vec<String>,
    /// Only what stands before this: recorded when, and the number of the row.
    pub before: Option<(i64, u64)>,
    /// The most that are returned.
    pub most: u32,
}

/// An event that was found.
#[derive(Clone)]
pub struct FoundEvent {
    /// The number of its row.
    pub number: u64,
    /// When it was recorded, in milliseconds since 1970; when it was received, where it does not say.
    pub recorded_at: i64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether it does not keep to its pattern.
    pub is_odd: bool,
    /// Its exact bytes.
    pub event: Vec<u8>,
}

impl std::fmt::Debug for FoundEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FoundEvent({}, {} bytes)", self.number, self.event.len())
    }
}

/// Finding events.
pub trait Events {
    /// What is found, newest first.
    fn find_events(&self, query: &EventQuery) -> Result<Vec<FoundEvent>, StoreError>;
    /// Whether an event with this id is there.
    fn has_event(&self, id: &str) -> Result<bool, StoreError>;
}
