//! The commands for how long is kept what.

use super::{Data, print};
use crate::error::Failure;
use crate::practice::Practice;
use crate::retaining::{NewPeriods, due, periods, set_periods};
use clap::Subcommand;

const DUE: &str = "\
Lists patients of whom nothing has arrived for longer than the period; nothing is erased by it. For each that may go:

  chartkeep-server patient erase --help      two administrators, reason retention-over

A patient under a legal hold stands under \"held\" and cannot be erased until the hold has ended. Who was a minor is kept for the
period since majority, and so is who may have been one as far as the record says. Audit events that are past their period are
counted, and of them those that may go:

  chartkeep-server audit purge --help        two administrators";

#[derive(Debug, Subcommand)]
pub(super) enum RetentionCommand {
    /// Print the periods in force.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Set periods, in years. What is not named stays as it is; none is shorter than 6 years, nor shorter than 2 after majority.
    Set {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        new: NewPeriods,
    },
    /// List what is past its period, and which of it a legal hold keeps.
    #[command(after_long_help = DUE)]
    Due {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(
    command: RetentionCommand,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        RetentionCommand::Show { data } => print(&periods(&open(&data)?)?),
        RetentionCommand::Set { data, new } => print(&set_periods(&open(&data)?, new)?),
        RetentionCommand::Due { data } => print(&due(&open(&data)?)?),
    }
}
