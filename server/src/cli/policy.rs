//! The commands for what holds for every workstation of the practice.

use super::{Data, print};
use crate::error::{Failure, Kind};
use crate::people;
use crate::practice::Practice;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Print the policy in force.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Where workstations keep a sealed copy of what is unsent: a disk or share that outlives them. They hear of it at
    /// their next contact. Without a path there is none from then on.
    Mirror {
        #[command(flatten)]
        data: Data,
        /// An absolute path; a part that is `*` stands for any folder: /media/*/CHARTKEEP.
        path: Option<String>,
    },
    /// After how many days a drawer of a workstation gets new keys without anybody asking for it.
    RekeyDays {
        #[command(flatten)]
        data: Data,
        /// Days; 0 for never.
        days: u32,
    },
}

pub(super) fn run(
    command: PolicyCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        PolicyCommand::Show { data } => print(&people::policy(&open(&data)?)?),
        PolicyCommand::Mirror { data, path } => {
            if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
                let advice = "Give it as the workstations see it, from the root: /media/*/CHARTKEEP.";
                return Err(Failure::new(Kind::Usage, "The path of a mirror must be absolute.", advice));
            }
            print(&people::set_mirror(&open(&data)?, path)?)
        }
        PolicyCommand::RekeyDays { data, days } => print(&people::set_rekey_days(&open(&data)?, days)?),
    }
}
