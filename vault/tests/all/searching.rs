//! Finding patients: by any part of a name, birth date, number, telephone; in scope only; one operation.

use jiff::civil::date;
use records::event::EventKind;
use records::find::Query;
use records::id::PatientId;
use records::rights::{Action, Permit};
use records::{Document, Role};
use vault::{AuditFilter, ReadError, Vault};

use crate::clinic::{Clinic, now, patient, person_record, small_practice};

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    clinic.load(&mut vault, &[person_record("cat", "Ashley", "Leeann", "1945-12-01", "5085551111")]);
    (clinic, vault)
}

fn query(text: &str) -> Query {
    Query::parse(text, date(2026, 3, 10))
}

fn ids(vault: &Vault, permit: &Permit, text: &str) -> Vec<String> {
    let page = vault.search(permit, &query(text), 50, now()).unwrap();
    page.rows.iter().map(|row| row.id.to_string()).collect()
}

#[test]
fn a_patient_is_found_by_any_part_of_a_name_with_or_without_accents() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    for (text, expected) in [
        ("trev", vec!["ada"]),
        ("TREVIÑO", vec!["ada"]),
        ("trevino", vec!["ada"]),
        ("vino", vec!["ada"]),
        ("maria", vec!["ada"]),
        ("trev ad", vec!["ada"]),
        ("ada, trev", vec!["ada"]),
        ("brien", vec!["bob"]),
        ("o'br", vec!["bob"]),
        ("obrien", vec!["bob"]),
        ("smith rob", vec!["bob"]),
        ("smith ada", vec![]),
        ("lee", vec!["cat"]),
        ("hle", vec!["cat"]),
        ("a", vec!["cat", "ada"]),
        ("xyz", vec![]),
        ("", vec![]),
        ("\" OR *", vec![]),
    ] {
        assert_eq!(ids(&vault, &permit, text), expected, "{text}");
    }
}

#[test]
fn a_patient_is_found_by_birth_date_number_and_telephone() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    for (text, expected) in [
        ("1945-07-14", vec!["ada"]),
        ("14-Jul-1945", vec!["ada"]),
        ("14 jul 1945", vec!["ada"]),
        ("07/14/1945", vec!["ada"]),
        ("14/07/1945", vec!["ada"]),
        ("14071945", vec!["ada"]),
        ("1945", vec!["cat", "ada"]),
        ("ada 1945", vec!["ada"]),
        ("1946-07-14", vec![]),
        ("MRN-ada", vec![]),
        ("508-548-5300", vec!["ada"]),
        ("(508) 548-5300", vec!["ada"]),
        ("5485300", vec!["ada"]),
        ("5309", vec!["bob"]),
    ] {
        assert_eq!(ids(&vault, &permit, text), expected, "{text}");
    }
}

#[test]
fn a_record_number_finds_its_patient() {
    let (mut clinic, mut vault) = filled();
    let numbered = person_record("x1", "Nemo", "Ann", "1990-01-01", "9").edit(|value| {
        value["identifier"][0]["value"] = "T07-0012".into();
    });
    clinic.load(&mut vault, &[numbered.unwrap()]);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    for text in ["T07-0012", "t07-0012", "T070012"] {
        assert_eq!(ids(&vault, &permit, text), ["x1"], "{text}");
    }
}

#[test]
fn whole_words_come_first_then_beginnings_then_any_part() {
    let (mut clinic, mut vault) = filled();
    let people: Vec<Document> = [("p1", "Leeson"), ("p2", "Ashlee"), ("p3", "Lee"), ("p4", "Leeds")]
        .map(|(id, family)| person_record(id, family, "Zoe", "1990-01-01", "1"))
        .to_vec();
    clinic.load(&mut vault, &people);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    assert_eq!(ids(&vault, &permit, "lee"), ["p3", "cat", "p4", "p1", "p2"]);
}

