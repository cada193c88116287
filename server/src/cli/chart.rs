//! The commands for which charts workstations keep.

use super::{Data, bar, print};
use crate::error::Failure;
use crate::practice::Practice;
use crate::resting::{Rule, review, set_rule, standing};
use clap::Subcommand;

const KEEP: &str = "\
Workstations always have who every patient is, so that a search finds them and nobody is registered twice. What else is in a chart
they keep while something in it is dated within these months or is still to come, or was written at a workstation since. Whoever
opens another one with the server in reach has it after a moment, for a day; without the server its sections read
\"unavailable\". Whatever is written in a chart brings it back to every workstation.

The server applies the rule once a day, and \"chart review\" does at once.";

#[derive(Debug, Subcommand)]
pub(super) enum ChartCommand {
    /// Print the rule, and how many charts are only at the server.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Say which charts workstations keep.
    #[command(after_long_help = KEEP)]
    Keep {
        #[command(flatten)]
        data: Data,
        /// Those in which something is of the last so many months; at least 12.
        #[arg(long, value_name = "MONTHS", required_unless_present = "all", conflicts_with = "all")]
        months: Option<u16>,
        /// All of them. This is so until you set something else.
        #[arg(long)]
        all: bool,
    },
    /// Apply the rule now.
    Review {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(
    command: ChartCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        ChartCommand::Show { data } => print(&standing(&open(&data)?)?),
        ChartCommand::Keep { data, months, all: _ } => {
            let practice = open(&data)?;
            set_rule(&practice, Rule { months })?;
            print(&standing(&practice)?)
        }
        ChartCommand::Review { data } => {
            let practice = open(&data)?;
            let bar = bar("looking at charts {bar:40} {pos}/{len}, {eta} left");
            bar.set_length(standing(&practice)?.patients);
            let reviewed = review(&practice, &mut |seen| bar.set_position(seen))?;
            bar.finish_and_clear();
            print(&reviewed)
        }
    }
}
