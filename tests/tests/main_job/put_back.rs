//! Files that are put back as they once were: each is found, said, read-only while it lacks something, and fetched again.

use std::fs;
use std::path::{Path, PathBuf};

use chartkeep_tests::practice::people::NURSE;
use client::view::{ChartView, NoteForm, OpenReason};
use client::{Code, LockCause, Workstation};

use super::clinic::{Clinic, until};
use super::{pulled, unrelated_patient};

/// A clinic whose workstation was copied, and then worked at until the server had everything.
struct Copied {
    clinic: Clinic,
    patient: String,
    copy: PathBuf,
}

impl Copied {
    fn make() -> Self {
        let clinic = Clinic::make(30);
        let workstation = clinic.workstation();
        clinic.enrol(&workstation);
        clinic.activate(&workstation, &NURSE);
        clinic.sign_in(&workstation, &NURSE).unwrap();
        pulled(&workstation, 2);
        let patient = unrelated_patient(&workstation).id;
        workstation.lock(LockCause::Person);
        workstation.stop();
        let copy = clinic.folder.path().join("copy");
        copy_folder(&clinic.data_dir(), &copy);
        let copied = Self { clinic, patient, copy };
        copied.work();
        copied
    }

    /// A day later: twenty notes, all delivered and back with the server's version.
    fn work(&self) {
        let workstation = self.clinic.workstation();
        self.clinic.sign_in(&workstation, &NURSE).unwrap();
        self.chart(&workstation);
        for number in 0..20 {
            assert!(workstation.save_note(self.note(&format!("day two, {number}"))).unwrap().saved);
        }
        workstation.sync_now().unwrap();
        until("the notes are at the server", || workstation.status().unsent_changes == 0);
        until("and back", || !self.chart(&workstation).notes.iter().any(|note| note.pending));
        workstation.lock(LockCause::Person);
        workstation.stop();
    }

    fn note(&self, text: &str) -> NoteForm {
        NoteForm { patient_id: self.patient.clone(), text: text.to_owned(), ..NoteForm::default() }
    }

    fn chart(&self, workstation: &Workstation) -> ChartView {
        workstation.open_chart(&self.patient, Some(OpenReason::Visit)).unwrap()
    }

    fn held(&self, workstation: &Workstation) -> Option<Code> {
        self.chart(workstation).held.map(|held| held.code)
    }

    /// Nothing is saved to it and every screen says so, until the server is back and has filled it.
    fn is_held_until_the_server_fills_it(&mut self, workstation: &Workstation) {
        let chart = self.chart(workstation);
        assert!(!chart.can_write);
        let refused = workstation.save_note(self.note("too early")).err();
        assert_eq!(refused.map(|error| error.code), Some(Code::RecordsOlder));
        let pulls = workstation.sync_status().unwrap().last_pull;
        assert!(pulls.iter().any(|pull| pull.drawer == "clinical" && pull.held_since.is_some()));
        self.clinic.server.start();
        workstation.sync_now().unwrap();
        until("the drawer was fetched again", || self.held(workstation).is_none());
        self.is_whole(workstation);
    }

