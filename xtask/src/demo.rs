//! The demo clinic, its codes, the bench and the fleet: programs of the `tests` package, built and started here.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::build;
use crate::ground::Ground;
use crate::helios;
use crate::machine;
use crate::needs::Purpose;
use crate::preflight;
use crate::run::{Stop, as_line, streamed, with_progress};
use crate::say;

/// The demo driver, made by the package `chartkeep-tests`.
pub(crate) const DRIVER: &str = "chartkeep-demo";
/// The bench, made by the package `chartkeep-tests`.
const BENCH: &str = "chartkeep-bench";
/// The fleet, made by the package `chartkeep-tests`.
const FLEET: &str = "chartkeep-fleet";

/// How often every test of the whole disturbs the network; 200 take some minutes.
const CUTS: &str = "60";

/// How `cargo xtask demo` is to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Do the whole main job by itself in a real window on a virtual display; exit 0 only if every step was seen
    #[arg(long)]
    headless: bool,
    /// Disturb the network at so many random moments while the nurse writes, and account for everything afterwards
    #[arg(long, value_name = "N", requires = "headless", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    cuts: Option<u32>,
    /// The number that decides which faults come when, as an earlier run has printed it [default: a new one]
    #[arg(long, value_name = "N", requires = "cuts")]
    seed: Option<u64>,
    /// Keep the clinic's folder at the end and print where it is
    #[arg(long)]
    keep: bool,
    /// Port of the server on loopback [default: a free one]
    #[arg(long)]
    port: Option<u16>,
    /// Seconds without a key or the pointer until the app locks itself
    #[arg(long, value_name = "SECONDS")]
    idle: Option<u32>,
    /// Number of patients in the generated practice, up to 100000 [default: 500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    patients: Option<u32>,
    /// Keep the practice's records in a PostgreSQL of this run's own, not in a file
    #[arg(long)]
    postgres: bool,
    /// Import this folder of FHIR R4 bundles or NDJSON instead of generating a practice
    #[arg(long, value_name = "DIR", conflicts_with = "patients")]
    data: Option<PathBuf>,
    /// Install what is missing without asking
    #[arg(long)]
    yes: bool,
}

/// Prepares the machine, builds everything and starts the clinic.
pub(crate) fn demo(options: &Options) -> Result<(), Stop> {
    if !options.headless && !machine::has_display() {
        return Err(Stop::unready(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).\n\
             `cargo xtask demo --headless` does the whole job in a window on a virtual display.",
        ));
    }
    if let Some(folder) = options.data.as_deref().filter(|folder| !folder.is_dir()) {
        return Err(Stop::unready(format!("--data: {} is not a folder", folder.display())));
    }
    let ground = Ground::find()?;
    let purpose = if options.headless { Purpose::Driven } else { Purpose::Window };
    preflight::make_ready(&ground.root, purpose, &[], options.yes)?;
    say::heading("build");
    build::programs(&ground, options.headless)?;
    say::heading("clinic");
    hand_over(&mut driver(&ground, options)?)
}

/// Runs the main job in a real window on a network that is disturbed now and then; the programs have been built.
pub(crate) fn end_to_end(ground: &Ground) -> Result<(), Stop> {
    streamed(driver_of(ground, "headless").args(["--cuts", CUTS]))
}

/// Prints the next unused code of a demo person.
pub(crate) fn code(ground: &Ground, person: &str) -> Result<(), Stop> {
    let driver = ground.binary(DRIVER, "debug");
    if !driver.exists() {
        return Err(Stop::unready("There is no demo on this machine: start one with `cargo xtask demo`."));
    }
    hand_over(ground.program(&driver.to_string_lossy()).args(["code", person]))
}

/// Builds the bench as it would ship and runs it, with a server by others beside ours where that is asked for.
pub(crate) fn bench(with_helios: bool, arguments: &[String]) -> Result<(), Stop> {
    let mut arguments = arguments.to_vec();
    if with_helios {
        arguments.push("--helios".to_owned());
        arguments.push(helios::program(&Ground::find()?)?.to_string_lossy().into_owned());
    }
    optimised(BENCH, "bench and server, optimised", &arguments)
}

/// Builds the fleet as it would ship and runs it.
pub(crate) fn fleet(arguments: &[String]) -> Result<(), Stop> {
    optimised(FLEET, "fleet and server, optimised", arguments)
}

/// Builds a program that measures, with the server beside it, and hands over to it.
fn optimised(program: &str, what: &str, arguments: &[String]) -> Result<(), Stop> {
    let ground = Ground::find()?;
    preflight::make_ready(&ground.root, Purpose::Build, &[], false)?;
    let packages = ["--package", "chartkeep-tests", "--package", "chartkeep-server"];
    let programs = ["--bin", program, "--bin", "chartkeep-server"];
    let mut build = ground.cargo(&[&["build", "--release"], &packages[..], &programs[..]].concat());
    with_progress(what, &mut build)?;
    hand_over(ground.program(&ground.binary(program, "release").to_string_lossy()).args(arguments))
}

fn driver(ground: &Ground, options: &Options) -> Result<Command, Stop> {
    let mut command = driver_of(ground, if options.headless { "headless" } else { "run" });
    if options.keep {
        command.arg("--keep");
    }
    if options.postgres {
        command.arg("--postgres");
    }
    if let Some(cuts) = options.cuts {
        command.args(["--cuts", &cuts.to_string()]);
    }
    if let Some(seed) = options.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    if let Some(idle) = options.idle {
        command.args(["--idle", &idle.to_string()]);
    }
    if let Some(patients) = options.patients {
        command.args(["--patients", &patients.to_string()]);
    }
    if let Some(data) = &options.data {
        command.arg("--data").arg(absolute(data)?);
    }
    Ok(command)
}

fn driver_of(ground: &Ground, job: &str) -> Command {
    let mut command = ground.program(&ground.binary(DRIVER, "debug").to_string_lossy());
    command.arg(job);
    command.arg("--server").arg(ground.binary("chartkeep-server", "debug"));
    command.arg("--app").arg(ground.binary("chartkeep", "debug"));
    command
}

/// The driver runs in the clone, so a folder named from elsewhere is made absolute first.
fn absolute(folder: &Path) -> Result<PathBuf, Stop> {
    folder.canonicalize().map_err(|error| Stop::unready(format!("--data: {}: {error}", folder.display())))
}

/// Gives this terminal, Ctrl-C and the exit code over to another program.
fn hand_over(command: &mut Command) -> Result<(), Stop> {
    say::command(&as_line(command));
    become_it(command)
}

#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<(), Stop> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(Stop::failed(format!("could not run `{}`: {error}", as_line(command))))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<(), Stop> {
    let status = command
        .status()
        .map_err(|error| Stop::failed(format!("could not run `{}`: {error}", as_line(command))))?;
    std::process::exit(status.code().unwrap_or(1))
}
