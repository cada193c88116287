//! The command line: what an operator types, and how it teaches itself.

mod alert;
mod audit;
mod authority;
mod backup;
mod chart;
mod courier;
mod database;
mod device;
mod keys;
mod patient;
mod person;
mod policy;
mod program;
mod retention;
mod two_people;

use self::keys::KeysCommand;
use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::practice::Practice;
use crate::serving::{Addresses, start};
use crate::{importing, indexing, people, recovering, reporting};
use alert::AlertCommand;
use audit::AuditCommand;
use backup::BackupCommand;
use chart::ChartCommand;
use clap::{Args, Parser, Subcommand};
use courier::CourierCommand;
use database::{DatabaseCommand, Named};
use device::DeviceCommand;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use patient::PatientCommand;
use person::PersonCommand;
use policy::PolicyCommand;
use program::ProgramCommand;
use records::id::{PatientId, PersonId};
use retention::RetentionCommand;
use serde::Serialize;
use serde_json::json;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use two_people::ApprovalCommand;

const EXAMPLES: &str = "\
A new practice, from nothing to the first workstation:

  chartkeep-server init --data ./practice --practice \"Elm Street Clinic\" --host localhost
  chartkeep-server person add --data ./practice --username nora --name \"Nora Quinn\" --role nurse
  chartkeep-server device token --data ./practice --label \"Exam room 1\"
  chartkeep-server serve --data ./practice --listen 127.0.0.1:8443 --enrol-listen 127.0.0.1:8444

Afterwards take the folder offline-root away from the machine; README.txt in it says how.
Results are JSON on standard output, errors and the log are on standard error. Exit status: 0 done,
1 a finding or a fault of the program, 2 something you can put right; the message says what.";

/// The central server of a Chartkeep practice.
#[derive(Debug, Parser)]
#[command(name = "chartkeep-server", version, after_long_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new practice: keys, certificates and an empty store.
    Init {
        #[command(flatten)]
        data: Data,
        /// The name of the practice, as staff see it.
        #[arg(long, value_name = "NAME")]
        practice: String,
        /// The DNS name or IP address under which workstations reach this server.
        #[arg(long, value_name = "NAME")]
        host: String,
        #[command(flatten)]
        database: Named,
    },
    /// Answer workstations until stopped.
    Serve {
        #[command(flatten)]
        data: Data,
        /// The main listener: every workstation shows its certificate. Port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
        listen: SocketAddr,
        /// The listener for workstations that enrol.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8444")]
        enrol_listen: SocketAddr,
        /// Also answer /healthz and /metrics (for Prometheus) here, without TLS: an address of this machine alone.
        #[arg(long, value_name = "ADDRESS:PORT")]
        metrics_listen: Option<SocketAddr>,
    },
    /// Add people, change their roles, or end their access.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Programs by others that read over FHIR without a person.
    #[command(subcommand)]
    Program(ProgramCommand),
    /// Enrolment tokens and workstations.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// What holds for every workstation of the practice.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Legal holds, and erasing a patient.
    #[command(subcommand)]
    Patient(PatientCommand),
    /// Which charts workstations keep.
    #[command(subcommand)]
    Chart(ChartCommand),
    /// The keys that seal records: how they stand, and rotating them.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// How long is kept what, and what is past that.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// Note who cares for whom.
    #[command(subcommand)]
    Relation(RelationCommand),
    /// Take in records: FHIR R4 bundles, NDJSON, or folders of them.
    Import {
        #[command(flatten)]
        data: Data,
        /// Files or folders.
        #[arg(required = true, value_name = "FILES")]
        files: Vec<PathBuf>,
    },
    /// Make what records are found by anew: after a new search key, or a release that finds by more.
    Reindex {
        #[command(flatten)]
        data: Data,
    },
    /// Say what the store holds: records by type, changes applied, conflicts that wait for a person.
    Status {
        #[command(flatten)]
        data: Data,
    },
    /// What is brought by file for workstations that do not reach the server.
    #[command(subcommand)]
    Courier(CourierCommand),
    /// Check the audit logs, write them into files, purge what is past its time.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// What a person should look at, and who is told.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Sum up the audit trail of a day: what happened, alerts, workstations. The server makes each by itself; this prints one.
    Report {
        #[command(flatten)]
        data: Data,
        /// The day, such as 2026-11-27; yesterday, where none is named.
        #[arg(long, value_name = "DATE")]
        day: Option<Date>,
    },
    /// Copy the practice away, try a copy, put one back.
    #[command(subcommand)]
    Backup(BackupCommand),
    /// What one administrator must not do alone.
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// A PostgreSQL database that holds the practice in the place of a file.
    #[command(subcommand)]
    Database(DatabaseCommand),
}

