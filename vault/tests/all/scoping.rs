//! Row scope: a role that reaches only its own patients is shown no other, whatever the list.

use records::find::Query;
use records::rights::{Action, Facts, Permit, Relation, Rights, decide};
use records::{Document, Role};
use serde_json::json;
use vault::Vault;

use crate::clinic::{Clinic, document, now, part, patient, person, person_record, small_practice};

/// Nurses of a stricter practice: only patients in care.
const STRICT: &str = r#"
role = "nurse"
drawers = ["demographics", "clinical"]
functions = ["search", "view-schedule"]

[[rows]]
class = "demographics"
drawer = "demographics"
may = ["read"]
reach = "own"

[[rows]]
class = "scheduling"
drawer = "demographics"
may = ["read"]
reach = "own"
"#;

fn strict_permit(clinic: &mut Clinic, vault: &mut Vault, action: Action) -> Permit {
    let rights = Rights::parse(&[STRICT]).unwrap();
    let facts = Facts::of_practice(clinic.identity.practice);
    let allowed = decide(&rights, &clinic.actor(Role::Nurse), action, &facts, now()).unwrap();
    allowed.permit(vault, clinic.event_id(), now()).unwrap()
}

fn care_team(id: &str, whose: &str, until: &str) -> Document {
    document(json!({
        "resourceType": "CareTeam", "id": id, "status": "active", "subject": {"reference": format!("Patient/{whose}")},
        "period": {"end": until},
        "participant": [{"member": {"reference": format!("Practitioner/{}", person(Role::Nurse))}}],
    }))
}

fn found(vault: &Vault, permit: &Permit, text: &str) -> Vec<String> {
    let query = Query::parse(text, jiff::civil::date(2026, 3, 10));
    let page = vault.search(permit, &query, 50, now()).unwrap();
    page.rows.iter().map(|row| row.id.to_string()).collect()
}

#[test]
fn a_search_reads_only_patients_in_care() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    clinic.load(&mut vault, &[person_record("cat", "Trevor", "Cat", "1945-01-01", "1")]);
    let permit = strict_permit(&mut clinic, &mut vault, Action::Search);
    assert!(found(&vault, &permit, "trev").is_empty());
    assert!(found(&vault, &permit, "1945").is_empty());

    // The care teams lie in the clinical drawer, the patients in demographics.
    clinic.load(&mut vault, &[care_team("now", "ada", "2026-12-31"), care_team("over", "cat", "2026-01-31")]);

    assert_eq!(found(&vault, &permit, "trev"), ["ada"]);
    assert_eq!(found(&vault, &permit, "1945"), ["ada"]);
    let rows = vault.rows(&permit, &[patient("cat"), patient("ada"), patient("bob")], now()).unwrap();
    assert_eq!(rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(), ["ada"]);
    assert!(
        !vault.search(&permit, &Query::parse("trev", jiff::civil::date(2026, 3, 10)), 1, now()).unwrap().more
    );
}

#[test]
fn a_care_team_without_an_end_relates_for_good() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    clinic.load(
        &mut vault,
        &[document(json!({
            "resourceType": "CareTeam", "id": "endless", "status": "active", "subject": {"reference": "Patient/ada"},
            "participant": [{"member": {"reference": format!("Practitioner/{}", person(Role::Nurse))}}],
        }))],
    );
    let permit = strict_permit(&mut clinic, &mut vault, Action::Search);

    assert_eq!(found(&vault, &permit, "trev"), ["ada"]);
    let facts = vault.facts(&clinic.actor(Role::Nurse), &patient("ada"), now()).unwrap();
    assert!(matches!(facts.relation, Relation::Care { .. }));
}

#[test]
fn a_schedule_reads_only_appointments_of_patients_in_care() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let permit = strict_permit(&mut clinic, &mut vault, Action::ViewSchedule);
    assert!(vault.schedule(&permit, part("2026-03-10", None), now()).unwrap().is_empty());

    clinic.load(&mut vault, &[care_team("now", "ada", "2026-12-31")]);

    assert_eq!(vault.schedule(&permit, part("2026-03-10", None), now()).unwrap().len(), 1);
}

#[test]
fn a_person_of_another_practice_finds_nothing() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let mut actor = clinic.actor(Role::FrontDesk);
    actor.practice = records::PracticeId::from_uuid(crate::clinic::id(99));
    let permit = clinic.permit_from(&mut vault, &actor, Action::Search);

    let query = Query::parse("trev", jiff::civil::date(2026, 3, 10));

    assert!(vault.search(&permit, &query, 50, now()).is_err());
    let facts = vault.facts(&actor, &patient("ada"), now()).unwrap();
    assert_ne!(facts.practice, actor.practice);
}
