//! A network that misbehaves, and the account of what was confirmed on it: nothing may be lost, nothing may be twice.

mod account;
mod proxy;
mod storm;

pub use account::{Account, Entry, events_out_of_order};
pub use proxy::{FAULTS, Fault, Proxy};
pub use storm::{Storm, Struck};
