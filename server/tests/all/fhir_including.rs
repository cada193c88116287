//! What stands beside the matches of a search, and the id by which both ends of a request are joined.

use crate::clinic::{Clinic, document, take_in};
use crate::fhir::{cares_for, charts, notices, trail};
use crate::workstation::{Person, Workstation};
use records::{Document, Role};
use serde_json::Value;

const REQUEST: &str = "0192f0c1-7a3b-7c4d-8e5f-0123456789ab";

fn encounters() -> Vec<Document> {
    let of = |patient: &str| {
        let encounter = format!(
            r#"{{"resourceType":"Encounter","id":"e-{patient}","status":"finished","class":{{"code":"AMB"}},"subject":{{"reference":"Patient/{patient}"}}}}"#
        );
        let condition = format!(
            r#"{{"resourceType":"Condition","id":"ce-{patient}","code":{{"coding":[{{"code":"E11.9"}}]}},"subject":{{"reference":"Patient/{patient}"}},"encounter":{{"reference":"Encounter/e-{patient}"}}}}"#
        );
        [document(&encounter), document(&condition)]
    };
    ["ada", "bo"].into_iter().flat_map(of).collect()
}

fn open(clinic: &Clinic) -> (Workstation<'_>, Person) {
    take_in(clinic, &charts());
    crate::clinic::take_in_from(clinic, "encounters", &encounters());
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(clinic, &nora, "ada");
    (workstation, nora)
}

/// The keys of the entries of a mode, sorted.
fn of_mode(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let entries = entries.filter(|entry| entry["search"]["mode"] == mode);
    let mut keys: Vec<_> = entries
        .map(|entry| entry["fullUrl"].as_str().unwrap().split_once("/fhir/").unwrap().1.to_owned())
        .collect();
    keys.sort();
    keys
}

fn beside(workstation: &Workstation<'_>, person: &Person, kind: &str, form: &[(&str, &str)]) -> Vec<String> {
    let answer = workstation.search(person, kind, form, true);
    assert_eq!(answer.status, 200, "{form:?}: {}", String::from_utf8_lossy(&answer.body));
    of_mode(&answer.value(), "include")
}

#[test]
fn patients_and_encounters_stand_beside_what_refers_to_them() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let found = |form: &[(&str, &str)]| beside(&workstation, &nora, "Condition", form);
    for name in ["Condition:patient", "Condition:subject", "Condition:subject:Patient"] {
        assert_eq!(found(&[("_include", name)]), ["Patient/ada"], "{name}: Bo's condition is no match");
    }
    assert_eq!(found(&[("_include", "Condition:encounter")]), ["Encounter/e-ada"]);
    let both = [("_include", "Condition:encounter"), ("_include", "Condition:patient")];
    assert_eq!(found(&both), ["Encounter/e-ada", "Patient/ada"]);
    let of_one = [("patient", "ada"), ("_include", "Condition:encounter"), ("_include", "Condition:patient")];
    assert_eq!(found(&of_one), ["Encounter/e-ada", "Patient/ada"]);
    assert_eq!(found(&[("code", "44054006"), ("_include", "Condition:encounter")]), [""; 0]);
    let whole = workstation.search(&nora, "Condition", &[("_include", "Condition:patient")], true).value();
    assert_eq!(of_mode(&whole, "match"), ["Condition/c-ada", "Condition/ce-ada"], "each once");
}

#[test]
fn what_refers_to_a_match_stands_beside_it_as_far_as_it_would_be_found_by_itself() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let all = [("_revinclude", "Condition:patient"), ("_revinclude", "Encounter:subject")];
    assert_eq!(
        beside(&workstation, &nora, "Patient", &all),
        ["Condition/c-ada", "Condition/ce-ada", "Encounter/e-ada"],
        "not Bo's, and not the restricted one"
    );
    let of_bo = [("_id", "bo"), ("_revinclude", "Condition:patient")];
    assert_eq!(beside(&workstation, &nora, "Patient", &of_bo), [""; 0]);
    let of_visit = [("_id", "e-ada"), ("_revinclude", "Condition:encounter")];
    assert_eq!(beside(&workstation, &nora, "Encounter", &of_visit), ["Condition/ce-ada"]);
    let felix = workstation.activate("felix", Role::FrontDesk);
    assert_eq!(beside(&workstation, &felix, "Patient", &[("_revinclude", "Condition:patient")]), [""; 0]);
}

