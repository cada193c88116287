//! Programs by others on our server: two validators judge all that it emits, two clients work with it.
//!
//! `cargo xtask test` puts them where `CHARTKEEP_FHIR_PYTHON` names the Python that has fhirpy, and the packages beside
//! their scripts in `tests/`; without that variable these tests say so and pass.

use crate::clinic::{Clinic, observation, take_in};
use crate::fhir::{cares_for, charts};
use crate::workstation::{Person, Workstation};
use keys::certificate;
use records::Role;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

#[expect(clippy::print_stdout, reason = "a test that is not run says so")]
fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("CHARTKEEP_FHIR_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("not run: {test}: CHARTKEEP_FHIR_PYTHON names no Python; `cargo xtask test` does");
    }
    python
}

fn scripts(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder)
}

fn succeeds(command: &mut Command) {
    let ended = command.output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
}

fn open(clinic: &Clinic) -> (Workstation<'_>, Person, Person) {
    let mut documents = charts();
    documents.extend((0..5).map(|n| observation(&format!("o{n}"), "ada", "70")));
    take_in(clinic, &documents);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let arlo = workstation.activate("arlo", Role::Auditor);
    cares_for(clinic, &nora, "ada");
    (workstation, nora, arlo)
}

/// An event by others, in the pattern of BALP.
fn event() -> Value {
    let machine = |code: &str, address: &str| {
        json!({
            "type": { "coding": [{ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": code }] },
            "who": { "identifier": { "value": address } },
            "requestor": false,
            "network": { "address": address, "type": "1" },
        })
    };
    json!({
        "resourceType": "AuditEvent",
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest" },
        "subtype": [{ "system": "http://hl7.org/fhir/restful-interaction", "code": "read" }],
        "action": "R",
        "recorded": "2026-03-02T09:30:00Z",
        "outcome": "0",
        "agent": [machine("110152", "viewer.example"), machine("110153", "archive.example")],
        "source": { "observer": { "identifier": { "value": "archive" } } },
        "entity": [{
            "what": { "reference": "DocumentReference/1" },
            "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2" },
            "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "4" },
        }],
    })
}

#[test]
fn validators_by_others_accept_everything_that_the_server_emits() {
    if python("validators_by_others_accept_everything").is_none() {
        return;
    }
    let clinic = Clinic::open();
    let (workstation, nora, arlo) = open(&clinic);
    let mut emitted = Vec::new();
    let paths = [
        "metadata",
        "Patient/ada",
        "Patient/bo",
        "Condition/c-ada",
        "Observation/o1/_history/1",
        "Condition/c-bo",
        "Patient?name=sample",
        "Patient",
        "Condition?patient=ada",
        "Condition?patient=bo",
        "Observation?patient=ada&_count=2",
        "Observation?patient=ada&_include=Observation:patient",
        "Patient?_revinclude=Condition:subject",
        "Observation?patient=ada&_summary=count",
        "Practitioner",
        "Patient/ada/_history",
        "Condition/_history?_count=1",
        "_history",
        "Patient?eye-colour=blue",
        "nothing/here/at/all",
    ];
    let request = [("x-request-id", "0192f0c1-7a3b-7c4d-8e5f-0123456789ab")];
    emitted.extend(paths.iter().map(|path| workstation.fhir(&nora, path, &request).value()));
    let found = workstation.search(&nora, "Patient", &[("family", "sample"), ("x", "y")], false);
    emitted.push(found.value());
    let entries = json!([
        { "request": { "method": "GET", "url": "Patient/ada" } },
        { "request": { "method": "GET", "url": "Condition/c-bo" } },
        { "request": { "method": "DELETE", "url": "Patient/ada" } },
        { "resource": event(), "request": { "method": "POST", "url": "AuditEvent" } },
    ]);
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string();
    emitted.push(workstation.post_fhir(Some(&nora), "", batch.as_bytes()).value());
    let trail = workstation.get(&arlo, "AuditEvent?date=ge2020&date=le2040&_count=500");
    emitted.extend(trail["entry"].as_array().unwrap().iter().map(|entry| entry["resource"].clone()));
    emitted.push(trail);
    let kinds: Vec<_> = emitted.iter().map(|resource| resource["resourceType"].as_str().unwrap()).collect();
    for kind in ["CapabilityStatement", "Patient", "Condition", "Bundle", "OperationOutcome", "AuditEvent"] {
        assert!(kinds.contains(&kind), "{kind} is among what is judged");
    }
    let file = clinic.dir.path().join("emitted.ndjson");
    let lines: Vec<String> = emitted.iter().map(ToString::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let mut validate = Command::new("node");
    succeeds(
        validate.arg("validate.mjs").arg(file).args(["--every", "1"]).current_dir(scripts("fhir-validate")),
    );
}

#[test]
fn clients_by_others_work_with_the_server() {
    let Some(python) = python("clients_by_others_work") else { return };
    let clinic = Clinic::open();
    let (workstation, nora, arlo) = open(&clinic);
    let file = |name: &str, text: &[u8]| {
        let path = clinic.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca = file("ca.pem", certificate::to_pem(&[&clinic.practice.keys.root]).as_bytes());
    let cert = file("cert.pem", certificate::to_pem(&[&workstation.certificate]).as_bytes());
    let key = file("key.pem", certificate::key_to_pem(&workstation.key).expose().as_bytes());
    let work = |program: &Path, script: &str| {
        let mut command = Command::new(program);
        command
            .arg(script)
            .current_dir(scripts("fhir-clients"))
            .env("BASE", clinic.url("/fhir"))
            .env("CA", &ca)
            .env("CERT", &cert)
            .env("KEY", &key)
            .env("TOKEN", nora.signed_in.session.token.expose())
            .env("AUDITOR", arlo.signed_in.session.token.expose())
            .env("EVENT", event().to_string());
        succeeds(&mut command);
    };
    work(Path::new("node"), "kit.mjs");
    work(&python, "fhirpy_client.py");
}
