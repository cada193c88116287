//! Two charts that may be of one person.

use proptest::prelude::*;
use records::find::{FindTokens, Key, Query};
use records::same_person::{Comparison, Likeness, Reason, compare, searches};
use serde_json::{Value, json};

use super::people::document;

fn ana() -> Value {
    json!({
        "resourceType": "Patient", "id": "a",
        "name": [{"family": "García-López", "given": ["Ana", "Lucía"]}],
        "birthDate": "1945-07-04", "gender": "female",
        "telecom": [{"system": "phone", "value": "+1 (508) 548-5300"}],
        "identifier": [{"system": "urn:chartkeep:mrn", "value": "M-1"}, {"system": "urn:insurer", "value": "77-12"}],
    })
}

/// The same person, registered again with another record number of ours and what else is different.
fn again(changes: &[(&str, Value)]) -> Value {
    let mut value = ana();
    value["id"] = json!("b");
    value["identifier"] = json!([{"system": "urn:chartkeep:mrn", "value": "T07-0012"}]);
    for (name, change) in changes {
        value[*name] = change.clone();
    }
    value
}

fn compared(one: &Value, other: &Value) -> Comparison {
    compare(&document(one.clone()), &document(other.clone())).unwrap()
}

fn named(family: &str, given: &str) -> (&'static str, Value) {
    ("name", json!([{"family": family, "given": [given]}]))
}

fn check(changes: &[(&str, Value)], likeness: Likeness, reason: Reason) {
    let found = compared(&ana(), &again(changes));
    assert_eq!(found.likeness, likeness, "{changes:?}: {:?}", found.reasons);
    assert!(found.reasons.contains(&reason), "{changes:?}: {:?}", found.reasons);
}

#[test]
fn name_birth_date_and_telephone_together_are_certain_and_without_the_telephone_likely() {
    check(&[], Likeness::Certain, Reason::SamePhone);
    check(&[("telecom", json!([]))], Likeness::Likely, Reason::SameBirthDate);
    check(&[("telecom", json!([])), ("birthDate", Value::Null)], Likeness::No, Reason::SameName);
}

#[test]
fn a_name_is_the_same_without_accent_hyphen_or_second_given_name() {
    check(&[named("GARCIA LOPEZ", "ana")], Likeness::Certain, Reason::SameName);
    check(&[("name", json!([{"text": "Lucia Garcia-Lopez"}]))], Likeness::Certain, Reason::SameName);
    let before_marriage = json!([{"family": "Smith", "given": ["Ana"]}, {"use": "old", "family": "García-López", "given": ["Ana"]}]);
    check(&[("name", before_marriage)], Likeness::Certain, Reason::SameName);
}

#[test]
fn family_and_given_name_in_each_others_place_are_worth_a_look() {
    let swapped = ("name", json!([{"family": "Ana", "given": ["Garcialopez"]}]));
    check(&[swapped, ("telecom", json!([]))], Likeness::Likely, Reason::NamesSwapped);
}

#[test]
fn one_letter_off_is_similar_and_two_are_another_name() {
    for given in ["Anna", "Ama", "Naa", "An"] {
        let reason = if given == "An" { Reason::OtherGivenName } else { Reason::SimilarName };
        let likeness = if given == "An" { Likeness::No } else { Likeness::Likely };
        check(&[named("García-López", given)], likeness, reason);
    }
    check(&[named("Garcia-Lopes", "Ana")], Likeness::Likely, Reason::SimilarName);
    check(&[named("Garcia-Loves", "Ana"), ("telecom", json!([]))], Likeness::No, Reason::OtherName);
}

#[test]
fn a_birth_date_may_be_turned_round_or_one_digit_off() {
    check(&[("birthDate", json!("1945-04-07"))], Likeness::Likely, Reason::BirthDateSwapped);
    check(&[("birthDate", json!("1945-07-14"))], Likeness::Likely, Reason::BirthDateOneDigit);
    check(&[("birthDate", json!("1954-07-14"))], Likeness::No, Reason::OtherBirthDate);
}

#[test]
fn a_parent_of_the_same_name_at_the_same_telephone_is_another_person() {
    check(&[("birthDate", json!("1919-11-30"))], Likeness::No, Reason::OtherBirthDate);
}

#[test]
fn twins_are_not_proposed_for_what_twins_share_and_never_certain() {
    let twin = named("García-López", "Berta");
    check(std::slice::from_ref(&twin), Likeness::No, Reason::OtherGivenName);
    let shared_insurance = ("identifier", json!([{"system": "urn:insurer", "value": "7712"}]));
    check(&[twin, shared_insurance], Likeness::Likely, Reason::OtherGivenName);
}

