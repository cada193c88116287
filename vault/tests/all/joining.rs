//! Two charts that were joined: one change of two patients, found as one, and nothing of either lost.

use jiff::civil::date;
use records::change::Base;
use records::event::EventKind;
use records::find::Query;
use records::link::{join, separate};
use records::rights::Action;
use records::same_person::Likeness;
use records::{Document, Role};
use serde_json::json;
use vault::{AuditFilter, SaveError, Vault, Verdict};

use crate::clinic::{Clinic, note, now, patient, person_record, small_practice};

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    (clinic, vault)
}

fn again() -> Document {
    person_record("again", "Trevino", "Ada", "1945-07-14", "508-548-5300")
}

fn records() -> (Document, Document) {
    let all = small_practice();
    (all[0].clone(), again())
}

/// Ada was registered twice; both charts are joined, or separated.
fn save(
    clinic: &mut Clinic,
    vault: &mut Vault,
    number: u128,
    (ada, again): (Document, Document),
) -> Result<(), SaveError> {
    let permits = [
        clinic.write_permit(vault, Action::Update, "ada", &[&ada]),
        clinic.write_permit(vault, Action::Update, "again", &[&again]),
    ];
    let bases = [&ada, &again].map(|one| vault.base_of(one.key()).unwrap());
    let change = clinic.change(number, vec![(ada, bases[0]), (again, bases[1])]);
    vault.save_of_two(permits, &change, &clinic.pen(), now())
}

fn joined() -> (Clinic, Vault) {
    let (mut clinic, mut vault) = filled();
    clinic.load(&mut vault, &[again(), note("late", "again", "canarynote")]);
    let (ada, again) = records();
    save(&mut clinic, &mut vault, 1, join(&ada, &again).unwrap()).unwrap();
    (clinic, vault)
}

/// Rows, and within which of them another chart was found.
fn found(clinic: &mut Clinic, vault: &mut Vault, text: &str) -> Vec<(String, Vec<String>)> {
    let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
    let page = vault.search(&permit, &Query::parse(text, date(2026, 3, 10)), 50, now()).unwrap();
    let within = |row| page.within.get(row).into_iter().flatten().map(|one| one.id.to_string()).collect();
    page.rows.iter().map(|row| (row.id.to_string(), within(&row.id))).collect()
}

fn row(id: &str, within: &[&str]) -> (String, Vec<String>) {
    (id.to_owned(), within.iter().map(|one| (*one).to_owned()).collect())
}

fn events(clinic: &mut Clinic, vault: &mut Vault, whose: &str) -> Vec<EventKind> {
    let all = clinic.practice_permit(vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: Some(patient(whose)), before: None, limit: 100 };
    let page = vault.device().audit_page(&all, &filter).unwrap();
    page.iter().rev().map(|entry| entry.event.summary().kind.unwrap()).collect()
}

#[test]
fn a_joined_chart_is_found_by_either_name_or_number_within_the_one_that_stays() {
    let (mut clinic, mut vault) = joined();
    assert_eq!(found(&mut clinic, &mut vault, "maria"), [row("ada", &[])]);
    assert_eq!(found(&mut clinic, &mut vault, "trevino"), [row("ada", &["again"])]);
    assert_eq!(found(&mut clinic, &mut vault, "1945"), [row("ada", &["again"])]);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    let ids = [patient("again"), patient("ada"), patient("bob")];
    let rows = vault.surviving_rows(&permit, &ids, now()).unwrap();
    assert_eq!(rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(), ["ada", "bob"]);
}

#[test]
fn separated_they_are_found_as_two_and_each_has_what_was_its_own() {
    let (mut clinic, mut vault) = joined();
    let (ada, again) = records();
    let (ada, again) = join(&ada, &again).unwrap();

    save(&mut clinic, &mut vault, 2, separate(&ada, &again).unwrap()).unwrap();

    assert_eq!(found(&mut clinic, &mut vault, "1945"), [row("again", &[]), row("ada", &[])]);
    for (whose, notes) in [("ada", ["note-ada"]), ("again", ["late"])] {
        let permit = clinic.chart_permit(&mut vault, Role::Nurse, whose);
        let chart = vault.chart(&permit).unwrap();
        let of_kind = chart.iter().filter(|one| one.document.kind().as_str() == "DocumentReference");
        assert_eq!(of_kind.map(|one| one.document.id().as_str()).collect::<Vec<_>>(), notes);
    }
}

#[test]
fn a_half_that_stands_alone_and_a_circle_lead_nowhere() {
    let (mut clinic, mut vault) = filled();
    let (ada, again) = records();
    let (_, half) = join(&ada, &again).unwrap();
    clinic.load(&mut vault, &[half]);
    assert_eq!(found(&mut clinic, &mut vault, "1945"), [row("again", &[]), row("ada", &[])]);
    let both_ways = |record: &Document, other: &str| {
        let link = |kind: &str| json!({"other": {"reference": format!("Patient/{other}")}, "type": kind});
        record.edit(|value| value["link"] = json!([link("replaced-by"), link("replaces")])).unwrap()
    };
    clinic.load(&mut vault, &[both_ways(&ada, "again"), both_ways(&again, "ada")]);
    assert_eq!(found(&mut clinic, &mut vault, "1945"), [row("again", &[]), row("ada", &[])]);
}

