//! Charts that are joined: both halves of a link in one change, by somebody who may write both.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::store::AlertKind;
use records::change::{Base, RefusalCode};
use records::link::{join, separate};
use records::{Document, Role};
use sync::wire::Standing;

fn with(role: Role, run: impl FnOnce(&Clinic, &Workstation<'_>, &Person)) {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), patient("bob"), patient("cat")]);
    let workstation = clinic.enrol();
    let person = workstation.activate("felix", role);
    run(&clinic, &workstation, &person);
}

fn pushed(
    (workstation, person): (&Workstation<'_>, &Person),
    records: &[&Document],
    version: u64,
) -> Standing {
    let entries = records.iter().map(|document| ((*document).clone(), Base::Version(version))).collect();
    let (_, bytes) = workstation.envelope(person, entries);
    workstation.push(&[&bytes]).remove(0)
}

fn is_applied(standing: &Standing) -> bool {
    matches!(standing, Standing::Applied { .. })
}

fn joined(survivor: &str, superseded: &str) -> (Document, Document) {
    join(&patient(survivor), &patient(superseded)).unwrap()
}

#[test]
fn both_halves_together_are_stored_and_taken_away_together() {
    with(Role::FrontDesk, |_, workstation, felix| {
        let (ada, bob) = joined("ada", "bob");
        assert!(is_applied(&pushed((workstation, felix), &[&ada, &bob], 1)));
        let (ada, bob) = separate(&ada, &bob).unwrap();
        assert!(is_applied(&pushed((workstation, felix), &[&ada, &bob], 2)));
    });
}

#[test]
fn half_a_link_is_refused_whichever_half_it_is_and_told() {
    with(Role::FrontDesk, |clinic, workstation, felix| {
        let (ada, bob) = joined("ada", "bob");
        let refused = Standing::Refused { code: RefusalCode::Links };
        assert_eq!(pushed((workstation, felix), &[&ada], 1), refused);
        assert_eq!(pushed((workstation, felix), &[&bob], 1), refused);
        assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::ChangeRefused)), 2);
        assert!(is_applied(&pushed((workstation, felix), &[&ada, &bob], 1)));
        assert_eq!(
            pushed((workstation, felix), &[&patient("bob")], 2),
            refused,
            "nor is half of one taken away"
        );
    });
}

#[test]
fn who_may_write_neither_patient_joins_nothing() {
    with(Role::PracticeManager, |_, workstation, manager| {
        let (ada, bob) = joined("ada", "bob");
        let refused = Standing::Refused { code: RefusalCode::NotAllowed };
        assert_eq!(pushed((workstation, manager), &[&ada, &bob], 1), refused);
    });
}

#[test]
fn a_circle_of_three_is_refused_and_a_chain_is_not() {
    with(Role::FrontDesk, |_, workstation, felix| {
        let (bob, cat) = joined("bob", "cat");
        assert!(is_applied(&pushed((workstation, felix), &[&bob, &cat], 1)));
        // Somebody who has not heard of it joins bob to ada: cat leads to bob, and bob to ada.
        let (ada, replaced) = joined("ada", "bob");
        assert!(is_applied(&pushed((workstation, felix), &[&ada, &replaced], 1)));
        // Somebody else has heard of nothing, and joins ada to cat.
        let (cat, ada) = joined("cat", "ada");
        let standing = pushed((workstation, felix), &[&cat, &ada], 1);
        assert_eq!(standing, Standing::Refused { code: RefusalCode::Links });
    });
}

#[test]
fn two_who_join_the_same_charts_the_other_way_round_meet_and_nothing_of_the_second_is_stored() {
    with(Role::FrontDesk, |clinic, workstation, felix| {
        let (ada, bob) = joined("ada", "bob");
        assert!(is_applied(&pushed((workstation, felix), &[&ada, &bob], 1)));
        let (bob, ada) = joined("bob", "ada");
        assert!(matches!(pushed((workstation, felix), &[&bob, &ada], 1), Standing::Conflict { .. }));
        assert_eq!(clinic.look(|tx| tx.open_conflicts()), 2, "a row for each patient");
    });
}

#[test]
fn what_is_written_for_the_replaced_chart_stays_its_own() {
    with(Role::Clinician, |clinic, workstation, doctor| {
        let (ada, bob) = joined("ada", "bob");
        assert!(is_applied(&pushed((workstation, doctor), &[&ada, &bob], 1)));
        let (_, late) = workstation.envelope(doctor, vec![(observation("hr", "bob", "72"), Base::None)]);
        assert!(is_applied(&workstation.push(&[&late])[0]));
        let facts = clinic.look(|tx| tx.facts(&"Observation/hr".parse().unwrap())).unwrap();
        assert_eq!(facts.patient.unwrap().as_str(), "bob");
    });
}
