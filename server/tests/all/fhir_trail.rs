//! Audit events over FHIR: taken in from others whatever they say (ITI-20), searched by who answers for them (ITI-81).

use crate::clinic::Clinic;
use crate::fhir::{keys, next, trail};
use crate::workstation::{Person, Workstation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartkeep_server::verifying::verify;
use records::Role;
use serde_json::{Value, json};
use std::path::PathBuf;

const SPAN: &str = "date=ge2020-01-01&date=le2030-12-31";

/// Published examples by others; `None`, and a line that says so, where they are absent.
#[expect(clippy::print_stdout, reason = "a test that is not run says so")]
fn examples(test: &str) -> Option<Vec<PathBuf>> {
    let root = std::env::var_os("CHARTKEEP_OUTSIDE_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let listed = std::fs::read_dir(root.join("ihe-balp-examples")).into_iter().flatten();
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "json"));
    files.sort();
    if files.is_empty() {
        println!("not run: {test}: the BALP examples are absent");
        return None;
    }
    Some(files)
}

/// An event of a reader of `patient`, in the pattern of BALP.
fn event(patient: &str, at: &str) -> Value {
    let machine = |code: &str, name: &str, address: &str| {
        json!({
            "type": { "coding": [{ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": code }] },
            "who": { "identifier": { "system": "urn:site", "value": name } },
            "requestor": false,
            "network": { "address": address, "type": "1" },
        })
    };
    json!({
        "resourceType": "AuditEvent",
        "id": format!("from-{patient}"),
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest" },
        "subtype": [{ "system": "http://hl7.org/fhir/restful-interaction", "code": "read" }],
        "action": "R",
        "recorded": at,
        "outcome": "0",
        "agent": [
            machine("110152", "viewer", "viewer.example"),
            machine("110153", "archive", "archive.example"),
        ],
        "source": { "observer": { "identifier": { "system": "urn:site", "value": "archive" } } },
        "entity": [
            {
                "what": { "reference": format!("Patient/{patient}") },
                "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "1" },
                "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1" },
            },
            {
                "what": { "identifier": { "system": "urn:doc", "value": "D.9" } },
                "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2" },
                "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "4" },
            },
        ],
    })
}

fn send(workstation: &Workstation<'_>, event: &Value) -> u16 {
    workstation.post_fhir(None, "/AuditEvent", event.to_string().as_bytes()).status
}

fn batch(events: &[Value]) -> Vec<u8> {
    let entry =
        |event: &Value| json!({ "resource": event, "request": { "method": "POST", "url": "AuditEvent" } });
    let entries: Vec<Value> = events.iter().map(entry).collect();
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string().into_bytes()
}

fn statuses(bundle: &Value) -> Vec<&str> {
    bundle["entry"].as_array().unwrap().iter().map(|e| e["response"]["status"].as_str().unwrap()).collect()
}

/// The events of a search that others have sent.
fn found(workstation: &Workstation<'_>, auditor: &Person, query: &str) -> Vec<Value> {
    let bundle = workstation.get(auditor, &format!("AuditEvent?{SPAN}&{query}"));
    assert_eq!(bundle["type"], "searchset");
    let resources = bundle["entry"].as_array().into_iter().flatten().map(|entry| entry["resource"].clone());
    resources.filter(|event| event["source"]["observer"]["identifier"]["system"] == "urn:site").collect()
}

#[test]
fn an_event_is_taken_in_from_a_machine_once_and_read_back() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    let sent = event("p1", "2026-03-02T09:30:00.000Z");
    let first = workstation.post_fhir(None, "/AuditEvent", sent.to_string().as_bytes());
    assert_eq!(first.status, 201, "{}", String::from_utf8_lossy(&first.body));
    let location = first.header("location").split_once("/fhir/").unwrap().1.to_owned();
    let again = workstation.post_fhir(None, "/AuditEvent", sent.to_string().as_bytes());
    assert_eq!((again.status, again.header("location")), (200, first.header("location")));
    let mut read = workstation.get(&arlo, &location);
    assert!(location.ends_with(read["id"].as_str().unwrap()), "the server gives the id");
    assert_eq!(read["meta"].get("tag"), None, "it keeps to its pattern");
    read["id"] = sent["id"].clone();
    read.as_object_mut().unwrap().remove("meta");
    assert_eq!(read, sent, "nothing else is changed");
    assert_eq!(found(&workstation, &arlo, "patient=p1").len(), 1);
    assert!(verify(&clinic.practice).unwrap().ok);
}

