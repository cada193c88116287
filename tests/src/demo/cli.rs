//! What can be said to the demo driver; `cargo xtask demo` says it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A clinic from nothing, on this machine, with made-up patients.
#[derive(Debug, Parser)]
#[command(name = "chartkeep-demo", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) job: Job,
}

/// What the driver does.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    /// Start the clinic and open the app for a person
    Run(Clinic),
    /// Start the clinic and do the whole main job in a real window on a virtual display
    Headless(Headless),
    /// Print a demo person's next unused one-time code
    Code {
        /// User name, for example `rosa`
        person: String,
    },
    /// Join this workstation to the clinic and hand out passphrases and phones; the demo calls it on its own desktop
    #[command(hide = true)]
    Join(Join),
}

/// How the main job is to run by itself.
#[derive(Debug, Clone, Args)]
pub(crate) struct Headless {
    /// The clinic it runs in
    #[command(flatten)]
    pub(crate) clinic: Clinic,
    /// Disturb the network at so many random moments while the nurse writes, and account for everything afterwards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) cuts: Option<u32>,
    /// The number that decides which faults come when; printed by every run, a new one by default
    #[arg(long, value_name = "N", requires = "cuts")]
    pub(crate) seed: Option<u64>,
}

/// How the clinic is to be.
#[derive(Debug, Clone, Args)]
pub(crate) struct Clinic {
    /// The server's program
    #[arg(long, value_name = "FILE")]
    pub(crate) server: PathBuf,
    /// The app's program
    #[arg(long, value_name = "FILE")]
    pub(crate) app: PathBuf,
    /// Keep the clinic's folder at the end and print where it is
    #[arg(long)]
    pub(crate) keep: bool,
    /// Port of the server on loopback; a free one by default
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Seconds without a key or a click until the app locks itself
    #[arg(long)]
    pub(crate) idle: Option<u64>,
    /// Number of patients to make
    #[arg(long, default_value_t = 500)]
    pub(crate) patients: u32,
    /// Size of the virtual display of a headless run, in pixels
    #[arg(long, default_value = "1280x800", value_parser = display_size)]
    pub(crate) display: (u32, u32),
    /// Keep the practice's records in a PostgreSQL of this run's own, not in a file
    #[arg(long)]
    pub(crate) postgres: bool,
    /// A folder of FHIR R4 bundles to use instead
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

fn display_size(text: &str) -> Result<(u32, u32), String> {
    let size =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    size.ok_or_else(|| format!("{text} is not a size such as 1920x1080"))
}

/// What the workstation needs to join.
#[derive(Debug, Clone, Args)]
pub(crate) struct Join {
    /// The workstation's data folder
    #[arg(long)]
    pub(crate) data_dir: PathBuf,
    /// Name under which its keys are kept
    #[arg(long)]
    pub(crate) keyring_service: String,
    /// Address of the enrolment listener
    #[arg(long)]
    pub(crate) address: String,
    /// File with the one-time token and each person's activation code, read once
    #[arg(long)]
    pub(crate) invitations: PathBuf,
    /// Folder of the demo's phones
    #[arg(long)]
    pub(crate) folder: PathBuf,
}
