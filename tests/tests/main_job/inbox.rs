//! What the server has for a workstation that is locked: it comes sealed, waits, and is there at the next unlock.

use std::fs;
use std::path::PathBuf;

use chartkeep_server::importing::import;
use chartkeep_tests::practice::people::{FRONT_DESK, NURSE};
use client::{LockCause, Workstation};
use serde_json::{Value, json};

use super::clinic::{Clinic, until};
use super::locked_after_two;

const FAMILY: &str = "Quagmirestone";

fn patient(family: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": "late-arrival", "active": true, "gender": "female",
        "birthDate": "1961-04-02", "name": [{"family": family, "given": ["Zora"]}],
        "identifier": [{"system": "urn:chartkeep:mrn", "value": "LATE-77",
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}}],
    })
}

fn heart_rate(labels: &Value) -> Value {
    json!({
        "resourceType": "Observation", "id": "late-heart-rate", "status": "final",
        "meta": {"security": labels},
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/late-arrival"},
        "effectiveDateTime": "2026-03-10T08:30:00Z",
        "valueQuantity": {"value": 199, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    })
}

/// Another program brings records to the server.
fn bring(clinic: &Clinic, records: &[Value]) {
    let path = clinic.folder.path().join("late.ndjson");
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    let report = import(&clinic.server.practice, &[path], &mut |_, _| {}).unwrap();
    assert_eq!(report.left_out, 0, "{:?}", report.problems);
}

fn pages(clinic: &Clinic) -> Vec<PathBuf> {
    let inbox = clinic.data_dir().join("inbox");
    let mut pages: Vec<_> = fs::read_dir(inbox).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "page"));
    pages.sort();
    pages
}

fn wait_for_pages(clinic: &Clinic, workstation: &Workstation, drawer: &str, count: usize) {
    until("the pages are in the inbox", || {
        workstation.sync_now().unwrap();
        let is_of = |page: &PathBuf| page.file_name().unwrap().to_str().unwrap().starts_with(drawer);
        pages(clinic).iter().filter(|page| is_of(page)).count() == count
    });
}

fn finds(workstation: &Workstation, name: &str) -> bool {
    !workstation.search(name).unwrap().rows.is_empty()
}

fn beats(workstation: &Workstation) -> Vec<String> {
    let chart = workstation.open_chart("late-arrival", Some(client::view::OpenReason::Visit)).unwrap();
    chart.vitals.latest.iter().map(|vital| vital.value.clone()).collect()
}

#[test]
fn what_came_while_locked_is_there_at_an_unlock_without_the_server() {
    let (mut clinic, workstation) = locked_after_two();
    bring(&clinic, &[patient(FAMILY), heart_rate(&json!([]))]);
    wait_for_pages(&clinic, &workstation, "demographics", 1);
    wait_for_pages(&clinic, &workstation, "clinical", 1);
    bring(&clinic, &[patient("Quagmirestone-Oakes")]);
    wait_for_pages(&clinic, &workstation, "demographics", 2);
    for page in pages(&clinic) {
        let bytes = fs::read(&page).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(FAMILY) && !text.contains("Patient"), "{} is sealed", page.display());
    }
    clinic.server.stop();

    let opened = clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(!opened.online);
    until("what waited is applied", || pages(&clinic).is_empty());
    assert!(finds(&workstation, "quagmirestone oakes"));
    assert_eq!(beats(&workstation), ["199"]);
    let audit = workstation.audit_page(None, None).unwrap();
    assert!(audit.verified.ok);
    workstation.stop();
}

#[test]
fn a_drawer_that_is_shut_is_filled_beside_those_that_are_open() {
    let (mut clinic, workstation) = locked_after_two();
    clinic.sign_in(&workstation, &FRONT_DESK).unwrap();
    bring(&clinic, &[patient(FAMILY), heart_rate(&json!([]))]);
    wait_for_pages(&clinic, &workstation, "clinical", 1);
    until("the open drawer has it at once", || finds(&workstation, "quagmirestone"));
    assert_eq!(pages(&clinic).len(), 1, "nothing waits for an open drawer");
    workstation.lock(LockCause::Person);
    clinic.server.stop();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("what waited is applied", || pages(&clinic).is_empty());
    assert_eq!(beats(&workstation), ["199"]);
    workstation.stop();
}

#[test]
fn a_page_that_was_damaged_on_the_disk_is_fetched_anew() {
    let (clinic, workstation) = locked_after_two();
    bring(&clinic, &[patient(FAMILY), heart_rate(&json!([]))]);
    wait_for_pages(&clinic, &workstation, "clinical", 1);
    bring(&clinic, &[heart_rate(&json!([{"system": "urn:test", "code": "x"}]))]);
    wait_for_pages(&clinic, &workstation, "clinical", 2);
    let first = pages(&clinic).remove(0);
    let mut bytes = fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).unwrap();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("it is there all the same", || {
        finds(&workstation, "quagmirestone") && beats(&workstation) == ["199"]
    });
    until("nothing waits", || pages(&clinic).is_empty());
    workstation.stop();
}

#[test]
fn a_record_that_left_what_the_nurse_may_see_is_gone_from_her_workstation() {
    let (clinic, workstation) = locked_after_two();
    bring(&clinic, &[patient(FAMILY), heart_rate(&json!([]))]);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("it is there", || finds(&workstation, "quagmirestone") && beats(&workstation) == ["199"]);
    workstation.lock(LockCause::Person);
    let label = json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]);
    bring(&clinic, &[heart_rate(&label)]);
    wait_for_pages(&clinic, &workstation, "clinical", 1);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("it is gone", || beats(&workstation).is_empty());
    workstation.stop();
}
