//! What leaves the workstation and what comes in, in the background, whether somebody is signed in or not.

pub(crate) mod attachments;
mod driver;
mod pages;
mod send;
pub(crate) mod session;

pub(crate) use driver::{Driver, DriverHandle, SyncState, Told};
