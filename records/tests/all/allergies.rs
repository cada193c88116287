//! The list of allergies, and the title over it.

use records::view::{AllergyList, AllergyTitle, Chart, Section};
use records::write::masked;
use records::{DataClass, Document, classify};
use serde_json::{Value, json};

use super::people::{coded, document, of_patient};

fn allergy(id: &str, more: Value) -> Document {
    let mut value =
        json!({"resourceType": "AllergyIntolerance", "id": id, "patient": {"reference": "Patient/p"}});
    more.as_object().unwrap().iter().for_each(|(name, member)| value[name] = member.clone());
    document(value)
}

fn list(documents: &[Document], section: Section) -> AllergyList {
    AllergyList::of(&Chart::new(documents), section, 0)
}

#[test]
fn the_four_titles_are_exact() {
    let titles =
        [AllergyTitle::Known, AllergyTitle::NoneKnown, AllergyTitle::NotRecorded, AllergyTitle::Unavailable];
    assert_eq!(
        titles.map(AllergyTitle::text),
        ["Known allergies", "No known allergies", "Allergies not recorded", "Allergies unavailable"]
    );
    for title in titles {
        assert_eq!(serde_json::to_value(title).unwrap(), title.text());
    }
}

#[test]
fn no_known_allergies_takes_a_statement_and_nothing_against_it() {
    let none = || allergy("n", json!({"code": coded("716186003", "No known allergy")}));
    let stated = [none()];
    assert_eq!(list(&[], Section::Held).title, AllergyTitle::NotRecorded);
    assert_eq!(list(&stated, Section::Held).title, AllergyTitle::NoneKnown);
    assert_eq!(
        list(&stated, Section::NotHeld).title,
        AllergyTitle::Unavailable,
        "not from data that was not synced"
    );
    assert_eq!(list(&[], Section::NotHeld).title, AllergyTitle::Unavailable);
    let with_one = [none(), allergy("a", json!({"code": coded("7980", "Penicillin")}))];
    assert_eq!(list(&with_one, Section::Held).title, AllergyTitle::Known);
    let only_drugs = [allergy("n", json!({"code": coded("409137002", "No known drug allergy")}))];
    assert_eq!(list(&only_drugs, Section::Held).title, AllergyTitle::NotRecorded);
    let empty_list = [of_patient(
        "List",
        "l",
        json!({"status": "current", "code": coded("52473-6", "Allergies"),
        "emptyReason": coded("nilknown", "None")}),
    )];
    assert_eq!(list(&empty_list, Section::Held).title, AllergyTitle::NoneKnown);
}

#[test]
fn no_known_allergies_stands_over_joined_charts_only_where_each_says_so() {
    let none = [allergy("n", json!({"code": coded("716186003", "No known allergy")}))];
    let also_none = [allergy("m", json!({"code": coded("716186003", "No known allergy")}))];
    let penicillin = [allergy("a", json!({"code": coded("7980", "Penicillin")}))];
    let hidden = [masked(&penicillin[0]).unwrap()];
    let title = |charts: &[&[Document]], section| {
        let charts: Vec<Chart<'_>> = charts.iter().map(|documents| Chart::new(*documents)).collect();
        let list = AllergyList::of_charts(&charts, section);
        (list.title, list.items.len(), list.masked)
    };
    assert_eq!(title(&[&none, &also_none], Section::Held), (AllergyTitle::NoneKnown, 0, 0));
    assert_eq!(title(&[&none, &[]], Section::Held), (AllergyTitle::NotRecorded, 0, 0));
    assert_eq!(title(&[&none, &penicillin], Section::Held), (AllergyTitle::Known, 1, 0));
    assert_eq!(title(&[&none, &hidden], Section::Held), (AllergyTitle::Unavailable, 1, 1));
    assert_eq!(title(&[&none, &also_none], Section::NotHeld).0, AllergyTitle::Unavailable);
    assert_eq!(title(&[&none], Section::Held).0, list(&none, Section::Held).title);
    assert_eq!(title(&[], Section::Held).0, AllergyTitle::Unavailable);
}

#[test]
fn no_known_allergies_never_stands_over_a_masked_row() {
    let secret = allergy("s", json!({"code": coded("1", "Canary"), "meta": {"security": [{"code": "ETH"}]}}));
    assert_eq!(classify(&secret), DataClass::Sensitive);
    let stub = masked(&secret).unwrap();
    assert_eq!(classify(&stub), DataClass::ClinicalSummary);
    assert!(!String::from_utf8_lossy(stub.bytes()).contains("Canary"));
    let stated = [allergy("n", json!({"code": coded("716186003", "No known allergy")})), stub];
    let list_with_stub = list(&stated, Section::Held);
    assert_eq!((list_with_stub.title, list_with_stub.masked), (AllergyTitle::Unavailable, 1));
    assert_eq!(list_with_stub.items[0].agent, "Masked");
    let hidden = AllergyList::of(&Chart::new(&stated[..1]), Section::Held, 1);
    assert_eq!(hidden.title, AllergyTitle::Unavailable);
}

#[test]
fn known_allergies_are_shown_even_from_data_that_is_not_all_here() {
    let some = [allergy("a", json!({"code": coded("7980", "Penicillin")}))];
    assert_eq!(list(&some, Section::NotHeld).title, AllergyTitle::Known);
}

#[test]
fn an_allergy_shows_agent_reactions_severity_and_certainty() {
    let documents = [
        allergy(
            "a",
            json!({"code": {"coding": [{"display": "Latex\u{200b}"}]}, "criticality": "low",
            "meta": {"lastUpdated": "2025-01-02T03:04:05Z"}}),
        ),
        allergy(
            "b",
            json!({"code": coded("7980", "Penicillin"), "criticality": "high", "category": ["medication"],
            "clinicalStatus": coded("active", ""), "verificationStatus": coded("confirmed", ""),
            "reaction": [{"manifestation": [{"text": "Hives"}], "severity": "mild"},
                         {"manifestation": [{"text": "Wheeze"}], "severity": "severe"}]}),
        ),
        allergy("c", json!({"code": coded("x", "Old"), "clinicalStatus": coded("resolved", "")})),
        allergy(
            "d",
            json!({"code": coded("x", "Wrong"), "verificationStatus": coded("entered-in-error", "")}),
        ),
        allergy("e", json!({"code": coded("x", "Refuted"), "verificationStatus": coded("refuted", "")})),
    ];
    let list = list(&documents, Section::Held);
    let agents: Vec<&str> = list.items.iter().map(|item| item.agent.as_str()).collect();
    assert_eq!(agents, ["Penicillin", "Latex"], "worst first, without invisible letters");
    let first = &list.items[0];
    assert_eq!(first.reactions, ["Hives", "Wheeze"]);
    assert_eq!((first.severity.as_deref(), first.certainty.as_deref()), (Some("Severe"), Some("Confirmed")));
    assert_eq!(first.category.as_deref(), Some("Medication"));
    assert_eq!(list.past.iter().map(|item| item.agent.as_str()).collect::<Vec<_>>(), ["Old"]);
    assert_eq!(list.as_of.unwrap().to_string(), "2025-01-02T03:04:05Z");
}
