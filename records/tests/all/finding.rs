//! Finding a patient by whatever is typed.

use jiff::civil::date;
use proptest::prelude::*;
use records::Document;
use records::find::{FindTokens, Key, Query, fold, words};
use serde_json::json;

use super::people::document;

fn someone() -> Document {
    document(json!({
        "resourceType": "Patient", "id": "p", "birthDate": "1945-07-14",
        "name": [
            {"use": "official", "family": "Treviño-O'Brien", "given": ["Ádan", "José"]},
            {"use": "nickname", "given": ["Pepe"]}
        ],
        "telecom": [{"system": "phone", "value": "+1 (508) 548-5300"}, {"system": "email", "value": "a@b.c"}],
        "identifier": [
            {"system": "urn:chartkeep:mrn", "value": "T07-0012"},
            {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "SS"}]},
             "value": "999-12-3456"}
        ]
    }))
}

fn finds(typed: &str) -> bool {
    let tokens = FindTokens::of(&someone());
    let query = Query::parse(typed, date(2026, 3, 2));
    let name = |typed: &String| tokens.names.iter().any(|word| word.starts_with(typed.as_str()));
    let group =
        |group: &Vec<Vec<Key>>| group.iter().any(|keys| keys.iter().all(|key| tokens.keys.contains(key)));
    !query.is_empty() && query.names.iter().all(name) && query.groups.iter().all(group)
}

#[test]
fn any_part_of_a_name_finds_it() {
    for typed in [
        "trev",
        "Treviño",
        "TREVINO",
        "obrien",
        "O'Br",
        "brien",
        "trevino-o",
        "adan",
        "Ád jos",
        "pepe",
        "jose tre",
        "Treviño, Ádan",
    ] {
        assert!(finds(typed), "{typed}");
    }
    for typed in ["smith", "trev smith", "revino"] {
        assert!(!finds(typed), "{typed}");
    }
}

#[test]
fn the_birth_date_finds_in_any_usual_form() {
    let forms = [
        "14-Jul-1945",
        "14-jul-45",
        "14 jul 1945",
        "14 July 1945",
        "July 14, 1945",
        "jul 14 1945",
        "14jul1945",
        "1945-07-14",
        "14/07/1945",
        "07/14/1945",
        "14.7.1945",
        "7/14/45",
        "14/7/45",
        "19450714",
        "14071945",
        "07141945",
        "140745",
        "1945 jul 14",
        "14 07 1945",
        "jul 1945",
        "07/1945",
        "1945-07",
        "1945",
        "14 jul",
    ];
    for typed in forms {
        assert!(finds(typed), "{typed}");
        assert!(finds(&format!("trev {typed}")), "trev {typed}");
        assert!(finds(&format!("{typed} adan")), "{typed} adan");
    }
    for typed in ["15-Jul-1945", "14-Jun-1945", "1946", "14/08/1945", "jul 1946", "19450715"] {
        assert!(!finds(typed), "{typed}");
    }
}

#[test]
fn numbers_and_telephones_find() {
    for typed in [
        "T07-0012",
        "t070012",
        "508-548-5300",
        "5085485300",
        "(508) 548-5300",
        "+1 508 548 5300",
        "548-5300",
        "5300",
    ] {
        assert!(finds(typed), "{typed}");
    }
    for typed in ["T07-0013", "5485301", "999123456", "999-12-3456", "9"] {
        assert!(!finds(typed), "{typed}");
    }
}

#[test]
fn a_month_that_is_a_name_still_finds_the_name() {
    let april = document(
        json!({"resourceType": "Patient", "id": "p", "name": [{"given": ["April"], "family": "May"}]}),
    );
    let names = FindTokens::of(&april).names;
    let query = Query::parse("april may", date(2026, 3, 2));
    assert!(query.names.iter().all(|typed| names.contains(typed)) && query.groups.is_empty());
}

#[test]
fn nothing_typed_is_an_empty_query() {
    assert!(Query::parse("  ,  ", date(2026, 3, 2)).is_empty());
}

#[test]
fn folding_writes_letters_out_that_have_no_accent_to_drop() {
    assert_eq!(fold("Größe ÆØŁĐ ı"), "grosse aeold i");
    assert_eq!(words("Anne-Marie d'Arc"), ["anne", "marie", "annemarie", "d", "arc", "darc"]);
}

#[test]
fn only_a_patient_has_tokens() {
    assert_eq!(
        FindTokens::of(&document(json!({"resourceType": "Practitioner", "id": "p"}))),
        FindTokens::default()
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _query = Query::parse(&text, date(2026, 3, 2));
    }

    #[test]
    fn every_name_is_found_by_each_of_its_beginnings(family in "[A-ZÀ-Þ][a-zß-ÿ]{1,8}('[A-Z][a-z]{1,4}|-[A-Z][a-z]{1,4})?", cut in 1_usize..8) {
        let patient = document(json!({"resourceType": "Patient", "id": "p", "name": [{"family": family}]}));
        let tokens = FindTokens::of(&patient);
        let typed: String = family.chars().take(cut).collect();
        let query = Query::parse(&typed, date(2026, 3, 2));
        let found = |typed: &String| tokens.names.iter().any(|word| word.starts_with(typed.as_str()));
        prop_assert!(query.names.iter().all(found), "{typed} in {:?}", tokens.names);
    }

    #[test]
    fn every_birth_date_is_found_as_the_banner_shows_it(year in 1900_i16..=2025, month in 1_i8..=12, day in 1_i8..=28) {
        let born = date(year, month, day);
        let patient = document(json!({"resourceType": "Patient", "id": "p", "birthDate": born.to_string()}));
        let tokens = FindTokens::of(&patient);
        for typed in [records::date::date_text(born), born.to_string(), format!("{month}/{day}/{year}")] {
            let query = Query::parse(&typed, date(2026, 3, 2));
            prop_assert_eq!(query.groups.len(), 1);
            prop_assert!(query.groups[0].iter().any(|keys| keys.iter().all(|k| tokens.keys.contains(k))), "{}", typed);
        }
    }
}
