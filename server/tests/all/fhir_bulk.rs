//! `$export` of everything and of a group: what belongs to nobody, who counts as a member, what was deleted since, and who is refused.

use crate::clinic::{Answer, Clinic, document, observation, patient, take_in, take_in_from};
use crate::fhir::{cares_for, charts, trail};
use crate::programs::Registry;
use crate::workstation::Workstation;
use chartkeep_server::approving::Done;
use chartkeep_server::programs;
use chartkeep_server::store::{Act, ErasureReason};
use records::change::Base;
use records::{Document, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use sync::wire::SecretText;

/// Somebody who takes records out, person or program.
struct Taker<'a> {
    clinic: &'a Clinic,
    machine: &'a Workstation<'a>,
    token: &'a SecretText,
    reason: Option<&'a str>,
}

impl Taker<'_> {
    fn ask(&self, url: &str) -> Answer {
        let path = url.split_once("/fhir/").map(|(_, path)| format!("/fhir/{path}"));
        let path = path.or_else(|| url.split_once("/v1/").map(|(_, path)| format!("/v1/{path}"))).unwrap();
        let request = self.machine.client.get(self.clinic.url(&path)).header("prefer", "respond-async");
        let request =
            self.reason.iter().fold(request, |request, reason| request.header("chartkeep-reason", *reason));
        self.clinic.send(request.bearer_auth(self.token.expose())).unwrap()
    }

    fn begin(&self, path: &str) -> Answer {
        self.ask(&format!("/fhir/{path}"))
    }

    fn manifest(&self, path: &str) -> Value {
        let begun = self.begin(path);
        assert_eq!(begun.status, 202, "{path}: {}", String::from_utf8_lossy(&begun.body));
        self.ask(begun.header("content-location")).value()
    }

    fn file(&self, manifest: &Value, kind: &str) -> String {
        let files = manifest["output"].as_array().unwrap();
        text(&files.iter().find(|file| file["type"] == kind).unwrap()["url"])
    }

    /// The lines of a file, in the order of their text.
    fn lines(&self, files: &Value, kind: &str) -> Vec<Value> {
        let file = files.as_array().unwrap().iter().find(|file| file["type"] == kind).unwrap();
        let answer = self.ask(file["url"].as_str().unwrap());
        assert_eq!(answer.status, 200, "{kind}: {}", String::from_utf8_lossy(&answer.body));
        let text = String::from_utf8(answer.body).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn ids(&self, manifest: &Value, kind: &str) -> Vec<String> {
        let mut ids: Vec<_> =
            self.lines(&manifest["output"], kind).iter().map(|line| text(&line["id"])).collect();
        ids.sort();
        ids
    }

    /// What the file of deletions names.
    fn deleted(&self, manifest: &Value) -> Vec<String> {
        let bundles = self.lines(&manifest["deleted"], "Bundle");
        let mut named = Vec::new();
        for bundle in &bundles {
            assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("transaction")));
            for entry in bundle["entry"].as_array().unwrap() {
                assert_eq!(entry["request"]["method"], "DELETE");
                assert_eq!(entry.as_object().unwrap().len(), 1, "nothing of what it was");
                named.push(text(&entry["request"]["url"]));
            }
        }
        named.sort();
        named
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn program<'a>(clinic: &'a Clinic, registry: &'a Registry<'a>, token: &'a SecretText) -> Taker<'a> {
    Taker { clinic, machine: &registry.machine, token, reason: None }
}

fn group(id: &str, with: Value, members: Value) -> Document {
    let mut group = json!({ "resourceType": "Group", "id": id, "type": "person", "actual": true });
    for (name, value) in with.as_object().unwrap() {
        group[name] = value.clone();
    }
    group["member"] = members;
    document(&group.to_string())
}

fn member(patient: &str) -> Value {
    json!({ "entity": { "reference": format!("Patient/{patient}") } })
}

/// Somebody whose chart is for nobody without a relation.
fn vip() -> Document {
    let label = json!([{ "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VIP" }]);
    document(&json!({ "resourceType": "Patient", "id": "vip", "meta": { "security": label } }).to_string())
}

/// The directory of a practice.
fn of_nobody() -> Vec<Document> {
    [
        r#"{"resourceType":"Practitioner","id":"grey","name":[{"family":"Grey"}]}"#,
        r#"{"resourceType":"Organization","id":"elm","name":"Elm Street"}"#,
        r#"{"resourceType":"Location","id":"room","name":"Room 1"}"#,
    ]
    .map(document)
    .into()
}

