//! One record over FHIR: who sees it, in which version, and what is said where nobody may.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::fhir::{cares_for, charts, keys, next, trail};
use crate::workstation::Person;
use chartkeep_server::approving::{self, Proof};
use chartkeep_server::store::{Act, ErasureReason};
use keys::totp;
use records::Role;
use records::change::Base;
use serde_json::Value;

#[test]
fn a_record_is_read_with_its_version_and_not_sent_twice() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "72.50")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &nora, "ada");
    let answer = workstation.fhir(&nora, "Observation/hr", &[]);
    assert_eq!((answer.status, answer.header("etag")), (200, "W/\"1\""));
    assert_eq!(answer.header("content-type"), "application/fhir+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let modified = answer.header("last-modified").to_owned();
    assert!(modified.ends_with("GMT"), "{modified}");
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.contains(r#""value":72.50"#), "digits stay as they were written: {text}");
    let value = answer.value();
    assert_eq!(value["meta"]["versionId"], "1");
    let received: jiff::Timestamp = value["meta"]["lastUpdated"].as_str().unwrap().parse().unwrap();
    assert_eq!(received.as_millisecond(), clinic.now().as_millisecond());
    for header in [("if-none-match", "W/\"1\""), ("if-modified-since", modified.as_str())] {
        let again = workstation.fhir(&nora, "Observation/hr", &[header]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{header:?}");
    }
    assert_eq!(workstation.fhir(&nora, "Observation/hr", &[("if-none-match", "W/\"2\"")]).status, 200);
    assert_eq!(workstation.fhir(&nora, "Observation/hr", &[("accept", "application/fhir+xml")]).status, 406);
}

#[test]
fn each_version_stays_readable_and_the_history_has_them_newest_first() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &nora, "ada");
    let first_at = clinic.now();
    clinic.advance(100);
    let (_, envelope) = workstation.envelope(&nora, vec![(observation("hr", "ada", "71"), Base::Version(1))]);
    workstation.push(&[&envelope]);
    let value = |path: &str| workstation.get(&nora, path)["valueQuantity"]["value"].to_string();
    assert_eq!(value("Observation/hr"), "71");
    assert_eq!(value("Observation/hr/_history/1"), "70");
    assert_eq!(value("Observation/hr/_history/2"), "71");
    assert_eq!(workstation.fhir(&nora, "Observation/hr/_history/3", &[]).status, 404);
    let history = workstation.get(&nora, "Observation/hr/_history");
    let entries = history["entry"].as_array().unwrap();
    let versions: Vec<_> = entries.iter().map(|entry| &entry["resource"]["meta"]["versionId"]).collect();
    assert_eq!(versions, ["2", "1"]);
    assert_eq!(entries[1]["request"]["method"], "PUT");
    assert_eq!(entries[1]["response"]["status"], "201");
    let count =
        |query: &str| keys(&workstation.get(&nora, &format!("Observation/hr/_history?{query}"))).len();
    let second = clinic.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let first = first_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(count(&format!("_since={second}")), 1);
    assert_eq!(count(&format!("_at={first}")), 1);
    assert_eq!(count("_at=2001"), 0);
    assert_eq!(workstation.fhir(&nora, "Observation/hr/_history?_since=soon", &[]).status, 400);
}

#[test]
fn histories_of_a_type_and_of_all_go_page_by_page_without_gap_or_double() {
    let clinic = Clinic::open();
    let mut documents = vec![patient("ada")];
    documents.extend((0..7).map(|n| observation(&format!("o{n}"), "ada", "70")));
    take_in(&clinic, &documents);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &nora, "ada");
    let walk = |start: &str| {
        let (mut seen, mut path) = (Vec::new(), Some(start.to_owned()));
        while let Some(at) = path {
            let page = workstation.get(&nora, &at);
            assert_eq!(page["type"], "history");
            seen.extend(keys(&page));
            path = next(&page);
        }
        seen
    };
    let newest_first: Vec<String> = (0..7).rev().map(|n| format!("Observation/o{n}")).collect();
    assert_eq!(walk("Observation/_history?_count=3"), newest_first);
    let all = walk("_history?_count=3");
    assert_eq!((all.len(), all.last().map(String::as_str)), (8, Some("Patient/ada")));
    assert_eq!(walk("_history?_since=2100"), Vec::<String>::new());
}

