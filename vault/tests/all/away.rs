//! Charts that are not kept here: gone but for who the patient is and what was written here, and back for a day when fetched.

use jiff::SignedDuration;
use records::change::Base;
use records::find::Query;
use records::rights::{Action, Facts, Permit};
use records::{Document, Drawer, Role, classify};
use vault::{ChartNews, FETCHED_FOR, Page, PageEntry, PullError, Vault, Verdict};

use crate::clinic::{Clinic, digest_holds, heart_rate, note, now, patient, small_practice, upsert};
use crate::rewriting::unlock;

const DRAWERS: [Drawer; 3] = [Drawer::Clinical, Drawer::Sensitive, Drawer::Billing];

fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    (clinic, vault)
}

fn told(clinic: &mut Clinic, vault: &mut Vault, drawer: Drawer, entries: Vec<PageEntry>, is_kept: bool) {
    let charts = vec![ChartNews { patient: patient("ada"), is_kept }];
    let next_cursor = format!("v1.{drawer}.2");
    let page = Page { entries, charts, next_cursor, complete: true, received_at: now() };
    let permit = clinic.replicate(vault);
    vault.apply_page(&permit, drawer, &page).unwrap();
}

fn sent_away(clinic: &mut Clinic, vault: &mut Vault) {
    for drawer in DRAWERS {
        told(clinic, vault, drawer, vec![], false);
    }
}

fn chart(clinic: &mut Clinic, vault: &mut Vault, whose: &str) -> Vec<String> {
    let permit = clinic.chart_permit(vault, Role::Clinician, whose);
    vault.chart(&permit).unwrap().iter().map(|found| found.document.id().to_string()).collect()
}

fn of_ada(drawer: Drawer) -> Vec<PageEntry> {
    let is_hers = |document: &&Document| {
        document.patient() == Some(&patient("ada")) && classify(document).drawer() == drawer
    };
    small_practice().iter().filter(is_hers).map(|document| upsert(document, 1)).collect()
}

fn fetch_permit(clinic: &mut Clinic, vault: &mut Vault) -> Permit {
    let actor = clinic.actor(Role::Clinician);
    let facts = Facts { patient: Some(patient("ada")), ..Facts::of_practice(clinic.identity.practice) };
    clinic.permit(vault, &actor, Action::Replicate, &facts)
}

fn fetched(clinic: &mut Clinic, vault: &mut Vault) {
    for drawer in [Drawer::Clinical, Drawer::Sensitive] {
        let permit = fetch_permit(clinic, vault);
        vault.put_fetched(&permit, drawer, &of_ada(drawer), now()).unwrap();
    }
}

#[test]
fn a_chart_that_is_sent_away_leaves_who_it_is_and_the_appointments_and_nobody_elses_goes() {
    let (mut clinic, mut vault) = filled();
    let before = chart(&mut clinic, &mut vault, "bob");
    assert!(vault.away(&patient("ada")).unwrap().is_empty());

    sent_away(&mut clinic, &mut vault);

    assert_eq!(chart(&mut clinic, &mut vault, "ada"), ["ada", "today-ada"]);
    assert_eq!(chart(&mut clinic, &mut vault, "bob"), before);
    let away = vault.away(&patient("ada")).unwrap();
    assert_eq!(away.iter().map(|away| away.drawer).collect::<Vec<_>>(), DRAWERS);
    assert!(away.iter().all(|away| away.fetched.is_none()));
    let permit = clinic.practice_permit(&mut vault, Role::FrontDesk, Action::Search);
    let found = vault
        .search(&permit, &Query::parse("treviño", now().to_zoned(jiff::tz::TimeZone::UTC).date()), 10, now())
        .unwrap();
    assert_eq!(found.rows.len(), 1, "whoever comes again is not registered twice");
    assert!(Drawer::ALL.into_iter().all(|drawer| digest_holds(&mut vault, drawer)));
}

#[test]
fn who_was_never_here_is_known_to_be_away() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    sent_away(&mut clinic, &mut vault);
    assert_eq!(vault.away(&patient("ada")).unwrap().len(), 3);
    assert!(vault.away(&patient("bob")).unwrap().is_empty());
}

