//! Ground that gives way: a vault from a newer version, a server that dies in the middle, a workstation that is torn away.

use chartkeep_tests::practice::people::NURSE;
use client::view::{Lifecycle, NoteForm};
use client::{Code, LockCause};
use rusqlite::Connection;

use super::clinic::{Clinic, until};
use super::nurse_at_a_chart_offline;

#[test]
fn a_vault_from_a_newer_version_is_refused_and_left_as_it_is() {
    let clinic = Clinic::make(1);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    workstation.stop();
    let file = clinic.data_dir().join("device.db");
    raise_schema(&clinic, &file);
    let before = std::fs::read(&file).unwrap();

    let status = clinic.workstation().status();
    assert_eq!(status.state, Lifecycle::Blocked);
    assert_eq!(status.problem.map(|problem| problem.code), Some(Code::VaultNewer));
    assert!(std::fs::read(&file).unwrap() == before);
}

#[test]
fn what_was_saved_before_the_program_was_torn_away_arrives() {
    let (mut clinic, workstation, patient) = nurse_at_a_chart_offline();
    for text in ["one", "two", "three"] {
        let form = NoteForm { patient_id: patient.clone(), text: text.to_owned(), ..NoteForm::default() };
        assert!(workstation.save_note(form).unwrap().saved);
    }
    // Neither locked nor signed out: the program simply ends.
    drop(workstation);
    clinic.server.start();

    let workstation = clinic.workstation();
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    until("the three notes and all events have arrived", || {
        let status = workstation.status();
        status.unsent_changes == 0 && status.unsent_events == 0 && status.online
    });
    assert!(clinic.verify_logs().ok);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let sync = workstation.sync_status().unwrap();
    assert!(sync.unsent.is_empty() && sync.refused.is_empty());
    workstation.lock(LockCause::Person);
}

/// Writes a schema number from the future into the file, with its own key.
fn raise_schema(clinic: &Clinic, file: &std::path::Path) {
    let item = client::keyring::Keyring::read(clinic.keyring.as_ref(), "workstation").unwrap().unwrap();
    let key: String = item[1..33].iter().map(|byte| format!("{byte:02x}")).collect();
    let connection = Connection::open(file).unwrap();
    connection.pragma_update(None, "key", format!("x'{key}'")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
}