#[test]
fn what_is_not_for_a_person_is_not_found_and_both_leave_the_same_answer_and_an_event() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let felix = workstation.activate("felix", Role::FrontDesk);
    let nora = workstation.activate("nora", Role::Nurse);
    let admin = workstation.activate("ines", Role::ItAdmin);
    cares_for(&clinic, &nora, "ada");
    let refused = |person, path: &str| {
        let before = trail(&clinic).len();
        let answer = workstation.fhir(person, path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        let events = trail(&clinic);
        assert_eq!(events.len(), before + 1, "{path}: one event");
        assert_eq!(events.last().unwrap()["outcome"], "4");
        assert!(events.last().unwrap().to_string().contains("denied"));
        answer.body
    };
    let nowhere = refused(&felix, "Condition/nowhere");
    for path in
        ["Condition/c-ada", "Condition/c-ada/_history", "Condition/c-ada/_history/1", "Condition/s-ada"]
    {
        assert_eq!(refused(&felix, path), nowhere, "{path}");
    }
    assert_eq!(refused(&nora, "Condition/c-bo"), nowhere, "no care relation");
    assert_eq!(refused(&nora, "Condition/s-ada"), nowhere, "restricted");
    assert_eq!(refused(&admin, "Patient/ada"), nowhere, "no rights");
    let outcome: Value = serde_json::from_slice(&nowhere).unwrap();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    assert_eq!(outcome["issue"][0]["code"], "not-found");
    assert_eq!(workstation.get(&nora, "Condition/c-ada")["id"], "c-ada");
    assert_eq!(workstation.get(&felix, "Patient/ada")["id"], "ada");
}

#[test]
fn a_chart_opens_with_a_reason_and_the_reason_is_in_the_trail() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    assert_eq!(workstation.fhir(&cora, "Condition/c-bo", &[]).status, 404);
    let reason = ("chartkeep-reason", "telephone");
    assert_eq!(workstation.fhir(&cora, "Condition/c-bo", &[reason]).status, 200);
    let events = trail(&clinic);
    let opened = &events[events.len() - 2];
    assert!(opened.to_string().contains("chart-opened") && opened.to_string().contains("telephone"));
    assert_eq!(
        workstation.fhir(&cora, "Condition/s-ada", &[reason]).status,
        404,
        "only breaking the glass opens it"
    );
    assert_eq!(workstation.fhir(&cora, "Condition/c-bo", &[("chartkeep-reason", "curious")]).status, 400);
    let felix = workstation.activate("felix", Role::FrontDesk);
    assert_eq!(workstation.fhir(&felix, "Condition/c-bo", &[reason]).status, 404);
}

#[test]
fn a_chart_that_curiosity_is_drawn_to_does_not_open_with_a_reason() {
    let clinic = Clinic::open();
    let mut charts = charts();
    let mut famous = charts[1].value().clone();
    famous["meta"]["security"] =
        serde_json::json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VIP" }]);
    charts[1] = records::Document::from_value(famous).unwrap();
    take_in(&clinic, &charts);
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    let reason = [("chartkeep-reason", "visit")];
    assert_eq!(workstation.fhir(&cora, "Condition/c-bo", &reason).status, 404);
    assert_eq!(keys(&workstation.fhir(&cora, "Condition?patient=bo", &reason).value()), [""; 0]);
    cares_for(&clinic, &cora, "bo");
    assert_eq!(workstation.fhir(&cora, "Condition/c-bo", &[]).status, 200);
}

