//! What no single crate can prove, and the rules of the house.

mod faults;
mod fleet;
mod hostile;
mod house;
mod keyring;
mod keyrings;
mod main_job;
mod practice;
