//! What no single crate can prove: practices of invented patients, the demo clinic in which the whole main job is done, and
//! the bench.

pub mod bench;
pub mod demo;
pub mod practice;
mod served;
