//! What `device.db` keeps for signing in: throttle, used codes, usernames, grants, directives; and slot files.

use std::time::Duration;

use records::event::{AuditEvent, Node, Stamp};
use records::rights::Trail as _;
use records::{Drawer, Role};
use uuid::Uuid;
use vault::{Credential, Setting, Slots, StepUsed, StoredDirective, StoredGrant, Subject, Throttle};

use crate::clinic::{Clinic, now, person};

const WHO: Subject = Subject([5; 16]);

#[test]
fn failures_of_a_name_survive_a_restart_and_hold_up_nobody_else() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    assert_eq!(device.throttle(WHO).unwrap(), None);
    for failures in 1..4 {
        let throttle = Throttle {
            rounds: 2,
            failures,
            last_at: Duration::from_millis(90_017),
            boot: Uuid::from_u128(7),
        };
        device.keep_throttle(WHO, &throttle).unwrap();
        drop(device);
        device = clinic.device();
        assert_eq!(device.throttle(WHO).unwrap(), Some(throttle));
    }
    assert_eq!(device.throttle(Subject([6; 16])).unwrap(), None, "another person is not held up");
}

#[test]
fn of_two_copies_the_one_that_has_seen_more_is_the_later() {
    let of = |rounds, failures| Throttle {
        rounds,
        failures,
        last_at: Duration::from_secs(u64::from(9 - failures)),
        boot: Uuid::nil(),
    };
    assert!(of(1, 7) > of(1, 6), "more failures");
    assert!(of(2, 0) > of(1, 7), "a success since");
}

#[test]
fn a_used_code_is_dead_and_so_is_every_earlier_one() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    let nurse = person(Role::Nurse);

    assert_eq!(device.use_step(nurse, 100).unwrap(), Ok(()));
    assert_eq!(device.use_step(nurse, 100).unwrap(), Err(StepUsed));
    assert_eq!(device.use_step(nurse, 99).unwrap(), Err(StepUsed));
    assert_eq!(device.use_step(nurse, 101).unwrap(), Ok(()));
    assert_eq!(device.use_step(person(Role::Biller), 50).unwrap(), Ok(()));
    drop(device);

    let mut device = clinic.device();
    assert_eq!(device.last_step(nurse).unwrap(), Some(101));
    device.restart_steps(nurse, 90).unwrap();
    assert_eq!(device.use_step(nurse, 90).unwrap(), Err(StepUsed));
    assert_eq!(device.use_step(nurse, 91).unwrap(), Ok(()));
}

#[test]
fn a_username_is_known_by_its_token_alone() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    device.remember_username([1; 16], person(Role::Nurse)).unwrap();
    device.remember_username([2; 16], person(Role::Biller)).unwrap();
    device.remember_username([3; 16], person(Role::Nurse)).unwrap();

    assert_eq!(device.person_of([3; 16]).unwrap(), Some(person(Role::Nurse)));
    assert_eq!(device.person_of([1; 16]).unwrap(), None, "an earlier username is forgotten");
    assert_eq!(device.person_of([2; 16]).unwrap(), Some(person(Role::Biller)));
}

pub(crate) fn grant(role: Role, drawer: Drawer, generation: u32) -> StoredGrant {
    let bytes = vec![generation.to_le_bytes()[0]];
    StoredGrant { person: person(role), drawer, generation, number: 9, not_after: now(), bytes }
}

#[test]
fn a_server_that_was_put_back_takes_nobody_the_keys_of_a_drawer() {
    let clinic = Clinic::new();
    let mut device = clinic.open_all().close();
    let present = device.drawer_generation(Drawer::Clinical).unwrap().unwrap();
    let generations = |device: &vault::Device, role| {
        let grants = device.grants_of(person(role)).unwrap();
        grants.iter().map(|grant| grant.generation).collect::<Vec<_>>()
    };
    let both = [Role::Nurse, Role::Clinician].map(|role| grant(role, Drawer::Clinical, present));
    device.replace_grants(&both).unwrap();

    device.replace_grants(&[grant(Role::Nurse, Drawer::Clinical, present - 1)]).unwrap();

    assert_eq!(generations(&device, Role::Nurse), [present, present - 1], "it does not know the newest");
    assert!(generations(&device, Role::Clinician).is_empty(), "who is not named has none");
    device.replace_grants(&[grant(Role::Nurse, Drawer::Clinical, present + 1)]).unwrap();
    assert_eq!(generations(&device, Role::Nurse), [present + 1, present], "what re-keys has to open first");
    device.replace_grants(&[]).unwrap();
    assert!(generations(&device, Role::Nurse).is_empty());
}

#[test]
fn grants_are_kept_by_person_and_replaced_as_a_whole() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    let nurse = [grant(Role::Nurse, Drawer::Clinical, 1), grant(Role::Nurse, Drawer::Clinical, 2)];
    device.replace_grants(&[&nurse[..], &[grant(Role::Biller, Drawer::Billing, 1)]].concat()).unwrap();

    let kept = device.grants_of(person(Role::Nurse)).unwrap();
    assert_eq!(kept.iter().map(|grant| grant.generation).collect::<Vec<_>>(), [2, 1]);
    device.replace_grants_of(person(Role::Nurse), &nurse[..1]).unwrap();
    assert_eq!(device.grants_of(person(Role::Nurse)).unwrap(), nurse[..1]);
    assert_eq!(device.grants_of(person(Role::Biller)).unwrap().len(), 1);
    device.replace_grants(&[]).unwrap();
    assert!(device.grants_of(person(Role::Biller)).unwrap().is_empty());
}

