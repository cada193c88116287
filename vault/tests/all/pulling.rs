//! Pages of history: data and cursor in one commit, in the drawer they belong in.

use records::find::Query;
use records::rights::Action;
use records::{Drawer, Role};
use serde_json::json;
use vault::{Page, PageEntry, PullError};

use crate::clinic::{
    Clinic, digest_holds, document, heart_rate, key, note, now, patient, person, small_practice, upsert,
};
use crate::opening::raw;

fn page(entries: Vec<PageEntry>, cursor: &str, complete: bool) -> Page {
    Page { entries, charts: vec![], next_cursor: cursor.into(), complete, received_at: now() }
}

#[test]
fn data_and_cursor_arrive_together_and_a_drawer_knows_how_fresh_it_is() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let permit = clinic.replicate(&mut vault);
    assert_eq!(vault.cursor(Drawer::Clinical).unwrap(), None);

    let first = page(vec![upsert(&heart_rate("hr", "ada", 60), 1)], "v1.clinical.7", false);
    vault.apply_page(&permit, Drawer::Clinical, &first).unwrap();
    let half = vault.freshness().unwrap();
    let second = page(vec![], "v1.clinical.9", true);
    vault.apply_page(&permit, Drawer::Clinical, &second).unwrap();

    assert_eq!(half[1].cursor.as_deref(), Some("v1.clinical.7"));
    assert_eq!(half[1].pulled_at, None, "not fresh before the end was reached");
    assert_eq!(vault.cursor(Drawer::Clinical).unwrap().as_deref(), Some("v1.clinical.9"));
    assert_eq!(vault.freshness().unwrap()[1].pulled_at, Some(now()));
    assert_eq!(vault.cursor(Drawer::Billing).unwrap(), None);
}

#[test]
fn a_page_that_cannot_be_applied_leaves_neither_data_nor_cursor() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    // The disk refuses in the middle of the page.
    drop(vault);
    raw(&clinic, Drawer::Clinical)
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON document WHEN NEW.id = 'second'
             BEGIN SELECT RAISE(ABORT, 'no'); END;",
        )
        .unwrap();
    let mut vault = clinic.reopen();
    let permit = clinic.replicate(&mut vault);
    let anchor = vault.anchor(Drawer::Clinical).unwrap();
    let entries =
        vec![upsert(&heart_rate("first", "ada", 60), 1), upsert(&heart_rate("second", "ada", 61), 1)];

    let refused = vault.apply_page(&permit, Drawer::Clinical, &page(entries, "v1.clinical.99", true));

    assert!(matches!(refused, Err(PullError::Store(_))));
    assert_eq!(vault.cursor(Drawer::Clinical).unwrap().as_deref(), Some("v1.clinical.1"));
    assert_eq!(vault.anchor(Drawer::Clinical).unwrap(), anchor);
    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    assert!(!vault.chart(&permit).unwrap().iter().any(|found| found.document.id().as_str() == "first"));
}

#[test]
fn a_record_of_a_closer_class_is_not_taken_into_an_open_drawer() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let permit = clinic.replicate(&mut vault);
    let entries = vec![upsert(&note("n", "ada", "secret"), 1)];

    let refused = vault.apply_page(&permit, Drawer::Demographics, &page(entries, "c", true));

    assert!(matches!(refused, Err(PullError::WrongDrawer)));
    assert_eq!(vault.cursor(Drawer::Demographics).unwrap(), None);
}

#[test]
fn only_a_permit_to_replicate_takes_in_a_page() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let search = clinic.practice_permit(&mut vault, Role::Nurse, Action::Search);
    let nurse = clinic.practice_permit(&mut vault, Role::Nurse, Action::Replicate);

    let empty = || page(vec![], "c", true);
    assert!(matches!(vault.apply_page(&search, Drawer::Clinical, &empty()), Err(PullError::NotPermitted)));
    assert!(matches!(vault.apply_page(&nurse, Drawer::Billing, &empty()), Err(PullError::NotPermitted)));
    assert!(vault.apply_page(&nurse, Drawer::Clinical, &empty()).is_ok());
}

#[test]
fn a_newer_version_replaces_an_older_one_and_never_the_other_way_round() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let permit = clinic.replicate(&mut vault);
    for (version, beats) in [(3, 90), (2, 80)] {
        let entries = vec![upsert(&heart_rate("hr-ada", "ada", beats), version)];
        vault.apply_page(&permit, Drawer::Clinical, &page(entries, "c", true)).unwrap();
    }

    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let chart = vault.chart(&permit).unwrap();
    let found = chart.iter().find(|found| found.document.id().as_str() == "hr-ada").unwrap();

    assert_eq!(found.version, 3);
    assert_eq!(found.document.value()["valueQuantity"]["value"], json!(90));
}

#[test]
fn a_record_that_left_the_drawer_is_gone() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let permit = clinic.replicate(&mut vault);
    let gone = PageEntry { key: key("Observation/hr-ada"), version: 2, document: None };
    vault.apply_page(&permit, Drawer::Clinical, &page(vec![gone], "c", true)).unwrap();

    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");

    assert!(!vault.chart(&permit).unwrap().iter().any(|found| found.document.id().as_str() == "hr-ada"));
    assert!(digest_holds(&mut vault, Drawer::Clinical));
}

#[test]
fn a_patient_who_was_deleted_is_not_found_any_more_and_an_older_deletion_takes_nothing_newer_away() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let mut deleted = |vault: &mut vault::Vault, version| {
        let permit = clinic.replicate(vault);
        let gone = PageEntry { key: key("Patient/ada"), version, document: None };
        vault.apply_page(&permit, Drawer::Demographics, &page(vec![gone], "c", true)).unwrap();
        let permit = clinic.practice_permit(vault, Role::Nurse, Action::Search);
        let query = Query::parse("trevino", jiff::civil::date(2026, 3, 10));
        let found = vault.search(&permit, &query, 10, now()).unwrap();
        assert!(digest_holds(vault, Drawer::Demographics));
        found.rows.len()
    };
    assert_eq!(deleted(&mut vault, 0), 1);
    assert_eq!(deleted(&mut vault, 2), 0);
}

#[test]
fn a_cancelled_appointment_takes_its_relation_away() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let clinician = clinic.actor(Role::Clinician);
    let relation = |vault: &vault::Vault| vault.facts(&clinician, &patient("ada"), now()).unwrap().relation;
    assert_ne!(relation(&vault), records::rights::Relation::None);

    let cancelled = document(json!({
        "resourceType": "Appointment", "id": "today-ada", "status": "cancelled",
        "start": "2026-03-10T10:00:00Z",
        "participant": [{"actor": {"reference": "Patient/ada"}},
                        {"actor": {"reference": format!("Practitioner/{}", person(Role::Clinician))}}],
    }));
    clinic.load(&mut vault, &[cancelled]);

    assert_eq!(relation(&vault), records::rights::Relation::None);
}

#[test]
fn a_record_that_moves_to_another_patient_is_sealed_under_that_patients_key() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    clinic.load(&mut vault, &[heart_rate("hr-ada", "bob", 71)]);

    let ada = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let bob = clinic.chart_permit(&mut vault, Role::Nurse, "bob");
    let has = |permit| vault.chart(permit).unwrap().iter().any(|f| f.document.id().as_str() == "hr-ada");

    assert!(!has(&ada));
    assert!(has(&bob));
    assert!(digest_holds(&mut vault, Drawer::Clinical));
}