#[test]
fn a_poison_event_does_not_keep_the_others_of_its_batch_out() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    let (first, last) = (event("p1", "2026-03-02T09:30:00Z"), event("p2", "2026-03-02T09:31:00Z"));
    let poison = json!({ "resourceType": "Patient", "id": "p" });
    let body = batch(&[first, poison, last.clone(), last]);
    let answer = workstation.post_fhir(None, "", &body);
    assert_eq!(answer.status, 200);
    let bundle = answer.value();
    assert_eq!(bundle["type"], "batch-response");
    assert_eq!(statuses(&bundle), ["201", "400", "201", "200"]);
    assert_eq!(bundle["entry"][1]["response"]["outcome"]["resourceType"], "OperationOutcome");
    assert_eq!(found(&workstation, &arlo, "type=rest").len(), 2);
    let again = workstation.post_fhir(None, "", &body).value();
    assert_eq!(statuses(&again), ["200", "400", "200", "200"], "the same batch again adds nothing");
    assert_eq!(workstation.post_fhir(None, "/AuditEvent", b"[]").status, 400);
    assert_eq!(workstation.post_fhir(None, "", b"{}").status, 400);
}

#[test]
fn an_event_with_an_element_of_the_wrong_type_is_found_again_all_the_same() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    let mut wrong = event("p1", "2026-03-02T09:30:00Z");
    wrong["outcome"] = 0.into();
    let sent = workstation.post_fhir(None, "/AuditEvent", wrong.to_string().as_bytes());
    let location = sent.header("location").split_once("/fhir/").unwrap().1.to_owned();
    let read = workstation.get(&arlo, &location);
    assert_eq!((&read["outcome"], &read["meta"]["tag"][0]["code"]), (&json!(0), &json!("odd")));
    assert_eq!(send(&workstation, &wrong), 200, "it is here once");
}

#[test]
fn each_parameter_of_iti_81_filters() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    let mut other = event("p2", "2026-04-02T09:30:00Z");
    other["type"] = json!({ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110106" });
    other["subtype"] = json!([{ "code": "disclose" }]);
    other["action"] = "C".into();
    other["outcome"] = "8".into();
    other["agent"][0]["network"]["address"] = "10.0.0.9".into();
    other["agent"][0]["who"] = json!({ "reference": "Device/viewer-2" });
    other["source"]["observer"] = json!({ "identifier": { "system": "urn:site", "value": "gate" } });
    other["entity"][1]["what"]["identifier"]["value"] = "D-10".into();
    other["entity"][1]["role"]["code"] = "20".into();
    other["entity"][1]["type"]["code"] = "4".into();
    for sent in [&event("p1", "2026-03-02T09:30:00Z"), &other] {
        assert_eq!(send(&workstation, sent), 201);
    }
    let all = found(&workstation, &arlo, "type=rest,110106");
    let ids: Vec<_> = all.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2);
    let (newest, oldest) = (&ids[0], &ids[1]);
    for (parameter, of_oldest, of_newest) in [
        ("_id", oldest.as_str(), newest.as_str()),
        ("date", "lt2026-04-01", "ge2026-04-01"),
        ("address", "viewer.example", "10.0.0.9"),
        ("agent.identifier", "urn:site%7Cviewer", "viewer-2"),
        ("entity-type", "http://terminology.hl7.org/CodeSystem/audit-entity-type%7C2", "4"),
        ("entity-role", "4", "20"),
        ("source.identifier", "archive", "urn:site%7Cgate"),
        ("type", "rest", "110106"),
        ("subtype", "http://hl7.org/fhir/restful-interaction%7Cread", "disclose"),
        ("outcome", "0", "8"),
        ("action", "R", "C"),
    ] {
        let ids = |value: &str| -> Vec<String> {
            let found = found(&workstation, &arlo, &format!("{parameter}={value}"));
            found.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(of_oldest), [oldest.as_str()], "{parameter}={of_oldest}");
        assert_eq!(ids(of_newest), [newest.as_str()], "{parameter}={of_newest}");
    }
    assert_eq!(found(&workstation, &arlo, "_lastUpdated=le2001").len(), 0);
    assert_eq!(found(&workstation, &arlo, "_lastUpdated=ge2001").len(), 2);
    let by_form = |name, value| {
        // Asking for a patient's events is itself an event about that patient.
        let sources = ("source.identifier", "archive,gate");
        let form = [("date", "ge2020"), ("date", "le2030"), sources, (name, value)];
        keys(&workstation.search(&arlo, "AuditEvent", &form, true).value()).len()
    };
    assert_eq!(by_form("patient.identifier", "p1"), 1);
    assert_eq!(by_form("patient.identifier", "p9"), 0);
    assert_eq!(by_form("entity.identifier", "urn:doc|D-10"), 1);
    for name in ["patient.identifier", "entity.identifier"] {
        assert_eq!(workstation.fhir(&arlo, &format!("AuditEvent?{SPAN}&{name}=M-77"), &[]).status, 400);
        let opaque = format!("AuditEvent?{SPAN}&{name}=0199a0c4-0000-7000-8000-000000000001");
        assert_eq!(workstation.fhir(&arlo, &opaque, &[]).status, 200);
    }
}