#[test]
fn a_number_in_common_is_worth_a_look_and_a_different_one_speaks_against() {
    let same = ("identifier", json!([{"system": "urn:insurer", "value": "77 12"}]));
    check(&[same.clone(), named("Smith", "Jo")], Likeness::Likely, Reason::SameNumber);
    check(
        &[same, named("Smith", "Jo"), ("birthDate", json!("1980-01-01"))],
        Likeness::No,
        Reason::SameNumber,
    );
    let other = ("identifier", json!([{"system": "urn:insurer", "value": "7713"}]));
    check(std::slice::from_ref(&other), Likeness::Likely, Reason::OtherNumber);
    check(&[other, ("telecom", json!([]))], Likeness::No, Reason::OtherNumber);
}

#[test]
fn record_numbers_of_our_own_say_nothing() {
    let found = compared(&ana(), &again(&[]));
    assert!(!found.reasons.contains(&Reason::OtherNumber));
    let met = ("identifier", json!([{"system": "urn:chartkeep:mrn", "value": "M-1"}]));
    let found = compared(&ana(), &again(&[met, named("Smith", "Jo"), ("birthDate", json!("1980-01-01"))]));
    assert_eq!((found.likeness, found.reasons.contains(&Reason::SameNumber)), (Likeness::No, false));
}

#[test]
fn another_sex_is_never_certain() {
    check(&[("gender", json!("male"))], Likeness::Likely, Reason::OtherSex);
    check(&[("gender", json!("unknown"))], Likeness::Certain, Reason::SameName);
}

#[test]
fn what_is_no_patient_or_the_same_chart_is_not_compared() {
    let ana = document(ana());
    assert_eq!(compare(&ana, &ana), None);
    assert_eq!(compare(&ana, &document(json!({"resourceType": "Practitioner", "id": "x"}))), None);
}

#[test]
fn every_reason_has_its_stored_name() {
    for reason in compared(&ana(), &again(&[])).reasons {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
}

fn any_patient(id: &'static str) -> impl Strategy<Value = Value> {
    let name = ("[abé]{0,3}", proptest::collection::vec("[abé]{1,3}", 0..3));
    let names = proptest::collection::vec(
        name.prop_map(|(family, given)| json!({"family": family, "given": given})),
        0..3,
    );
    let born = prop_oneof![
        Just(Value::Null),
        Just(json!("1945")),
        (1_u8..13, 1_u8..13).prop_map(|(m, d)| json!(format!("1945-{m:02}-{d:02}"))),
    ];
    let number = ("[ab]", "[12]{1,2}").prop_map(|(system, value)| json!({"system": system, "value": value}));
    let numbers = proptest::collection::vec(number, 0..3);
    let phones = proptest::collection::vec(
        "[12]{7}".prop_map(|value| json!({"system": "phone", "value": value})),
        0..2,
    );
    let sex = prop_oneof![Just("male"), Just("female"), Just("unknown")];
    (names, born, numbers, phones, sex).prop_map(move |(names, born, numbers, phones, sex)| {
        json!({"resourceType": "Patient", "id": id, "name": names, "birthDate": born, "identifier": numbers,
               "telecom": phones, "gender": sex})
    })
}

/// As the stores answer a query, by whole words.
fn finds(query: &Query, tokens: &FindTokens) -> bool {
    let is_met =
        |group: &Vec<Vec<Key>>| group.iter().any(|keys| keys.iter().all(|key| tokens.keys.contains(key)));
    query.names.iter().all(|name| tokens.names.contains(name)) && query.groups.iter().all(is_met)
}

/// The same patient with every list the other way round.
fn turned(patient: &Value) -> Value {
    let mut turned = patient.clone();
    for name in ["name", "identifier", "telecom"] {
        turned[name].as_array_mut().unwrap().reverse();
    }
    turned
}

proptest! {
    #[test]
    fn it_does_not_matter_which_comes_first(one in any_patient("a"), other in any_patient("b")) {
        prop_assert_eq!(compared(&one, &other), compared(&other, &one));
    }

    #[test]
    fn what_is_likely_without_a_number_is_found_by_a_search(one in any_patient("a"), other in any_patient("b")) {
        let found = compared(&one, &other);
        let by_number = [Reason::SameNumber, Reason::OtherNumber].iter().any(|reason| found.reasons.contains(reason));
        if found.likeness > Likeness::No && !by_number {
            let tokens = FindTokens::of(&document(other));
            prop_assert!(searches(&document(one)).iter().any(|query| finds(query, &tokens)), "{:?}", found.reasons);
        }
    }

    #[test]
    fn the_order_within_a_record_does_not_matter(one in any_patient("a"), other in any_patient("b")) {
        prop_assert_eq!(compared(&one, &other), compared(&turned(&one), &other));
    }

    #[test]
    fn nothing_that_speaks_against_is_ever_certain(one in any_patient("a"), other in any_patient("b")) {
        let found = compared(&one, &other);
        let against = [Reason::OtherGivenName, Reason::OtherName, Reason::OtherBirthDate, Reason::OtherSex, Reason::OtherNumber];
        prop_assert!(found.likeness != Likeness::Certain || !against.iter().any(|reason| found.reasons.contains(reason)));
    }
}
