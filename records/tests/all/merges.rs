//! Two edits of one record: what comes together, and what goes to a person.

use proptest::prelude::*;
use records::Document;
use records::merge::{Merge, changed_elements, merge};
use serde_json::{Map, Value, json};

use super::people::document;

fn merged(base: &Value, ours: &Value, theirs: &Value) -> Result<Value, Vec<String>> {
    match merge(&document(base.clone()), &document(ours.clone()), &document(theirs.clone())) {
        Merge::Merged(document) => Ok(document.value().clone()),
        Merge::NeedsPerson(fields) => Err(fields.into_iter().map(|field| field.element).collect()),
    }
}

fn with(base: &Value, changes: &[(&str, Value)]) -> Value {
    let mut value = base.clone();
    for (name, change) in changes {
        value[*name] = change.clone();
    }
    value
}

fn coded(code: &str) -> Value {
    json!({"coding": [{"code": code}]})
}

#[test]
fn edits_of_different_elements_come_together() {
    let base = json!({"resourceType": "Patient", "id": "p", "telecom": [{"value": "1"}], "address": [{"city": "A"}]});
    let ours = with(&base, &[("telecom", json!([{"value": "2"}]))]);
    let theirs =
        with(&base, &[("address", json!([{"city": "B"}])), ("maritalStatus", json!({"text": "Married"}))]);
    let both = merged(&base, &ours, &theirs).unwrap();
    assert_eq!((&both["telecom"][0]["value"], &both["address"][0]["city"]), (&json!("2"), &json!("B")));
    assert_eq!(both["maritalStatus"]["text"], "Married");
}

#[test]
fn the_same_element_changed_in_two_ways_goes_to_a_person() {
    let base = json!({"resourceType": "Goal", "id": "g", "description": {"text": "a"}});
    let ours = with(&base, &[("description", json!({"text": "b"}))]);
    let theirs = with(&base, &[("description", json!({"text": "c"}))]);
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["description".to_owned()]));
}

#[test]
fn allergic_reactions_unite() {
    let base = json!({"resourceType": "AllergyIntolerance", "id": "a", "code": coded("penicillin")});
    let ours = with(&base, &[("reaction", json!([{"description": "hives"}]))]);
    let theirs =
        with(&base, &[("reaction", json!([{"description": "wheeze"}])), ("criticality", json!("high"))]);
    let both = merged(&base, &ours, &theirs).unwrap();
    assert_eq!(both["reaction"], json!([{"description": "wheeze"}, {"description": "hives"}]));
    assert_eq!(both["criticality"], "high");
}

#[test]
fn an_allergy_taken_back_while_another_works_on_it_goes_to_a_person() {
    let base = json!({"resourceType": "AllergyIntolerance", "id": "a", "clinicalStatus": coded("active")});
    let back = with(&base, &[("clinicalStatus", coded("resolved"))]);
    let refuted = with(&base, &[("verificationStatus", coded("refuted"))]);
    let noted = with(&base, &[("note", json!([{"text": "again today"}]))]);
    assert_eq!(merged(&base, &back, &noted), Err(vec!["clinicalStatus".to_owned()]));
    assert_eq!(merged(&base, &noted, &refuted), Err(vec!["verificationStatus".to_owned()]));
    assert_eq!(merged(&base, &back, &base).unwrap(), back, "alone it is an edit like any other");
}

#[test]
fn a_reaction_taken_out_while_another_is_added_goes_to_a_person() {
    let base =
        json!({"resourceType": "AllergyIntolerance", "id": "a", "reaction": [{"description": "hives"}]});
    let ours = with(&base, &[("reaction", json!([]))]);
    let theirs = with(&base, &[("reaction", json!([{"description": "hives"}, {"description": "wheeze"}]))]);
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["reaction".to_owned()]));
}

#[test]
fn a_dose_changed_by_one_and_the_status_by_another_goes_to_a_person() {
    let base = json!({"resourceType": "MedicationRequest", "id": "m", "status": "active",
        "dosageInstruction": [{"text": "5 mg"}]});
    let dose = with(&base, &[("dosageInstruction", json!([{"text": "10 mg"}]))]);
    let stopped = with(&base, &[("status", json!("stopped"))]);
    let noted = with(&base, &[("note", json!([{"text": "with food"}]))]);
    assert_eq!(
        merged(&base, &dose, &stopped),
        Err(vec!["dosageInstruction".to_owned(), "status".to_owned()])
    );
    assert_eq!(merged(&base, &dose, &noted).unwrap()["dosageInstruction"][0]["text"], "10 mg");
    assert_eq!(merged(&base, &dose, &dose).unwrap(), dose);
}

