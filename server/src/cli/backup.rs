//! Commands about backups.

use super::two_people::By;
use super::{Data, print};
use crate::backing::{self, RecoveryKey, Tried};
use crate::clock::Clock;
use crate::data_dir::DataDir;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::{erasing, recovering, store};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const MAKE: &str = "\
Two files of the same second: records-….ckbackup is the store under its own key, keys-….ckbackup the server's keys sealed
to the practice's recovery key. Whoever has only one of them has nothing; keep them apart, and off this machine. Every
page of the copy is read back before it counts. An hourly timer is a good rule: what came after the last backup is what a
lost server loses. Older than 48 hours is an alert.

  chartkeep-server backup make --data /var/lib/chartkeep --to /mnt/a/records --keys-to /mnt/b/keys

Where PostgreSQL holds the practice only the keys file is written: back the database up by its own means, then say
`backup note --taken-at TIME`.";

const RESTORE: &str = "\
Give every certificate of an erasure that is newer than the backup with --erased, so that nobody comes back who was erased.
Revocations, people who left and new passphrases since then are not in it either: see the list of alerts and the paper.

  chartkeep-server backup restore --data /var/lib/chartkeep --records records-….ckbackup --keys keys-….ckbackup \\
                                  --recovery-key offline-root/recovery.key";

