//! Asking the FHIR surface, as a program by others does.

use crate::clinic::{Answer, Clinic, document, patient};
use crate::workstation::{Person, Workstation};
use chartkeep_server::people;
use records::Document;
use serde_json::Value;

impl Workstation<'_> {
    pub(crate) fn fhir(&self, person: &Person, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.client.get(self.clinic.url(&format!("/fhir/{path}")));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.clinic.send(request.bearer_auth(person.signed_in.session.token.expose())).unwrap()
    }

    pub(crate) fn get(&self, person: &Person, path: &str) -> Value {
        let answer = self.fhir(person, path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.value()
    }

    /// `POST [type]/_search` with a form.
    pub(crate) fn search(&self, person: &Person, kind: &str, form: &[(&str, &str)], strict: bool) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = self.client.post(self.clinic.url(&format!("/fhir/{kind}/_search")));
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("prefer", if strict { "handling=strict" } else { "handling=lenient" })
            .body(body.extend_pairs(form).finish());
        self.clinic.send(request.bearer_auth(person.signed_in.session.token.expose())).unwrap()
    }

    /// The keys of what a search finds, in their order.
    pub(crate) fn found(&self, person: &Person, kind: &str, form: &[(&str, &str)]) -> Vec<String> {
        let answer = self.search(person, kind, form, true);
        assert_eq!(answer.status, 200, "{form:?}: {}", String::from_utf8_lossy(&answer.body));
        keys(&answer.value())
    }

    /// Posts JSON to the surface, with a session or with the certificate alone.
    pub(crate) fn post_fhir(&self, person: Option<&Person>, path: &str, body: &[u8]) -> Answer {
        let request = self.client.post(self.clinic.url(&format!("/fhir{path}")));
        let request = request.header("content-type", "application/fhir+json").body(body.to_vec());
        let request = match person {
            Some(person) => request.bearer_auth(person.signed_in.session.token.expose()),
            None => request,
        };
        self.clinic.send(request).unwrap()
    }
}

impl Answer {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The keys of what a bundle matched, in their order.
pub(crate) fn keys(bundle: &Value) -> Vec<String> {
    let resources = bundle["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]);
    let resources = resources.filter(|resource| resource["resourceType"] != "OperationOutcome");
    resources
        .map(|resource| {
            format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
        })
        .collect()
}

/// The address of the next page, below the surface.
pub(crate) fn next(bundle: &Value) -> Option<String> {
    let links = bundle["link"].as_array().into_iter().flatten();
    let next = links.into_iter().find(|link| link["relation"] == "next")?;
    Some(next["url"].as_str()?.split_once("/fhir/")?.1.to_owned())
}

/// The texts of a bundle's notices.
pub(crate) fn notices(bundle: &Value) -> String {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let outcomes = entries.filter(|entry| entry["search"]["mode"] == "outcome");
    outcomes.map(|entry| entry["resource"]["issue"][0]["details"]["text"].to_string()).collect()
}

pub(crate) fn cares_for(clinic: &Clinic, person: &Person, patient: &str) {
    people::add_relation(&clinic.practice, person.id, patient.parse().unwrap(), 30).unwrap();
}

/// Events of the server's own trail, newest last.
pub(crate) fn trail(clinic: &Clinic) -> Vec<Value> {
    let leaves = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 100_000));
    leaves.iter().map(|leaf| serde_json::from_slice(&leaf.event).unwrap()).collect()
}

/// Two patients with a condition each, and something about one that only few may see.
pub(crate) fn charts() -> Vec<Document> {
    let mut all = vec![
        patient("ada"),
        document(
            r#"{"resourceType":"Patient","id":"bo","gender":"male","birthDate":"1961-07-14",
                "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:elm","value":"M-77"},
                    {"type":{"coding":[{"code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-11-2222"}],
                "name":[{"family":"Ødegård","given":["Bo","Henrik"]}],
                "telecom":[{"system":"phone","value":"(555) 010-2345"}]}"#,
        ),
    ];
    for (patient, code) in [("ada", "44054006"), ("bo", "38341003")] {
        all.push(document(&format!(
            r#"{{"resourceType":"Condition","id":"c-{patient}","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{code}"}}]}},
                "clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}}]}},
                "subject":{{"reference":"Patient/{patient}"}},"onsetDateTime":"2019-05-06"}}"#
        )));
    }
    all.push(document(
        r#"{"resourceType":"Condition","id":"s-ada","meta":{"security":[
            {"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"},
            {"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},
            "code":{"coding":[{"system":"http://snomed.info/sct","code":"86406008"}]},"subject":{"reference":"Patient/ada"}}"#,
    ));
    // Each on one line, as an import reads them.
    all.iter().map(|document| Document::from_value(document.value().clone()).unwrap()).collect()
}
