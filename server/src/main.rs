//! The program: reads the command line and runs it.

use chartkeep_server::cli::{Cli, run};
use clap::Parser as _;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // The log says which route, which status and how long; the level can be set, the fields cannot.
    let filter = EnvFilter::try_from_env("CHARTKEEP_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(filter).init();
    run(Cli::parse())
}
