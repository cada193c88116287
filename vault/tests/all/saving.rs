//! Saving: the order of the steps, what a power cut between them leaves, and what is refused.

use keys::envelope;
use records::change::{Base, Change};
use records::event::EventKind;
use records::rights::Action;
use records::{Document, Drawer, Role};
use serde_json::json;
use vault::{AuditFilter, OutboxState, SaveError, SaveStep, Vault};

use crate::clinic::{
    Clinic, heart_rate, key, note, now, patient, person, person_record, small_practice, upsert,
};

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    (clinic, vault)
}

fn create(clinic: &mut Clinic, vault: &mut Vault, number: u128) -> (Change, records::Permit) {
    let fresh = note(&format!("new-{number}"), "ada", "canarynote");
    let permit = clinic.write_permit(vault, Action::Create, "ada", &[&fresh]);
    (clinic.change(number, vec![(fresh, Base::None)]), permit)
}

fn chart_ids(clinic: &mut Clinic, vault: &mut Vault) -> Vec<String> {
    let permit = clinic.chart_permit(vault, Role::Nurse, "ada");
    vault.chart(&permit).unwrap().iter().map(|found| found.document.id().to_string()).collect()
}

/// Kinds and outcomes of the patient's events, oldest first.
fn trail(clinic: &mut Clinic, vault: &mut Vault) -> Vec<(EventKind, Option<String>)> {
    let all = clinic.practice_permit(vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: Some(patient("ada")), before: None, limit: 100 };
    let page = vault.device().audit_page(&all, &filter).unwrap();
    let events = page.iter().rev().map(|entry| entry.event.summary());
    events.map(|summary| (summary.kind.unwrap(), summary.outcome.clone())).collect()
}

#[test]
fn a_saved_change_is_in_the_chart_and_its_envelope_waits_to_be_sent() {
    let (mut clinic, mut vault) = filled();
    let (change, permit) = create(&mut clinic, &mut vault, 1);

    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    assert!(chart_ids(&mut clinic, &mut vault).contains(&"new-1".to_owned()));
    let unsent = vault.device().unsent().unwrap();
    assert_eq!(unsent.len(), 1);
    assert_eq!((unsent[0].sequence, unsent[0].change), (1, change.id()));
    assert_eq!(unsent[0].author, person(Role::Nurse));
    assert_eq!(unsent[0].patient, Some(patient("ada")));
    assert_eq!(unsent[0].kind, "DocumentReference");
    let sealed = vault.device().envelope(change.id()).unwrap().unwrap();
    let opened = envelope::open(&sealed, &clinic.sealing).unwrap();
    let signed = opened.verify(&clinic.author_key.verifying_key()).unwrap();
    assert_eq!(signed.header.sequence, 1);
    assert_eq!(signed.transaction, change.bundle());
}

#[test]
fn a_write_is_an_intent_and_a_result() {
    let (mut clinic, mut vault) = filled();
    let (change, permit) = create(&mut clinic, &mut vault, 1);
    let intent = permit.position();

    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    let trail = trail(&mut clinic, &mut vault);
    assert_eq!(trail, [(EventKind::WriteIntent, None), (EventKind::Written, Some("0".to_owned()))]);
    assert!(intent.index < vault.device().log_head().size - 1);
}

#[test]
fn a_power_cut_before_the_drawer_leaves_nothing_but_a_closed_intent() {
    let (mut clinic, mut vault) = filled();
    let (change, permit) = create(&mut clinic, &mut vault, 1);
    let stopped = vault.save_until(permit, &change, &clinic.pen(), now(), SaveStep::Intent);
    assert!(matches!(stopped, Err(SaveError::Stopped)));
    drop(vault);

    let mut vault = clinic.reopen();

    assert!(!chart_ids(&mut clinic, &mut vault).contains(&"new-1".to_owned()));
    assert!(vault.device().unsent().unwrap().is_empty());
    assert_eq!(vault.device().outbox_in(OutboxState::Abandoned).unwrap().len(), 1);
    assert!(vault.device().envelope(change.id()).unwrap().is_none());
    let trail = trail(&mut clinic, &mut vault);
    assert_eq!(trail[..2], [(EventKind::WriteIntent, None), (EventKind::Written, Some("8".to_owned()))]);
}

