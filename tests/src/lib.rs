//! What no single crate can prove: practices of invented patients, the demo clinic in which the whole main job is done, the
//! bench, a network that misbehaves, and a fleet of workstations over weeks.

pub mod bench;
pub mod demo;
pub mod fleet;
pub mod network;
pub mod practice;
mod served;