/// Export events by the patient that each is about; those of nobody under "".
fn exported(events: &[Value]) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["type"]["code"] == "110106") {
        let entities = event["entity"].as_array().into_iter().flatten();
        let named: Vec<_> = entities.map(|entity| text(&entity["what"]["reference"])).collect();
        let patient = named.iter().find(|name| name.starts_with("Patient/")).cloned().unwrap_or_default();
        found.entry(patient).or_default().push(json!(named));
    }
    found
}

#[test]
fn an_export_of_all_also_has_what_belongs_to_no_patient() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    take_in_from(&clinic, "directory", &of_nobody());
    take_in_from(&clinic, "vip", &[vip(), observation("pulse", "vip", "71")]);
    take_in_from(&clinic, "group", &[group("panel", json!({}), json!([member("ada"), member("vip")]))]);
    let registry = Registry::with(&clinic, "system/*.rs");
    let token = registry.token("first", None);
    let taker = program(&clinic, &registry, &token);
    let manifest = taker.manifest("$export");
    assert!(text(&manifest["request"]).ends_with("/fhir/$export"));
    assert_eq!(manifest["deleted"], json!([]), "no time was given");
    for (kind, ids) in [
        ("Practitioner", vec!["grey"]),
        ("Organization", vec!["elm"]),
        ("Location", vec!["room"]),
        ("Group", vec!["panel"]),
        ("Patient", vec!["ada", "bo"]),
        ("Condition", vec!["c-ada", "c-bo"]),
        ("Observation", vec![]),
        ("Immunization", vec![]),
    ] {
        let before = trail(&clinic).len();
        assert_eq!(taker.ids(&manifest, kind), ids, "{kind}");
        let events = exported(&trail(&clinic).split_off(before));
        assert_eq!(events.len(), if kind == "Group" { 1 } else { ids.len() }, "{kind}: {events:?}");
    }
    assert!(
        !String::from_utf8(taker.ask(&taker.file(&manifest, "Patient")).body)
            .unwrap()
            .contains("999-11-2222")
    );
    let of_group = taker.manifest("Group/panel/$export");
    assert_eq!(taker.ids(&of_group, "Patient"), ["ada"], "a VIP's chart stays shut, also to a group");
    let of_patients = taker.manifest("Patient/$export");
    assert!(!of_patients["output"].to_string().contains("Practitioner"), "that one is of patients alone");
    assert_eq!(taker.begin("Patient/$export?_type=Practitioner").status, 400);

    let narrow = registry.token("narrow", Some("system/Location.rs"));
    let narrow = program(&clinic, &registry, &narrow);
    assert_eq!(narrow.begin("$export?_type=Location,Practitioner").status, 403);
    let manifest = narrow.manifest("$export");
    assert_eq!(manifest["output"].as_array().unwrap().len(), 1, "what its scopes name");
    assert_eq!(narrow.ids(&manifest, "Location"), ["room"]);
}

#[test]
fn a_person_takes_out_of_all_no_more_than_the_role_exports() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    take_in_from(&clinic, "directory", &of_nobody());
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    let nora = workstation.activate("nora", Role::Nurse);
    cares_for(&clinic, &cora, "ada");
    let with = |token| Taker { clinic: &clinic, machine: &workstation, token, reason: None };
    let taker = with(&cora.signed_in.session.token);
    let manifest = taker.manifest("$export");
    assert_eq!(taker.ids(&manifest, "Condition"), ["c-ada", "s-ada"], "of those she cares for");
    assert_eq!(
        taker.ids(&manifest, "Practitioner"),
        [""; 0],
        "a clinician reads the directory, and exports none"
    );
    assert_eq!(with(&nora.signed_in.session.token).begin("$export").status, 403);
}

