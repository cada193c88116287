//! `Patient/$export`: who takes what out, as it stood at one moment, and what the trail says of it. Of all and of a group: `fhir_bulk`.

use crate::clinic::{Answer, Clinic, PASSPHRASE, observation, patient, take_in, take_in_from};
use crate::fhir::{cares_for, charts, trail};
use crate::workstation::{Person, Workstation};
use records::Role;
use records::change::Base;
use serde_json::Value;

fn open(clinic: &Clinic) -> (Workstation<'_>, Person) {
    take_in(clinic, &charts());
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    cares_for(clinic, &cora, "ada");
    (workstation, cora)
}

fn begin(workstation: &Workstation<'_>, person: &Person, query: &str) -> Answer {
    workstation.fhir(person, &format!("Patient/$export{query}"), &[("prefer", "respond-async")])
}

fn ask(workstation: &Workstation<'_>, person: &Person, method: &str, url: &str) -> Answer {
    let request = workstation.client.request(method.parse().unwrap(), url);
    workstation.clinic.send(request.bearer_auth(person.signed_in.session.token.expose())).unwrap()
}

/// Begins an export, and returns where it is asked about and what that says.
fn begun(workstation: &Workstation<'_>, person: &Person, query: &str) -> (String, Value) {
    let answer = begin(workstation, person, query);
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    let place = answer.header("content-location").to_owned();
    let manifest = ask(workstation, person, "GET", &place);
    assert_eq!(manifest.status, 200, "{}", String::from_utf8_lossy(&manifest.body));
    assert!(!manifest.header("expires").is_empty());
    (place, manifest.value())
}

