//! What a program reads without a person: what its scopes name, and nothing that is for nobody alone; each request in the trail.

use crate::clinic::{Clinic, document, observation, patient, take_in};
use crate::programs::Registry;
use serde_json::{Value, json};
use sync::wire::SecretText;

#[test]
fn a_program_reads_and_searches_within_its_scopes_and_is_the_agent_of_every_event() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let registry = Registry::with(&clinic, "system/Patient.rs system/Observation.r");
    let token = registry.token("first", None);

    assert_eq!(registry.get(&token, "Patient/ada").status, 200);
    assert_eq!(registry.get(&token, "Observation/hr").status, 200);
    let found: Value = registry.get(&token, "Patient").json();
    assert_eq!(found["entry"][0]["resource"]["id"], "ada");
    assert_eq!(registry.get(&token, "Patient/_history").status, 200);
    for path in [
        "Observation?patient=ada",
        "Condition?patient=ada",
        "Condition/none",
        "Observation/_history",
        "_history",
        "AuditEvent?date=ge2020-01-01&date=le2040-01-01",
        "Patient?_revinclude=Observation:subject",
        "_history?_cursor=v1.clinical.0",
    ] {
        let status = registry.get(&token, path).status;
        assert!([401, 403, 404].contains(&status), "{path}: {status}");
    }
    let kinds = registry.own_kinds();
    let count = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
    assert_eq!((count("signed-in"), count("read")), (1, 2), "{kinds:?}");
    assert!(count("denied") >= 6, "what was not its scope is in the trail: {kinds:?}");
    assert!(count("patient-shown") >= 2, "{kinds:?}");
    assert!(registry.events_of(&format!("Practitioner/{}", registry.id)).is_empty(), "it is no person");
}

#[test]
fn what_is_sensitive_or_like_a_social_security_number_is_for_no_program() {
    let clinic = Clinic::open();
    let ada = json!({
        "resourceType": "Patient", "id": "ada", "name": [{ "family": "Sample" }], "birthDate": "1950-02-03",
        "identifier": [{ "system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-12-3456" }],
    });
    let positive = json!({
        "resourceType": "Condition", "id": "hiv", "subject": { "reference": "Patient/ada" },
        "code": { "text": "canary" },
        "meta": { "security": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV" }] },
    });
    let [ada, positive] = [ada, positive].map(|resource| document(&resource.to_string()));
    take_in(&clinic, &[ada, positive]);
    let registry = Registry::with(&clinic, "system/*.rs");
    let token = registry.token("first", None);
    let text = |path: &str| {
        let answer = registry.get(&token, path);
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let (status, shown) = text("Patient/ada");
    assert!(status == 200 && !shown.contains("999-12-3456"), "{shown}");
    assert_eq!(text("Condition/hiv").0, 404);
    let (status, shown) = text("Condition?patient=ada");
    assert!(status == 200 && !shown.contains("canary") && shown.contains("suppressed"), "{shown}");
}

#[test]
fn the_chart_of_a_vip_stays_shut_to_a_program_whichever_way_it_asks() {
    let clinic = Clinic::open();
    let label = json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VIP" }]);
    let vip = json!({
        "resourceType": "Patient", "id": "vip", "name": [{ "family": "Famous" }], "birthDate": "1950-02-03",
        "meta": { "security": label },
    });
    let (pulse, other) = (observation("pulse", "vip", "71"), observation("hr", "ada", "70"));
    take_in(&clinic, &[document(&vip.to_string()), patient("ada"), pulse, other]);
    assert!(clinic.look(|tx| tx.is_vip(&"vip".parse().unwrap())), "the label counts");
    let registry = Registry::with(&clinic, "system/*.rs");
    let token = registry.token("first", None);
    for path in
        ["Patient/vip", "Observation/pulse", "Observation/pulse/_history", "Observation/pulse/_history/1"]
    {
        assert_eq!(registry.get(&token, path).status, 404, "{path}");
    }
    for path in [
        "Patient",
        "Observation",
        "Observation?patient=vip",
        "Patient/_history",
        "Observation/_history",
        "_history",
        "Observation?_include=Observation:subject",
        "Patient?_revinclude=Observation:subject",
    ] {
        let answer = registry.get(&token, path);
        let shown = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200, "{path}: {shown}");
        assert!(!shown.contains("Famous") && !shown.contains("pulse"), "{path}: {shown}");
    }
    let found: Value = registry.get(&token, "Observation").json();
    assert_eq!(found["entry"][0]["resource"]["id"], "hr", "and what is of others is there");
}

#[test]
fn a_program_exports_what_its_scopes_name_and_each_patient_is_in_the_trail() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), patient("bob"), observation("hr", "ada", "70")]);
    let registry = Registry::with(&clinic, "system/Patient.rs system/Observation.rs");
    let begin = |token: &SecretText, query: &str| {
        let request = registry.machine.client.get(clinic.url(&format!("/fhir/Patient/$export{query}")));
        let request = request.header("prefer", "respond-async").bearer_auth(token.expose());
        clinic.send(request).unwrap()
    };
    let token = registry.token("first", None);
    assert_eq!(begin(&token, "?_type=Patient,Condition").status, 403);
    let begun = begin(&token, "");
    assert_eq!(begun.status, 202);
    let at = begun.header("content-location").to_owned();
    let path = |address: &str| address.split_once("/v1/").map(|(_, path)| format!("/v1/{path}")).unwrap();
    let manifest: Value = registry.machine.get_as(&token, &path(&at)).json();
    let files: Vec<&Value> = manifest["output"].as_array().unwrap().iter().collect();
    assert_eq!(files.iter().map(|file| &file["type"]).collect::<Vec<_>>(), ["Observation", "Patient"]);
    let url = files[1]["url"].as_str().unwrap();
    let lines = registry.machine.get_as(&token, &path(url));
    assert_eq!((lines.status, String::from_utf8(lines.body).unwrap().lines().count()), (200, 2));
    let exported = registry.own_kinds().iter().filter(|kind| *kind == "exported").count();
    assert_eq!(exported, 2);
    let narrow = registry.token("narrow", Some("system/Observation.rs"));
    assert_eq!(registry.machine.get_as(&narrow, &path(url)).status, 403, "with another token");
}
