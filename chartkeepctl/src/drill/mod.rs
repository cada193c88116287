//! The drill: a workstation with unsent work loses its keyring, and then its disk; both times everything has to arrive, once.
//!
//! It runs in a temporary folder, against a real `chartkeep-server` on this computer, with made-up patients; the
//! workstation's keys lie in memory instead of the desktop's keyring. It proves itself: each thing that must hold is
//! looked up at the server or in the files, and the exit status is 0 only if all of it did.

mod clinic;
mod report;
mod server;

use crate::failure::Failure;
use client::courier::{self, Stick};
use client::view::{DraftForm, DraftKind, Lifecycle, NoteForm, OpenReason};
use client::{AttachForm, Code, LockCause, Workstation};
use clinic::{Clinic, NURSE, OTHER_NURSE, all_sent, pulled, until};
use keys::courier::ItemKind;
use report::Report;
use server::{Server, broken};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands in the notes of the drill, and must stand nowhere on the mirror.
const CANARY: &str = "quibbling zephyrs";
/// The family name of the patients of the drill, for the same.
const FAMILY: &str = "Drillsample";
/// What the attached files are called, and in how many parts each is carried.
const SCAN: &str = "Drill scan";
const SCAN_PARTS: usize = 3;

/// Runs the drill and prints what it found.
pub(crate) fn run(server: Option<PathBuf>) -> Result<(), Failure> {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::disk("A temporary folder for the drill cannot be made.", &error))?;
    let server = Server::find(server, folder.path())?;
    let mut report = Report::begin();
    let mut clinic = Clinic::make(folder.path(), server, FAMILY)?;
    let device = lost_keyring(&mut clinic, &mut report)?;
    dead_disk(&mut clinic, &device, &mut report)?;
    report.print()?;
    report.verdict()
}

/// Three notes, a scan and a draft, written without the server; then the keyring is empty. Returns the workstation's id.
fn lost_keyring(clinic: &mut Clinic, report: &mut Report) -> Result<String, Failure> {
    let workstation = clinic.workstation("north", &Arc::default());
    clinic.enrol(&workstation, "North room")?;
    clinic.activate_all(&workstation)?;
    clinic.sign_in(&workstation, &NURSE)?;
    pulled(&workstation)?;
    let patient = first_patient(&workstation)?;
    clinic.server.stop();
    workstation.open_chart(&patient, Some(OpenReason::Visit))?;
    write_notes(&workstation, &patient, 3)?;
    attach_scan(&workstation, &patient)?;
    let content = "half a sentence".to_owned();
    workstation.save_draft(DraftForm { patient_id: patient, form: DraftKind::Note, content, place: None })?;
    workstation.lock(LockCause::Person);
    let status = workstation.status();
    report.check(
        "unsent before: 4 changes, a file, and events",
        status.unsent_changes == 5 && status.unsent_events > 4,
    );
    workstation.stop();

    let began = report.start();
    let workstation = clinic.workstation("north", &Arc::default());
    let problem = workstation.status().problem.map(|problem| problem.code);
    report.check(
        "keyring lost: the workstation says so and makes no key",
        problem == Some(Code::KeyringForeign),
    );
    clinic.server.start()?;
    let device = only_device(clinic)?;
    let token = clinic.rescue_token(&device)?;
    let status = workstation.enrol(clinic.form(token, ""))?;
    report.check("keyring lost: the escrowed key opens the folder", status.state == Lifecycle::Locked);
    all_sent(&workstation)?;
    report.took("keyring lost: until everything is at the server", &began);
    report.check("keyring lost: each of the 4 changes was applied once", applied(clinic)? == 4);
    report.check(
        "keyring lost: the same workstation, and one log without a gap",
        only_device(clinic)? == device && logs(clinic)? == (true, 2),
    );
    workstation.stop();
    Ok(device)
}

