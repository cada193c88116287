//! What no single crate can prove: practices of invented patients to work on.

pub mod practice;
