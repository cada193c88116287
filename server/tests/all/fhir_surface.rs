//! The surface as a whole: what it says of itself is what it does, and batches.

use crate::clinic::{Clinic, take_in};
use crate::fhir::{cares_for, charts, keys};
use crate::workstation::{Person, Workstation};
use records::Role;
use serde_json::{Value, json};

/// A value that a parameter of this type can have.
fn value_of(name: &str, kind: &str) -> &'static str {
    match (name, kind) {
        ("date" | "_lastUpdated", "date") => "ge2020-01-01",
        (_, "date") => "2020-01-01",
        ("encounter", _) => "Encounter/e1",
        ("target", _) => "Condition/c1",
        (_, "reference") => "Patient/p1",
        _ => "x1",
    }
}

/// Everything that the statement says can be done, and that no more can be.
#[test]
fn the_statement_says_what_there_is_and_every_line_of_it_works() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let arlo = workstation.activate("arlo", Role::Auditor);
    let statement = workstation.get(&nora, "metadata");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let rest = &statement["rest"][0];
    let mut searched = 0;
    for resource in rest["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        let person = if kind == "AuditEvent" { &arlo } else { &nora };
        for interaction in resource["interaction"].as_array().unwrap() {
            interact(&workstation, person, kind, interaction["code"].as_str().unwrap());
        }
        for parameter in resource["searchParam"].as_array().unwrap() {
            search(&workstation, person, kind, parameter);
            searched += 1;
        }
    }
    assert!(searched > 200, "{searched} parameters");
    let codes: Vec<_> = rest["interaction"].as_array().unwrap().iter().map(|i| i["code"].clone()).collect();
    assert_eq!(codes, ["history-system", "batch"]);
    assert_eq!(workstation.fhir(&nora, "_history", &[]).status, 200);
    let batch = json!({ "resourceType": "Bundle", "type": "batch" }).to_string();
    assert_eq!(workstation.post_fhir(Some(&nora), "", batch.as_bytes()).status, 200);
}

fn interact(workstation: &Workstation<'_>, person: &Person, kind: &str, code: &str) {
    let get = |path: &str| workstation.fhir(person, path, &[]).status;
    let found = kind == "Patient";
    let (status, expected) = match (kind, code) {
        ("AuditEvent", "create") => (workstation.post_fhir(None, "/AuditEvent", b"{}").status, 400),
        ("AuditEvent", "search-type") => (get("AuditEvent?date=2026"), 200),
        (_, "read") => (get(&format!("{kind}/ada")), if found { 200 } else { 404 }),
        (_, "vread") => (get(&format!("{kind}/ada/_history/1")), if found { 200 } else { 404 }),
        (_, "history-instance") => (get(&format!("{kind}/ada/_history")), if found { 200 } else { 404 }),
        (_, "history-type") => (get(&format!("{kind}/_history")), 200),
        (_, "search-type") => (get(kind), 200),
        _ => panic!("{kind}: nobody knows how to try {code}"),
    };
    assert_eq!(status, expected, "{kind} {code}");
}

fn search(workstation: &Workstation<'_>, person: &Person, kind: &str, parameter: &Value) {
    let name = parameter["name"].as_str().unwrap();
    let value = value_of(name, parameter["type"].as_str().unwrap());
    let mut form = vec![(name, value)];
    if kind == "AuditEvent" {
        form.extend([("date", "ge2020"), ("date", "le2040")]);
    }
    let answer = workstation.search(person, kind, &form, true);
    assert_eq!(answer.status, 200, "{kind}?{name}: {}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.value()["type"], "searchset");
    let unknown = workstation.search(person, kind, &[(&format!("x-{name}"), value)], true);
    assert_eq!(unknown.status, 400, "{kind}?x-{name}");
}

#[test]
fn a_batch_answers_each_entry_by_itself_and_a_transaction_only_reads() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &nora, "ada");
    let get = |url: &str| json!({ "request": { "method": "GET", "url": url } });
    let bundle = |kind: &str, entries: Vec<Value>| {
        json!({ "resourceType": "Bundle", "type": kind, "entry": entries }).to_string().into_bytes()
    };
    let post = |person, body: &[u8]| workstation.post_fhir(person, "", body);
    let entries = vec![
        get("Patient/ada"),
        get("Condition/c-bo"),
        get("Condition?patient=ada"),
        get("Patient?name=sample"),
        json!({ "request": { "method": "DELETE", "url": "Patient/ada" } }),
        json!({ "resource": 7 }),
        get("Patient/ada/_history"),
    ];
    let answer = post(Some(&nora), &bundle("batch", entries.clone())).value();
    let statuses = |bundle: &Value| -> Vec<String> {
        let entries = bundle["entry"].as_array().unwrap().iter();
        entries.map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(&answer), ["200", "404", "200", "200", "405", "400", "200"]);
    assert_eq!(keys(&answer["entry"][3]["resource"]), ["Patient/ada"], "it stands in a body");
    assert_eq!(answer["entry"][0]["resource"]["id"], "ada");
    assert_eq!(keys(&answer["entry"][2]["resource"]), ["Condition/c-ada"]);
    let without = post(None, &bundle("batch", entries)).value();
    assert_eq!(statuses(&without)[0], "401", "reading asks for a session");
    let reads = post(Some(&nora), &bundle("transaction", vec![get("Patient/ada"), get("Condition/c-ada")]));
    assert_eq!(reads.value()["type"], "transaction-response");
    let refused = post(Some(&nora), &bundle("transaction", vec![get("Patient/ada"), get("Condition/c-bo")]));
    assert_eq!(refused.status, 404, "as a whole");
    let write = json!({ "resource": { "resourceType": "Patient" }, "request": { "method": "POST", "url": "Patient" } });
    let refused = post(Some(&nora), &bundle("transaction", vec![get("Patient/ada"), write]));
    assert_eq!(refused.status, 422);
    assert!(String::from_utf8_lossy(&refused.body).contains("/v1/changes"));
    let many = vec![get("Patient/ada"); 101];
    assert_eq!(post(Some(&nora), &bundle("batch", many)).status, 413);
}