#[test]
fn what_was_fetched_stays_for_a_day_and_then_goes() {
    let (mut clinic, mut vault) = filled();
    sent_away(&mut clinic, &mut vault);
    fetched(&mut clinic, &mut vault);
    let whole = chart(&mut clinic, &mut vault, "ada");
    assert!(["hr-ada", "note-ada"].iter().all(|id| whole.contains(&(*id).to_owned())), "{whole:?}");
    let until = vault.away(&patient("ada")).unwrap()[0].fetched.unwrap().until;
    assert_eq!(until, now() + FETCHED_FOR);

    vault.drop_overstayed(until - SignedDuration::from_millis(1)).unwrap();
    assert_eq!(chart(&mut clinic, &mut vault, "ada"), whole);
    vault.drop_overstayed(until).unwrap();

    assert_eq!(chart(&mut clinic, &mut vault, "ada"), ["ada", "today-ada"]);
    assert!(vault.away(&patient("ada")).unwrap().iter().all(|away| away.fetched.is_none()));
    assert!(Drawer::ALL.into_iter().all(|drawer| digest_holds(&mut vault, drawer)));
}

#[test]
fn a_chart_that_is_kept_again_is_whole_and_does_not_go() {
    let (mut clinic, mut vault) = filled();
    sent_away(&mut clinic, &mut vault);
    fetched(&mut clinic, &mut vault);
    let newer = vec![upsert(&heart_rate("hr-ada", "ada", 90), 2)];
    for drawer in DRAWERS {
        let entries = if drawer == Drawer::Clinical { newer.clone() } else { of_ada(drawer) };
        told(&mut clinic, &mut vault, drawer, entries, true);
    }
    assert!(vault.away(&patient("ada")).unwrap().is_empty());
    vault.drop_overstayed(now() + FETCHED_FOR + FETCHED_FOR).unwrap();
    assert!(chart(&mut clinic, &mut vault, "ada").contains(&"hr-ada".to_owned()));
}

#[test]
fn what_was_written_here_and_is_not_answered_stays_when_the_chart_goes() {
    let (mut clinic, mut vault) = filled();
    let fresh = note("fresh", "ada", "written here");
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(1, vec![(fresh.clone(), Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    sent_away(&mut clinic, &mut vault);

    assert_eq!(chart(&mut clinic, &mut vault, "ada"), ["ada", "today-ada", "fresh"]);
    let applied = Verdict::Applied { versions: vec![(fresh.key().clone(), 1)], merged: false };
    vault.apply_verdict(change.origin().id, &applied, now()).unwrap();
    told(&mut clinic, &mut vault, Drawer::Clinical, vec![upsert(&fresh, 1)], true);
    assert!(chart(&mut clinic, &mut vault, "ada").contains(&"fresh".to_owned()));
    assert!(digest_holds(&mut vault, Drawer::Clinical));
}

#[test]
fn only_the_patient_of_the_permit_comes_and_only_into_the_drawer_that_was_asked() {
    let (mut clinic, mut vault) = filled();
    sent_away(&mut clinic, &mut vault);
    let foreign = vec![upsert(&heart_rate("hr-bob", "bob", 1), 9)];
    let permit = fetch_permit(&mut clinic, &mut vault);
    let put = vault.put_fetched(&permit, Drawer::Clinical, &foreign, now());
    assert!(matches!(put, Err(PullError::WrongDrawer)));
    let permit = fetch_permit(&mut clinic, &mut vault);
    let put = vault.put_fetched(&permit, Drawer::Sensitive, &of_ada(Drawer::Clinical), now());
    assert!(matches!(put, Err(PullError::WrongDrawer)));
    let of_nobody = clinic.replicate(&mut vault);
    let put = vault.put_fetched(&of_nobody, Drawer::Clinical, &of_ada(Drawer::Clinical), now());
    assert!(matches!(put, Err(PullError::NotPermitted)));
    assert_eq!(chart(&mut clinic, &mut vault, "ada"), ["ada", "today-ada"]);
}

#[test]
fn a_drawer_with_new_keys_still_knows_which_charts_are_away() {
    let (mut clinic, mut vault) = filled();
    sent_away(&mut clinic, &mut vault);
    fetched(&mut clinic, &mut vault);
    let mut vault = unlock(&clinic, vault.close(), Drawer::Clinical, &[1, 2]);
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    while !vault.rewrite_step(1).unwrap().finished {}
    let away = vault.away(&patient("ada")).unwrap();
    assert!(away.iter().any(|away| away.drawer == Drawer::Clinical && away.fetched.is_some()));
}
