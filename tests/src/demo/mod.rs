//! The demo: a clinic from nothing on one machine, opened for a person or driven through its main job.

mod at_rest;
mod cli;
mod clinic;
mod desktop;
mod driver;
mod interactive;
mod job;
mod join;
mod lock_watch;
mod logind;
mod outsiders;
mod overlay;
mod processes;
mod report;
pub(crate) mod server;
mod state;
mod witness;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Job};
use clinic::say;
use job::{MainJob, timestamp};
use state::{FOLDER, Phones};

/// Runs the driver with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // The window's driver speaks plain HTTP on loopback, but its client asks for a TLS provider all the same.
    let _already_there = rustls::crypto::ring::default_provider().install_default();
    let done = tokio::runtime::Runtime::new().map_err(DemoError::from).and_then(|runtime| match &cli.job {
        Job::Run(plan) => {
            in_a_folder(plan, |folder| runtime.block_on(interactive::open(plan, folder, today())))
        }
        Job::Headless(plan) => in_a_folder(&plan.clinic, |folder| runtime.block_on(headless(plan, folder))),
        Job::Code { person } => print_code(person),
        Job::Join(plan) => join::join(plan),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// A folder of this run: removed at the end, or kept and named.
fn in_a_folder(
    plan: &cli::Clinic,
    run: impl FnOnce(&Path) -> Result<(), DemoError>,
) -> Result<(), DemoError> {
    let folder = tempfile::Builder::new().prefix("chartkeep-demo-").tempdir()?;
    let done = run(folder.path());
    if plan.keep {
        say(&format!("The clinic's folder is kept: {}", folder.keep().display()));
    }
    done
}

async fn headless(plan: &cli::Headless, folder: &Path) -> Result<(), DemoError> {
    processes::become_subreaper()?;
    let pictures = PathBuf::from(FOLDER);
    if pictures.exists() {
        fs::remove_dir_all(&pictures)?;
    }
    fs::create_dir_all(&pictures)?;
    let mut job = MainJob::prepare(plan, folder, today()).await?;
    let done = job.run().await;
    job.report.write(&pictures)?;
    done?;
    let missing = job.report.missing();
    say(&format!("Report and pictures: {}", pictures.display()));
    if missing.is_empty() { Ok(()) } else { Err(DemoError::NotSeen(missing.join(", "))) }
}

#[expect(clippy::print_stdout, reason = "this is what was asked for")]
fn print_code(person: &str) -> Result<(), DemoError> {
    let folder = PathBuf::from(FOLDER);
    let mut phones = Phones::load(&folder)?;
    let next = phones.next_code(person, timestamp())?;
    phones.save(&folder)?;
    if next.wait_s > 0 {
        println!("{}  (good in {} s)", next.code, next.wait_s);
    } else {
        println!("{}", next.code);
    }
    Ok(())
}

fn today() -> jiff::civil::Date {
    timestamp().to_zoned(jiff::tz::TimeZone::system()).date()
}

#[expect(clippy::print_stderr, reason = "this is a program for a terminal")]
fn fail(error: &DemoError) -> ExitCode {
    let sentence = error.to_string();
    eprintln!("The demo stopped: {}.", sentence.trim_end_matches('.'));
    ExitCode::FAILURE
}

/// Why the demo stopped.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A program that the demo needs is not installed.
    #[error("{0} is not installed; `cargo xtask demo` installs it")]
    Missing(String),
    /// A step did not succeed.
    #[error("could not {0}")]
    Step(String),
    /// Something that should be on the screen did not appear.
    #[error("not seen on the screen: {0}")]
    NotSeen(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The window could not be driven.
    #[error("the window could not be driven: {0}")]
    Driver(#[from] thirtyfour::error::WebDriverError),
}

impl DemoError {
    pub(crate) fn missing(program: &str) -> DemoError {
        DemoError::Missing(program.to_owned())
    }

    pub(crate) fn step(what: &str) -> DemoError {
        DemoError::Step(what.to_owned())
    }

    pub(crate) fn not_seen(what: &str) -> DemoError {
        DemoError::NotSeen(what.to_owned())
    }
}
