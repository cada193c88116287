//! Backups: a copy of the store and the keys that open it in two files, checked as they are made, tried, and put back.
//!
//! The records file is the store itself as it stood at one moment, sealed with its own key. The keys file holds the server's keys,
//! sealed to the practice's recovery key, which is not on this machine. Whoever has only one of them has nothing. A store that
//! is put back has lost what came after it was copied; it does not serve before that was declared ([`crate::recovering`]).

mod sealed;

use crate::data_dir::{DataDir, write_private};
use crate::database::Database;
use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::store::{self, StoreError, Transaction};
use crate::trail::ServerTrail;
use crate::verifying;
use jiff::{SignedDuration, Timestamp};
use records::AuditEvent;
use records::event::Alert;
use records::rights::Trail as _;
use sealed::Contents;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

pub use sealed::{KeysFile, RecoveryKey};

const TAKEN: &str = "backup-taken-at";
const CHECKED: &str = "backup-checked-at";
/// A backup that is older is an alert (HHS, proposed 45 CFR 164.312(i)).
pub(crate) const LONGEST_AGE: SignedDuration = SignedDuration::from_hours(48);

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// The moment it is of.
    pub taken_at: Timestamp,
    /// The copy of the store; none where the store is a database of its own.
    pub records: Option<PathBuf>,
    /// The sealed keys.
    pub keys: PathBuf,
    /// How long the records file is, in bytes.
    pub bytes: u64,
    /// Whether it lies on the disk that it is to outlive.
    pub on_same_disk: bool,
}

/// How the backups of a practice stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// The moment the last one is of.
    pub taken_at: Option<Timestamp>,
    /// When one was last put back for a trial.
    pub checked_at: Option<Timestamp>,
}

/// What a trial found.
#[derive(Debug)]
pub struct Tried {
    /// Records by type.
    pub records: BTreeMap<String, u64>,
    /// Whether every audit log in it is sound.
    pub logs_are_sound: bool,
}

/// Makes a backup: the records into one folder, the keys into another. `progress` is told pages done and pages in all.
///
/// # Errors
/// When a file of this second is there already, a page of the store is damaged, or the disk refuses. Then nothing counts as made.
pub fn make(
    practice: &Practice,
    dir: &DataDir,
    (to, keys_to): (&Path, &Path),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Made, Failure> {
    let taken_at = practice.clock.now();
    let name = |what: &str| format!("{what}-{}.ckbackup", taken_at.strftime("%Y%m%dT%H%M%SZ"));
    let (records, keys) = (to.join(name("records")), keys_to.join(name("keys")));
    let in_file = Database::of(dir)?.is_none();
    if in_file {
        practice.store.copy_to(&records, progress)?;
    }
    let (sha256, bytes) = if in_file { digest(&records)? } else { ([0; 32], 0) };
    let contents = Contents { sha256, bytes, files: key_files(dir)? };
    let sealed = KeysFile::seal(practice, taken_at, &contents)?;
    write_private(&keys, &sealed).map_err(|error| cannot_write(&error))?;
    if in_file {
        note(practice, taken_at)?;
    }
    let on_same_disk = in_file && is_same_disk(&records, dir.path());
    Ok(Made { taken_at, records: in_file.then_some(records), keys, bytes, on_same_disk })
}

/// Notes that there is a backup of this moment, also where others have made it.
///
/// # Errors
/// When that is in the future or before the last one, or the store fails.
pub fn note(practice: &Practice, taken_at: Timestamp) -> Result<(), Failure> {
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| {
        if taken_at > now || age(tx)?.taken_at.is_some_and(|last| taken_at < last) {
            let advice = "Give the moment at which the copy was begun, such as 2026-11-27T22:00:00Z.";
            return Err(Failure::new(Kind::Usage, "This is no moment for a new backup.", advice));
        }
        tx.set_server_setting(TAKEN, &taken_at.to_string())?;
        let mut trail = ServerTrail::new(practice, tx, now);
        let event = AuditEvent::security_alert(trail.stamp(), trail.node(), Alert::BackedUp);
        trail.append(&event)?;
        Ok(())
    })
}

/// How the backups stand.
pub(crate) fn age(tx: &dyn Transaction) -> Result<Age, StoreError> {
    let at = |name| -> Result<Option<Timestamp>, StoreError> {
        let kept = tx.server_setting(name)?;
        kept.map(|text| text.parse().map_err(|_| StoreError::Unreadable("the time of a backup"))).transpose()
    };
    Ok(Age { taken_at: at(TAKEN)?, checked_at: at(CHECKED)? })
}

