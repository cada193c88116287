//! Searching over FHIR: what finds what, for whom, and what never stands in an address.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::fhir::{cares_for, charts, keys, next, notices, trail};
use crate::workstation::{Person, Workstation};
use chartkeep_server::indexing;
use records::Role;
use records::change::Base;

fn open(clinic: &Clinic) -> (Workstation<'_>, Person) {
    take_in(clinic, &charts());
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(clinic, &nora, "ada");
    (workstation, nora)
}

#[test]
fn patients_are_found_by_what_is_known_of_them() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let found = |name: &str, value: &str| workstation.found(&nora, "Patient", &[(name, value)]);
    for (name, value) in [
        ("family", "ode"),
        ("name", "henrik ØDEGÅRD"),
        ("given", "bo"),
        ("birthdate", "1961-07-14"),
        ("birthdate", "1961"),
        ("identifier", "urn:elm|M-77"),
        ("identifier", "m-77"),
        ("phone", "555-010-2345"),
        ("telecom", "5550102345"),
        ("gender", "male"),
        ("_id", "bo"),
    ] {
        assert_eq!(found(name, value), ["Patient/bo"], "{name}={value}");
    }
    assert_eq!(found("identifier", "999-11-2222"), [""; 0], "a social security number finds nobody");
    assert_eq!(found("birthdate", "1950,1961"), ["Patient/bo", "Patient/ada"], "newest first");
    assert_eq!(found("birthdate", "ge1950-02-03"), ["Patient/bo", "Patient/ada"]);
    assert_eq!(found("birthdate", "gt1950-02-03"), ["Patient/bo"]);
    assert_eq!(found("birthdate", "lt1961-07"), ["Patient/ada"]);
    let span = [("birthdate", "ge1950-02-04"), ("birthdate", "le1961-07-14")];
    assert_eq!(workstation.found(&nora, "Patient", &span), ["Patient/bo"]);
    assert_eq!(workstation.found(&nora, "Patient", &[("given", "bo"), ("gender", "female")]), [""; 0]);
    assert_eq!(workstation.found(&nora, "Patient", &[("_id", "bo"), ("_id", "ada")]), [""; 0]);
    let total = workstation.search(&nora, "Patient", &[("_summary", "count")], true).value();
    assert_eq!((total["total"].as_u64(), total.get("entry")), (Some(2), None));
}

#[test]
fn clinical_records_are_found_within_ones_care_relations() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let found = |form: &[(&str, &str)]| workstation.found(&nora, "Condition", form);
    assert_eq!(found(&[]), ["Condition/c-ada"], "not Bo's, and not the restricted one");
    assert_eq!(found(&[("code", "44054006")]), ["Condition/c-ada"]);
    assert_eq!(found(&[("code", "http://snomed.info/sct|44054006"), ("clinical-status", "active")]).len(), 1);
    assert_eq!(found(&[("code", "38341003")]), [""; 0], "Bo's: never read");
    assert_eq!(found(&[("code", "86406008")]), [""; 0], "restricted");
    assert_eq!(found(&[("onset-date", "ge2019"), ("onset-date", "lt2020")]).len(), 1);
    assert_eq!(found(&[("onset-date", "gt2019-05-06")]), [""; 0]);
    assert_eq!(found(&[("_lastUpdated", "le2001")]), [""; 0]);
    assert_eq!(found(&[("patient", "Patient/ada")]), ["Condition/c-ada"]);
    assert_eq!(found(&[("subject", "bo")]), [""; 0]);
    let count = workstation.search(&nora, "Condition", &[("_summary", "count")], true).value();
    assert_eq!(count["total"], 1, "a count says no more than a list");
    let felix = workstation.activate("felix", Role::FrontDesk);
    assert_eq!(workstation.found(&felix, "Condition", &[]), [""; 0]);
    assert_eq!(workstation.found(&felix, "Condition", &[("patient", "ada")]), [""; 0]);
    let auditor = workstation.activate("arlo", Role::Auditor);
    assert_eq!(workstation.search(&auditor, "Patient", &[], true).status, 403);
}

#[test]
fn an_answer_that_is_not_all_there_is_says_so() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let of = |person, patient, reason| {
        let path = format!("Condition?patient={patient}");
        workstation.fhir(person, &path, reason).value()
    };
    assert!(notices(&of(&nora, "ada", &[])).contains("do not open"), "a masked record is told of");
    assert!(notices(&of(&nora, "bo", &[])).contains("opens with a reason"));
    let bundle = of(&nora, "bo", &[("chartkeep-reason", "visit")]);
    assert_eq!((keys(&bundle), notices(&bundle)), (vec!["Condition/c-bo".to_owned()], String::new()));
    assert_eq!(keys(&of(&nora, "nobody", &[])), [""; 0]);
}

#[test]
fn a_bundle_is_labelled_as_closely_as_the_closest_of_its_records() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    cares_for(&clinic, &cora, "ada");
    let bundle = workstation.get(&cora, "Condition?patient=ada");
    assert_eq!(keys(&bundle), ["Condition/s-ada", "Condition/c-ada"]);
    assert_eq!(bundle["meta"]["security"][0]["code"], "R");
}

