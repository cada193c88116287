//! A store that was put back: it serves once that was declared, and no number of before is given again.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::directives::ask;
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::Proof;
use chartkeep_server::{backing, directing, recovering};
use jiff::SignedDuration;
use keys::totp;
use records::Role;
use records::change::Base;
use sync::wire::{DirectiveOrder, MadeVersion, SecretText, Standing};

fn proof(clinic: &Clinic, person: &Person) -> Proof {
    clinic.advance(60);
    let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
    Proof { username: person.username.clone(), code: SecretText::new(code) }
}

/// Declares that the server was put back to an hour ago.
fn declare(clinic: &Clinic, admin: &Person) -> u64 {
    let restored_to = clinic.now() - SignedDuration::from_hours(1);
    recovering::note_restored(&clinic.practice, restored_to).unwrap();
    assert!(recovering::check(&clinic.practice).is_err());
    let epoch = recovering::declare(&clinic.practice, None, &proof(clinic, admin)).unwrap();
    assert_eq!(epoch.restored_to, restored_to);
    recovering::check(&clinic.practice).unwrap();
    epoch.number
}

fn applied(standing: &Standing) -> u64 {
    let Standing::Applied { versions, .. } = standing else { panic!("{standing:?}") };
    versions[0].version
}

/// What a workstation says when it has carried out every order it was given.
fn carry_out(workstation: &Workstation<'_>) -> u64 {
    let orders = ask(workstation, 0).directives;
    assert!(orders.iter().any(|order| matches!(order.order, DirectiveOrder::SendAgain { .. })));
    let last = orders.last().unwrap().number;
    ask(workstation, last);
    last
}

#[test]
fn an_edit_of_a_lost_version_waits_for_the_change_that_had_made_it() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let (here, there) = (clinic.enrol(), clinic.enrol());
    let ivo = here.activate("ivo", Role::ItAdmin);
    let (nora, nils) = (here.activate("nora", Role::Nurse), there.activate("nils", Role::Nurse));
    let epoch = declare(&clinic, &ivo);

    let (id, edit) = here.envelope(&nora, vec![(observation("hr", "ada", "90"), Base::Version(2))]);
    assert_eq!(here.push(&[&edit])[0], Standing::Waiting { missing: id });
    let (made_by, lost) = there.envelope(&nils, vec![(observation("hr", "ada", "80"), Base::Version(1))]);
    let made = MadeVersion { change: made_by, key: "Observation/hr".to_owned(), version: 2 };
    let again = there.push_again(&[&lost], &[made]);

    let first = applied(&again[0]);
    assert!(first > epoch * 1_000_000, "no number of before is given again: {first}");
    assert_eq!(applied(&here.push(&[&edit])[0]), first + 1);
    assert_eq!(clinic.look(|tx| tx.open_conflicts()), 0);
    let (_, next) = there.envelope(&nils, vec![(observation("hr", "ada", "91"), Base::Version(first + 1))]);
    assert_eq!(applied(&there.push(&[&next])[0]), first + 2, "the new numbers are like any");
}

#[test]
fn where_nobody_can_bring_it_any_more_a_person_decides() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let (here, there) = (clinic.enrol(), clinic.enrol());
    let ivo = here.activate("ivo", Role::ItAdmin);
    let nora = here.activate("nora", Role::Nurse);
    declare(&clinic, &ivo);
    let (id, edit) = here.envelope(&nora, vec![(observation("hr", "ada", "90"), Base::Version(2))]);
    let waits = Standing::Waiting { missing: id };

    clinic.advance(25 * 3600);
    assert_eq!(here.push(&[&edit])[0], waits, "the other one has not even heard of it");
    carry_out(&there);
    assert!(matches!(here.push(&[&edit])[0], Standing::Conflict { .. }));
    assert_eq!(clinic.look(|tx| tx.open_conflicts()), 1, "both are kept");
}

#[test]
fn orders_and_imports_after_a_restore_have_numbers_of_their_own() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let here = clinic.enrol();
    let ivo = here.activate("ivo", Role::ItAdmin);
    let before = directing::order(&clinic.practice, here.id, &DirectiveOrder::Lock).unwrap();
    let epoch = declare(&clinic, &ivo);
    assert!(carry_out(&here) > epoch * 1_000_000 && before < epoch);
    let after = directing::order(&clinic.practice, here.id, &DirectiveOrder::Lock).unwrap();
    assert!(after > epoch * 1_000_000);

    let other = r#"{"resourceType":"Patient","id":"ada","active":false}"#;
    take_in(&clinic, &[crate::clinic::document(other)]);
    let facts = clinic.look(|tx| tx.facts(&"Patient/ada".parse().unwrap())).unwrap();
    assert_eq!(facts.version, epoch * 1_000_000 + 1);
    let second = declare(&clinic, &ivo);
    assert!(second > epoch, "each epoch is its own");
}

#[test]
fn only_who_may_declares_and_only_what_was_put_back() {
    let clinic = Clinic::open();
    let here = clinic.enrol();
    let (ivo, nora) = (here.activate("ivo", Role::ItAdmin), here.activate("nora", Role::Nurse));
    assert!(recovering::declare(&clinic.practice, None, &proof(&clinic, &ivo)).is_err(), "nothing was");
    recovering::note_restored(&clinic.practice, clinic.now()).unwrap();
    assert!(recovering::declare(&clinic.practice, None, &proof(&clinic, &nora)).is_err());
    let mut wrong = proof(&clinic, &ivo);
    wrong.code = SecretText::new("000000".to_owned());
    assert!(recovering::declare(&clinic.practice, None, &wrong).is_err());
    assert!(recovering::check(&clinic.practice).is_err(), "it still does not serve");
}

#[test]
fn a_backup_made_after_a_restore_counts_for_nobody_who_has_not_sent_again() {
    let clinic = Clinic::open();
    let here = clinic.enrol();
    let ivo = here.activate("ivo", Role::ItAdmin);
    assert_eq!(ask(&here, 0).backed_up_until, None);
    backing::note(&clinic.practice, clinic.now()).unwrap();
    assert!(ask(&here, 0).backed_up_until.is_some_and(|until| until < clinic.now()));
    declare(&clinic, &ivo);
    backing::note(&clinic.practice, clinic.now()).unwrap();

    assert_eq!(ask(&here, 0).backed_up_until, None, "it lacks what this one had sent before");

    carry_out(&here);
    let last = ask(&here, 0).directives.last().unwrap().number;
    assert!(ask(&here, last).backed_up_until.is_some());
}