#[derive(Debug, Args)]
struct Data {
    /// The data folder of the practice.
    #[arg(long = "data", value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum RelationCommand {
    /// A person cares for a patient.
    Add {
        #[command(flatten)]
        data: Data,
        /// The person.
        #[arg(long, value_name = "UUID")]
        person: PersonId,
        /// The patient's FHIR id.
        #[arg(long, value_name = "ID")]
        patient: PatientId,
        /// For how many days.
        #[arg(long, default_value_t = people::RELATION_DAYS)]
        days: u32,
    },
}

/// Runs what was typed.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    match dispatch(cli.command, &Clock::System) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let mut out = io::stderr().lock();
            // Whoever has closed standard error does not want to read it; the exit status stays.
            writeln!(out, "{failure}\n{}", failure.to_json()).ok();
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

fn dispatch(command: Command, clock: &Clock) -> Result<(), Failure> {
    let open = |data: &Data| Practice::open(&DataDir::at(&data.dir), clock.clone());
    match command {
        Command::Init { data, practice, host, database } => {
            let (dir, database) = (DataDir::at(&data.dir), database.database()?);
            let made = Practice::make_in(&dir, database.as_ref(), &practice, &host, clock.clone())?;
            print(&json!({ "practice_id": made.row.id, "practice": made.row.name, "host": made.row.host }))
        }
        Command::Serve { data, listen, enrol_listen, metrics_listen } => {
            let practice = open(&data)?;
            recovering::check(&practice)?;
            serve(practice, Addresses { main: listen, enrolment: enrol_listen }, metrics_listen)
        }
        Command::Person(command) => person::run(command, &open),
        Command::Device(command) => device::run(command, &open),
        Command::Program(command) => program::run(command, &open),
        Command::Patient(command) => patient::run(command, &open),
        Command::Chart(command) => chart::run(command, &open),
        Command::Keys(command) => keys::run(command, &open),
        Command::Retention(command) => retention::run(command, &open),
        Command::Policy(command) => policy::run(command, &open),
        Command::Relation(RelationCommand::Add { data, person, patient, days }) => {
            people::add_relation(&open(&data)?, person, patient, days)?;
            print(&json!({ "person_id": person, "days": days }))
        }
        Command::Alert(command) => alert::run(command, &open),
        Command::Report { data, day } => print(&reporting::daily(&open(&data)?, day)?),
        Command::Courier(command) => courier::run(command, &open),
        Command::Backup(command) => backup::run(command, clock, &open),
        Command::Approval(command) => two_people::run(command, &open),
        Command::Database(command) => database::run(command, clock, &open),
        Command::Import { data, files } => import(&open(&data)?, &files),
        Command::Reindex { data } => print(&json!({ "records": indexing::rebuild(&open(&data)?)? })),
        Command::Status { data } => status(&open(&data)?),
        Command::Audit(command) => audit::run(command, clock, &open),
    }
}

fn serve(practice: Practice, addresses: Addresses, metrics: Option<SocketAddr>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::disk("The server cannot start its threads.", &error))?;
    runtime.block_on(async {
        let mut running = start(practice, addresses)?;
        let metrics = metrics.map(|address| running.observe(address)).transpose()?;
        // Whoever reads that it is ready may tell it to stop at once.
        let stop = told_to_stop();
        let stop =
            stop.map_err(|error| Failure::disk("The server cannot hear the signal to stop.", &error))?;
        print(&json!({
            "listening": running.listening.to_string(),
            "enrolment": running.enrolment.to_string(),
            "metrics": metrics.map(|address| address.to_string()),
        }))?;
        running.until(stop).await
    })
}

/// Listens from now on for the operator or the system to say stop, and ends when one of them does.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// Ends when the operator says stop.
#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
}

fn status(practice: &Practice) -> Result<(), Failure> {
    let (records, applied, conflicts) = crate::store::read(practice.store.as_ref(), |tx| {
        Ok::<_, Failure>((tx.count_by_kind()?, tx.applied_changes()?, tx.open_conflicts()?))
    })?;
    let records: serde_json::Map<_, _> =
        records.into_iter().map(|(kind, count)| (kind, json!(count))).collect();
    print(&json!({ "records": records, "changes_applied": applied, "open_conflicts": conflicts }))
}

fn import(practice: &Practice, files: &[PathBuf]) -> Result<(), Failure> {
    let bar = bar("importing {bar:40} {pos}/{len} files, {eta} left");
    let report = importing::import(practice, files, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    print(&report)
}

fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn print(value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string(value).map_err(|_| Failure::internal("The result cannot be written."))?;
    print_text(&format!("{text}\n"))
}

fn print_text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::disk("The result cannot be written to standard output.", &error))
}