#[test]
fn a_chart_that_is_not_open_to_somebody_is_not_opened_by_standing_beside() {
    let clinic = Clinic::open();
    let (workstation, _) = open(&clinic);
    let nina = workstation.activate("nina", Role::Nurse);
    let form = [("patient", "ada"), ("_include", "Condition:patient")];
    let answer = workstation.search(&nina, "Condition", &form, true).value();
    assert_eq!((of_mode(&answer, "match"), of_mode(&answer, "include")), (vec![], vec![]));
    assert!(notices(&answer).contains("opens with a reason"), "{}", notices(&answer));
}

#[test]
fn references_that_are_not_known_are_refused_or_left_out() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    for (kind, name, value) in [
        ("Condition", "_include", "Condition:asserter"),
        ("Condition", "_include", "*"),
        ("Condition", "_include", "Observation:patient"),
        ("Condition", "_include", "Condition:patient:Group"),
        ("Condition", "_include:iterate", "Condition:patient"),
        ("Patient", "_revinclude", "Condition:encounter"),
        ("Patient", "_revinclude", "Condition:patient:Encounter"),
    ] {
        assert_eq!(workstation.search(&nora, kind, &[(name, value)], true).status, 400, "{name}={value}");
        let lenient = workstation.search(&nora, kind, &[(name, value)], false).value();
        assert!(notices(&lenient).contains("left out"), "{name}={value}");
        assert_eq!(of_mode(&lenient, "include"), [""; 0], "{name}={value}");
    }
    let statement = workstation.get(&nora, "metadata");
    let of = |kind: &str| {
        let resources = statement["rest"][0]["resource"].as_array().unwrap();
        resources.iter().find(|resource| resource["type"] == kind).unwrap().clone()
    };
    let includes = of("Condition")["searchInclude"].to_string();
    assert_eq!(includes, r#"["Condition:patient","Condition:subject","Condition:encounter"]"#);
    assert!(of("Patient")["searchRevInclude"].to_string().contains("Observation:subject"));
    assert!(of("Encounter")["searchRevInclude"].to_string().contains("Condition:encounter"));
}

#[test]
fn a_patient_who_stands_beside_has_an_event_of_their_own() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let before = trail(&clinic).len();
    beside(&workstation, &nora, "Encounter", &[("_include", "Encounter:patient")]);
    let events = trail(&clinic);
    let about = |event: &Value| event["entity"][0]["what"]["reference"].as_str().map(str::to_owned);
    let shown: Vec<_> = events[before..].iter().filter_map(about).collect();
    assert_eq!(shown, ["Patient/ada"], "one event for a patient, however much of them is shown");
}

#[test]
fn the_id_of_a_request_is_echoed_and_joins_every_event_of_it() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let joined = |path: &str, id: &str| {
        let before = trail(&clinic).len();
        let answer = workstation.fhir(&nora, path, &[("x-request-id", id)]);
        let events = trail(&clinic).split_off(before);
        let named = |event: &&Value| {
            let entities = event["entity"].as_array().into_iter().flatten();
            let mut requests = entities.filter(|entity| entity["type"]["code"] == "XrequestId");
            requests.any(|entity| entity["what"]["identifier"]["value"] == REQUEST)
        };
        let named = events.iter().filter(named).count();
        (answer.status, answer.header("x-request-id").to_owned(), events.len(), named)
    };
    assert_eq!(joined("Patient/ada", REQUEST), (200, REQUEST.to_owned(), 1, 1));
    assert_eq!(joined("Condition?patient=ada", REQUEST), (200, REQUEST.to_owned(), 2, 2));
    let (status, _, written, named) = joined("Condition/s-ada", REQUEST);
    assert_eq!((status, written, named), (404, 1, 1), "what is refused is joined too");
    let (status, echoed, written, named) = joined("Patient/ada", "ada sample, born 1950");
    assert_eq!((status, echoed.as_str(), written, named), (200, "", 1, 0), "an id says nothing");
}
