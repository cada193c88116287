//! Charts, single records, the schedule: only with a permit that covers them, and never before its event.

use records::event::EventKind;
use records::rights::{Action, DeniedReason, Facts, Relation, Rights, Trail, decide};
use records::{DataClass, Drawer, Role};
use serde_json::json;
use vault::{AuditFilter, ReadError};

use crate::clinic::{
    Clinic, appointment, document, key, now, part, patient, person, person_record, small_practice,
};

fn filled() -> (Clinic, vault::Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    (clinic, vault)
}

#[test]
fn the_event_is_in_the_log_before_the_chart_is_read() {
    let (mut clinic, mut vault) = filled();
    let before = vault.device().log_head().size;

    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");

    assert_eq!(vault.device().log_head().size, before + 1);
    assert_eq!(permit.position().index, before);
    vault.chart(&permit).unwrap();
    assert_eq!(vault.device().log_head().size, before + 1);
}

#[test]
fn a_chart_holds_only_its_patients_records_of_the_classes_that_may_be_read() {
    let (mut clinic, vault) = filled();
    let mut vault = clinic.unlock(vault.close(), &[Drawer::Demographics, Drawer::Clinical, Drawer::Billing]);

    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let ids: Vec<_> =
        vault.chart(&permit).unwrap().iter().map(|found| found.document.id().to_string()).collect();

    // No claim: its drawer is open, but nurses do not read charges. No psychiatric condition: its drawer is shut.
    assert_eq!(ids, ["ada", "today-ada", "hr-ada", "note-ada"]);
    assert!(permit.masked().contains(DataClass::Charges));
}

#[test]
fn a_permit_for_one_patient_reads_nothing_of_another() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");

    assert!(vault.read(&permit, &key("Observation/hr-ada")).is_ok());
    assert!(matches!(vault.read(&permit, &key("Observation/hr-bob")), Err(ReadError::NotFound)));
    assert!(matches!(vault.read(&permit, &key("Claim/claim-ada")), Err(ReadError::NotFound)));
}

#[test]
fn a_single_record_is_read_by_a_permit_that_names_it() {
    let (mut clinic, mut vault) = filled();
    let actor = clinic.actor(Role::Nurse);
    let relation = Relation::Care { until: now() + jiff::SignedDuration::from_hours(1) };
    let facts =
        Facts::of_patient(clinic.identity.practice, patient("ada"), vec![DataClass::NotesResults], relation);
    let allowed = decide(Rights::built_in(), &actor, Action::Read, &facts, now()).unwrap();
    let named = allowed.naming([key("DocumentReference/note-ada"), key("Observation/hr-bob")]);
    let permit = named.permit(&mut vault, clinic.event_id(), now()).unwrap();

    assert_eq!(vault.read(&permit, &key("DocumentReference/note-ada")).unwrap().version, 1);
    assert!(matches!(vault.read(&permit, &key("Observation/hr-bob")), Err(ReadError::NotFound)));
    assert!(matches!(vault.read(&permit, &key("Observation/hr-ada")), Err(ReadError::NotPermitted)));
}

#[test]
fn a_permit_for_something_else_opens_no_chart() {
    let (mut clinic, mut vault) = filled();
    let search = clinic.practice_permit(&mut vault, Role::Nurse, Action::Search);

    assert!(matches!(vault.chart(&search), Err(ReadError::NotPermitted)));
    assert!(matches!(vault.schedule(&search, part("2026-03-10", None), now()), Err(ReadError::NotPermitted)));
}

#[test]
fn a_permit_whose_event_is_in_another_log_is_worth_nothing() {
    struct Elsewhere;
    impl Trail for Elsewhere {
        type Error = ();
        fn append(&mut self, _event: &records::AuditEvent) -> Result<records::log::LogPosition, ()> {
            Ok(records::log::LogPosition { log: records::LogId::from_uuid(crate::clinic::id(77)), index: 0 })
        }
    }
    let (mut clinic, vault) = filled();
    let actor = clinic.actor(Role::Nurse);
    let permit = clinic.permit_from(&mut Elsewhere, &actor, Action::Search);

    let query = records::find::Query::parse("trevino", now().to_zoned(jiff::tz::TimeZone::UTC).date());
    assert!(matches!(vault.search(&permit, &query, 50, now()), Err(ReadError::NotPermitted)));
}

#[test]
fn a_patient_who_is_not_here_is_not_found() {
    let (clinic, vault) = filled();
    let actor = clinic.actor(Role::Nurse);
    let facts = vault.facts(&actor, &patient("nobody"), now()).unwrap();

    let denied = decide(Rights::built_in(), &actor, Action::OpenChart, &facts, now()).unwrap_err();

    assert_eq!(denied.reason(), DeniedReason::NotFound);
}

#[test]
fn an_appointment_makes_a_relation_and_a_stranger_is_asked_for_a_reason() {
    let (clinic, vault) = filled();
    let clinician = clinic.actor(Role::Clinician);
    let nurse = clinic.actor(Role::Nurse);

    let with = vault.facts(&clinician, &patient("ada"), now()).unwrap();
    let without = vault.facts(&nurse, &patient("ada"), now()).unwrap();

    assert!(matches!(with.relation, Relation::Care { .. }));
    let denied = decide(Rights::built_in(), &nurse, Action::OpenChart, &without, now()).unwrap_err();
    assert_eq!(denied.reason(), DeniedReason::NeedsReason);
}