#[test]
fn a_search_names_both_ends_of_its_span_and_goes_page_by_page() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    for query in ["", "?date=ge2020-01-01", "?date=le2030-01-01", "?_id=x", "?date=ge2020&date=soon"] {
        let answer = workstation.fhir(&arlo, &format!("AuditEvent{query}"), &[]);
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.value()["resourceType"], "OperationOutcome");
    }
    assert_eq!(workstation.fhir(&arlo, "AuditEvent?date=2026-03-02", &[]).status, 200, "a day has both");
    let many: Vec<Value> =
        (0..9).map(|n| event(&format!("p{n}"), &format!("2026-03-02T09:30:0{n}Z"))).collect();
    workstation.post_fhir(None, "", &batch(&many));
    let mut path = Some(format!("AuditEvent?{SPAN}&address=viewer.example&_count=4"));
    let (mut seen, mut pages) = (Vec::new(), 0);
    while let Some(at) = path {
        let page = workstation.get(&arlo, &at);
        let patients = page["entry"].as_array().into_iter().flatten();
        seen.extend(patients.map(|e| e["resource"]["entity"][0]["what"]["reference"].to_string()));
        path = next(&page);
        pages += 1;
    }
    let expected: Vec<String> = (0..9).rev().map(|n| format!("\"Patient/p{n}\"")).collect();
    assert_eq!((seen, pages), (expected, 3));
    let form = [("date", "ge2020"), ("date", "le2030"), ("entity.identifier", "D.9"), ("_count", "4")];
    let page = workstation.search(&arlo, "AuditEvent", &form, true).value();
    assert!(!page["link"].to_string().contains("D.9"), "{}", page["link"]);
    let second = workstation.get(&arlo, &next(&page).unwrap());
    assert_eq!((keys(&page).len(), keys(&second).len()), (4, 4), "a form goes on by its cursor");
    let pia = workstation.activate("pia", Role::PrivacyOfficer);
    assert_eq!(workstation.fhir(&pia, &next(&page).unwrap(), &[]).status, 400, "another person's cursor");
}

#[test]
fn only_auditors_and_privacy_officers_search_the_trail_and_that_is_in_it() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    for (name, role) in [("arlo", Role::Auditor), ("pia", Role::PrivacyOfficer)] {
        let person = workstation.activate(name, role);
        assert_eq!(workstation.fhir(&person, &format!("AuditEvent?{SPAN}"), &[]).status, 200);
        let last = trail(&clinic).pop().unwrap();
        assert_eq!((&last["type"]["code"], &last["outcome"]), (&json!("110101"), &json!("0")));
        let asked = |event: &Value| {
            let entities = event["entity"].as_array().unwrap();
            let query = entities.iter().find_map(|entity| entity["query"].as_str()).unwrap();
            String::from_utf8(STANDARD.decode(query).unwrap()).unwrap()
        };
        assert!(asked(&last).starts_with("AuditEvent?date=ge"), "what was asked stands in the trail");
        let form = [("date", "ge2020"), ("date", "le2030"), ("entity.identifier", "D.9")];
        workstation.search(&person, "AuditEvent", &form, true);
        let said = asked(&trail(&clinic).pop().unwrap());
        assert!(said.contains("&entity.identifier=") && !said.contains("D.9"), "{said}");
    }
    let roles =
        [Role::FrontDesk, Role::Nurse, Role::Clinician, Role::Biller, Role::PracticeManager, Role::ItAdmin];
    for role in roles {
        let person = workstation.activate(role.as_str(), role);
        for path in [format!("AuditEvent?{SPAN}"), "AuditEvent/some".to_owned()] {
            assert_eq!(workstation.fhir(&person, &path, &[]).status, 403, "{}", role.as_str());
            let last = trail(&clinic).pop().unwrap();
            assert_eq!((&last["type"]["code"], &last["outcome"]), (&json!("110113"), &json!("4")));
        }
    }
}

