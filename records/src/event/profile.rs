//! Where an event does not keep to the BALP patterns. Such an event is flagged and kept, never refused.

use serde_json::Value;

use super::AuditEvent;

/// One way in which an event departs from the patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// `recorded` is missing or no instant.
    Recorded,
}

/// All departures from the patterns, in order and once each.
pub fn profile_faults(event: &AuditEvent) -> Vec<Fault> {
    let value = event.value();
    let recorded = value.get("recorded").and_then(Value::as_str);
    if recorded.is_none() { vec![Fault::Recorded] } else { Vec::new() }
}
