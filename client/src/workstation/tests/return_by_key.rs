//! Coming back by a touch of the security key and its PIN: who may, how often, and what ends it.

use super::security_keys::{Desk, rosa};
use super::*;
use crate::security_key::double::{DoubleKey, PIN};
use crate::view::ParkedView;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Rosa has signed in with her key and locked.
fn parked() -> (Desk, Workstation) {
    let (desk, workstation) = Desk::new().registered();
    rosa(&workstation).unwrap();
    workstation.lock(LockCause::Person);
    (desk, workstation)
}

fn on_lock_screen(workstation: &Workstation) -> ParkedView {
    workstation.status().parked.pop().expect("somebody is parked")
}

fn by_touch(workstation: &Workstation, pin: &str) -> Result<OpenedView, ClientError> {
    let person = workstation.status().parked.pop().map(|parked| parked.person).unwrap_or_default();
    workstation.reenter_with_key(&KeyReenterForm { person, pin: pin.to_owned() })
}

fn by_passphrase(workstation: &Workstation, passphrase: &str) -> Result<OpenedView, ClientError> {
    let person = on_lock_screen(workstation).person;
    workstation.reenter(ReenterForm { person, passphrase: passphrase.to_owned() })
}

#[test]
fn one_touch_brings_back_and_so_does_the_passphrase_in_any_order() {
    let (desk, workstation) = parked();
    let touches = desk.key.touches();
    assert!(on_lock_screen(&workstation).with_key);
    by_touch(&workstation, PIN).unwrap();
    assert_eq!(desk.key.touches(), touches + 1);
    assert!(workstation.search("nobody").is_ok());
    workstation.lock(LockCause::Idle);
    by_passphrase(&workstation, PASSPHRASE).unwrap();
    workstation.lock(LockCause::Sleep);
    by_touch(&workstation, PIN).unwrap();
    workstation.lock(LockCause::Person);
    by_touch(&workstation, PIN).unwrap();
    workstation.stop();
}

#[test]
fn who_signed_in_with_a_code_comes_back_with_the_passphrase_only() {
    let (desk, workstation) = Desk::new().registered();
    desk.sign_in_by_code(&workstation).unwrap();
    workstation.lock(LockCause::Person);
    assert!(!on_lock_screen(&workstation).with_key);
    assert_eq!(code_of(by_touch(&workstation, PIN)), Some(Code::ReentryOver));
    by_passphrase(&workstation, PASSPHRASE).unwrap();
    workstation.stop();
}

#[test]
fn another_key_is_a_try_and_five_tries_of_both_kinds_end_it() {
    let (desk, workstation) = parked();
    let workstation = workstation.with_security_key(Arc::new(DoubleKey::default()));
    for tries in 1..=4 {
        desk.fixture.clock.advance(HOUR);
        let refused = if tries % 2 == 0 {
            code_of(by_passphrase(&workstation, "not this one at all"))
        } else {
            code_of(by_touch(&workstation, PIN))
        };
        assert!(matches!(refused, Some(Code::KeyRefused | Code::ReentryRefused)), "{refused:?}");
        assert_eq!(on_lock_screen(&workstation).tries_left, 5 - tries);
    }
    desk.fixture.clock.advance(HOUR);
    assert_eq!(code_of(by_touch(&workstation, PIN)), Some(Code::ReentryOver));
    assert_eq!(workstation.status().parked.len(), 0);
    workstation.stop();
}

#[test]
fn a_wrong_pin_is_told_and_is_no_try() {
    let (desk, workstation) = parked();
    assert_eq!(code_of(by_touch(&workstation, "000000")), Some(Code::KeyPin));
    assert_eq!(code_of(by_touch(&workstation, "")), Some(Code::KeyPin));
    assert_eq!(on_lock_screen(&workstation).tries_left, 5);
    by_touch(&workstation, PIN).unwrap();
    drop(desk);
    workstation.stop();
}

#[test]
fn after_the_hours_and_after_signing_out_a_touch_brings_nobody_back() {
    let (desk, workstation) = parked();
    let person = on_lock_screen(&workstation).person;
    let touch = |person: &str| {
        workstation.reenter_with_key(&KeyReenterForm { person: person.to_owned(), pin: PIN.to_owned() })
    };
    desk.fixture.clock.advance(12 * HOUR);
    assert_eq!(code_of(touch(&person)), Some(Code::ReentryOver));
    rosa(&workstation).unwrap();
    workstation.lock(LockCause::SignOut);
    assert_eq!(code_of(touch(&person)), Some(Code::ReentryOver));
    workstation.stop();
}

#[test]
fn a_key_that_was_taken_away_brings_nobody_back() {
    let (desk, workstation) = Desk::new().registered();
    rosa(&workstation).unwrap();
    assert!(!desk.remove(&workstation).unwrap().registered);
    workstation.lock(LockCause::Person);
    assert!(!on_lock_screen(&workstation).with_key);
    by_passphrase(&workstation, PASSPHRASE).unwrap();
    workstation.stop();
}