#[test]
fn a_social_security_number_is_shown_to_who_may_see_it_alone() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let felix = workstation.activate("felix", Role::FrontDesk);
    let pia = workstation.activate("pia", Role::PrivacyOfficer);
    let shown = workstation.get(&felix, "Patient/bo");
    assert!(!shown.to_string().contains("999-11-2222") && shown.to_string().contains("M-77"));
    assert_eq!(shown["meta"]["tag"][0]["code"], "SUBSETTED");
    assert!(workstation.get(&pia, "Patient/bo").to_string().contains("999-11-2222"));
}

#[test]
fn what_a_record_has_become_closes_what_it_was() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let mut closed = charts()[2].value().clone();
    closed["meta"] = charts()[4].value()["meta"].clone();
    clinic.advance(10);
    take_in(&clinic, &[records::Document::from_value(closed).unwrap()]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &nora, "ada");
    for path in ["Condition/c-ada", "Condition/c-ada/_history/1", "Condition/c-ada/_history"] {
        assert_eq!(workstation.fhir(&nora, path, &[]).status, 404, "{path}");
    }
    let listed = keys(&workstation.get(&nora, "Condition/_history"));
    assert!(!listed.contains(&"Condition/c-ada".to_owned()), "{listed:?}");
}

#[test]
fn an_erased_patient_is_gone_and_histories_tell_of_it() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let (ivo, mara) =
        (workstation.activate("ivo", Role::ItAdmin), workstation.activate("mara", Role::ItAdmin));
    cares_for(&clinic, &nora, "ada");
    let proof = |person: &Person| {
        clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
        Proof { username: person.username.clone(), code: sync::wire::SecretText::new(code) }
    };
    let act = Act::PatientErasure("ada".parse().unwrap(), ErasureReason::PatientRequest);
    let number = approving::ask(&clinic.practice, act, &proof(&ivo)).unwrap();
    approving::approve(&clinic.practice, number, &proof(&mara)).unwrap();
    let answer = workstation.fhir(&nora, "Patient/ada", &[]);
    assert_eq!((answer.status, &answer.value()["issue"][0]["code"]), (410, &"deleted".into()));
    assert_eq!(workstation.fhir(&nora, "Patient/ada/_history/1", &[]).status, 410);
    assert_eq!(workstation.fhir(&nora, "Condition/c-ada", &[]).status, 404, "nobody knows whose it was");
    assert_eq!(keys(&workstation.get(&nora, "Patient")), ["Patient/bo"]);
    let deletions = |path: &str| {
        let history = workstation.get(&nora, path);
        let entries = history["entry"].as_array().into_iter().flatten();
        let deletions = entries.filter(|entry| entry["request"]["method"] == "DELETE");
        deletions.map(|entry| entry["request"]["url"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let since = clinic.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for path in ["Patient/ada/_history", "Patient/_history", "_history", &format!("_history?_since={since}")]
    {
        assert_eq!(deletions(path), ["Patient/ada"], "{path}");
    }
    for path in ["Condition/_history", "_history?_since=2100"] {
        assert_eq!(deletions(path), [""; 0], "{path}");
    }
}

#[test]
fn nothing_is_written_and_nothing_unknown_is_found() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let body = observation("hr", "ada", "70").bytes().to_vec();
    let created = workstation.post_fhir(Some(&nora), "/Observation", &body);
    assert_eq!(created.status, 405);
    assert!(String::from_utf8_lossy(&created.body).contains("/v1/changes"));
    let token = nora.signed_in.session.token.expose();
    for method in [reqwest::Method::PUT, reqwest::Method::PATCH, reqwest::Method::DELETE] {
        let request = workstation.client.request(method, clinic.url("/fhir/Observation/hr"));
        assert_eq!(clinic.send(request.bearer_auth(token).body(body.clone())).unwrap().status, 405);
    }
    for path in [
        "Spaceship",
        "Spaceship/_history",
        "observation/hr",
        "Observation/h_r",
        "Observation/hr/_history/x",
        "A/b/c/d/e",
    ] {
        assert_eq!(workstation.fhir(&nora, path, &[]).status, 404, "{path}");
    }
}