#[test]
fn charts_that_may_be_of_one_person_are_found_the_likeliest_first_and_no_longer_once_joined() {
    let (mut clinic, mut vault) = filled();
    let twin = person_record("twin", "Treviño", "Berta", "1945-07-14", "508-548-5300");
    let swapped = person_record("swapped", "Ada", "Trevino", "1945-07-14", "1");
    let child = person_record("child", "Treviño", "Ada", "1975-01-02", "508-548-5300");
    clinic.load(&mut vault, &[again(), twin, swapped, child]);
    let alike = |clinic: &mut Clinic, vault: &mut Vault| {
        let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
        let found = vault.alike(&permit, &patient("ada"), now()).unwrap();
        found.iter().map(|(row, found)| (row.id.to_string(), found.likeness)).collect::<Vec<_>>()
    };

    let found = alike(&mut clinic, &mut vault);

    let both = [("again".to_owned(), Likeness::Certain), ("swapped".to_owned(), Likeness::Likely)];
    assert_eq!(found, both);
    let (ada, again) = records();
    save(&mut clinic, &mut vault, 1, join(&ada, &again).unwrap()).unwrap();
    assert_eq!(alike(&mut clinic, &mut vault), both[1..]);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    assert!(vault.alike(&permit, &patient("nobody"), now()).is_err());
}

#[test]
fn the_trail_has_an_intent_and_a_result_of_each_patient() {
    let (mut clinic, mut vault) = joined();
    for whose in ["ada", "again"] {
        let events = events(&mut clinic, &mut vault, whose);
        assert_eq!(events, [EventKind::WriteIntent, EventKind::Written], "{whose}");
    }
    drop(vault);
    let mut vault = clinic.reopen();
    assert_eq!(events(&mut clinic, &mut vault, "again").len(), 2, "nothing is left open");
}

#[test]
fn a_permit_for_one_of_the_two_is_not_enough_and_closes_both_intents() {
    let (mut clinic, mut vault) = filled();
    clinic.load(&mut vault, &[again()]);
    let (ada, again) = records();
    let (ada, again) = join(&ada, &again).unwrap();
    let permits = [
        clinic.write_permit(&mut vault, Action::Update, "ada", &[&ada]),
        clinic.write_permit(&mut vault, Action::Update, "bob", &[&small_practice()[1]]),
    ];
    let change = clinic.change(1, vec![(ada, Base::Version(1)), (again, Base::Version(1))]);

    let refused = vault.save_of_two(permits, &change, &clinic.pen(), now());

    assert!(matches!(refused, Err(SaveError::NotPermitted)), "{refused:?}");
    assert!(vault.device().unsent().unwrap().is_empty());
    for whose in ["ada", "bob"] {
        let events = events(&mut clinic, &mut vault, whose);
        assert_eq!(events, [EventKind::WriteIntent, EventKind::Written], "{whose}");
    }
}

#[test]
fn a_refused_change_leaves_both_as_the_server_has_them() {
    let (mut clinic, mut vault) = joined();
    let unsent = vault.device().unsent().unwrap();
    assert_eq!((&unsent[0].patient, &unsent[0].also), (&Some(patient("ada")), &Some(patient("again"))));

    vault.apply_verdict(unsent[0].change, &Verdict::Refused { code: "links".to_owned() }, now()).unwrap();

    assert_eq!(found(&mut clinic, &mut vault, "1945"), [row("again", &[]), row("ada", &[])]);
}

#[test]
fn the_change_that_joined_them_goes_with_whichever_of_the_two_is_erased() {
    for gone in ["ada", "again"] {
        let (mut clinic, mut vault) = joined();
        let change = vault.device().unsent().unwrap()[0].change;

        vault.erase_patient(&patient(gone), now()).unwrap();

        let left = if gone == "ada" { "again" } else { "ada" };
        assert_eq!(found(&mut clinic, &mut vault, "1945"), [row(left, &[])], "the other leads nowhere now");
        for drawer in vault.erasures_due().unwrap() {
            vault.begin_rewrite(drawer).unwrap();
            while !vault.rewrite_step(7).unwrap().finished {}
        }
        assert!(!vault.device_mut().is_erasure_done(&patient(gone)).unwrap(), "it has no answer yet");
        vault.apply_verdict(change, &Verdict::Refused { code: "erased".to_owned() }, now()).unwrap();
        assert!(vault.device_mut().is_erasure_done(&patient(gone)).unwrap());
        assert!(vault.device().envelope(change).unwrap().is_none(), "{gone}");
        drop(vault);
        let mut vault = clinic.reopen();
        assert_eq!(found(&mut clinic, &mut vault, "1945"), [row(left, &[])]);
    }
}