#[test]
fn two_edits_of_who_a_patient_is_go_to_a_person() {
    let base =
        json!({"resourceType": "Patient", "id": "p", "name": [{"family": "A"}], "birthDate": "1945-07-14"});
    let renamed = with(&base, &[("name", json!([{"family": "B"}]))]);
    let redated = with(&base, &[("birthDate", json!("1954-07-14"))]);
    let moved = with(&base, &[("address", json!([{"city": "X"}]))]);
    assert_eq!(merged(&base, &renamed, &redated), Err(vec!["birthDate".to_owned(), "name".to_owned()]));
    assert!(merged(&base, &renamed, &moved).is_ok());
}

#[test]
fn a_value_is_never_put_together_from_two() {
    let base = json!({"resourceType": "CarePlan", "id": "c", "x": {"value": 1, "unit": "mg"}});
    let ours = with(&base, &[("x", json!({"value": 2, "unit": "mg"}))]);
    let theirs = with(&base, &[("x", json!({"value": 1, "unit": "g"}))]);
    assert_eq!(merged(&base, &ours, &theirs), Err(vec!["x".to_owned()]));
}

#[test]
fn a_merge_never_lowers_a_label() {
    let label =
        |codes: &[&str]| json!({"security": codes.iter().map(|c| json!({"code": c})).collect::<Vec<_>>()});
    let base = json!({"resourceType": "Condition", "id": "c", "meta": label(&["N"])});
    let ours = with(&base, &[("meta", label(&["N", "ETH"])), ("severity", json!({"text": "x"}))]);
    let theirs = with(&base, &[("meta", label(&["N", "R"])), ("recordedDate", json!("2026"))]);
    let both = merged(&base, &ours, &theirs).unwrap();
    assert_eq!(both["meta"], label(&["N", "R", "ETH"]));
}

#[test]
fn a_conflict_does_not_show_values_in_debug() {
    let base = json!({"resourceType": "Goal", "id": "g", "description": {"text": "a"}});
    let ours = with(&base, &[("description", json!({"text": "Canary"}))]);
    let theirs = with(&base, &[("description", json!({"text": "c"}))]);
    let result = merge(&document(base), &document(ours), &document(theirs));
    assert!(!format!("{result:?}").contains("Canary"));
}

#[test]
fn what_an_edit_touched_is_named_without_values() {
    let before =
        document(json!({"resourceType": "Patient", "id": "p", "birthDate": "1945-07-14", "active": true}));
    let after = before.edit(|value| value["birthDate"] = "1945-07-15".into()).unwrap();
    assert_eq!(changed_elements(&before, &after), ["birthDate"]);
}

fn any_element() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0_u8..4).prop_map(Value::from),
        "[a-c]{1,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[m-p]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

pub(crate) fn any_document() -> impl Strategy<Value = Document> {
    let elements = proptest::sample::select(vec!["note", "status", "code", "reaction", "onset", "dosage"]);
    proptest::collection::btree_map(elements, any_element(), 0..5).prop_map(|members| {
        let mut value = json!({"resourceType": "MedicationRequest", "id": "x"});
        members.into_iter().for_each(|(name, member)| value[name] = member);
        document(value)
    })
}

proptest! {
    #[test]
    fn an_edit_by_one_side_alone_is_taken_as_it_is(base in any_document(), edit in any_document()) {
        prop_assert_eq!(merge(&base, &edit, &base), Merge::Merged(edit.clone()));
        prop_assert_eq!(merge(&base, &base, &edit), Merge::Merged(edit.clone()));
        prop_assert_eq!(merge(&base, &edit, &edit), Merge::Merged(edit));
    }

    #[test]
    fn whether_a_person_is_needed_does_not_depend_on_who_came_first(
        base in any_document(), one in any_document(), two in any_document(),
    ) {
        let needs_person = |merge: &Merge| matches!(merge, Merge::NeedsPerson(_));
        prop_assert_eq!(needs_person(&merge(&base, &one, &two)), needs_person(&merge(&base, &two, &one)));
    }

    #[test]
    fn a_merge_holds_every_element_that_one_side_changed_alone(
        base in any_document(), ours in any_document(), theirs in any_document(),
    ) {
        if let Merge::Merged(both) = merge(&base, &ours, &theirs) {
            let (theirs_changed, ours_changed) = (changed_elements(&base, &theirs), changed_elements(&base, &ours));
            for name in ours_changed.iter().filter(|name| !theirs_changed.contains(name)) {
                prop_assert_eq!(both.value().get(name), ours.value().get(name));
            }
            for name in theirs_changed.iter().filter(|name| !ours_changed.contains(name)) {
                prop_assert_eq!(both.value().get(name), theirs.value().get(name));
            }
        }
    }
}
