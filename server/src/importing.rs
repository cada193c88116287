//! Taking records in from files: bundles, NDJSON and folders of them, one unit of work a file.

use crate::error::{Failure, Kind};
use crate::practice::Practice;
use crate::recovering;
use crate::store::{self, NewVersion, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::Timestamp;
use keys::Random;
use records::change::Standing;
use records::id::SessionId;
use records::import::{Count, Imported, Problem};
use records::rights::{Permit, Rights, decide};
use records::view::PatientSummary;
use records::write::with_record_number;
use records::{Action, Actor, Document, Facts, Job, classify};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// The most problems that the report names one by one; all are counted.
const MOST_PROBLEMS: usize = 1_000;
/// A file larger than this is not read: split it.
const LARGEST_FILE: u64 = 1 << 30;
/// Files that are read ahead while another one is written.
const READ_AHEAD: usize = 2;

/// What came of an import.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Files read.
    pub files: u64,
    /// Resources taken in.
    pub taken: u64,
    /// Of these, new versions of records that were there already.
    pub updated: u64,
    /// Of these, the same as before.
    pub unchanged: u64,
    /// Resources left out.
    pub left_out: u64,
    /// By resource type.
    pub by_type: BTreeMap<String, Count>,
    /// File, resource and reason, for the first thousand.
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: u64,
}

/// Takes in files and whole folders; `progress` hears of every file that is done.
///
/// # Errors
/// When a path does not exist, the import is denied, or the store fails. What is in a file never is an error: it is in the
/// report.
pub fn import(
    practice: &Practice,
    paths: &[PathBuf],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Failure> {
    let files = files_of(paths)?;
    let total = files.len() as u64;
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(READ_AHEAD);
        scope.spawn(move || {
            for file in files {
                if sender.send(read(&file)).is_err() {
                    return;
                }
            }
        });
        for mut imported in receiver {
            leave_out_erased(practice, &mut imported)?;
            store_file(practice, &imported, &mut report)?;
            report.add(imported);
            progress(report.files, total);
        }
        Ok(report)
    })
}

impl Report {
    fn add(&mut self, imported: Imported) {
        self.files += 1;
        self.taken += imported.taken();
        self.left_out += imported.left_out();
        for (kind, count) in imported.counts {
            let sum = self.by_type.entry(kind).or_default();
            sum.taken += count.taken;
            sum.left_out += count.left_out;
        }
        for problem in imported.problems {
            if self.problems.len() < MOST_PROBLEMS {
                self.problems.push(problem);
            } else {
                self.more_problems += 1;
            }
        }
    }
}