#[test]
fn a_stated_reason_makes_a_relation_for_the_day() {
    let (mut clinic, mut vault) = filled();
    let nurse = clinic.actor(Role::Nurse);
    let mut facts = vault.facts(&nurse, &patient("ada"), now()).unwrap();
    facts.relation = Relation::Stated(records::rights::StatedReason::Telephone);
    let permit = clinic.permit(&mut vault, &nurse, Action::OpenChart, &facts);
    let tonight = now() + jiff::SignedDuration::from_hours(12);

    vault.keep_stated_relation(&permit, tonight, now()).unwrap();

    let relation = |at| vault.facts(&nurse, &patient("ada"), at).unwrap().relation;
    assert_eq!(relation(now()), Relation::Care { until: tonight });
    assert_eq!(relation(tonight), Relation::None);
    let bob = vault.facts(&nurse, &patient("bob"), now()).unwrap();
    assert_eq!(bob.relation, Relation::None);
}

#[test]
fn a_vip_is_known_as_one() {
    let (mut clinic, mut vault) = filled();
    let vip = person_record("vip", "Known", "Well", "1970-01-01", "1")
        .edit(|value| {
            value["meta"] = json!({"security": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VIP"}]});
        })
        .unwrap();
    clinic.load(&mut vault, &[vip]);

    assert!(vault.facts(&clinic.actor(Role::Nurse), &patient("vip"), now()).unwrap().vip);
    assert!(!vault.facts(&clinic.actor(Role::Nurse), &patient("ada"), now()).unwrap().vip);
}

#[test]
fn a_counselling_note_is_its_authors_alone() {
    let (mut clinic, mut vault) = filled();
    let counselling = document(json!({
        "resourceType": "DocumentReference", "id": "therapy", "subject": {"reference": "Patient/ada"},
        "meta": {"security": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PSYTHPN"}]},
        "author": [{"reference": format!("Practitioner/{}", person(Role::Clinician))}],
    }));
    clinic.load(&mut vault, &[counselling]);
    let mut read = |number: u128| {
        let mut actor = clinic.actor(Role::Clinician);
        actor.person = records::PersonId::from_uuid(crate::clinic::id(number));
        let facts = Facts::of_patient(
            clinic.identity.practice,
            patient("ada"),
            vec![DataClass::Counselling],
            Relation::Author,
        );
        let permit = clinic.permit(&mut vault, &actor, Action::Read, &facts);
        vault.read(&permit, &key("DocumentReference/therapy"))
    };

    assert!(read(100 + Role::Clinician as u128).is_ok());
    assert!(matches!(read(999), Err(ReadError::NotFound)));
}

#[test]
fn the_schedule_shows_the_days_appointments_with_their_patients() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::ViewSchedule);

    let today = vault.schedule(&permit, part("2026-03-10", None), now()).unwrap();
    let tomorrow = vault.schedule(&permit, part("2026-03-11", None), now()).unwrap();

    assert_eq!(today.len(), 1);
    assert_eq!(today[0].patient.as_ref().unwrap().family, "Treviño");
    assert!(tomorrow.is_empty());
}

#[test]
fn the_parts_of_a_day_make_the_day_also_where_appointments_start_together() {
    let (mut clinic, mut vault) = filled();
    let day: Vec<_> = (0..7)
        .map(|n| appointment(&format!("a{n}"), "ada", &format!("2026-03-12T09:{}0:00Z", n / 3)))
        .collect();
    clinic.load(&mut vault, &day);
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::ViewSchedule);

    let mut seen: Vec<String> = Vec::new();
    loop {
        let last = seen.last().cloned();
        let entries = vault.schedule(&permit, part("2026-03-12", last.as_deref()), now()).unwrap();
        if entries.is_empty() {
            break;
        }
        assert!(entries.len() <= 2);
        seen.extend(entries.iter().map(|entry| entry.appointment.document.id().to_string()));
    }

    assert_eq!(seen, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
}

#[test]
fn the_directory_names_staff_and_never_a_patient() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let nurse = key(&format!("Practitioner/{}", person(Role::Nurse)));

    let found =
        vault.directory(&permit, &[nurse.clone(), key("Patient/bob"), key("Observation/hr-bob")]).unwrap();

    assert_eq!(found.into_keys().collect::<Vec<_>>(), [nurse]);
}

#[test]
fn recently_opened_charts_come_out_of_the_log() {
    let (mut clinic, mut vault) = filled();
    for whose in ["bob", "ada", "bob"] {
        let _permit = clinic.chart_permit(&mut vault, Role::Nurse, whose);
    }

    let recent = vault.device().recently_opened(person(Role::Nurse), 10).unwrap();

    assert_eq!(recent, [patient("bob"), patient("ada")]);
    assert!(vault.device().recently_opened(person(Role::Biller), 10).unwrap().is_empty());
}

#[test]
fn a_person_reads_only_their_own_trail() {
    let (mut clinic, mut vault) = filled();
    let _nurse = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let _clinician = clinic.chart_permit(&mut vault, Role::Clinician, "ada");
    let own = clinic.practice_permit(&mut vault, Role::Nurse, Action::ReadOwnAudit);
    let all = clinic.practice_permit(&mut vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: Some(patient("ada")), before: None, limit: 10 };

    let kinds = |permit| -> Vec<_> {
        let page = vault.device().audit_page(permit, &filter).unwrap();
        page.iter().map(|entry| entry.event.summary().kind.unwrap()).collect()
    };

    assert_eq!(kinds(&own), [EventKind::ChartOpened]);
    assert_eq!(kinds(&all), [EventKind::ChartOpened, EventKind::ChartOpened]);
}
