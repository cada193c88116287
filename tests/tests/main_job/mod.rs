//! The main job of the product, end to end and without a window: one nurse, one front desk, one server that comes and goes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounted;
mod attachments;
mod attacks;
mod audit_export;
mod audit_log;
mod away;
mod carried;
pub(crate) mod clinic;
mod conflicts;
mod erasing;
pub(crate) mod first_sync;
mod full_disk;
mod ground;
mod inbox;
mod joined;
mod lease;
mod orders;
mod oversight;
mod put_back;
mod recovery;
mod renewing;
mod rescue;
mod restored;
mod roles;
mod security_keys;
mod several;
mod strangers;
mod told_apart;
mod wiping_killed;

use std::sync::Arc;

use chartkeep_tests::practice::people::{AUDITOR, CLINICIAN, DemoPerson, FRONT_DESK, NURSE};
use client::view::{
    DraftForm, DraftKind, Lifecycle, NoteForm, OpenReason, PatientRow, Place, Section, VitalsForm,
};
use client::{Code, LockCause, Workstation};

use clinic::{Clinic, until};

#[test]
fn a_nurse_works_through_a_day_without_the_server_and_everything_arrives_when_it_is_back() {
    let mut clinic = Clinic::make(30);
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().state, Lifecycle::Unenrolled);
    assert_eq!(clinic.enrol(&workstation).state, Lifecycle::Locked);
    clinic.activate(&workstation, &NURSE);
    clinic.activate(&workstation, &FRONT_DESK);
    clinic.activate(&workstation, &AUDITOR);
    first_sign_in_online(&clinic, &workstation);
    workstation.lock(LockCause::Person);
    front_desk_signs_in_once(&clinic, &workstation);
    clinic.server.stop();

    unlock_offline(&clinic, &workstation);
    let patient = find(&workstation);
    let note_id = write(&workstation, &patient);
    draft_survives_a_lock(&clinic, &workstation, &patient);
    wrong_and_used_codes_are_refused(&clinic, &workstation);
    front_desk_sees_no_clinical_data(&clinic, &workstation, &patient);

    let before = workstation.status();
    assert_eq!(before.unsent_changes, 2);
    assert!(before.unsent_events > 20);
    clinic.server.start();
    workstation.sync_now().unwrap();
    until("the locked workstation has delivered everything", || {
        let status = workstation.status();
        status.unsent_changes == 0 && status.unsent_events == 0
    });
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    assert!(clinic.verify_logs().ok);
    outcome_comes_with_the_next_pull(&clinic, &workstation, &patient, &note_id);
    the_auditor_sees_who_looked_at_what(&clinic, &workstation, &patient);
    workstation.stop();
}

#[test]
fn a_drawer_of_which_the_server_has_nothing_is_received_too() {
    let clinic = Clinic::make(0);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    first_sign_in_online(&clinic, &workstation);
    assert!(workstation.today(None).unwrap().rows.is_empty());
    workstation.stop();
}

fn first_sign_in_online(clinic: &Clinic, workstation: &Workstation) {
    let opened = clinic.sign_in(workstation, &NURSE).unwrap();
    assert!(opened.online && opened.first_time);
    assert_eq!(opened.person.name, NURSE.name);
    assert!(opened.person.can_write_clinical && !opened.person.can_read_audit);
    pulled(workstation, 2);
}

/// A workstation where a nurse has worked, and a front desk; locked, with the server running.
fn locked_after_two() -> (Clinic, Workstation) {
    let clinic = Clinic::make(12);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&NURSE, &FRONT_DESK] {
        clinic.activate(&workstation, person);
        clinic.sign_in(&workstation, person).unwrap();
        pulled(&workstation, if person.username == NURSE.username { 2 } else { 1 });
        workstation.lock(LockCause::Person);
    }
    (clinic, workstation)
}

/// A nurse in one room and a doctor in another, signed in and with all their records; `others` have activated in the first.
fn two_rooms(patients: u32, others: &[&DemoPerson]) -> (Clinic, Workstation, Workstation) {
    let clinic = Clinic::make(patients);
    let nurse = clinic.workstation();
    clinic.enrol(&nurse);
    for person in others {
        clinic.activate(&nurse, person);
    }
    clinic.activate(&nurse, &NURSE);
    let doctor = clinic.workstation_in(clinic.folder.path().join("other"), Arc::default());
    clinic.enrol(&doctor);
    clinic.activate(&doctor, &CLINICIAN);
    clinic.sign_in(&nurse, &NURSE).unwrap();
    pulled(&nurse, 2);
    clinic.sign_in(&doctor, &CLINICIAN).unwrap();
    pulled(&doctor, 3);
    (clinic, nurse, doctor)
}

