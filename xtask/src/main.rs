//! `cargo xtask`: the one entry for building, testing and trying Chartkeep, the same on a desk and in CI.

mod build;
mod cache;
mod check;
mod demo;
mod deny;
mod fhir;
mod fuzz;
mod ground;
mod helios;
mod machine;
mod needs;
mod preflight;
mod run;
mod say;
mod step;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::ground::Ground;
use crate::run::Stop;

#[derive(Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "Build, test and try Chartkeep",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Run everything CI runs: formatting, lints, tests, licences, and the main job in a real window
    Test(check::Options),
    /// Build everything and start a clinic on this machine: server, practice, people, desktop app
    Demo(demo::Options),
    /// Measure the performance lines of the design; writes target/bench/report.json
    Bench {
        /// Measure helios-hfs, a FHIR server by others, in the same run; it is built once, which takes long
        #[arg(long)]
        helios: bool,
        /// Passed on to the bench
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Let thousands of workstations work before a server for simulated weeks; writes target/fleet/report.json
    #[command(disable_help_flag = true)]
    Fleet {
        /// Passed on to the fleet (`--help` lists it): --devices, --days, --store, --events, --seed, --minutes, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Feed every parser of stored and received bytes with whatever breaks it, 10 minutes each
    Fuzz(fuzz::Options),
    /// Print the next unused one-time code of a demo person, such as `rosa`
    Code {
        /// User name of the demo person
        person: String,
    },
    /// Write ui/src/lib/api/bindings.ts anew from the Rust types
    Bindings,
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            say::stop(&stop.message);
            ExitCode::from(stop.exit)
        }
    }
}

fn dispatch(job: Job) -> Result<(), Stop> {
    match job {
        Job::Test(options) => check::test(&options),
        Job::Demo(options) => demo::demo(&options),
        Job::Bench { helios, args } => demo::bench(helios, &args),
        Job::Fleet { args } => demo::fleet(&args),
        Job::Fuzz(options) => fuzz::fuzz(&options),
        Job::Code { person } => demo::code(&Ground::find()?, &person),
        Job::Bindings => ui::bindings(),
    }
}