const DECLARE: &str = "\
Numbers of versions and orders go on far above any that were ever given, so that nothing new is taken for something old. Each
workstation keeps what it sent until a backup holds it, hears of this at its next contact, and sends it again. An edit of a version
that was lost waits until the change that had made it has come; where nobody can bring that any more, a person decides.";

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Make a backup, while the server goes on.
    #[command(after_long_help = MAKE)]
    Make {
        #[command(flatten)]
        data: Data,
        /// The folder for the records.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// The folder for the sealed keys, another one.
        #[arg(long, value_name = "FOLDER")]
        keys_to: PathBuf,
    },
    /// Say that a backup was made by other means.
    Note {
        #[command(flatten)]
        data: Data,
        /// The moment it is of, such as 2026-11-27T22:00:00Z.
        #[arg(long, value_name = "TIME")]
        taken_at: Timestamp,
    },
    /// Put a backup back for a trial: open it, count its records, check every audit log in it. Once a month.
    Check {
        #[command(flatten)]
        data: Data,
        /// The records file.
        #[arg(long, value_name = "FILE")]
        records: PathBuf,
        /// A folder with room for a copy of it; it is taken out again.
        #[arg(long, value_name = "FOLDER", default_value = "/tmp")]
        scratch: PathBuf,
    },
    /// Put a practice back into an empty folder.
    #[command(after_long_help = RESTORE)]
    Restore {
        #[command(flatten)]
        data: Data,
        /// The records file; none where PostgreSQL holds the practice.
        #[arg(long, value_name = "FILE")]
        records: Option<PathBuf>,
        /// The keys file of the same second.
        #[arg(long, value_name = "FILE")]
        keys: PathBuf,
        /// The file recovery.key of the offline root.
        #[arg(long, value_name = "FILE")]
        recovery_key: PathBuf,
        /// Certificates of erasures since the backup.
        #[arg(long, value_name = "FILES", num_args = 0..)]
        erased: Vec<PathBuf>,
        /// The server was moved, and nothing came after the backup: it serves at once.
        #[arg(long)]
        nothing_was_lost: bool,
    },
    /// Declare that the server goes on from a backup: it serves from then on, and every workstation sends again what it kept.
    #[command(after_long_help = DECLARE)]
    Declare {
        #[command(flatten)]
        data: Data,
        /// The moment that a database of its own was put back to; a store in a file knows it.
        #[arg(long, value_name = "TIME")]
        taken_at: Option<Timestamp>,
        #[command(flatten)]
        by: By,
    },
    /// Say how old the last backup is, and when one was last tried.
    Status {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(
    command: BackupCommand,
    clock: &Clock,
    open: &dyn Fn(&Data) -> Result<Practice, Failure>,
) -> Result<(), Failure> {
    match command {
        BackupCommand::Make { data, to, keys_to } => make(&data, &open(&data)?, (&to, &keys_to)),
        BackupCommand::Note { data, taken_at } => {
            backing::note(&open(&data)?, taken_at)?;
            print(&json!({ "taken_at": taken_at }))
        }
        BackupCommand::Check { data, records, scratch } => {
            let (practice, began) = (open(&data)?, clock.now());
            let tried = backing::try_out(&practice, &DataDir::at(&data.dir), &records, &scratch)?;
            say_tried(&tried, json!({ "took_ms": took_ms(began, clock) }))
        }
        BackupCommand::Restore { data, records, keys, recovery_key, erased, nothing_was_lost } => {
            let (recovery, began) = (RecoveryKey::read(&recovery_key)?, clock.now());
            let dir = DataDir::at(&data.dir);
            let (practice, taken_at) =
                backing::restore((records.as_deref(), &keys), &recovery, &dir, clock.clone())?;
            for path in &erased {
                super::patient::erase_again(&practice, path)?;
            }
            if !nothing_was_lost {
                recovering::note_restored(&practice, taken_at)?;
            }
            let tried = backing::look_at(&practice)?;
            let erasures = erasing::erasures(&practice)?.len();
            say_tried(
                &tried,
                json!({
                    "taken_at": taken_at,
                    "erasures": erasures,
                    "took_ms": took_ms(began, clock),
                }),
            )
        }
        BackupCommand::Declare { data, taken_at, by } => {
            let epoch = recovering::declare(&open(&data)?, taken_at, &by.proof()?)?;
            print(&json!({ "epoch": epoch.number, "restored_to": epoch.restored_to }))
        }
        BackupCommand::Status { data } => {
            let practice = open(&data)?;
            let age = store::read(practice.store.as_ref(), backing::age)?;
            print(&json!({ "taken_at": age.taken_at, "checked_at": age.checked_at }))
        }
    }
}

fn make(data: &Data, practice: &Practice, (to, keys_to): (&Path, &Path)) -> Result<(), Failure> {
    if fs::canonicalize(to).ok() == fs::canonicalize(keys_to).ok() {
        let advice = "Give two folders: whoever finds both files together needs only the recovery key.";
        return Err(Failure::new(Kind::Usage, "Records and keys are to be kept apart.", advice));
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("copying {bar:40} {percent} %, {eta} left") {
        bar.set_style(style);
    }
    let made = backing::make(practice, &DataDir::at(&data.dir), (to, keys_to), &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let next = match (&made.records, made.on_same_disk) {
        (None, _) => Some("back up the database by its own means, then `backup note --taken-at TIME`"),
        (Some(_), true) => Some("this is the disk that the backup is to outlive: take it elsewhere"),
        (Some(_), false) => None,
    };
    print(&json!({
        "taken_at": made.taken_at,
        "records": made.records,
        "keys": made.keys,
        "bytes": made.bytes,
        "next": next,
    }))
}

fn say_tried(tried: &Tried, more: Value) -> Result<(), Failure> {
    let mut said = json!({ "records": tried.records, "logs_are_sound": tried.logs_are_sound });
    if let (Value::Object(said), Value::Object(more)) = (&mut said, more) {
        said.extend(more);
    }
    print(&said)?;
    if tried.logs_are_sound {
        return Ok(());
    }
    let advice = "Take an older backup, and look with `audit verify` for the first bad entry.";
    Err(Failure::new(Kind::LogBroken, "An audit log in this backup does not verify.", advice))
}

fn took_ms(began: Timestamp, clock: &Clock) -> i64 {
    began.duration_until(clock.now()).as_millis().try_into().unwrap_or(i64::MAX)
}