/// Waits until the first pull of every drawer has come to its end.
pub(crate) fn pulled(workstation: &Workstation, drawers: usize) {
    until("the drawers are pulled", || {
        let pulls = workstation.sync_status().unwrap().last_pull;
        pulls.len() == drawers && pulls.iter().all(|pull| pull.at.is_some())
    });
}

fn front_desk_signs_in_once(clinic: &Clinic, workstation: &Workstation) {
    let opened = clinic.sign_in(workstation, &FRONT_DESK).unwrap();
    assert!(opened.online && opened.first_time);
    workstation.lock(LockCause::Idle);
}

fn unlock_offline(clinic: &Clinic, workstation: &Workstation) {
    let opened = clinic.sign_in(workstation, &NURSE).unwrap();
    assert!(!opened.online && !opened.first_time);
    assert!(opened.last_sign_in.is_some());
    assert_eq!(workstation.status().state, Lifecycle::Open);
}

fn find(workstation: &Workstation) -> PatientRow {
    let patient = unrelated_patient(workstation);
    let by_number = workstation.search(&patient.mrn).unwrap();
    assert!(by_number.rows.iter().any(|row| row.id == patient.id), "found by record number");
    workstation.settle_search(std::slice::from_ref(&patient.id)).unwrap();
    patient
}

/// A nurse who has received the records, at an open chart, with the server stopped.
fn nurse_at_a_chart_offline() -> (Clinic, Workstation, String) {
    let mut clinic = Clinic::make(30);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    pulled(&workstation, 2);
    clinic.server.stop();
    let patient = unrelated_patient(&workstation).id;
    workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap_or_else(|error| panic!("{error}"));
    (clinic, workstation, patient)
}

/// A patient whom the nurse does not care for as far as the records say: she is asked why she opens the chart.
fn unrelated_patient(workstation: &Workstation) -> PatientRow {
    let found = workstation.search("a").unwrap();
    let refused = |row: &PatientRow| workstation.open_chart(&row.id, None).err().map(|error| error.code);
    found.rows.iter().find(|row| refused(row) == Some(Code::NeedsReason)).unwrap().clone()
}

fn write(workstation: &Workstation, patient: &PatientRow) -> String {
    let chart = workstation.open_chart(&patient.id, Some(OpenReason::Visit)).unwrap();
    assert_eq!(chart.banner.mrn, patient.mrn);
    assert!(chart.banner.allergies.is_some());
    assert!(chart.sections.contains(&Section::Notes) && chart.can_write);
    assert!(!chart.problems.is_empty() && !chart.vitals.series.is_empty() && !chart.notes.is_empty());
    assert!(chart.freshness.iter().all(|row| row.as_of.is_some()));
    vitals(workstation, patient);
    note(workstation, patient)
}

fn vitals(workstation: &Workstation, patient: &PatientRow) {
    let mut form = VitalsForm {
        patient_id: patient.id.clone(),
        heart_rate: Some("171".to_owned()),
        spo2: Some("97".to_owned()),
        temperature: Some("36,6".to_owned()),
        ..VitalsForm::default()
    };
    let asked = workstation.save_vitals(form.clone()).unwrap();
    assert!(!asked.saved);
    assert_eq!(
        asked.warnings.iter().map(|warning| warning.field.as_str()).collect::<Vec<_>>(),
        ["heartRate"]
    );
    form.confirmed = true;
    assert!(workstation.save_vitals(form).unwrap().saved);
}

fn note(workstation: &Workstation, patient: &PatientRow) -> String {
    let form = NoteForm {
        patient_id: patient.id.clone(),
        title: "Telephone call".to_owned(),
        text: "Feels better since yesterday.".to_owned(),
        sign: true,
        ..NoteForm::default()
    };
    assert!(workstation.save_note(form).unwrap().saved);
    let chart = workstation.open_chart(&patient.id, None).unwrap();
    let note = chart.notes.iter().find(|note| note.title == "Telephone call").unwrap();
    assert!(note.pending && note.signed);
    assert_eq!(note.author, NURSE.name);
    let heart_rate = chart.vitals.latest.iter().find(|vital| vital.code == "8867-4").unwrap();
    assert_eq!((heart_rate.value.as_str(), heart_rate.flag.as_deref()), ("171", Some("H")));
    note.id.clone()
}

