//! Files by others come in as far as they are understood, and the rest is named.

use records::import::{Count, Imported, import};
use records::{DataClass, classify};
use serde_json::{Value, json};

fn bundle(entries: Value) -> Imported {
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    import("b.json", bundle.to_string().as_bytes())
}

fn reasons(imported: &Imported) -> Vec<(&str, &str)> {
    imported.problems.iter().map(|p| (p.resource.as_str(), p.reason.as_str())).collect()
}

#[test]
fn references_inside_a_bundle_lead_to_ids_afterwards() {
    let imported = bundle(json!([
        {"fullUrl": "urn:uuid:aaaa", "resource": {"resourceType": "Patient", "id": "p1"}},
        {"fullUrl": "urn:uuid:bbbb", "resource": {"resourceType": "Condition", "id": "c1",
            "subject": {"reference": "urn:uuid:aaaa"}, "note": [{"text": "see \"reference\": \"urn:uuid:aaaa\""}],
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:aaaa"}]}},
    ]));
    assert_eq!(imported.problems, []);
    let condition = &imported.documents[1];
    assert_eq!(condition.patient().unwrap().as_str(), "p1");
    assert_eq!(condition.value()["note"][0]["text"], "see \"reference\": \"urn:uuid:aaaa\"");
    assert_eq!(condition.value()["identifier"][0]["value"], "urn:uuid:aaaa", "only references are rewritten");
}

#[test]
fn an_entry_without_an_id_takes_that_of_its_urn() {
    let imported = bundle(
        json!([{"fullUrl": "urn:uuid:0190-aa", "resource": {"resourceType": "Patient", "active": true}}]),
    );
    assert_eq!(imported.documents[0].id().as_str(), "0190-aa");
    let without = bundle(json!([{"resource": {"resourceType": "Patient"}}]));
    assert_eq!(reasons(&without), [("entry 1", "the resource has no valid id")]);
}

#[test]
fn strings_and_numbers_stay_as_they_were_written() {
    let file = "{\"resourceType\": \"Bundle\",\n \"entry\": [ { \"resource\": {\n  \"resourceType\": \"Observation\", \"id\": \"o\",\
                \"subject\": {\"reference\": \"Patient/p\"}, \"valueQuantity\": { \"value\": 1.500, \"unit\": \"a  \\u00e9\\\" b\" } } } ] }";
    let imported = import("f", file.as_bytes());
    let text = std::str::from_utf8(imported.documents[0].bytes()).unwrap();
    assert!(text.ends_with(r#""valueQuantity":{"value":1.500,"unit":"a  \u00e9\" b"}}"#), "{text}");
}

#[test]
fn each_thing_that_is_not_understood_is_named_and_the_rest_comes_in() {
    let imported = bundle(json!([
        {"resource": {"resourceType": "Patient", "id": "p1"}},
        {"resource": {"resourceType": "Patient", "id": "p1"}},
        {"resource": {"resourceType": "Basic", "id": "x"}},
        {"resource": {"resourceType": "Condition", "id": "c"}},
        {"resource": {"resourceType": "Condition", "id": "bad id", "subject": {"reference": "Patient/p1"}}},
        {"resource": "text"},
        {"request": {"method": "DELETE", "url": "Patient/x"}},
        {"resource": {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/p1"},
            "serviceProvider": {"reference": "urn:uuid:none"}}},
    ]));
    assert_eq!(
        reasons(&imported),
        [
            ("Patient/p1", "it is in the file twice"),
            ("Basic/x", "Chartkeep has no place for this resource type"),
            ("Condition/c", "it does not say which patient it belongs to"),
            ("entry 5", "the resource has no valid id"),
            ("entry 6", "it is not a JSON object"),
            ("entry 7", "it holds no resource"),
            ("Encounter/e", "1 of its references lead to nothing in this file"),
        ]
    );
    assert_eq!((imported.taken(), imported.left_out()), (2, 6));
    assert_eq!(imported.counts["Patient"], Count { taken: 1, left_out: 1 });
    assert!(imported.problems.iter().all(|problem| problem.file == "b.json"));
}

#[test]
fn lines_of_resources_come_in_line_by_line() {
    let file = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n\nnot json\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";
    let imported = import("patients.ndjson", file.as_bytes());
    assert_eq!(imported.taken(), 2);
    assert_eq!(reasons(&imported), [("line 3", "it is not a JSON object")]);
}

#[test]
fn a_single_resource_comes_in_and_a_broken_file_is_one_problem() {
    assert_eq!(import("p.json", br#" {"resourceType":"Patient","id":"a"} "#).taken(), 1);
    let broken = import("p.json", b"{\"resourceType\":\"Bundle\",\n\"entry\": [");
    assert_eq!(reasons(&broken), [("the file", "it is not valid JSON (line 2, column 10)")]);
    assert_eq!(reasons(&import("p.xml", b"<ClinicalDocument/>"))[0].0, "the file");
    assert_eq!(reasons(&import("p.bin", &[0xff, 0xfe]))[0].1, "it is not UTF-8 text");
    assert_eq!(reasons(&import("p.json", b"{}"))[0].1, "it has no resourceType");
}

#[test]
fn what_came_of_several_files_adds_up() {
    let mut all = import("a", br#"{"resourceType":"Patient","id":"a"}"#);
    all.extend(import("b", br#"{"resourceType":"Patient","id":"b"}"#));
    assert_eq!((all.taken(), all.documents.len()), (2, 2));
    assert_eq!(classify(&all.documents[1]), DataClass::Demographics);
}