#[test]
fn a_power_cut_after_the_drawer_is_finished_at_the_next_opening() {
    for step in [SaveStep::Drawer, SaveStep::Outbox] {
        let (mut clinic, mut vault) = filled();
        let (change, permit) = create(&mut clinic, &mut vault, 1);
        let stopped = vault.save_until(permit, &change, &clinic.pen(), now(), step);
        assert!(matches!(stopped, Err(SaveError::Stopped)));
        assert!(vault.device().unsent().unwrap().is_empty(), "not sent before it is closed");
        drop(vault);

        let mut vault = clinic.reopen();

        assert!(chart_ids(&mut clinic, &mut vault).contains(&"new-1".to_owned()), "{step:?}");
        assert_eq!(vault.device().unsent().unwrap().len(), 1, "{step:?}");
        let sealed = vault.device().envelope(change.id()).unwrap().unwrap();
        assert!(envelope::open(&sealed, &clinic.sealing).is_ok());
        let trail = trail(&mut clinic, &mut vault);
        assert_eq!(trail[..2], [(EventKind::WriteIntent, None), (EventKind::Written, Some("0".to_owned()))]);
        drop(vault);
        let mut again = clinic.reopen();
        let before = again.device().log_head().size;
        assert_eq!(trail_length(&mut clinic, &mut again), before, "closed once, not at every opening");
    }
}

fn trail_length(clinic: &mut Clinic, vault: &mut Vault) -> u64 {
    let before = vault.device().log_head().size;
    let _permit = clinic.practice_permit(vault, Role::Auditor, Action::ReadAudit);
    assert_eq!(vault.device().log_head().size, before + 1);
    before
}

#[test]
fn a_cut_save_waits_for_somebody_who_can_open_its_drawer() {
    let (mut clinic, mut vault) = filled();
    let (change, permit) = create(&mut clinic, &mut vault, 1);
    assert!(vault.save_until(permit, &change, &clinic.pen(), now(), SaveStep::Drawer).is_err());

    let vault = clinic.unlock(vault.close(), Role::FrontDesk.drawers());
    assert_eq!(vault.device().outbox_in(OutboxState::Intended).unwrap().len(), 1);
    let vault = clinic.unlock(vault.close(), Role::Nurse.drawers());

    assert_eq!(vault.device().outbox_in(OutboxState::Intended).unwrap().len(), 0);
    assert_eq!(vault.device().unsent().unwrap().len(), 1);
}

#[test]
fn an_outbox_that_was_lost_is_filled_again() {
    let (mut clinic, mut vault) = filled();
    let (change, permit) = create(&mut clinic, &mut vault, 1);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
    let path = clinic.folder().envelope_file(change.id());
    let before = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();

    let vault = clinic.unlock(vault.close(), Role::Nurse.drawers());

    assert_eq!(vault.device().envelope(change.id()).unwrap().unwrap(), before);
}

#[test]
fn an_edit_names_the_version_it_was_made_from() {
    let (mut clinic, mut vault) = filled();
    let edited = heart_rate("hr-ada", "ada", 99);
    let observation = key("Observation/hr-ada");
    assert_eq!(vault.base_of(&observation).unwrap(), Base::Version(1));

    let mut save = |vault: &mut Vault, number, base| {
        let permit = clinic.write_permit(vault, Action::Update, "ada", &[&edited]);
        let change = clinic.change(number, vec![(edited.clone(), base)]);
        vault.save(permit, &change, &clinic.pen(), now()).map(|()| change.id())
    };

    assert!(matches!(save(&mut vault, 1, Base::None), Err(SaveError::Stale)));
    assert!(matches!(save(&mut vault, 2, Base::Version(7)), Err(SaveError::Stale)));
    let first = save(&mut vault, 3, Base::Version(1)).unwrap();
    assert!(matches!(save(&mut vault, 4, Base::Version(1)), Err(SaveError::Stale)));
    assert_eq!(vault.base_of(&observation).unwrap(), Base::Change(first));
    let second = save(&mut vault, 5, Base::Change(first)).unwrap();
    assert_eq!(vault.device().outbox_entry(second).unwrap().unwrap().depends_on, [first]);
    assert!(vault.device().outbox_entry(first).unwrap().unwrap().depends_on.is_empty());
    let permit = clinic.replicate(&mut vault);
    let page = vault::Page {
        entries: vec![upsert(&heart_rate("hr-ada", "ada", 50), 2)],
        charts: vec![],
        next_cursor: "c".into(),
        complete: true,
        received_at: now(),
    };
    vault.apply_page(&permit, Drawer::Clinical, &page).unwrap();
    assert_eq!(shown_rate(&mut clinic, &mut vault), json!(99), "what was written here stays on the screen");
}

