//! The bench: the performance lines of the design that can be measured without a window.
//!
//! The server's lines come first, in processes as they would be deployed (`server`). For the others it builds the vault of a
//! practice of 100,000 patients on the disk of the clone (not in memory, so that a sync is a sync), measures, prints
//! a table and writes `target/bench/report.json`. A ratio is the median of interleaved rounds in one run; a percentile comes
//! from all samples of a run, and its spread from the rounds they were taken in. A spread over 20 % reads "inconclusive".
//! How fast this machine syncs and computes stands beside the figures.

mod audit;
mod calibration;
mod charts;
mod clinic;
mod drawers;
mod report;
mod search;
mod server;
pub(crate) mod statistics;
mod stopwatch;
mod twins;
mod unlock;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use clinic::Clinic;
use report::Report;

/// Whatever goes wrong ends the bench; there is nobody to recover for.
type BenchResult<T> = crate::served::Outcome<T>;

/// Measure the performance lines of the design; writes target/bench/report.json.
#[derive(Parser)]
struct Arguments {
    /// Patients in the vault; the design's figures are for 100,000.
    #[arg(long, default_value_t = 100_000)]
    patients: u32,
    /// Resources that a first sync brings; memory is judged best with 1000000.
    #[arg(long, default_value_t = 100_000)]
    resources: u32,
    /// Changes that wait at a workstation when the server comes back.
    #[arg(long, default_value_t = 10_000)]
    changes: u32,
    /// Audit events that workstations deliver as fast as they can.
    #[arg(long, default_value_t = 180_000)]
    events: u32,
    /// Single events whose delivery under load is timed.
    #[arg(long, default_value_t = 10_000)]
    deliveries: usize,
    /// Where the server keeps its records; may be repeated. Both, where none is named.
    #[arg(long = "store", value_enum)]
    stores: Vec<server::Store>,
    /// What is measured; may be repeated. Everything, where none is named.
    #[arg(long = "only", value_enum)]
    only: Vec<Part>,
    /// The program of helios-hfs, a FHIR server by others, to be measured beside the server; `cargo xtask bench --helios` builds it.
    #[arg(long, value_name = "PROGRAM")]
    helios: Option<PathBuf>,
    /// Where the report and the files that are measured go.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Vault, drawers and audit log of a workstation.
    Vault,
    /// What passes between workstations and the server.
    Server,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Scale {
    patients: u32,
    /// Samples behind a percentile.
    samples: usize,
    /// Rows of the large twin files.
    rows: u32,
    /// Charts of 1,000 resources.
    thick_charts: usize,
}

/// Rounds of a ratio, and rounds into which the samples of a percentile are parted.
const ROUNDS: usize = 9;

/// Runs the bench with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &dyn std::error::Error = &*error;
            let causes = std::iter::successors(Some(error), |error| error.source());
            let words: Vec<String> = causes.map(ToString::to_string).collect();
            say(&format!("chartkeep-bench: {}", words.join(": ")));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> BenchResult<()> {
    fs::create_dir_all(&arguments.folder)?;
    let place = tempfile::Builder::new().prefix("files-").tempdir_in(&arguments.folder)?;
    let mut report = Report::default();

    say("calibrating: syncs and hashing");
    report.extend(calibration::measure(place.path())?);
    if arguments.asks_for(Part::Server) {
        let stores: &[server::Store] = match &arguments.stores[..] {
            [] => &[server::Store::Sqlcipher, server::Store::Postgres],
            named => named,
        };
        let load = server::Load {
            resources: arguments.resources,
            changes: arguments.changes,
            events: arguments.events,
            samples: arguments.deliveries,
        };
        report.extend(server::measure(stores, place.path(), load, arguments.helios.as_deref())?);
    }
    if arguments.asks_for(Part::Vault) {
        measure_vault(Scale::of(arguments.patients), place.path(), &mut report)?;
    }

    let path = arguments.folder.join("report.json");
    fs::write(&path, report.json()?)?;
    print(&report.table(arguments.patients));
    say(&format!("written to {}", path.display()));
    Ok(())
}

/// The lines of a workstation by itself.
fn measure_vault(scale: Scale, place: &Path, report: &mut Report) -> BenchResult<()> {
    say(&format!("building the vault of {} patients", scale.patients));
    let (mut clinic, loaded) = Clinic::build(&place.join("vault"), scale)?;
    report.push(loaded);

    say("unlock to first screen");
    let vault = clinic.reopen()?;
    let (mut vault, line) = unlock::measure(&mut clinic, vault)?;
    report.push(line);

    say("keystroke to rows");
    report.push(search::measure(&clinic, &mut vault, scale)?);

    say("charts of 1,000 resources");
    report.push(charts::measure(&clinic, &mut vault, scale)?);

    say("audit append");
    report.extend(audit::measure(&clinic, &mut vault, place)?);
    drop(vault);

    say("drawers against plain SQLite");
    report.extend(drawers::measure(&clinic, place, scale)?);
    Ok(())
}

impl Arguments {
    fn asks_for(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

impl Scale {
    fn of(patients: u32) -> Scale {
        let full = patients >= 100_000;
        Scale {
            patients,
            samples: if full { 10_800 } else { 900 },
            rows: patients.saturating_mul(10).clamp(20_000, 1_000_000),
            thick_charts: if full { 8 } else { 2 },
        }
    }

    /// What is to be said about a percentile of fewer samples than it needs.
    fn note(self) -> &'static str {
        if self.samples >= 10_000 { "" } else { "; fewer than 10,000 samples: a smoke test, no measurement" }
    }
}

/// A line for the person who waits.
#[expect(clippy::print_stderr, reason = "this program talks to the person who called it")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}
