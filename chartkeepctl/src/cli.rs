//! The command line: what an operator types, and how it teaches itself.

use crate::audit;
use crate::courier;
use crate::drill;
use crate::failure::Failure;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
A workstation that never reaches the server, and a USB stick:

  chartkeepctl courier collect --data-dir ~/.local/share/chartkeep --to /media/usb/north.ckcourier
  chartkeepctl courier deliver /media/usb/north.ckcourier --data-dir DIR --answers /media/usb/north.answers
  chartkeepctl courier return /media/usb/north.answers --data-dir ~/.local/share/chartkeep

The second line runs at any workstation that reaches the server; at the server itself it is
`chartkeep-server courier import`. What is carried is sealed: nobody reads it on the way.

An audit log, to be checked by somebody else with no network:

  chartkeepctl audit export --data-dir ~/.local/share/chartkeep --to north.ckaudit
  chartkeepctl verify north.ckaudit --key-file north.key --root root.crt

The first line prints the key that opens the file, once: it goes another way than the file, which holds what the
practice's people looked at. The server writes such a file with `chartkeep-server audit export`.

A rehearsal of a lost keyring and a dead disk, with made-up patients in a temporary folder:

  chartkeepctl drill --server ./chartkeep-server

Close Chartkeep before a command that names its data folder: only one program opens it at a time.
Results are JSON on standard output, errors are on standard error. Exit status: 0 done, 1 a finding (something was
not taken in, a log is not sound, the drill does not hold), 2 something you can put right; the message says what.";

/// Looks after Chartkeep workstations: carries unsent work by file, and rehearses rescues.
#[derive(Debug, Parser)]
#[command(name = "chartkeepctl", version, after_long_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Carry unsent work to the server by file, and its answers back.
    #[command(subcommand)]
    Courier(CourierCommand),
    /// Write the audit log of a workstation into a file.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Check an exported audit log: every entry, every checkpoint, every receipt. Names the first bad entry.
    Verify {
        /// The file.
        file: PathBuf,
        /// A file with the key that was printed at the export; - reads it from standard input.
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// The practice's root: its certificate (root.crt of the folder offline-root, or of keys/ at the server), or the SHA-256 of
        /// that as 64 hexadecimal digits.
        #[arg(long, value_name = "FILE|SHA-256")]
        root: String,
        /// A file with the keys with which the marks of the log begin, from `chartkeep-server audit start-keys`: then entries that
        /// no server has confirmed are checked against them, too.
        #[arg(long, value_name = "FILE")]
        start_keys: Option<PathBuf>,
    },
    /// Rehearse a lost keyring and a dead disk in a temporary folder, against a real server on this computer.
    Drill {
        /// The program `chartkeep-server`; looked for beside this one and on the path unless it is named.
        #[arg(long, value_name = "PROGRAM")]
        server: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Write the log into a new file, sealed; prints the key that opens it.
    Export {
        #[command(flatten)]
        of: DataFolder,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum CourierCommand {
    /// Collect what a workstation holds for the server. Envelopes need nothing but the folder; audit events and attached
    /// files also need the keyring, and without it are left out and said to be.
    Collect {
        #[command(flatten)]
        of: DataFolder,
        /// A new file, or a folder for one file an item.
        #[arg(long, value_name = "FILE|DIR")]
        to: PathBuf,
        /// Do not ask the keyring: envelopes only.
        #[arg(long)]
        without_keyring: bool,
    },
    /// Bring what was collected to the server, with the certificate of the workstation in --data-dir. A folder of items,
    /// such as a mirror, will do as well. Twice is as once.
    Deliver {
        /// The file or folder.
        from: PathBuf,
        #[command(flatten)]
        of: DataFolder,
        /// A new file for the server's answers, to be carried back.
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
    },
    /// Take the server's answers in at the workstation they are for: what the server holds is marked as sent.
    Return {
        /// The file with the answers.
        from: PathBuf,
        #[command(flatten)]
        of: DataFolder,
    },
}

/// A workstation's data folder, and where its keys are.
#[derive(Debug, Args)]
pub(crate) struct DataFolder {
    /// The data folder of the workstation.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// The name under which its keys are kept in the keyring of this account.
    #[arg(long, value_name = "NAME", default_value = "org.chartkeep.workstation")]
    pub(crate) keyring_service: String,
}

/// Runs what was typed.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Courier(CourierCommand::Collect { of, to, without_keyring }) => {
            courier::collect(&of, &to, !without_keyring)
        }
        Command::Courier(CourierCommand::Deliver { from, of, answers }) => {
            courier::deliver(&from, &of, answers.as_deref())
        }
        Command::Courier(CourierCommand::Return { from, of }) => courier::take_back(&from, &of),
        Command::Audit(AuditCommand::Export { of, to }) => audit::export(&of, &to),
        Command::Verify { file, key_file, root, start_keys } => {
            audit::verify(&file, &key_file, &root, start_keys.as_deref())
        }
        Command::Drill { server } => drill::run(server),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whoever has closed standard error does not want to read it; the exit status stays.
            writeln!(io::stderr().lock(), "{failure}\n{}", failure.to_json()).ok();
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints a result.
pub(crate) fn print(value: &Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{value}").and_then(|()| out.flush());
    written.map_err(|error| Failure::disk("The result cannot be written to standard output.", &error))
}