fn shown_rate(clinic: &mut Clinic, vault: &mut Vault) -> serde_json::Value {
    let permit = clinic.chart_permit(vault, Role::Nurse, "ada");
    let chart = vault.chart(&permit).unwrap();
    let found = chart.iter().find(|found| found.document.id().as_str() == "hr-ada").unwrap();
    found.document.value()["valueQuantity"]["value"].clone()
}

#[test]
fn a_refused_save_leaves_only_its_events() {
    let (mut clinic, mut vault) = filled();
    let other = note("for-bob", "bob", "x");
    let (change, permit) = {
        let fresh = note("n", "ada", "x");
        let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
        (clinic.change(1, vec![(other, Base::None)]), permit)
    };

    let refused = vault.save(permit, &change, &clinic.pen(), now());

    assert!(matches!(refused, Err(SaveError::NotPermitted)));
    assert!(vault.device().unsent().unwrap().is_empty());
    let trail = trail(&mut clinic, &mut vault);
    assert_eq!(trail, [(EventKind::WriteIntent, None), (EventKind::Written, Some("4".to_owned()))]);
}

#[test]
fn a_change_may_not_take_a_record_from_another_patient() {
    let (mut clinic, mut vault) = filled();
    let stolen = heart_rate("hr-bob", "ada", 1);
    let permit = clinic.write_permit(&mut vault, Action::Update, "ada", &[&stolen]);
    let change = clinic.change(1, vec![(stolen, Base::Version(1))]);

    assert!(matches!(vault.save(permit, &change, &clinic.pen(), now()), Err(SaveError::NotPermitted)));
}

#[test]
fn a_change_of_a_class_the_permit_does_not_cover_is_refused() {
    let (mut clinic, mut vault) = filled();
    let rate = heart_rate("hr-x", "ada", 60);
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&rate]);
    let change = clinic.change(1, vec![(note("n", "ada", "x"), Base::None)]);

    assert!(matches!(vault.save(permit, &change, &clinic.pen(), now()), Err(SaveError::NotPermitted)));
}

#[test]
fn a_set_of_vitals_is_saved_as_one_change() {
    let (mut clinic, mut vault) = filled();
    let set: Vec<Document> = (0..5).map(|n| heart_rate(&format!("v{n}"), "ada", 60 + n)).collect();
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &set.iter().collect::<Vec<_>>());
    let change = clinic.change(1, set.into_iter().map(|document| (document, Base::None)).collect());

    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    let ids = chart_ids(&mut clinic, &mut vault);
    assert!((0..5).all(|n| ids.contains(&format!("v{n}"))));
    assert_eq!(vault.device().unsent().unwrap().len(), 1);
}

#[test]
fn a_new_patient_is_registered_and_found_before_any_server_has_heard_of_it() {
    let (mut clinic, mut vault) = filled();
    let fresh = person_record("new", "Lovelace", "Ada", "1990-05-05", "1");
    let mut desk = clinic.actor(Role::FrontDesk);
    desk.person = person(Role::Nurse);
    let facts = vault.facts_for_writing(&desk, &patient("new"), &[&fresh], now()).unwrap();
    let permit = clinic.permit(&mut vault, &desk, Action::Create, &facts);
    let change = clinic.change(1, vec![(fresh, Base::None)]);

    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    let query = records::find::Query::parse("lovel", jiff::civil::date(2026, 3, 10));
    let rows = vault.search(&permit, &query, 50, now()).unwrap().rows;
    assert_eq!(rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), [patient("new")]);
}

#[test]
fn a_permit_to_read_saves_nothing() {
    let (mut clinic, mut vault) = filled();
    let permit = clinic.chart_permit(&mut vault, Role::Nurse, "ada");
    let change = clinic.change(1, vec![(note("n", "ada", "x"), Base::None)]);

    assert!(matches!(vault.save(permit, &change, &clinic.pen(), now()), Err(SaveError::NotPermitted)));
}