/// What is done to an example, and how (requirements, section 10).
type Mutation = (&'static str, fn(&mut Value));

const MUTATIONS: [Mutation; 9] = [
    ("no network of the client", |e| drop(e["agent"][0].as_object_mut().unwrap().remove("network"))),
    ("client and server the wrong way round", |e| {
        let first = e["agent"][0]["type"].clone();
        e["agent"][0]["type"] = e["agent"][1]["type"].clone();
        e["agent"][1]["type"] = first;
    }),
    ("two clients", |e| {
        let client = e["agent"][0].clone();
        e["agent"].as_array_mut().unwrap().push(client);
    }),
    ("a failure in a pattern of success", |e| e["outcome"] = "4".into()),
    ("a patient without a role", |e| {
        let entities = e["entity"].as_array_mut().unwrap();
        let patient = entities.iter_mut().find(|entity| entity["type"]["code"] == "1").unwrap();
        drop(patient.as_object_mut().unwrap().remove("role"));
    }),
    ("a query that also points somewhere", |e| e["entity"][0]["what"] = json!({ "reference": "List/x" })),
    ("no time", |e| drop(e.as_object_mut().unwrap().remove("recorded"))),
    ("an agent that does not say whether it asked", |e| {
        drop(e["agent"][0].as_object_mut().unwrap().remove("requestor"));
    }),
    ("an action that does not fit the subtype", |e| e["action"] = "D".into()),
];

#[test]
fn every_example_by_others_is_taken_in_and_each_mutation_is_kept_and_flagged() {
    let Some(files) = examples("every_example_by_others_is_taken_in") else { return };
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let arlo = workstation.activate("arlo", Role::Auditor);
    let value = |path: &PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let examples: Vec<Value> = files.iter().map(value).collect();
    let answer = workstation.post_fhir(None, "", &batch(&examples)).value();
    assert_eq!(statuses(&answer), vec!["201"; files.len()]);
    let stored = |entry: &Value| {
        let location = entry["response"]["location"].as_str().unwrap();
        workstation.get(&arlo, location.split_once("/fhir/").unwrap().1)
    };
    for (sent, entry) in examples.iter().zip(answer["entry"].as_array().unwrap()) {
        let mut read = stored(entry);
        assert!(!read["meta"].to_string().contains("\"odd\""), "{}", sent["id"]);
        read["id"] = sent["id"].clone();
        for added in ["versionId", "lastUpdated"] {
            read["meta"].as_object_mut().unwrap().remove(added);
        }
        let as_sent = |event: &Value| {
            let mut event = event.clone();
            if event["meta"].as_object().is_some_and(serde_json::Map::is_empty) {
                event.as_object_mut().unwrap().remove("meta");
            }
            event
        };
        assert_eq!(as_sent(&read), as_sent(sent), "nothing is lost");
    }
    for (what, mutate) in MUTATIONS {
        let name = if what.contains("query") { "auditBasicQueryPost" } else { "auditBasicUpdate1" };
        let mut mutated = value(files.iter().find(|path| path.to_string_lossy().contains(name)).unwrap());
        mutate(&mut mutated);
        let answer = workstation.post_fhir(None, "", &batch(&[mutated])).value();
        assert_eq!(statuses(&answer), ["201"], "{what}: it is not refused");
        let read = stored(&answer["entry"][0]);
        assert!(read["meta"]["tag"].to_string().contains("\"odd\""), "{what}: it is flagged");
    }
    assert!(verify(&clinic.practice).unwrap().ok);
}
