//! Audit events: in BALP's patterns, without a word of a record, and readable again.

use records::event::{
    Alert, AuditEvent, EventKind, EventOutcome, Fault, LockCause, LogLink, Node, Observer, SignIn, Stamp,
    WriteDetails, profile_faults,
};
use records::id::LogId;
use records::{Action, Actor, ChangeId, ClassSet, DataClass, DeniedReason, Drawer, Purpose, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::outside_data;
use super::people::{DEVICE, EVENT, PERSON, PRACTICE, SERVER, actor, now, patient, stamp};

fn write() -> WriteDetails {
    WriteDetails {
        records: vec!["Observation/o1".parse().unwrap(), "Observation/o2".parse().unwrap()],
        change: Some(ChangeId::from_uuid(Uuid::from_u128(7))),
        changed: vec!["birthDate".to_owned()],
    }
}

const NODE: Node = Node { practice: PRACTICE, device: DEVICE };

fn link() -> LogLink {
    LogLink { log: LogId::from_uuid(Uuid::from_u128(8)), size: 12, root: "ab".repeat(32) }
}

#[test]
fn a_link_to_an_earlier_log_reads_back_and_stands_in_no_other_event() {
    let linked: Vec<_> = one_of_each().iter().filter_map(AuditEvent::log_link).collect();
    assert_eq!(linked, [link()]);
}

/// One event of every kind there is, as a workstation makes them.
fn one_of_each() -> Vec<AuditEvent> {
    let nurse = actor(Role::Nurse);
    let (pat, records) = (patient(), ["Condition/c1".parse().unwrap()]);
    let mut emergency = nurse.clone();
    emergency.purpose = Purpose::EmergencyTreatment;
    vec![
        AuditEvent::chart_opened(stamp(), &nurse, Some(&pat), None, ClassSet::EMPTY),
        AuditEvent::chart_opened(stamp(), &emergency, Some(&pat), None, ClassSet::EMPTY),
        AuditEvent::read(stamp(), &nurse, Some(&pat), &records),
        AuditEvent::query(stamp(), &nurse, Action::Search, None, &[1, 2]),
        AuditEvent::query(stamp(), &nurse, Action::Search, Some(&pat), &[1, 2]),
        AuditEvent::query(stamp(), &nurse, Action::ViewSchedule, None, &[]),
        AuditEvent::write_intent(stamp(), &nurse, Action::Create, Some(&pat), &write()),
        AuditEvent::write_result(
            stamp(),
            &nurse,
            Action::Create,
            Some(&pat),
            &write(),
            EVENT,
            EventOutcome::Success,
        ),
        AuditEvent::printed(stamp(), &nurse, Some(&pat), &records),
        AuditEvent::exported(stamp(), &nurse, Some(&pat), &records),
        AuditEvent::replicated(stamp(), &nurse, None, b"v1.clinical.123"),
        AuditEvent::audit_read(stamp(), &nurse, None, b"AuditEvent?date=ge2026-11-01"),
        AuditEvent::administered(stamp(), &nurse, Action::ManagePeople, &[]),
        AuditEvent::denied(stamp(), &nurse, Action::OpenChart, Some(&pat), DeniedReason::NotFound),
        AuditEvent::delivered(stamp(), NODE, 3, Some(Drawer::Clinical)),
        AuditEvent::signed_in(stamp(), &nurse, "Rosa Quintanilla", SignIn::Offline),
        AuditEvent::sign_in_failed(stamp(), NODE, Some(&[9; 16])),
        AuditEvent::locked(stamp(), &nurse, LockCause::Idle),
        AuditEvent::app_started(stamp(), NODE, "0.1.0"),
        AuditEvent::app_stopped(stamp(), NODE),
        AuditEvent::emergency_started(stamp(), &nurse, &pat, "unconscious"),
        AuditEvent::emergency_ended(stamp(), &nurse, &pat, false),
        AuditEvent::node_refused(stamp(), NODE, "192.0.2.7"),
        AuditEvent::security_alert(stamp(), NODE, Alert::RolledBack),
        AuditEvent::log_linked(stamp(), NODE, &link()),
        AuditEvent::order_carried_out(stamp(), NODE, 7, "re-key"),
        AuditEvent::audit_exported(stamp(), NODE, link().log),
        AuditEvent::alert_closed(stamp(), &nurse, b"alert=17&outcome=expected"),
        AuditEvent::audit_purged(stamp(), NODE, 3, 1200),
    ]
}

#[test]
fn every_kind_of_event_keeps_to_its_pattern_and_reads_back() {
    let events = one_of_each();
    let kinds: Vec<EventKind> = events.iter().map(|event| event.summary().kind.unwrap()).collect();
    assert_eq!(kinds, EventKind::ALL);
    for event in &events {
        assert_eq!(profile_faults(event), [], "{}", String::from_utf8_lossy(event.bytes()));
        let summary = event.summary();
        assert_eq!((summary.id, summary.recorded), (Some(EVENT), Some(now())));
        assert_eq!(AuditEvent::parse(event.bytes().to_vec()).unwrap(), *event);
    }
}

#[test]
fn a_log_that_a_person_takes_out_names_them_and_keeps_to_its_pattern() {
    let event = AuditEvent::audit_taken_out(stamp(), &actor(Role::PrivacyOfficer), b"log=7");
    assert_eq!(profile_faults(&event), []);
    assert_eq!(event.summary().kind, Some(EventKind::AuditExported));
    assert_eq!(event.summary().person, Some(actor(Role::PrivacyOfficer).person));
}

#[test]
fn a_chart_that_is_fetched_names_the_patient_and_keeps_to_its_pattern() {
    let event = AuditEvent::replicated(stamp(), &actor(Role::Nurse), Some(&patient()), b"v1.clinical.0");
    assert_eq!(profile_faults(&event), []);
    assert_eq!(event.summary().kind, Some(EventKind::Replicated));
    assert_eq!(event.summary().patient, Some(patient()));
}

#[test]
fn results_of_every_write_keep_to_their_pattern() {
    for action in [Action::Create, Action::Update, Action::Sign, Action::Delete] {
        for patient in [Some(patient()), None] {
            let event = AuditEvent::write_result(
                stamp(),
                &actor(Role::Nurse),
                action,
                patient.as_ref(),
                &write(),
                EVENT,
                EventOutcome::Success,
            );
            assert_eq!(profile_faults(&event), [], "{action:?}");
        }
    }
}

#[test]
fn a_server_event_has_the_server_as_observer_and_keeps_to_its_pattern() {
    let stamp = Stamp { id: EVENT, at: now(), observer: Observer::Server(SERVER) };
    let event =
        AuditEvent::read(stamp, &actor(Role::Nurse), Some(&patient()), &["Condition/c1".parse().unwrap()]);
    assert_eq!(profile_faults(&event), []);
    assert_eq!(event.value()["source"]["observer"]["reference"], format!("Device/{SERVER}"));
    assert_eq!(event.value()["source"]["type"][0]["code"], "4");
}

#[test]
fn the_bytes_of_an_event_are_frozen() {
    let mut nurse = actor(Role::Nurse);
    nurse.roles.push(Role::FrontDesk);
    let masked = ClassSet::from_iter([DataClass::Sensitive]);
    let event = AuditEvent::chart_opened(stamp(), &nurse, Some(&patient()), None, masked);
    assert_eq!(String::from_utf8_lossy(event.bytes()), FROZEN.replace('\n', ""));
}

/// Line ends are for the reader.
const FROZEN: &str = r#"{"resourceType":"AuditEvent","id":"00000000-0000-0000-0000-0000000000e1","meta":{"profile":["https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"]},
"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest","display":"Restful Operation"},
"subtype":[{"system":"http://hl7.org/fhir/restful-interaction","code":"read"},{"system":"urn:chartkeep:event","code":"chart-opened"}],
"action":"R","recorded":"2026-03-02T09:30:00.000Z","outcome":"0",
"purposeOfEvent":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}],
"agent":[{"type":{"coding":[{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110152","display":"Destination Role ID"}]},
"who":{"reference":"Device/00000000-0000-0000-0000-0000000000c1"},"requestor":false,
"network":{"address":"urn:uuid:00000000-0000-0000-0000-0000000000c1","type":"5"}},
{"type":{"coding":[{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"110153","display":"Source Role ID"}]},
"who":{"reference":"Device/00000000-0000-0000-0000-0000000000c1"},"requestor":false,
"network":{"address":"urn:chartkeep:vault","type":"5"}},
{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},
"role":[{"coding":[{"system":"urn:chartkeep:role","code":"nurse"}]},{"coding":[{"system":"urn:chartkeep:role","code":"front-desk"}]}],
"who":{"reference":"Practitioner/00000000-0000-0000-0000-0000000000b1"},"requestor":true,
"policy":["urn:uuid:00000000-0000-0000-0000-0000000000d1"],
"purposeOfUse":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}]}],
"source":{"site":"00000000-0000-0000-0000-0000000000a1","observer":{"reference":"Device/00000000-0000-0000-0000-0000000000c1"},
"type":[{"system":"http://terminology.hl7.org/CodeSystem/security-source-type","code":"1","display":"User Device"}]},
"entity":[{"what":{"reference":"Patient/pat-1"},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":"1","display":"Person"},
"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":"1","display":"Patient"}},
{"what":{"reference":"Patient/pat-1"},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":"2","display":"System Object"},
"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":"4","display":"Domain Resource"},
"detail":[{"type":"masked","valueString":"sensitive"}]}]}"#;