/// The files named, and those in the folders named, in order of their names.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut files)
                .map_err(|error| Failure::disk("A folder of the import cannot be read.", &error))?;
        } else if path.is_file() {
            files.push(path.clone());
        } else {
            let sentence = format!("There is no file or folder {}.", path.display());
            return Err(Failure::new(Kind::Usage, sentence, "Check the path; nothing was taken in."));
        }
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut inside =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    inside.sort();
    for path in inside {
        let is_ours = path.extension().is_some_and(|e| e == "json" || e == "ndjson");
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_ours {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Imported {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_large = fs::metadata(path).is_ok_and(|data| data.len() > LARGEST_FILE);
    if is_large {
        return unreadable(&name, "it is larger than 1 GiB: split it");
    }
    match fs::read(path) {
        Ok(bytes) => records::import::import(&name, &bytes),
        Err(error) => unreadable(&name, &format!("it cannot be read ({})", error.kind())),
    }
}

fn unreadable(file: &str, reason: &str) -> Imported {
    let mut imported = Imported::default();
    imported.counts.insert("Unknown".to_owned(), Count { taken: 0, left_out: 1 });
    imported.problems.push(Problem {
        file: file.to_owned(),
        resource: "the file".to_owned(),
        reason: reason.to_owned(),
        taken: false,
    });
    imported
}

/// A file may be older than an erasure: who was erased does not come back with it.
fn leave_out_erased(practice: &Practice, imported: &mut Imported) -> Result<(), Failure> {
    let erased = store::read(practice.store.as_ref(), |tx| tx.erasures())?;
    let is_erased = |document: &Document| {
        document.patient().is_some_and(|patient| erased.iter().any(|row| row.patient == *patient))
    };
    let (left, gone): (Vec<_>, Vec<_>) =
        std::mem::take(&mut imported.documents).into_iter().partition(|document| !is_erased(document));
    imported.documents = left;
    for document in gone {
        let count = imported.counts.entry(document.kind().as_str().to_owned()).or_default();
        count.taken = count.taken.saturating_sub(1);
        count.left_out += 1;
        imported.problems.push(Problem {
            file: String::new(),
            resource: document.key().to_string(),
            reason: "its patient was erased".to_owned(),
            taken: false,
        });
    }
    Ok(())
}

fn store_file(practice: &Practice, imported: &Imported, report: &mut Report) -> Result<(), Failure> {
    if imported.documents.is_empty() {
        return Ok(());
    }
    let now = practice.clock.now();
    store::write(practice.store.as_ref(), |tx| -> Result<(), Failure> {
        let permit = permit(practice, tx, now)?;
        let mut numbers = RecordNumbers::continued(tx)?;
        let least = recovering::least_number(tx)?;
        for document in &imported.documents {
            let document = &numbers.given_to(tx, &permit, document)?;
            match put(practice, tx, &permit, document, (least, now))? {
                Put::New => {}
                Put::Updated => report.updated += 1,
                Put::Unchanged => report.unchanged += 1,
            }
        }
        Ok(())
    })
}

/// Short record numbers for patients whose source has none that a person can read aloud (many use UUIDs).
struct RecordNumbers {
    next: u64,
}

impl RecordNumbers {
    /// Beyond every number of six digits; the count of patients never falls, so no number is given twice.
    const FIRST: u64 = 1_000_000;
    /// Letters and digits of the longest number that is read aloud.
    const LONGEST: usize = 12;

    /// A number that staff can type; words such as "Not Known" are none.
    fn is_readable(number: &str) -> bool {
        number.len() <= Self::LONGEST && number.contains(|letter: char| letter.is_ascii_digit())
    }

    fn continued(tx: &dyn Transaction) -> Result<Self, StoreError> {
        let patients = tx.count_by_kind()?.into_iter().find(|(kind, _)| kind == "Patient");
        Ok(Self { next: Self::FIRST + patients.map_or(0, |(_, count)| count) })
    }

    /// The document as it is, or as a patient with a short number: the one it has here already, or the next.
    fn given_to(
        &mut self,
        tx: &dyn Transaction,
        permit: &Permit,
        document: &Document,
    ) -> Result<Document, StoreError> {
        let Some(patient) = PatientSummary::of(document) else { return Ok(document.clone()) };
        self.next += 1;
        if Self::is_readable(&patient.mrn) {
            return Ok(document.clone());
        }
        let stored = tx.current(permit, document.key())?;
        let kept = stored.and_then(|stored| PatientSummary::of(&stored.document));
        let kept = kept.map(|patient| patient.mrn).filter(|number| Self::is_readable(number));
        let number = kept.unwrap_or_else(|| self.next.to_string());
        // A patient whose record cannot be edited keeps what the source gave.
        Ok(with_record_number(document, &number).unwrap_or_else(|_| document.clone()))
    }
}

/// One event a file, by the named job that does it.
pub(crate) fn permit(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<Permit, Failure> {
    let session = SessionId::from_uuid(Random::from_os().uuid_v7(now));
    let actor = Actor::service(Job::Import, practice.row.id, practice.row.node, session);
    let mut trail = ServerTrail::new(practice, tx, now);
    let id = trail.event_id();
    let facts = Facts::of_practice(practice.row.id);
    match decide(Rights::built_in(), &actor, Action::Import, &facts, now) {
        Ok(allowed) => Ok(allowed.permit(&mut trail, id, now)?),
        Err(_) => Err(Failure::internal("The rights table lets no job import records.")),
    }
}

enum Put {
    New,
    Updated,
    Unchanged,
}

fn put(
    practice: &Practice,
    tx: &dyn Transaction,
    permit: &Permit,
    document: &Document,
    (least, now): (u64, Timestamp),
) -> Result<Put, StoreError> {
    // Most records are new: one question tells it, and in a database each costs a way there and back.
    let standing = tx.standing(document.key())?;
    let before = if standing == Standing::Unknown { None } else { tx.facts(document.key())? };
    if before.is_some()
        && tx.current(permit, document.key())?.is_some_and(|stored| stored.document == *document)
    {
        return Ok(Put::Unchanged);
    }
    // What was deleted comes back as its next version.
    let known = match standing {
        Standing::Unknown => 0,
        Standing::There(version) | Standing::Deleted(version) => version,
    };
    let class = classify(document);
    let leaves = before.as_ref().map(|facts| facts.class).filter(|left| left.drawer() != class.drawer());
    let index = practice.keys.index_of(document);
    tx.insert_version(
        permit,
        &NewVersion {
            document,
            class,
            version: (known + 1).max(least),
            leaves,
            change: None,
            author: Job::Import.person(),
            device: practice.row.node,
            written_at: now,
            received_at: now,
            index: &index,
        },
    )?;
    Ok(if before.is_some() { Put::Updated } else { Put::New })
}