/// Two more notes and a scan, mirrored; then the disk is gone with everything on it.
fn dead_disk(clinic: &mut Clinic, device: &str, report: &mut Report) -> Result<(), Failure> {
    let (before, keyring) = (clinic.workstation("south", &Arc::default()), Arc::default());
    clinic.enrol(&before, "South room")?;
    clinic.sign_in(&before, &NURSE)?;
    pulled(&before)?;
    let patient = first_patient(&before)?;
    all_sent(&before)?;
    let dead =
        devices(clinic)?.into_iter().find(|id| id != device).ok_or_else(|| broken("a device is missing"))?;
    clinic.server.stop();
    before.open_chart(&patient, Some(OpenReason::Visit))?;
    write_notes(&before, &patient, 2)?;
    attach_scan(&before, &patient)?;
    before.lock(LockCause::Person);
    let folder = clinic.folder.join("mirror").join(format!("chartkeep-{dead}"));
    // Events go on being written while nobody is signed in, and a file may begin with some that were just delivered.
    until("the mirror holds what is unsent", || {
        let unsent = before.status().unsent_events;
        counts(&folder)
            .is_ok_and(|found| found.changes == 3 && found.parts == SCAN_PARTS && found.events >= unsent)
    })?;
    before.stop();
    fs::rename(clinic.folder.join("south"), clinic.folder.join("dead"))
        .map_err(|error| Failure::disk("The drill cannot take the disk away.", &error))?;
    report.check("mirror: no name and no word of a note or a scan can be read", is_sealed(&folder)?);
    let written = counts(&folder)?.events_end;

    let began = report.start();
    clinic.server.start()?;
    let token = clinic.rescue_token(&dead)?;
    let after = clinic.workstation("south", &keyring);
    after.enrol(clinic.form(token, "South room"))?;
    all_sent(&after)?;
    report.check("disk dead: the new log links to the old one", logs(clinic)? == (true, 4));
    after.stop();
    for _ in 0..2 {
        let stick = look_through(&folder)?;
        let south = clinic.folder.join("south");
        let brought = courier::deliver(&south, keyring.as_ref(), stick.items(), |_| {})?;
        let held = brought.results.iter().all(courier::ItemResult::is_held);
        report.check("disk dead: the server holds all that the mirror had", held);
        report.check("disk dead: each of the 3 changes was applied once", applied(clinic)? == 7);
        let whole = brought.files.iter().all(courier::FileReceipt::is_whole);
        report.check("disk dead: the attached file is whole", whole && brought.files.len() == 1);
    }
    report.took("disk dead: until everything is at the server", &began);
    report.check("disk dead: every log is whole", logs(clinic)? == (true, 4));
    let whole = log_sizes(clinic, &dead)?.iter().any(|size| Some(*size) == written);
    report.check("disk dead: every event of before is in the old log, once", whole);
    let after = clinic.workstation("south", &keyring);
    clinic.sign_in(&after, &OTHER_NURSE)?;
    pulled(&after)?;
    let chart = after.open_chart(&patient, Some(OpenReason::Visit))?;
    let notes = chart.notes.iter().filter(|note| note.text.contains(CANARY)).count();
    report.check("disk dead: all 5 notes are in the chart, each once", notes == 5);
    let scans: Vec<_> = chart.documents.iter().filter(|row| row.title == SCAN).collect();
    let opens = |id: &str| after.attachment(&patient, id).is_ok_and(|bytes| bytes == scan());
    report.check(
        "both scans are in the chart and open as they were",
        scans.len() == 2 && scans.iter().all(|row| opens(&row.id)),
    );
    report.took("disk dead: until a nurse reads the chart again", &began);
    after.stop();
    Ok(())
}

fn first_patient(workstation: &Workstation) -> Result<String, Failure> {
    let found = workstation.search(FAMILY)?;
    found.rows.first().map(|row| row.id.clone()).ok_or_else(|| broken("no patient is found"))
}

fn write_notes(workstation: &Workstation, patient: &str, notes: usize) -> Result<(), Failure> {
    for number in 0..notes {
        let text = format!("{CANARY} {number}");
        let form = NoteForm { patient_id: patient.to_owned(), text, sign: true, ..NoteForm::default() };
        if !workstation.save_note(form)?.saved {
            return Err(broken("a note was not saved"));
        }
    }
    Ok(())
}

