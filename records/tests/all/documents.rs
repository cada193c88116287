//! Documents keep their bytes, refuse what is not one, and know their class.

use proptest::prelude::*;
use records::{DataClass, Document, DocumentError, Drawer, RecordKey, classify};
use serde_json::json;

use super::people::document;

fn parse(text: &str) -> Result<Document, DocumentError> {
    Document::parse(text.as_bytes().to_vec())
}

#[test]
fn the_bytes_come_out_as_they_went_in() {
    let text = "{\"resourceType\":\"Observation\", \"id\":\"o.1\",\n \"valueQuantity\":{\"value\":1.50}}";
    let document = parse(text).unwrap();
    assert_eq!(document.bytes(), text.as_bytes());
    assert_eq!(document.key().to_string(), "Observation/o.1");
}

#[test]
fn an_edit_keeps_order_and_digits_of_what_it_does_not_touch() {
    let before =
        parse(r#"{"id":"a","resourceType":"Observation","z":1.50,"a":1e-7,"status":"final"}"#).unwrap();
    let after = before.edit(|value| value["status"] = "amended".into()).unwrap();
    let expected = r#"{"id":"a","resourceType":"Observation","z":1.50,"a":1e-7,"status":"amended"}"#;
    assert_eq!(std::str::from_utf8(after.bytes()).unwrap(), expected);
    assert_eq!(after.value()["status"], "amended");
}

#[test]
fn an_edit_that_leaves_no_document_is_refused() {
    let document = document(json!({"resourceType": "Patient", "id": "a"}));
    let without_id = document.edit(|value| drop(value.as_object_mut().unwrap().remove("id")));
    assert_eq!(without_id.unwrap_err(), DocumentError::NoId);
}

#[test]
fn what_is_no_document_is_refused_with_the_reason() {
    let cases = [
        ("{}", DocumentError::NoKind),
        (r#"{"resourceType":"patient","id":"a"}"#, DocumentError::NoKind),
        (r#"{"resourceType":"Patient"}"#, DocumentError::NoId),
        (r#"{"resourceType":"Patient","id":"a/b"}"#, DocumentError::NoId),
        (r#"{"resourceType":"Patient","id":"a"} x"#, DocumentError::NotJson { line: 1, column: 37 }),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).unwrap_err(), expected, "{text}");
    }
    let not_json = [
        "",
        r#"{"resourceType":"Patient","id":"a","id":"b"}"#,
        r#"{"resourceType":"Patient","id":"a","x":"\ud800"}"#,
        r#"{"resourceType":"Patient","id":"a","x":01}"#,
    ];
    for text in not_json {
        assert!(matches!(parse(text).unwrap_err(), DocumentError::NotJson { .. }), "{text}");
    }
    assert_eq!(Document::parse(vec![b'"', 0xff, b'"']).unwrap_err(), DocumentError::NotText);
    let deep =
        format!("{{\"resourceType\":\"Patient\",\"id\":\"a\",\"x\":{}{}}}", "[".repeat(64), "]".repeat(64));
    assert_eq!(parse(&deep).unwrap_err(), DocumentError::TooDeep);
}

#[test]
fn a_label_hidden_behind_a_second_meta_is_refused() {
    let twice = r#"{"resourceType":"Condition","id":"a","meta":{"security":[{"code":"ETH"}]},"meta":{}}"#;
    assert!(parse(twice).is_err());
}

#[test]
fn debug_shows_the_key_and_nothing_of_the_content() {
    let document = document(json!({"resourceType": "Patient", "id": "p", "name": [{"family": "Canary"}]}));
    assert!(!format!("{document:?}").contains("Canary"));
    assert!(format!("{document:?}").contains("Patient/p"));
}

#[test]
fn a_record_knows_whose_it_is() {
    let cases = [
        (json!({"resourceType": "Patient", "id": "p1"}), Some("p1")),
        (json!({"resourceType": "Condition", "id": "x", "subject": {"reference": "Patient/p1"}}), Some("p1")),
        (
            json!({"resourceType": "Claim", "id": "x", "patient": {"reference": "Patient/p1/_history/3"}}),
            Some("p1"),
        ),
        (
            json!({"resourceType": "Coverage", "id": "x", "beneficiary": {"reference": "http://h.org/fhir/Patient/p1"}}),
            Some("p1"),
        ),
        (json!({"resourceType": "Task", "id": "x", "for": {"reference": "Patient/p1"}}), Some("p1")),
        (json!({"resourceType": "Account", "id": "x", "subject": [{"reference": "Patient/p1"}]}), Some("p1")),
        (
            json!({"resourceType": "Appointment", "id": "x", "participant": [
                {"actor": {"reference": "Practitioner/d"}}, {"actor": {"reference": "Patient/p1"}}]}),
            Some("p1"),
        ),
        (json!({"resourceType": "Condition", "id": "x", "subject": {"reference": "Group/g"}}), None),
        (json!({"resourceType": "Condition", "id": "x", "subject": {"reference": "urn:uuid:1"}}), None),
        (json!({"resourceType": "Organization", "id": "x"}), None),
    ];
    for (value, expected) in cases {
        let document = document(value);
        assert_eq!(document.patient().map(|p| p.as_str()), expected, "{document:?}");
    }
}

#[test]
fn references_are_found_at_any_depth() {
    let document = document(json!({"resourceType": "Encounter", "id": "x",
        "subject": {"reference": "Patient/p"}, "participant": [{"individual": {"reference": "Practitioner/d"}}]}));
    assert_eq!(document.references(), ["Patient/p", "Practitioner/d"]);
}

fn class_of(kind: &str, category: &str, label: &str) -> DataClass {
    classify(&document(
        json!({"resourceType": kind, "id": "x", "category": [{"coding": [{"code": category}]}],
        "meta": {"security": [{"code": label}]}}),
    ))
}

#[test]
fn type_and_category_make_the_class() {
    assert_eq!(class_of("Patient", "", ""), DataClass::Demographics);
    assert_eq!(class_of("Observation", "vital-signs", ""), DataClass::ClinicalSummary);
    assert_eq!(class_of("Observation", "laboratory", ""), DataClass::NotesResults);
    assert_eq!(class_of("ExplanationOfBenefit", "", ""), DataClass::Charges);
    assert_eq!(class_of("Flag", "admin", ""), DataClass::Demographics);
    assert_eq!(class_of("Flag", "clinical", ""), DataClass::ClinicalSummary);
}

#[test]
fn the_highest_label_wins() {
    for label in ["R", "V", "PSY", "ETH", "HIV", "SDV", "SEX", "STD", "42CFRPart2"] {
        assert_eq!(class_of("Condition", "", label), DataClass::Sensitive, "{label}");
    }
    assert_eq!(class_of("Condition", "", "N"), DataClass::ClinicalSummary);
    assert_eq!(class_of("DocumentReference", "", "PSYTHPN"), DataClass::Counselling);
    assert_eq!(class_of("Claim", "", "ETH"), DataClass::Sensitive);
    let both = document(json!({"resourceType": "DocumentReference", "id": "x",
        "meta": {"security": [{"code": "R"}, {"code": "PSYTHPN"}]}}));
    assert_eq!(classify(&both), DataClass::Counselling);
}

#[test]
fn a_type_that_nobody_has_thought_about_is_kept_closely() {
    assert_eq!(class_of("Basic", "", "").drawer(), Drawer::Sensitive);
}

proptest! {
    #[test]
    fn whatever_parses_has_a_value(text in r#"\{"resourceType":"Basic","id":"a"(,"[a-z]":("(\\\\u[dD][89a-f][0-9a-f]{2}|\\\\n|[ -!#-\[\]-~é])*"|-?[0-9]{1,3}(\.[0-9]+)?([eE][0-9]{1,4})?|\[null,true\]))*\}"#) {
        if let Ok(document) = parse(&text) {
            prop_assert!(document.value().is_object());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(document) = Document::parse(bytes) {
            prop_assert!(document.value().is_object());
        }
    }

    #[test]
    fn a_key_reads_back_as_it_shows(kind in "[A-Z][A-Za-z]{0,20}", id in "[A-Za-z0-9.-]{1,64}") {
        let key: RecordKey = format!("{kind}/{id}").parse().unwrap();
        prop_assert_eq!(key.to_string(), format!("{kind}/{id}"));
        prop_assert_eq!(serde_json::from_str::<RecordKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    }
}
