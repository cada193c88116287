//! The program for whoever looks after workstations: brings unsent work to the server by file, and rehearses a rescue.

mod audit;
mod cli;
mod courier;
mod drill;
mod failure;
mod files;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
