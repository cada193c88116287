//! An audit log in a file: written from a workstation's data folder, and checked anywhere, with no network, against the
//! practice's root alone.

mod checking;
mod marking;
mod purging;
mod reading;
mod writing;

pub use checking::{Finding, Report, check};
pub use keys::export::ExportKey;
pub use marking::StartKeys;
pub use purging::Purged;
pub use reading::ExportProblem;
pub use writing::{Exported, export};
pub(crate) use writing::{Part, head_of, write_log};