#[test]
fn nothing_that_is_read_out_of_a_record_stands_in_an_address() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    for query in ["name=sample", "birthdate=1950", "identifier=M-77", "phone=5550102345", "gender=male"] {
        let answer = workstation.fhir(&nora, &format!("Patient?{query}"), &[]);
        assert_eq!(answer.status, 400, "{query}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains("_search") && !text.contains("sample") && !text.contains("1950"), "{text}");
    }
    assert_eq!(workstation.fhir(&nora, "Condition?patient=ada&code=44054006", &[]).status, 400);
    assert_eq!(keys(&workstation.get(&nora, "Condition?patient=ada&_count=5")), ["Condition/c-ada"]);
    assert_eq!(keys(&workstation.get(&nora, "Patient?_id=ada")), ["Patient/ada"]);
    let bundle = workstation.search(&nora, "Patient", &[("family", "sample"), ("_count", "1")], true).value();
    assert!(!bundle["link"].to_string().to_lowercase().contains("sample"), "{}", bundle["link"]);
    let form = "/fhir/Patient/_search?family=sample";
    let request =
        workstation.client.post(clinic.url(form)).bearer_auth(nora.signed_in.session.token.expose());
    assert_eq!(clinic.send(request).unwrap().status, 400);
}

#[test]
fn pages_follow_each_other_by_a_cursor_that_says_nothing_and_is_one_persons_own() {
    let clinic = Clinic::open();
    let mut documents = charts();
    documents.extend((0..9).map(|n| observation(&format!("o{n}"), "ada", "70")));
    take_in(&clinic, &documents);
    let workstation = clinic.enrol();
    let (nora, cora) =
        (workstation.activate("nora", Role::Nurse), workstation.activate("cora", Role::Clinician));
    cares_for(&clinic, &nora, "ada");
    let mut page =
        workstation.search(&nora, "Observation", &[("code", "8867-4"), ("_count", "4")], true).value();
    let (mut seen, mut pages) = (keys(&page), 1);
    while let Some(path) = next(&page) {
        assert!(!path.contains("8867"), "{path}");
        assert_eq!(workstation.fhir(&cora, &path, &[]).status, 400, "another person's cursor");
        page = workstation.get(&nora, &path);
        seen.extend(keys(&page));
        pages += 1;
    }
    let expected: Vec<String> = (0..9).rev().map(|n| format!("Observation/o{n}")).collect();
    assert_eq!((seen, pages), (expected, 3));
    assert_eq!(workstation.fhir(&nora, "Observation?_cursor=v2", &[]).status, 400);
}

#[test]
fn unknown_parameters_are_refused_or_left_out_as_was_asked() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let search = |form: &[(&str, &str)], strict| workstation.search(&nora, "Patient", form, strict);
    for form in [[("eye-colour", "blue")], [("_include", "Patient:organization")], [("_sort", "birthdate")]] {
        assert_eq!(search(&form, true).status, 400, "{form:?}");
        let lenient = search(&form, false).value();
        assert_eq!(keys(&lenient).len(), 2, "{form:?}");
        assert!(notices(&lenient).contains("left out"), "{form:?}");
        assert!(!lenient["link"].to_string().contains(form[0].0), "the self link has what counts");
    }
    for form in
        [[("family:exact", "Sample")], [("birthdate", "ne1950")], [("_count", "many")], [("gender", "")]]
    {
        assert_eq!(search(&form, false).status, 400, "{form:?}");
    }
}

#[test]
fn a_search_leaves_an_event_without_its_words_and_one_for_each_patient_shown() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let before = trail(&clinic).len();
    workstation.found(&nora, "Patient", &[("birthdate", "1950,1961"), ("name", "sample,bo")]);
    let events = trail(&clinic);
    let new = &events[before..];
    assert_eq!(new.len(), 3);
    let shown: Vec<_> =
        new[1..].iter().map(|event| event["entity"][0]["what"]["reference"].clone()).collect();
    assert_eq!(shown, ["Patient/bo", "Patient/ada"]);
    use base64::Engine as _;
    let query = new[0]["entity"][0]["query"].as_str().unwrap();
    let query = base64::engine::general_purpose::STANDARD.decode(query).unwrap();
    let query = String::from_utf8(query).unwrap();
    assert!(query.starts_with("Patient?birthdate=") && !query.contains("sample"), "{query}");
}

#[test]
fn a_new_version_is_found_by_what_it_says_now() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    let mut renamed = patient("ada").value().clone();
    renamed["name"][0]["family"] = "Winter".into();
    let renamed = records::Document::from_value(renamed).unwrap();
    let felix = workstation.activate("felix", Role::FrontDesk);
    let (_, envelope) = workstation.envelope(&felix, vec![(renamed, Base::Version(1))]);
    workstation.push(&[&envelope]);
    assert_eq!(workstation.found(&nora, "Patient", &[("family", "sample")]), [""; 0]);
    assert_eq!(workstation.found(&nora, "Patient", &[("family", "winter")]), ["Patient/ada"]);
}

#[test]
fn an_index_made_anew_finds_the_same() {
    let clinic = Clinic::open();
    let (workstation, nora) = open(&clinic);
    assert_eq!(indexing::rebuild(&clinic.practice).unwrap(), 5);
    assert_eq!(workstation.found(&nora, "Patient", &[("name", "bo ode")]), ["Patient/bo"]);
    assert_eq!(workstation.found(&nora, "Condition", &[("code", "44054006")]), ["Condition/c-ada"]);
}