#[test]
fn a_group_is_its_members_as_they_were_when_the_export_began() {
    let clinic = Clinic::open();
    let names = ["ada", "bo", "cy", "di", "ed", "fay", "guy", "hal"];
    take_in(&clinic, &names.map(patient));
    let pulses: Vec<_> = names.iter().map(|name| observation(&format!("hr-{name}"), name, "70")).collect();
    take_in_from(&clinic, "pulses", &pulses);
    let of = |name: &str, with: Value| {
        let mut of = member(name);
        of.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        of
    };
    let members = json!([
        member("ada"),
        member("ada"),
        of("bo", json!({ "inactive": true })),
        of("cy", json!({ "period": { "end": "2000-01-01" } })),
        of("di", json!({ "period": { "start": "2100" } })),
        of("ed", json!({ "inactive": false, "period": { "start": "2000-01-01", "end": "2100" } })),
        of("fay", json!({ "period": { "end": "some day" } })),
        { "entity": { "reference": "Practitioner/grey" } },
        { "entity": { "reference": "Group/other" } },
        { "entity": { "display": "somebody" } },
        member("nobody-here"),
    ]);
    take_in_from(&clinic, "group", &[group("panel", json!({ "name": "A panel" }), members)]);
    let registry = Registry::with(&clinic, "system/Patient.rs system/Observation.rs system/Group.r");
    let token = registry.token("first", None);
    let taker = program(&clinic, &registry, &token);

    let before = trail(&clinic).len();
    let manifest = taker.manifest("Group/panel/$export");
    let begun = exported(&trail(&clinic).split_off(before));
    assert_eq!(begun[""], [json!(["Group/panel"])], "that it was begun, with the group by its id");
    assert!(text(&manifest["request"]).ends_with("/fhir/Group/panel/$export"));
    let kinds: Vec<_> = manifest["output"].as_array().unwrap().iter().map(|file| &file["type"]).collect();
    assert_eq!(kinds, ["Observation", "Patient"]);

    clinic.advance(5);
    take_in_from(&clinic, "later", &[group("panel", json!({}), json!([member("hal")]))]);
    let before = trail(&clinic).len();
    assert_eq!(taker.ids(&manifest, "Patient"), ["ada", "ed"]);
    let events = trail(&clinic).split_off(before);
    assert!(!json!(events).to_string().contains("A panel"), "no name in the trail");
    let events = exported(&events);
    assert_eq!(events.keys().collect::<Vec<_>>(), ["", "Patient/ada", "Patient/ed"]);
    assert!(events["Patient/ada"][0].to_string().contains("Group/panel"), "{events:?}");
    assert_eq!(taker.ids(&manifest, "Observation"), ["hr-ada", "hr-ed"]);
    clinic.advance(5);
    assert_eq!(taker.ids(&taker.manifest("Group/panel/$export"), "Patient"), ["hal"], "a new one");
    assert_eq!(registry.get(&token, "Group/panel").status, 200, "it is read as any record is");
    assert_eq!(registry.get(&token, "Group/_history").status, 403, "as far as the scopes go");
}