#[test]
fn a_directive_is_carried_out_once_and_in_order() {
    let mut clinic = Clinic::new();
    let mut device = clinic.enrol();
    let directive = |number| StoredDirective { number, bytes: vec![1], received_at: now() };
    assert!(device.keep_directive(&directive(2)).unwrap());
    assert!(device.keep_directive(&directive(1)).unwrap());
    assert!(!device.keep_directive(&directive(2)).unwrap());

    let numbers = |device: &vault::Device| -> Vec<u64> {
        device.open_directives().unwrap().iter().map(|directive| directive.number).collect()
    };
    assert_eq!(numbers(&device), [1, 2]);
    let (observer, practice) = (device.observer().unwrap(), clinic.identity.practice);
    let stamp = Stamp { id: clinic.event_id(), at: now(), observer };
    let node = Node { practice, device: clinic.identity.device };
    let event = AuditEvent::order_carried_out(stamp, node, 2, "lock");
    device.directive_done(2, &event, now()).unwrap();
    assert_eq!((numbers(&device), device.directives_done().unwrap()), (vec![1], 0), "the first still waits");
    assert_eq!(device.log_head().size, 1);
    device.directive_done(1, &event, now()).unwrap();
    assert!(!device.keep_directive(&directive(1)).unwrap());
    assert_eq!((numbers(&device), device.directives_done().unwrap()), (vec![], 2));
}

#[test]
fn settings_are_kept_together_in_one_commit() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    assert_eq!(device.setting(Setting::Policy).unwrap(), None);
    device.set_all(&[(Setting::Certificate, b"one"), (Setting::Policy, b"two")]).unwrap();
    device.set(Setting::Policy, b"three").unwrap();
    drop(device);

    let device = clinic.device();
    assert_eq!(device.setting(Setting::Certificate).unwrap().as_deref(), Some(&b"one"[..]));
    assert_eq!(device.setting(Setting::Policy).unwrap().as_deref(), Some(&b"three"[..]));
}

#[test]
fn slots_are_listed_newest_first_and_a_half_written_one_is_none() {
    let clinic = Clinic::new();
    drop(clinic.enrol());
    let slots = Slots::new(&clinic.folder());
    let nurse = person(Role::Nurse);
    slots.write(nurse, 1, b"one").unwrap();
    slots.write(nurse, 12, b"twelve").unwrap();
    slots.write(person(Role::Biller), 2, b"two").unwrap();
    std::fs::write(clinic.folder().slots().join(format!("{nurse}.13.slot.new")), b"half").unwrap();

    let found = slots.of(nurse).unwrap();

    assert_eq!(found.iter().map(|slot| slot.generation).collect::<Vec<_>>(), [12, 1]);
    assert_eq!(found[0].bytes, b"twelve");
    slots.remove(nurse, 1).unwrap();
    slots.remove(nurse, 1).unwrap();
    assert_eq!(slots.of(nurse).unwrap().len(), 1);
    let mut people = vec![nurse, person(Role::Biller)];
    people.sort();
    assert_eq!(slots.people().unwrap(), people);
}

#[test]
fn the_number_of_a_persons_passphrase_only_rises_and_goes_with_the_person() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    let who = person(Role::Nurse);
    assert_eq!(device.credential(who).unwrap(), None);
    device.note_signing_key(who, [1; 32]).unwrap();
    device.note_credential(who, &Credential { number: 3, signing_key: [2; 32] }).unwrap();
    device.note_credential(who, &Credential { number: 2, signing_key: [3; 32] }).unwrap();
    drop(device);
    let mut device = clinic.device();
    assert_eq!(device.credential(who).unwrap(), Some(Credential { number: 3, signing_key: [3; 32] }));
    device.note_signing_key(who, [4; 32]).unwrap();
    assert_eq!(device.credential(who).unwrap(), Some(Credential { number: 3, signing_key: [4; 32] }));
    device.forget_person(who).unwrap();
    assert_eq!(device.credential(who).unwrap(), None);
}

#[test]
fn a_step_is_told_until_the_server_has_heard_of_it() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    for (who, step) in [(Role::Nurse, 7), (Role::FrontDesk, 5), (Role::Nurse, 7), (Role::Nurse, 6)] {
        device.note_step_to_tell(person(who), step).unwrap();
    }
    drop(device);
    let mut device = clinic.device();
    let all = [(person(Role::FrontDesk), 5), (person(Role::Nurse), 6), (person(Role::Nurse), 7)];
    assert_eq!(device.steps_to_tell(10).unwrap(), all);
    assert_eq!(device.steps_to_tell(2).unwrap(), all[..2]);
    device.steps_told(&all[..2]).unwrap();
    assert_eq!(device.steps_to_tell(10).unwrap(), all[2..]);
}
