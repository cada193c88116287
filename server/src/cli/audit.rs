//! The commands for audit logs.

use super::two_people::By;
use super::{Data, print, two_people};
use crate::clock::Clock;
use crate::data_dir::{DataDir, create_private};
use crate::database::Database;
use crate::error::{Failure, Kind};
use crate::exporting::{self, Which};
use crate::practice::Practice;
use crate::store::Act;
use crate::{purging, verifying};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use records::id::{DeviceId, LogId};
use serde_json::json;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

const EXPORT: &str = "\
The file is sealed with a key that is printed once, and signed. Give the file and the key to whoever checks it
by two different ways: it says who looked at whose record. They check it with no network:

  chartkeepctl verify elm.ckaudit --key-file elm.key --root root.crt";

const START_KEYS: &str = "\
With them the marks of entries that the workstation has not delivered yet are checked, too. Whoever has them and the
workstation's account can forge these entries: give them to who checks, by another way than the file, and only then.

  chartkeepctl verify elm.ckaudit --key-file elm.key --root root.crt --start-keys elm.starts";

const PURGE: &str = "\
What an entry said goes where it arrived before the period of retention (`retention show`, at least six years); its hash stays, so
logs, checkpoints and exports verify as before and name the purge. What is about a patient stays with the record, and under a
legal hold. A second administrator agrees, then it is carried out:

  chartkeep-server audit purge --data ./practice --by ivo
  chartkeep-server approval approve --data ./practice 7 --by mara
  chartkeep-server audit carry-out --data ./practice 7

Backups from before it hold these entries until they are destroyed.";

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check every log from its bytes up; exit status 1 where one is not sound.
    Verify {
        #[command(flatten)]
        data: Data,
    },
    /// Write the keys that check the marks of a workstation's log into a new file, for `chartkeepctl verify`.
    #[command(after_long_help = START_KEYS)]
    StartKeys {
        #[command(flatten)]
        data: Data,
        /// The workstation.
        #[arg(long, value_name = "UUID")]
        device: DeviceId,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Write a log into a new file, for somebody who checks it elsewhere: the server's own, unless another is named.
    #[command(after_long_help = EXPORT)]
    Export {
        #[command(flatten)]
        data: Data,
        /// The present log of this workstation.
        #[arg(long, value_name = "UUID", conflicts_with = "log")]
        device: Option<DeviceId>,
        /// This log.
        #[arg(long, value_name = "UUID")]
        log: Option<LogId>,
        /// The new file.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Ask to purge audit events whose period of retention is over. A second administrator has to agree.
    #[command(after_long_help = PURGE)]
    Purge {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        by: By,
    },
    /// Carry out a purge that two administrators have agreed to. Writing waits meanwhile.
    CarryOut {
        #[command(flatten)]
        data: Data,
        /// Its number, as `approval approve` printed it.
        approval: u64,
        /// The same database, as its owner: postgresql://OWNER@HOST:PORT/DATABASE. Wanted where the practice is in one.
        #[arg(long = "owner", value_name = "URL")]
        url: Option<String>,
        /// The file with the owner's password.
        #[arg(long = "owner-password-file", value_name = "FILE", requires = "url")]
        password: Option<PathBuf>,
    },
}

pub(super) fn run(
    command: AuditCommand,
    clock: &Clock,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify { data } => verify(&open(&data)?),
        AuditCommand::StartKeys { data, device, to } => start_keys(&open(&data)?, device, &to),
        AuditCommand::Export { data, device, log, to } => {
            let which = match (device, log) {
                (Some(device), _) => Which::Device(device),
                (None, Some(log)) => Which::Log(log),
                (None, None) => Which::Own,
            };
            export(&open(&data)?, which, &to)
        }
        AuditCommand::Purge { data, by } => {
            let practice = open(&data)?;
            let before = purging::past(&practice)?;
            two_people::ask_for(&practice, Act::AuditPurge(before), by)
        }
        AuditCommand::CarryOut { data, approval, url, password } => {
            let dir = DataDir::at(&data.dir);
            let practice = match (Database::of(&dir)?, url) {
                (Some(database), Some(url)) => {
                    Practice::open_as_owner(&dir, &database.as_role(url, password), clock.clone())?
                }
                (Some(_), None) => return Err(no_owner()),
                (None, _) => open(&data)?,
            };
            print(&purging::carry_out(&practice, approval)?)
        }
    }
}

fn no_owner() -> Failure {
    let advice = "Name them with --owner: the role that serves cannot take anything out of the audit log.";
    Failure::new(Kind::Usage, "In a database a purge is carried out by the owner of its tables.", advice)
}

fn verify(practice: &Practice) -> Result<(), Failure> {
    let verified = verifying::verify(practice)?;
    print(&verified)?;
    let advice = "Keep the folder as it is and tell the privacy officer.";
    if verified.ok {
        Ok(())
    } else {
        Err(Failure::new(Kind::LogBroken, "An audit log is not sound.", advice))
    }
}

fn start_keys(practice: &Practice, device: DeviceId, to: &Path) -> Result<(), Failure> {
    let disk = |error| Failure::disk("The keys cannot be written.", &error);
    let mut file = create_private(to).map_err(disk)?;
    let keys = exporting::start_keys(practice, device)?;
    // EXPOSE: into a file that only the server's user reads, for a person who carries it on.
    file.write_all(keys.expose()).and_then(|()| file.sync_all()).map_err(disk)?;
    let count = keys.expose().iter().filter(|byte| **byte == b'\n').count();
    print(&json!({ "device": device.to_string(), "start_keys": count }))
}

fn export(practice: &Practice, which: Which, to: &Path) -> Result<(), Failure> {
    let disk = |error| Failure::disk("The export cannot be written.", &error);
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("writing {bar:40} {pos}/{len} entries, {eta} left") {
        bar.set_style(style);
    }
    let mut file = BufWriter::new(create_private(to).map_err(disk)?);
    let exported = exporting::export(practice, which, &mut file, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(disk)?;
    bar.finish_and_clear();
    // Printed once, for the person who carries it another way than the file.
    print(
        &json!({ "log": exported.log, "entries": exported.entries, "key": exported.key.to_text().expose() }),
    )
}