/// The lines of the file of a type, as `id/version`, sorted.
fn lines(workstation: &Workstation<'_>, person: &Person, manifest: &Value, kind: &str) -> Vec<String> {
    let files = manifest["output"].as_array().unwrap();
    let file = files.iter().find(|file| file["type"] == kind).unwrap();
    let answer = ask(workstation, person, "GET", file["url"].as_str().unwrap());
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/fhir+ndjson"));
    let text = String::from_utf8(answer.body).unwrap();
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| {
            let resource: Value = serde_json::from_str(line).unwrap();
            assert_eq!(resource["resourceType"], kind);
            let id = resource["id"].as_str().unwrap().to_owned();
            format!("{id}/{}", resource["meta"]["versionId"].as_str().unwrap())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_clinician_takes_out_what_the_rights_table_says_type_by_type() {
    let clinic = Clinic::open();
    let (workstation, cora) = open(&clinic);
    let (_, manifest) = begun(&workstation, &cora, "");
    assert_eq!((&manifest["requiresAccessToken"], &manifest["error"]), (&true.into(), &Value::Array(vec![])));
    assert!(manifest["request"].as_str().unwrap().ends_with("/fhir/Patient/$export"));
    assert!(manifest["transactionTime"].as_str().unwrap().ends_with('Z'));
    assert_eq!(lines(&workstation, &cora, &manifest, "Patient"), ["ada/1", "bo/1"]);
    let conditions = lines(&workstation, &cora, &manifest, "Condition");
    assert_eq!(conditions, ["c-ada/1", "s-ada/1"], "of those she cares for");
    assert_eq!(lines(&workstation, &cora, &manifest, "Immunization"), [""; 0]);
    assert!(!manifest["output"].to_string().contains("Practitioner"), "those of patients alone");

    let (_, some) = begun(&workstation, &cora, "?_type=Condition,Patient&_outputFormat=ndjson");
    let kinds: Vec<_> = some["output"].as_array().unwrap().iter().map(|file| file["type"].clone()).collect();
    assert_eq!(kinds, ["Condition", "Patient"]);
}

#[test]
fn every_patient_who_is_taken_out_has_an_event_before_a_line_of_them() {
    let clinic = Clinic::open();
    let (workstation, cora) = open(&clinic);
    let (_, manifest) = begun(&workstation, &cora, "");
    let exported = |kind: &str| {
        let before = trail(&clinic).len();
        lines(&workstation, &cora, &manifest, kind);
        let events = trail(&clinic).split_off(before);
        let is_export = |event: &&Value| event["type"]["code"] == "110106";
        let patient = |event: &Value| event["entity"][0]["what"]["reference"].as_str().unwrap().to_owned();
        let mut patients: Vec<_> = events.iter().filter(is_export).map(patient).collect();
        patients.sort();
        patients
    };
    assert_eq!(exported("Condition"), ["Patient/ada"]);
    assert_eq!(exported("Patient"), ["Patient/ada", "Patient/bo"]);
    assert_eq!(exported("Immunization"), [""; 0]);
}

#[test]
fn an_export_is_of_one_moment() {
    let clinic = Clinic::open();
    let (workstation, cora) = open(&clinic);
    take_in_from(&clinic, "before", &[observation("o1", "ada", "70")]);
    clinic.advance(5);
    let (_, manifest) = begun(&workstation, &cora, "?_type=Observation,Patient");
    clinic.advance(5);
    take_in_from(&clinic, "after", &[observation("o2", "ada", "71"), patient("late")]);
    let (_, envelope) = workstation.envelope(&cora, vec![(observation("o1", "ada", "72"), Base::Version(1))]);
    workstation.push(&[&envelope]);
    assert_eq!(lines(&workstation, &cora, &manifest, "Observation"), ["o1/1"]);
    assert_eq!(lines(&workstation, &cora, &manifest, "Patient"), ["ada/1", "bo/1"]);
    let since = manifest["transactionTime"].as_str().unwrap();
    clinic.advance(5);
    let (_, next) = begun(&workstation, &cora, &format!("?_type=Observation,Patient&_since={since}"));
    assert_eq!(lines(&workstation, &cora, &next, "Observation"), ["o1/2", "o2/1"]);
    assert_eq!(lines(&workstation, &cora, &next, "Patient"), ["late/1"]);
}

#[test]
fn whoever_may_export_nothing_is_refused_and_that_is_in_the_trail() {
    let clinic = Clinic::open();
    let (workstation, _) = open(&clinic);
    for (name, role) in [("nora", Role::Nurse), ("arlo", Role::Auditor), ("felix", Role::FrontDesk)] {
        let person = workstation.activate(name, role);
        let before = trail(&clinic).len();
        assert_eq!(begin(&workstation, &person, "").status, 403, "{name}");
        let events = trail(&clinic).split_off(before);
        assert_eq!((events.len(), &events[0]["outcome"]), (1, &"4".into()), "{name}: {events:?}");
    }
}

#[test]
fn an_export_is_its_own_persons_at_its_own_workstation_until_it_is_ended_or_an_hour_old() {
    let clinic = Clinic::open();
    let (workstation, cora) = open(&clinic);
    let other = clinic.enrol();
    let cody = workstation.activate("cody", Role::Clinician);
    let carla = other.activate("carla", Role::Clinician);
    let (place, _) = begun(&workstation, &cora, "?_type=Patient");
    for (at, person) in [(&workstation, &cody), (&other, &carla)] {
        for (method, url) in
            [("GET", place.clone()), ("DELETE", place.clone()), ("GET", format!("{place}/Patient"))]
        {
            assert_eq!(ask(at, person, method, &url).status, 404, "{method} {url}");
        }
    }
    assert_eq!(ask(&workstation, &cora, "GET", &format!("{place}/Condition")).status, 404, "not asked for");
    assert_eq!(ask(&workstation, &cora, "DELETE", &place).status, 202);
    for url in [place.clone(), format!("{place}/Patient")] {
        assert_eq!(ask(&workstation, &cora, "GET", &url).status, 404);
    }
    let (place, _) = begun(&workstation, &cora, "?_type=Patient");
    clinic.advance(3601);
    let code = keys::totp::code_at(&cora.seed, keys::totp::step_at(clinic.now()));
    let (cora, _) = workstation.sign_in("cora", PASSPHRASE, &code).unwrap();
    assert_eq!(ask(&workstation, &cora, "GET", &place).status, 404, "it is over");
}

#[test]
fn what_an_export_does_not_do_it_says() {
    let clinic = Clinic::open();
    let (workstation, cora) = open(&clinic);
    assert_eq!(workstation.fhir(&cora, "Patient/$export", &[]).status, 400, "it is answered later");
    for query in ["?_outputFormat=csv", "?_since=yesterday", "?_type=Practitioner"] {
        assert_eq!(begin(&workstation, &cora, query).status, 400, "{query}");
    }
    let lenient = [("prefer", "respond-async, handling=lenient")];
    for query in ["?_elements=id", "?_type=Patient,Unheard", "?_typeFilter=Condition%3Fcode%3Dx"] {
        assert_eq!(begin(&workstation, &cora, query).status, 400, "{query}");
        let answer = workstation.fhir(&cora, &format!("Patient/$export{query}"), &lenient);
        assert_eq!(answer.status, 202, "{query}");
    }
    let statement = workstation.get(&cora, "metadata").to_string();
    assert!(statement.contains("OperationDefinition/patient-export"));
    assert!(statement.contains("OperationDefinition/group-export"));
    assert!(statement.contains("OperationDefinition/export"));
    let posted = workstation.post_fhir(Some(&cora), "/$export", b"{}");
    assert_eq!(posted.status, 405, "it is asked for with GET alone");
}
