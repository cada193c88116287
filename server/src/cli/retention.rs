//! The commands for how long is kept what.

use super::{Data, print};
use crate::error::Failure;
use crate::practice::Practice;
use crate::retaining::{due, periods, set_periods};
use clap::Subcommand;

const DUE: &str = "\
Lists patients of whom nothing has arrived for longer than the period; nothing is erased by it. For each that may go:

  chartkeep-server patient erase --help      two administrators, reason retention-over

A patient under a legal hold stands under \"held\" and cannot be erased until the hold has ended. Audit events that are
past their period are counted and stay.";

#[derive(Debug, Subcommand)]
pub(super) enum RetentionCommand {
    /// Print the periods in force.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Set periods, in years, at least 6. What is not named stays as it is.
    Set {
        #[command(flatten)]
        data: Data,
        /// Audit events; 10 unless you set it.
        #[arg(long, value_name = "YEARS", required_unless_present = "record_years")]
        audit_years: Option<u16>,
        /// Records, since the last one of a patient arrived; 10 unless you set it.
        #[arg(long, value_name = "YEARS")]
        record_years: Option<u16>,
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
        RetentionCommand::Set { data, audit_years, record_years } => {
            print(&set_periods(&open(&data)?, audit_years, record_years)?)
        }
        RetentionCommand::Due { data } => print(&due(&open(&data)?)?),
    }
}
