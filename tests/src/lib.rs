//! What no single crate can prove: practices of invented patients, and the demo clinic in which the whole main job is done.

pub mod bench;
pub mod demo;
pub mod practice;