    fn is_whole(&self, workstation: &Workstation) {
        let texts =
            format!("{:?}", self.chart(workstation).notes.iter().map(|n| &n.text).collect::<Vec<_>>());
        assert!((0..20).all(|number| texts.contains(&format!("day two, {number}\""))), "{texts}");
        // What one check has let go the next may hold once more, until the server has filled it again.
        until("it is written to", || {
            workstation.save_note(self.note("in time")).is_ok_and(|note| note.saved)
        });
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[test]
fn a_drawer_that_was_put_back_is_read_only_until_it_was_fetched_again() {
    let mut copied = Copied::make();
    copied.clinic.server.stop();
    let clinical = Path::new("drawers").join("clinical.db");
    fs::copy(copied.copy.join(&clinical), copied.clinic.data_dir().join(&clinical)).unwrap();
    let workstation = copied.clinic.workstation();
    copied.clinic.sign_in(&workstation, &NURSE).unwrap();

    assert_eq!(copied.held(&workstation), Some(Code::RecordsOlder));
    workstation.lock(LockCause::Person);
    copied.clinic.sign_in(&workstation, &NURSE).unwrap();
    assert_eq!(copied.held(&workstation), Some(Code::RecordsOlder), "also after a lock");
    copied.is_held_until_the_server_fills_it(&workstation);
    workstation.stop();
}

#[test]
fn a_data_folder_that_was_put_back_is_said_at_once_and_its_drawers_are_fetched_again() {
    let copied = Copied::make();
    fs::remove_dir_all(copied.clinic.data_dir()).unwrap();
    copy_folder(&copied.copy, &copied.clinic.data_dir());
    let workstation = copied.clinic.workstation();

    until("the folder is known to be older", || {
        workstation.status().notice.is_some_and(|notice| notice.code == Code::FolderOlder)
    });
    copied.clinic.sign_in(&workstation, &NURSE).unwrap();
    until("its drawers were fetched again", || {
        copied.held(&workstation).is_none() && {
            let chart = copied.chart(&workstation);
            chart.notes.iter().filter(|note| note.text.starts_with("day two")).count() == 20
        }
    });
    copied.is_whole(&workstation);
    workstation.stop();

    let workstation = copied.clinic.workstation();
    until("every start says so", || workstation.status().notice.is_some());
    workstation.stop();
}

#[test]
fn what_was_written_since_the_copy_of_device_db_still_reaches_the_server() {
    let mut copied = Copied::make();
    copied.clinic.server.stop();
    let workstation = copied.clinic.workstation();
    copied.clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(workstation.save_note(copied.note("written offline")).unwrap().saved);
    workstation.lock(LockCause::Person);
    workstation.stop();
    for end in ["", "-wal"] {
        let name = format!("device.db{end}");
        let there = copied.clinic.data_dir().join(&name);
        drop(fs::remove_file(&there));
        drop(fs::copy(copied.copy.join(&name), &there));
    }
    copied.clinic.server.start();
    let workstation = copied.clinic.workstation();

    copied.clinic.sign_in(&workstation, &NURSE).unwrap();

    workstation.sync_now().unwrap();
    until("the note is at the server", || workstation.status().unsent_changes == 0);
    until("and back", || {
        let notes = copied.chart(&workstation).notes;
        notes.iter().any(|note| note.text == "written offline" && !note.pending)
    });
    workstation.stop();
}

#[test]
fn an_old_page_in_a_drawer_is_found_behind_the_first_screen() {
    let mut copied = Copied::make();
    copied.clinic.server.stop();
    let path = copied.clinic.data_dir().join("drawers").join("clinical.db");
    let (old, new) =
        (fs::read(copied.copy.join("drawers").join("clinical.db")).unwrap(), fs::read(&path).unwrap());
    let pages = old.len().min(new.len()) / 4096;
    let page = |bytes: &[u8], number: usize| bytes[number * 4096..(number + 1) * 4096].to_vec();
    for number in (1..pages).filter(|number| page(&old, *number) != page(&new, *number)) {
        let mut mixed = new.clone();
        mixed[number * 4096..(number + 1) * 4096].copy_from_slice(&page(&old, number));
        fs::write(&path, &mixed).unwrap();
        let workstation = copied.clinic.workstation();
        let opened = copied.clinic.sign_in(&workstation, &NURSE).is_ok();
        if opened && counted_wrong(&workstation) && workstation.open_chart(&copied.patient, None).is_ok() {
            copied.is_held_until_the_server_fills_it(&workstation);
            return workstation.stop();
        }
        workstation.stop();
    }
    panic!("no page of {pages} that was put back was found");
}

/// Whether the background has found other rows, within a second.
fn counted_wrong(workstation: &Workstation) -> bool {
    (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        workstation.sync_status().unwrap().last_pull.iter().any(|pull| pull.held_since.is_some())
    })
}