/// Puts a records file back for a trial, in a folder of its own, with the keys of the practice that serves: opens it, counts its
/// records and checks every audit log from its bytes up. The folder is left as it was.
///
/// # Errors
/// When it does not open with the practice's keys, or the disk refuses.
pub fn try_out(practice: &Practice, dir: &DataDir, records: &Path, scratch: &Path) -> Result<Tried, Failure> {
    let copy = scratch.join(format!("trial-{}.db", std::process::id()));
    let outcome = copy_new(records, &copy).and_then(|()| {
        let trial = Practice::open_copy(dir, &copy, practice.clock.clone())?;
        let found = look_at(&trial)?;
        if trial.row.id != practice.row.id {
            return Err(not_of_this());
        }
        Ok(found)
    });
    for suffix in ["", "-wal", "-shm"] {
        let file = copy.with_file_name(format!("trial-{}.db{suffix}", std::process::id()));
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::disk("The copy made for the trial cannot be removed.", &error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    let found = outcome?;
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| tx.set_server_setting(CHECKED, &now.to_string()))?;
    Ok(found)
}

/// Puts a practice back into an empty folder. Returns it opened, with the moment that it is of.
///
/// # Errors
/// When the files do not belong to each other, the recovery key does not open the keys, the folder holds a practice, or the
/// disk refuses.
pub fn restore(
    (records, keys): (Option<&Path>, &Path),
    recovery: &RecoveryKey,
    into: &DataDir,
    practice_clock: crate::clock::Clock,
) -> Result<(Practice, Timestamp), Failure> {
    let file = KeysFile::read(keys)?;
    let contents = file.open(recovery)?;
    let is_file = contents.bytes > 0;
    match (records, is_file) {
        (Some(records), true) if digest(records)? != (contents.sha256, contents.bytes) => {
            return Err(not_of_this());
        }
        (None, true) => {
            let advice = "Name it with --records; it was made in the same second as the keys file.";
            return Err(Failure::new(Kind::Usage, "The records file is missing.", advice));
        }
        (Some(_), true) | (_, false) => {}
    }
    into.make_for_restore()?;
    for (name, bytes) in &contents.files {
        let path = place_of(into, name);
        write_private(&path, bytes.expose()).map_err(|error| cannot_write(&error))?;
    }
    if let (Some(records), true) = (records, is_file) {
        copy_new(records, &into.store())?;
    }
    let practice = Practice::open(into, practice_clock)?;
    if practice.row.id != file.practice() {
        return Err(not_of_this());
    }
    Ok((practice, file.taken_at()))
}

/// What is in a store that was put back: enough to say that all of it can be read.
///
/// # Errors
/// When the store fails.
pub fn look_at(practice: &Practice) -> Result<Tried, Failure> {
    let records = store::read(practice.store.as_ref(), |tx| tx.count_by_kind())?;
    let logs_are_sound = verifying::verify(practice)?.ok;
    Ok(Tried { records: records.into_iter().collect(), logs_are_sound })
}

/// Where a file of the keys lies: the settings that say where the rest is are beside the folder, not in it.
fn place_of(dir: &DataDir, name: &str) -> PathBuf {
    let beside = [dir.database(), dir.custody()];
    let found = beside.into_iter().find(|path| path.file_name().is_some_and(|own| own == name));
    found.unwrap_or_else(|| dir.key(name))
}

/// Every key file of a practice, by its name.
fn key_files(dir: &DataDir) -> Result<BTreeMap<String, keys::SecretBytes>, Failure> {
    let cannot = |error: io::Error| Failure::disk("The keys cannot be read.", &error);
    let mut files = BTreeMap::new();
    let mut paths = vec![dir.database(), dir.custody()];
    for entry in fs::read_dir(dir.path().join("keys")).map_err(cannot)? {
        paths.push(entry.map_err(cannot)?.path());
    }
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, keys::SecretBytes::new(fs::read(&path).map_err(cannot)?));
    }
    Ok(files)
}

fn digest(path: &Path) -> Result<([u8; 32], u64), Failure> {
    let cannot = |error: io::Error| Failure::disk("The records file cannot be read.", &error);
    let mut file = File::open(path).map_err(cannot)?;
    let (mut hash, mut length, mut part) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut part).map_err(cannot)?;
        let Some(read) = part.get(..read).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        length += read.len() as u64;
    }
    Ok((hash.finalize().into(), length))
}

/// Copies a file to where there is none, durably.
fn copy_new(from: &Path, to: &Path) -> Result<(), Failure> {
    let copied = File::open(from).and_then(|mut from| {
        let mut file = crate::data_dir::create_private(to)?;
        io::copy(&mut from, &mut file)?;
        file.sync_all()
    });
    copied.map_err(|error| Failure::disk("The records file cannot be copied.", &error))
}

#[cfg(unix)]
fn is_same_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let disk = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    disk(one).is_some() && disk(one) == disk(other)
}

#[cfg(not(unix))]
fn is_same_disk(one: &Path, other: &Path) -> bool {
    let disk = |path: &Path| {
        fs::canonicalize(path)
            .ok()
            .and_then(|path| path.components().next().map(|part| part.as_os_str().to_owned()))
    };
    disk(one).is_some() && disk(one) == disk(other)
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::disk("The backup cannot be written.", error)
}

fn not_of_this() -> Failure {
    let advice =
        "Take records and keys of the same second and the same practice. Nothing that serves was changed.";
    Failure::new(Kind::NotVerified, "These files do not belong to each other.", advice)
}

/// Whether the practice wants a backup: it has been there for that long, and the last one is too old.
pub(crate) fn is_too_old(age: &Age, made_at: Timestamp, now: Timestamp) -> bool {
    age.taken_at.unwrap_or(made_at).duration_until(now) > LONGEST_AGE
}

impl std::fmt::Display for Age {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.taken_at {
            Some(at) => write!(f, "the last is of {at}"),
            None => f.write_str("there never was one"),
        }
    }
}
