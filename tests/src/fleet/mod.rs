//! A fleet: many light-weight workstations work for weeks of simulated time before a real server and store. Reports how much load is
//! held, what each event costs as the store grows, and whether anything was lost.
//!
//! The plan (`plan`) lies in the past and ends before today, so that certificates and clocks of both ends agree whatever the day. The
//! server is in a process by itself (`host`), and its clock goes from shift to shift; nobody waits for the time between. A workstation
//! (`workplace`) records what its people do (`acts`), and delivers, pushes and pulls over mutual TLS, as many at once as there are
//! lanes. At the end `judge` compares what each of them knows with what the server holds.

mod acts;
mod gauge;
mod ground;
mod growth;
mod host;
mod judge;
mod lanes;
mod plan;
mod progress;
mod report;
mod run;
mod stop;
mod tally;
mod workplace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::{print, say};
use crate::served::Outcome;
use run::{Ended, run};

/// Let many workstations work before a server for weeks; writes target/fleet/report.json.
///
/// Exit status: 0 nothing was lost, 1 something was, or the run failed; 130 it was stopped.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many workstations.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=4_000))]
    devices: u32,
    /// How many days they work.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=45))]
    days: u32,
    /// At most so many events are recorded.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Where the server keeps its records.
    #[arg(long, value_enum, default_value = "sqlcipher")]
    store: Store,
    /// What the plan follows from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Connections at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    lanes: u32,
    /// No shift begins after so many minutes; everybody comes back all the same.
    #[arg(long)]
    minutes: Option<u64>,
    /// Where the report and the files of the practice go.
    #[arg(long, default_value = "target/fleet")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Part {
    /// What the fleet starts for itself.
    #[command(hide = true)]
    Serve(host::Told),
}

/// What holds the practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    /// One encrypted file.
    Sqlcipher,
    /// A database on this machine.
    Postgres,
}

/// Runs a fleet with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Part::Serve(told)) = &arguments.part {
        return host::serve(told);
    }
    match run_and_report(&arguments) {
        Ok(code) => code,
        Err(error) => {
            let error: &dyn std::error::Error = &*error;
            let causes = std::iter::successors(Some(error), |error| error.source());
            let words: Vec<String> = causes.map(ToString::to_string).collect();
            say(&format!("chartkeep-fleet: {}", words.join(": ")));
            ExitCode::FAILURE
        }
    }
}

fn run_and_report(arguments: &Arguments) -> Outcome<ExitCode> {
    let report = match run(arguments)? {
        Ended::Judged(report) => report,
        Ended::Stopped => {
            say("stopped; nothing was judged, and nothing is left behind");
            return Ok(ExitCode::from(130));
        }
    };
    let path = arguments.folder.join("report.json");
    std::fs::write(&path, report.json()?)?;
    print(&report.table());
    say(&format!("written to {}", path.display()));
    Ok(if report.losses == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Store {
    fn name(self) -> &'static str {
        match self {
            Store::Sqlcipher => "SQLCipher",
            Store::Postgres => "PostgreSQL",
        }
    }
}