#[test]
fn a_lock_nobody_asked_for_has_no_requestor() {
    let lock = |cause| AuditEvent::locked(stamp(), &actor(Role::Nurse), cause).value();
    assert_eq!(lock(LockCause::Idle)["agent"][0]["requestor"], false);
    assert_eq!(lock(LockCause::ScreenLock)["agent"][0]["requestor"], false);
    assert_eq!(lock(LockCause::Request)["agent"][0]["requestor"], true);
}

#[test]
fn a_write_names_what_changed_and_its_result_names_the_intent() {
    let intent =
        AuditEvent::write_intent(stamp(), &actor(Role::Nurse), Action::Update, Some(&patient()), &write());
    let value = intent.value();
    assert_eq!(value.get("outcome"), None, "an intent has no outcome yet");
    assert!(intent.summary().records.contains(&"Observation/o2".parse().unwrap()));
    let text = value.to_string();
    assert!(text.contains(r#"{"type":"changed","valueString":"birthDate"}"#));
    assert!(text.contains("XrequestId"));
    let result = AuditEvent::write_result(
        stamp(),
        &actor(Role::Nurse),
        Action::Update,
        Some(&patient()),
        &write(),
        EVENT,
        EventOutcome::SeriousFailure,
    );
    assert!(result.value().to_string().contains(&format!("AuditEvent/{EVENT}")));
    assert_eq!(result.summary().outcome.as_deref(), Some("8"));
}

#[test]
fn emergencies_carry_their_purpose() {
    let mut nurse = actor(Role::Nurse);
    nurse.purpose = Purpose::BreakGlass;
    let event = AuditEvent::chart_opened(stamp(), &nurse, Some(&patient()), None, ClassSet::EMPTY);
    assert_eq!(event.value()["purposeOfEvent"][0]["coding"][0]["code"], "BTG");
    assert_eq!(event.summary().person, Some(PERSON));
}

#[test]
fn what_is_no_event_is_refused() {
    for text in ["", "[]", r#"{"resourceType":"Patient"}"#] {
        assert!(AuditEvent::parse(text.as_bytes().to_vec()).is_err());
    }
}

/// What is done to an example, the fault that it makes, and how.
type Mutation = (&'static str, Fault, fn(&mut Value));

/// Mutations that a check of the patterns must flag (and a repository must nevertheless keep).
const MUTATIONS: [Mutation; 9] = [
    ("no network of the client", Fault::Network, |e| {
        drop(e["agent"][0].as_object_mut().unwrap().remove("network"))
    }),
    ("client and server the wrong way round", Fault::Direction, |e| {
        let first = e["agent"][0]["type"].clone();
        e["agent"][0]["type"] = e["agent"][1]["type"].clone();
        e["agent"][1]["type"] = first;
    }),
    ("two clients", Fault::Client, |e| {
        let client = e["agent"][0].clone();
        e["agent"].as_array_mut().unwrap().push(client);
    }),
    ("a failure in a pattern of success", Fault::Outcome, |e| e["outcome"] = "4".into()),
    ("a patient without a role", Fault::Patient, |e| {
        let patient =
            e["entity"].as_array_mut().unwrap().iter_mut().find(|p| p["type"]["code"] == "1").unwrap();
        drop(patient.as_object_mut().unwrap().remove("role"));
    }),
    ("a query that also points somewhere", Fault::Query, |e| {
        e["entity"][0]["what"] = json!({"reference": "List/x"})
    }),
    ("no time", Fault::Recorded, |e| drop(e.as_object_mut().unwrap().remove("recorded"))),
    ("an agent that does not say whether it asked", Fault::Requestor, |e| {
        drop(e["agent"][0].as_object_mut().unwrap().remove("requestor"));
    }),
    ("an action that does not fit the subtype", Fault::Action, |e| e["action"] = "D".into()),
];

#[test]
fn examples_by_others_read_back_without_loss_and_their_mutations_are_flagged() {
    let Some(files) = outside_data::files("ihe-balp-examples", "the BALP examples") else { return };
    assert!(files.len() >= 20);
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let event = AuditEvent::parse(bytes.clone()).unwrap();
        assert_eq!(event.bytes(), bytes);
        assert_eq!(profile_faults(&event), [], "{}", path.display());
    }
    let value_of = |name: &str| {
        let path = files.iter().find(|path| path.to_string_lossy().contains(name)).unwrap();
        AuditEvent::parse(std::fs::read(path).unwrap()).unwrap().value()
    };
    for (what, fault, mutate) in MUTATIONS {
        let name = if fault == Fault::Query { "auditBasicQueryPost" } else { "auditBasicUpdate1" };
        let mut value = value_of(name);
        mutate(&mut value);
        let event = AuditEvent::parse(value.to_string().into_bytes()).unwrap();
        assert!(profile_faults(&event).contains(&fault), "{what}: {:?}", profile_faults(&event));
    }
}

#[test]
fn a_program_without_a_person_is_the_requestor_by_its_own_id() {
    let program = Actor { roles: vec![Role::Program], ..actor(Role::Nurse) };
    let event = AuditEvent::signed_in(stamp(), &program, "Registry", SignIn::Assertion);
    assert_eq!(profile_faults(&event), []);
    let text = String::from_utf8(event.bytes().to_vec()).unwrap();
    assert!(text.contains(&format!(r#""reference":"Device/{}""#, program.person)), "{text}");
    assert!(!text.contains("Practitioner/"), "{text}");
    assert_eq!(event.summary().method.as_deref(), Some("assertion"));
}
