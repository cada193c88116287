//! The machine from outside, and the words on the wire.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::cast_possible_truncation,
    reason = "a test stops where something is not as it should be"
)]

#[path = "all/alarms.rs"]
mod alarms;
#[path = "all/clinic.rs"]
mod clinic;
#[path = "all/empty_drawer.rs"]
mod empty_drawer;
#[path = "all/machine.rs"]
mod machine;
#[path = "all/shut_drawer.rs"]
mod shut_drawer;
#[path = "all/simulation/mod.rs"]
mod simulation;
#[path = "all/stale_pages.rs"]
mod stale_pages;
#[path = "all/wire.rs"]
mod wire;