/// Of several parts, full of what must not be readable on the mirror.
fn scan() -> Vec<u8> {
    CANARY.bytes().cycle().take(2_500_000).collect()
}

fn attach_scan(workstation: &Workstation, patient: &str) -> Result<(), Failure> {
    let form = AttachForm {
        patient_id: patient.to_owned(),
        title: SCAN.to_owned(),
        media_type: "image/png".to_owned(),
        bytes: scan(),
    };
    if workstation.attach(form)?.saved { Ok(()) } else { Err(broken("a scan was not attached")) }
}

fn applied(clinic: &Clinic) -> Result<u64, Failure> {
    let status = clinic.server.say(&["status"])?;
    status["changes_applied"].as_u64().ok_or_else(|| broken("the server does not count changes"))
}

/// Whether all logs are sound, and how many there are, the server's own included.
fn logs(clinic: &Clinic) -> Result<(bool, usize), Failure> {
    let verified = clinic.server.say(&["audit", "verify"])?;
    Ok((verified["ok"] == true, verified["logs"].as_array().map_or(0, Vec::len)))
}

/// How many entries each log of a workstation has at the server.
fn log_sizes(clinic: &Clinic, device: &str) -> Result<Vec<u64>, Failure> {
    let verified = clinic.server.say(&["audit", "verify"])?;
    let logs = verified["logs"].as_array().into_iter().flatten();
    Ok(logs.filter(|log| log["device"] == device).filter_map(|log| log["size"].as_u64()).collect())
}

fn devices(clinic: &Clinic) -> Result<Vec<String>, Failure> {
    let listed = clinic.server.say(&["device", "list"])?;
    listed.as_array().into_iter().flatten().map(|device| Server::text(device, "device_id")).collect()
}

fn only_device(clinic: &Clinic) -> Result<String, Failure> {
    match devices(clinic)?.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(broken("there is not one workstation")),
    }
}

/// What lies in a mirror.
#[derive(Default)]
struct Counts {
    changes: usize,
    parts: usize,
    events: u64,
    events_end: Option<u64>,
}

fn counts(mirror: &Path) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    if !mirror.is_dir() {
        return Ok(counts);
    }
    for item in look_through(mirror)?.items() {
        let header = item?.header;
        match header.kind {
            ItemKind::Envelope => counts.changes += 1,
            ItemKind::FilePart => counts.parts += 1,
            ItemKind::Events => {
                counts.events += u64::from(header.count);
                counts.events_end = counts.events_end.max(Some(header.first + u64::from(header.count)));
            }
            ItemKind::Answers => return Err(broken("the mirror holds answers")),
        }
    }
    Ok(counts)
}

fn look_through(mirror: &Path) -> Result<Stick, Failure> {
    let cannot = |error| Failure::disk("The drill's mirror cannot be read.", &error);
    let stick = Stick::look_through(mirror).map_err(cannot)?;
    if stick.bad.is_empty() { Ok(stick) } else { Err(broken("the mirror holds something that is no item")) }
}

fn is_sealed(mirror: &Path) -> Result<bool, Failure> {
    let shows =
        |bytes: &Vec<u8>, word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    Ok(!contents(mirror)?.iter().any(|bytes| shows(bytes, CANARY) || shows(bytes, FAMILY)))
}

/// The content of every finished file in a workstation's folder on the mirror; nothing before there is one.
fn contents(mirror: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let cannot = |error| Failure::disk("The drill's mirror cannot be read.", &error);
    let mut contents = Vec::new();
    if !mirror.is_dir() {
        return Ok(contents);
    }
    for file in fs::read_dir(mirror).map_err(cannot)? {
        let path = file.map_err(cannot)?.path();
        if path.extension().is_some_and(|name| name == "ckitem") {
            contents.push(fs::read(&path).map_err(cannot)?);
        }
    }
    Ok(contents)
}
