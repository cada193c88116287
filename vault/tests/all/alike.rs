//! Charts that look like one person's: found in the background when one comes or changes, and noted until that is no more so.

use records::apart::{Teller, take_back, tell_apart};
use records::change::Base;
use records::link::join;
use records::rights::Action;
use records::same_person::Likeness;
use records::{Document, Drawer, Role};
use vault::Vault;

use crate::clinic::{Clinic, now, patient, person, person_record, small_practice};
use crate::opening::raw;
use crate::rewriting::rewritten;

fn again() -> Document {
    person_record("again", "Trevino", "Ada", "1945-07-14", "508-548-5300")
}

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    compare(&mut vault);
    assert_eq!(vault.count_alike().unwrap(), 0);
    (clinic, vault)
}

/// As [`filled`], with a second chart of Ada that came later and that nobody asked for.
fn with_again() -> (Clinic, Vault) {
    let (mut clinic, mut vault) = filled();
    clinic.load(&mut vault, &[again()]);
    compare(&mut vault);
    (clinic, vault)
}

fn compare(vault: &mut Vault) {
    while vault.compare_some(1).unwrap() {}
}

/// The pairs that a front desk is shown.
fn pairs(clinic: &mut Clinic, vault: &mut Vault, are_apart: bool) -> Vec<(String, String, Likeness)> {
    let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
    let found = vault.alike_pairs(&permit, are_apart, now()).unwrap();
    found
        .into_iter()
        .map(|pair| (pair.one.id.to_string(), pair.other.id.to_string(), pair.comparison.likeness))
        .collect()
}

fn ada_and_again() -> Vec<(String, String, Likeness)> {
    vec![("ada".to_owned(), "again".to_owned(), Likeness::Certain)]
}

/// Writes new versions of both records, as somebody here does.
fn save(clinic: &mut Clinic, vault: &mut Vault, number: u128, (ada, again): (Document, Document)) {
    let permits = [
        clinic.write_permit(vault, Action::Update, "ada", &[&ada]),
        clinic.write_permit(vault, Action::Update, "again", &[&again]),
    ];
    let bases: [Base; 2] = [&ada, &again].map(|one| vault.base_of(one.key()).unwrap());
    let change = clinic.change(number, vec![(ada, bases[0]), (again, bases[1])]);
    vault.save_of_two(permits, &change, &clinic.pen(), now()).unwrap();
    compare(vault);
}

fn told() -> (Document, Document) {
    let by = Teller { person: person(Role::Nurse), name: "Rosa".to_owned(), at: now() };
    tell_apart(&small_practice()[0], &again(), &by).unwrap()
}

#[test]
fn a_chart_that_comes_and_looks_like_another_is_found_without_anybody_asking() {
    let (mut clinic, mut vault) = with_again();

    assert_eq!(vault.count_alike().unwrap(), 1);
    assert_eq!(pairs(&mut clinic, &mut vault, false), ada_and_again());
    assert_eq!(pairs(&mut clinic, &mut vault, true), []);
}

#[test]
fn two_who_were_told_apart_are_not_proposed_until_that_is_taken_back() {
    let (mut clinic, mut vault) = with_again();

    save(&mut clinic, &mut vault, 1, told());

    assert_eq!((vault.count_alike().unwrap(), pairs(&mut clinic, &mut vault, false)), (0, vec![]));
    assert_eq!(pairs(&mut clinic, &mut vault, true), ada_and_again());
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    assert!(vault.alike(&permit, &patient("ada"), now()).unwrap().is_empty(), "nor to whoever asks");
    let (ada, again) = told();
    save(&mut clinic, &mut vault, 2, take_back(&ada, &again).unwrap());
    assert_eq!(pairs(&mut clinic, &mut vault, false), ada_and_again());
}

#[test]
fn a_mark_that_comes_from_elsewhere_counts_and_half_of_one_does() {
    let (mut clinic, mut vault) = with_again();
    clinic.load(&mut vault, &[told().1]);
    compare(&mut vault);

    assert_eq!((vault.count_alike().unwrap(), pairs(&mut clinic, &mut vault, true)), (0, ada_and_again()));
}

#[test]
fn what_was_joined_changed_or_erased_is_a_pair_no_more() {
    let (mut clinic, mut vault) = with_again();
    save(&mut clinic, &mut vault, 1, join(&small_practice()[0], &again()).unwrap());
    assert_eq!(vault.count_alike().unwrap(), 0, "joined");

    let (mut clinic, mut vault) = with_again();
    clinic.load(&mut vault, &[person_record("again", "Okafor", "Ngozi", "2001-02-03", "555-0100")]);
    compare(&mut vault);
    assert_eq!(vault.count_alike().unwrap(), 0, "another person's name was meant");

    for gone in ["ada", "again"] {
        let (_clinic, mut vault) = with_again();
        vault.erase_patient(&patient(gone), now()).unwrap();
        assert_eq!(vault.count_alike().unwrap(), 0, "{gone} was erased");
        compare(&mut vault);
    }
}

#[test]
fn what_was_found_and_what_is_still_to_be_compared_outlive_newer_keys() {
    let (mut clinic, mut vault) = with_again();
    clinic
        .load(&mut vault, &[person_record("late", "O'Brien-Smith", "Robert", "1980-12-03", "555-867-5309")]);

    let mut vault = rewritten(&clinic, vault, Drawer::Demographics);

    assert_eq!(vault.count_alike().unwrap(), 1);
    compare(&mut vault);
    assert_eq!(vault.count_alike().unwrap(), 2);
}

#[test]
fn nothing_is_compared_before_the_first_pull_has_come_to_its_end() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    assert!(!vault.compare_some(10).unwrap());
    clinic.load(&mut vault, &[small_practice().remove(0), again()]);
    assert!(vault.compare_some(10).unwrap());
    assert_eq!(vault.count_alike().unwrap(), 1);
}

#[test]
fn whoever_is_in_a_drawer_of_an_older_schema_is_compared_once_it_is_a_newer_one() {
    let (clinic, vault) = with_again();
    drop(vault);
    let conn = raw(&clinic, Drawer::Demographics);
    conn.execute_batch("DROP TABLE alike; DROP TABLE to_compare; PRAGMA user_version = 2;").unwrap();
    drop(conn);

    let mut vault = clinic.reopen();

    assert_eq!(vault.count_alike().unwrap(), 0);
    compare(&mut vault);
    assert_eq!(vault.count_alike().unwrap(), 1);
}

#[test]
fn the_list_of_pairs_is_for_whoever_may_search() {
    let (mut clinic, mut vault) = with_again();
    let permit = clinic.chart_permit(&mut vault, Role::Clinician, "ada");

    assert!(vault.alike_pairs(&permit, false, now()).is_err());
}