#[test]
fn a_group_that_is_none_of_patients_or_not_for_the_asker_is_refused() {
    let clinic = Clinic::open();
    let restricted = json!({ "meta": { "security": [
        { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV" }] } });
    let ada = || json!([member("ada")]);
    take_in(
        &clinic,
        &[
            patient("ada"),
            group("panel", json!({}), ada()),
            group("described", json!({ "actual": false }), ada()),
            group("animals", json!({ "type": "animal" }), ada()),
            group("over", json!({ "active": false }), ada()),
            group("hiv", restricted, ada()),
        ],
    );
    let registry = Registry::with(&clinic, "system/Patient.rs system/Group.rs");
    let token = registry.token("first", None);
    let taker = program(&clinic, &registry, &token);
    for (path, status) in [
        ("Group/panel/$export", 202),
        ("Group/described/$export", 422),
        ("Group/animals/$export", 422),
        ("Group/over/$export", 422),
        ("Group/hiv/$export", 404),
        ("Group/not-here/$export", 404),
        ("Group/not%20an%20id/$export", 404),
        ("Patient/ada/$export", 404),
        ("Group/panel/$export?_type=Observation", 403),
        ("Group/panel/$export?_type=Group", 400),
        ("Group/panel/$export?patient=ada", 400),
    ] {
        let answer = taker.begin(path);
        assert_eq!(answer.status, status, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(status == 202 || answer.value()["resourceType"] == "OperationOutcome", "{path}");
    }
    let manifest = taker.manifest("Group/panel/$export");
    let file = taker.file(&manifest, "Patient");
    let narrow = registry.token("narrow", Some("system/Patient.rs"));
    let narrow = program(&clinic, &registry, &narrow);
    assert_eq!(narrow.begin("Group/panel/$export").status, 403, "whose records come shows who is a member");
    assert_eq!(narrow.ask(&file).status, 403, "also with another token");

    let nurse = registry.machine.activate("nora", Role::Nurse);
    let person = Taker { token: &nurse.signed_in.session.token, ..program(&clinic, &registry, &token) };
    assert_eq!(person.begin("Group/panel/$export").status, 403);
    programs::end(&clinic.practice, registry.id).unwrap();
    for url in [file.as_str(), "/fhir/Group/panel/$export", "/fhir/$export"] {
        assert_eq!(taker.ask(url).status, 401, "{url}");
    }
}

#[test]
fn a_clinician_says_why_and_a_group_widens_nothing() {
    let clinic = Clinic::open();
    take_in(&clinic, &charts());
    take_in_from(&clinic, "group", &[group("panel", json!({}), json!([member("ada"), member("bo")]))]);
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    cares_for(&clinic, &cora, "ada");
    let token = &cora.signed_in.session.token;
    let silent = Taker { clinic: &clinic, machine: &workstation, token, reason: None };
    assert_eq!(silent.begin("Group/panel/$export").status, 404);
    let covering = Taker { reason: Some("covering"), ..silent };
    let manifest = covering.manifest("Group/panel/$export?_type=Condition,Patient");
    assert_eq!(covering.ids(&manifest, "Condition"), ["c-ada", "s-ada"], "of those she cares for");
    assert_eq!(covering.ids(&manifest, "Patient"), ["ada", "bo"]);
}

#[test]
fn with_a_time_an_export_names_what_was_deleted_since_and_nothing_else_of_it() {
    let clinic = Clinic::open();
    take_in(&clinic, &["ada", "bo", "cy"].map(patient));
    let pulses = ["old", "hr", "back", "here"].map(|id| observation(id, "ada", "70"));
    take_in_from(&clinic, "pulses", &pulses);
    take_in_from(
        &clinic,
        "others",
        &[observation("of-bo", "bo", "71"), group("panel", json!({}), json!([member("ada")]))],
    );
    let registry = Registry::with(&clinic, "system/Patient.rs system/Observation.rs system/Group.rs");
    let workstation = clinic.enrol();
    let cora = workstation.activate("cora", Role::Clinician);
    ["ada", "bo"].into_iter().for_each(|name| cares_for(&clinic, &cora, name));
    let delete = |id: &str| {
        clinic.advance(5);
        workstation.push(&[&workstation.deletion(&cora, &format!("Observation/{id}"), Base::Version(1)).1]);
    };
    delete("old");
    clinic.advance(5);
    let since = clinic.now().to_string();
    for id in ["hr", "back", "of-bo"] {
        delete(id);
    }
    clinic.advance(5);
    take_in_from(&clinic, "again", &[observation("back", "ada", "70")]);
    let done = registry.agreed(Act::PatientErasure("cy".parse().unwrap(), ErasureReason::PatientRequest));
    assert!(matches!(done, Done::Erased(1)));

    clinic.advance(5);
    let token = registry.token("first", None);
    let taker = program(&clinic, &registry, &token);
    let manifest = taker.manifest(&format!("$export?_since={since}"));
    clinic.advance(5);
    workstation.push(&[&workstation.deletion(&cora, "Observation/here", Base::Version(1)).1]);
    let before = trail(&clinic).len();
    assert_eq!(taker.deleted(&manifest), ["Observation/hr", "Observation/of-bo", "Patient/cy"]);
    let events = exported(&trail(&clinic).split_off(before));
    assert_eq!(events.keys().collect::<Vec<_>>(), ["Patient/ada", "Patient/bo"]);
    assert_eq!(taker.ids(&manifest, "Observation"), ["back"], "and what came");

    let of_group = taker.manifest(&format!("Group/panel/$export?_since={since}"));
    assert_eq!(taker.deleted(&of_group), ["Observation/here", "Observation/hr"], "of its members");
    let patients = taker.manifest(&format!("$export?_type=Patient&_since={since}"));
    assert_eq!(taker.deleted(&patients), ["Patient/cy"]);
    let narrow = registry.token("narrow", Some("system/Patient.rs"));
    let narrow = program(&clinic, &registry, &narrow);
    assert_eq!(narrow.ask(&text(&manifest["deleted"][0]["url"])).status, 403, "each type is in it");
    let none = taker.manifest("$export");
    let address = taker.file(&none, "Patient").replace("/Patient", "/Bundle");
    assert_eq!(taker.ask(&address).status, 404);
}

#[test]
fn a_program_fetches_with_a_fresh_token_and_no_other_program_does() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let registry = Registry::with(&clinic, "system/*.rs");
    let token = registry.token("first", None);
    let begun = program(&clinic, &registry, &token).begin("$export?_type=Patient");
    let place = begun.header("content-location").to_owned();
    clinic.advance(1_800);
    assert_eq!(program(&clinic, &registry, &token).ask(&place).status, 401, "that token is over");
    let fresh = registry.token("second", None);
    let taker = program(&clinic, &registry, &fresh);
    let manifest = taker.ask(&place).value();
    assert_eq!(taker.ids(&manifest, "Patient"), ["ada"]);

    let of_stranger = registry.token_of_another("system/*.rs");
    let stranger = program(&clinic, &registry, &of_stranger);
    for url in [place, taker.file(&manifest, "Patient")] {
        assert_eq!(stranger.ask(&url).status, 404, "{url}");
    }
}