fn draft_survives_a_lock(clinic: &Clinic, workstation: &Workstation, patient: &PatientRow) {
    let place = Place {
        screen: "chart".to_owned(),
        patient_id: Some(patient.id.clone()),
        section: Some("notes".to_owned()),
        field: Some("text".to_owned()),
        caret: Some(11),
    };
    let content = r#"{"text":"Asked about slee"}"#.to_owned();
    let form = DraftForm {
        patient_id: patient.id.clone(),
        form: DraftKind::Note,
        content: content.clone(),
        place: None,
    };
    workstation.save_draft(form).unwrap();
    workstation.save_place(place.clone()).unwrap();
    workstation.lock(LockCause::Idle);
    assert_eq!(workstation.open_chart(&patient.id, None).err().map(|error| error.code), Some(Code::Locked));

    let opened = clinic.sign_in(workstation, &NURSE).unwrap();
    assert_eq!(opened.place, Some(place));
    let chart = workstation.open_chart(&patient.id, None).unwrap();
    assert_eq!(chart.drafts.iter().map(|draft| draft.content.clone()).collect::<Vec<_>>(), [content]);
    workstation.lock(LockCause::Person);
}

fn wrong_and_used_codes_are_refused(clinic: &Clinic, workstation: &Workstation) {
    let code = clinic.next_code(&NURSE);
    clinic.sign_in_with(workstation, &NURSE, NURSE.passphrase, &code).unwrap();
    workstation.lock(LockCause::Person);
    let refused = |passphrase: &str, code: &str| {
        clinic.sign_in_with(workstation, &NURSE, passphrase, code).err().map(|error| error.code)
    };
    assert_eq!(refused(NURSE.passphrase, &code), Some(Code::SignInRefused), "a used code");
    assert_eq!(refused("not her passphrase", &clinic.next_code(&NURSE)), Some(Code::SignInRefused));
    assert_eq!(refused(NURSE.passphrase, "000000"), Some(Code::SignInRefused), "a wrong code");
    assert_eq!(refused(NURSE.passphrase, "000000"), Some(Code::WaitBeforeRetry));
    let opened = clinic.sign_in(workstation, &NURSE).unwrap();
    assert_eq!(opened.failures_since, 3);
    workstation.lock(LockCause::Person);
}

fn front_desk_sees_no_clinical_data(clinic: &Clinic, workstation: &Workstation, patient: &PatientRow) {
    let opened = clinic.sign_in(workstation, &FRONT_DESK).unwrap();
    assert!(!opened.person.can_write_clinical);
    assert!(opened.place.is_none(), "the nurse's place is the nurse's");
    let today = workstation.today(None).unwrap();
    assert!(!today.rows.is_empty() && !today.arriving);
    let chart = workstation.open_chart(&patient.id, None).unwrap();
    let json = serde_json::to_value(&chart).unwrap();
    assert!(chart.banner.allergies.is_none());
    for section in
        ["problems", "allergies", "labs", "immunizations", "encounters", "notes", "documents", "drafts"]
    {
        assert_eq!(json[section], serde_json::json!([]), "{section}");
    }
    assert_eq!(json["medications"], serde_json::json!({"current": [], "past": []}));
    assert_eq!(json["vitals"], serde_json::json!({"latest": [], "series": []}));
    assert!(!json.to_string().contains("Feels better"));
    let note = NoteForm { patient_id: patient.id.clone(), text: "x".to_owned(), ..NoteForm::default() };
    assert_eq!(workstation.save_note(note).err().map(|error| error.code), Some(Code::NotYourRole));
    workstation.lock(LockCause::Person);
}

fn outcome_comes_with_the_next_pull(
    clinic: &Clinic,
    workstation: &Workstation,
    patient: &PatientRow,
    note_id: &str,
) {
    clinic.sign_in(workstation, &NURSE).unwrap();
    until("the note is no longer pending", || {
        let chart = workstation.open_chart(&patient.id, None).unwrap();
        chart.notes.iter().any(|note| note.id == note_id && !note.pending)
    });
    let sync = workstation.sync_status().unwrap();
    assert!(sync.online && sync.unsent.is_empty() && sync.refused.is_empty());
    let audit = workstation.audit_page(None, None).unwrap();
    assert!(audit.verified.ok && audit.verified.first_bad.is_none());
    assert!(audit.verified.receipt.is_some());
    assert!(audit.entries.iter().all(|entry| entry.who == NURSE.name), "only her own entries");
    workstation.lock(LockCause::Person);
}

/// Names of staff come from the trail itself; the patient stays an id, for an auditor's role reaches no record.
fn the_auditor_sees_who_looked_at_what(clinic: &Clinic, workstation: &Workstation, patient: &PatientRow) {
    let opened = clinic.sign_in(workstation, &AUDITOR).unwrap();
    assert!(opened.person.can_read_audit && !opened.person.can_find_patients);
    let audit = workstation.audit_page(None, None).unwrap();
    let looked = audit.entries.iter().find(|row| row.action == "Opened chart").unwrap();
    assert_eq!((looked.who.as_str(), looked.patient.as_deref()), (NURSE.name, Some(patient.id.as_str())));
    assert!(audit.entries.iter().all(|row| !row.who.contains('-')), "nobody is shown by id");
    workstation.lock(LockCause::Person);
}
