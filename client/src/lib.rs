//! Everything a person can do at a workstation, without a window.

mod clock;
mod error;
pub mod https;
mod idle;
pub mod keyring;
mod settings;
pub mod throttle;
pub mod view;

pub use clock::{Clock, SteppedClock, SystemClock};
pub use error::{ClientError, Code};
pub use idle::{ABSOLUTE_LIMIT, IdleState, IdleTimer, WARNING};
pub use settings::{IDLE_CEILING, KeyCost, Settings};