#[test]
fn a_changed_name_is_found_and_the_old_one_is_not() {
    let (mut clinic, mut vault) = filled();
    clinic.load(&mut vault, &[person_record("ada", "Lovelace", "Ada", "1945-07-14", "5")]);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    assert_eq!(ids(&vault, &permit, "lovel"), ["ada"]);
    assert!(ids(&vault, &permit, "trevino").is_empty());
}

#[test]
fn a_search_shows_at_most_what_was_asked_for_and_says_that_there_is_more() {
    let (mut clinic, mut vault) = filled();
    let people: Vec<Document> = (0..60)
        .map(|n| {
            let given = if n == 7 { "Quentin" } else { "Ann" };
            person_record(&format!("s{n}"), "Smithson", given, "1990-01-01", "1")
        })
        .collect();
    clinic.load(&mut vault, &people);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    let page = vault.search(&permit, &query("smiths"), 500, now()).unwrap();
    let few = vault.search(&permit, &query("smiths quen"), 50, now()).unwrap();

    assert_eq!((page.rows.len(), page.more), (50, true));
    assert_eq!((few.rows.len(), few.more), (1, false));
}

#[test]
fn a_role_that_may_not_search_has_no_permit_and_another_permit_does_not_search() {
    let (mut clinic, mut vault) = filled();
    let chart = clinic.chart_permit(&mut vault, Role::Nurse, "ada");

    assert!(matches!(vault.search(&chart, &query("trev"), 50, now()), Err(ReadError::NotPermitted)));
    assert!(matches!(vault.rows(&chart, &[patient("ada")], now()), Err(ReadError::NotPermitted)));
}

#[test]
fn a_settled_search_leaves_one_event_a_patient_in_one_commit() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    let before = vault.device().log_head().size;
    let query = query("1945");
    let shown: Vec<PatientId> =
        vault.search(&permit, &query, 50, now()).unwrap().rows.into_iter().map(|row| row.id).collect();

    vault.settle(permit, &query, &shown, now()).unwrap();

    assert_eq!(vault.device().log_head().size, before + 2);
    let all = clinic.practice_permit(&mut vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: Some(patient("cat")), before: None, limit: 10 };
    let page = vault.device().audit_page(&all, &filter).unwrap();
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].event.summary().kind, Some(EventKind::PatientShown));
    assert!(!String::from_utf8_lossy(page[0].event.bytes()).contains("1945"));
}

#[test]
fn more_than_fifty_shown_patients_are_no_settled_list() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    let shown = vec![patient("ada"); 51];

    assert!(matches!(vault.settle(permit, &query("a"), &shown, now()), Err(ReadError::NotPermitted)));
}

#[test]
fn a_removed_patient_is_not_found_any_more() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.replicate(&mut vault);
    let gone = vault::PageEntry { key: patient("ada").key(), version: 2, document: None };
    let page = vault::Page {
        entries: vec![gone],
        charts: vec![],
        next_cursor: "c".into(),
        complete: true,
        received_at: now(),
    };
    vault.apply_page(&permit, records::Drawer::Demographics, &page).unwrap();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    assert!(ids(&vault, &permit, "trevino").is_empty());
    assert!(ids(&vault, &permit, "5485300").is_empty());
}

#[test]
fn common_beginnings_and_parts_are_found_among_thousands() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let people: Vec<Document> = (0..3000).map(invented).collect();
    clinic.load(&mut vault, &people);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);

    for text in ["s", "sm", "smi", "mit", "an", "a", "john", "smith j", "1960", "neil 1960"] {
        assert!(!ids(&vault, &permit, text).is_empty(), "{text}");
    }
}

fn invented(n: usize) -> Document {
    let families = ["Smith", "Johnson", "Anderson", "Garcia", "Lee", "Müller", "O'Neil", "Jackson"];
    let given = ["John", "Ann", "Maria", "Peter", "Sofia", "Ian"];
    let born = format!("{}-{:02}-{:02}", 1930 + n % 80, 1 + n % 12, 1 + n % 28);
    person_record(&format!("i{n}"), families[n % 8], given[(n / 8) % 6], &born, &format!("555{n:07}"))
}
