//! A security key, from the policy at the server to a day without it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chartkeep_server::people::{change_policy, end_person};
use chartkeep_tests::practice::people::NURSE;
use client::security_key::{KeyPin, KeyProblem, SecurityKey, Wait};
use client::view::OpenedView;
use client::{ClientError, Code, KeySignInForm, LockCause, RegisterKeyForm, SheetForm, Workstation};
use keys::Secret;
use keys::slot::{KeyAnswer, KeyRequest};
use records::Role;
use records::id::PersonId;
use sha2::{Digest as _, Sha256};
use sync::wire::Policy;

use super::clinic::{Clinic, until};

/// A key that is always touched, and knows the secret of each credential it made.
#[derive(Default)]
struct TouchedKey(Mutex<BTreeMap<Vec<u8>, [u8; 32]>>);

impl SecurityKey for TouchedKey {
    fn enrol(&self, user: [u8; 32], _: &KeyPin, _: &Wait) -> Result<Vec<u8>, KeyProblem> {
        let credential = Sha256::digest(user).to_vec();
        self.0.lock().map_err(|_| KeyProblem::Failed)?.insert(credential.clone(), user);
        Ok(credential)
    }

    fn answer(&self, request: &KeyRequest, _: &KeyPin, _: &Wait) -> Result<[KeyAnswer; 2], KeyProblem> {
        let secret = *self
            .0
            .lock()
            .map_err(|_| KeyProblem::Failed)?
            .get(&request.credential)
            .ok_or(KeyProblem::WrongKey)?;
        Ok(request.salts.map(|salt| {
            let answer = Sha256::digest([secret, salt].concat());
            KeyAnswer::from_secret(Secret::from_bytes(answer.into()))
        }))
    }
}

/// A nurse who has signed in once, at a workstation that has heard that nurses are to use keys.
fn clinic_that_wants_keys() -> (Clinic, Workstation) {
    let clinic = Clinic::make(3);
    let workstation = clinic.workstation().with_security_key(Arc::new(TouchedKey::default()));
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let wanted = |before| Policy { idle_lock_s: 240, security_key_roles: vec![Role::Nurse], ..before };
    change_policy(&clinic.server.practice, wanted).unwrap();
    until("the policy is there", || {
        workstation.sync_now().unwrap();
        workstation.status().idle_limit_s == 240
    });
    assert!(!workstation.status().key_due && workstation.today(None).is_ok(), "work goes on");
    (clinic, workstation)
}

fn register(clinic: &Clinic, workstation: &Workstation) {
    let form = RegisterKeyForm {
        passphrase: NURSE.passphrase.to_owned(),
        code: clinic.next_code(&NURSE),
        pin: "482913".to_owned(),
    };
    assert!(workstation.register_security_key(&form).unwrap().registered);
}

fn sign_in_with_key(workstation: &Workstation) -> Result<OpenedView, ClientError> {
    workstation.sign_in_with_key(&KeySignInForm {
        username: NURSE.username.to_owned(),
        passphrase: NURSE.passphrase.to_owned(),
        pin: "482913".to_owned(),
    })
}

fn halves(clinic: &Clinic) -> usize {
    clinic.keyring.names().iter().filter(|name| name.starts_with("slot.")).count()
}

#[test]
fn a_clinic_wants_keys_and_from_then_on_a_nurse_comes_in_with_hers_and_with_no_code() {
    let (mut clinic, workstation) = clinic_that_wants_keys();
    workstation.lock(LockCause::SignOut);
    clinic.server.stop();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    assert_eq!(workstation.today(None).err().map(|error| error.code), Some(Code::KeyDue));
    register(&clinic, &workstation);
    assert!(workstation.today(None).is_ok());
    workstation.lock(LockCause::SignOut);

    let refused = clinic.sign_in(&workstation, &NURSE).unwrap_err();
    assert_eq!(refused.code, Code::SignInRefused);
    assert!(!sign_in_with_key(&workstation).unwrap().online);
    make_a_sheet_with_the_key(&clinic, &workstation);
    workstation.lock(LockCause::SignOut);
    sign_in_with_key(&workstation).unwrap();
    workstation.lock(LockCause::SignOut);

    clinic.server.start();
    until("the events have arrived", || {
        workstation.sync_now().unwrap();
        workstation.status().unsent_events == 0
    });
    assert!(clinic.verify_logs().ok);
    workstation.stop();
}

/// Where codes have ended the key proves who it is, and a wrong passphrase beside it counts.
fn make_a_sheet_with_the_key(clinic: &Clinic, workstation: &Workstation) {
    let form = |passphrase: &str, code, pin: Option<&str>| SheetForm {
        passphrase: passphrase.to_owned(),
        code,
        pin: pin.map(str::to_owned),
    };
    let code = clinic.next_code(&NURSE);
    let by_code = workstation.make_recovery_sheet(form(NURSE.passphrase, code, None));
    assert_eq!(by_code.err().map(|error| error.code), Some(Code::SignInRefused));
    let pin = Some("482913");
    let wrong = workstation.make_recovery_sheet(form("not this one at all", String::new(), pin));
    assert_eq!(wrong.err().map(|error| error.code), Some(Code::KeyRefused));
    let sheet = workstation.make_recovery_sheet(form(NURSE.passphrase, String::new(), pin)).unwrap();
    assert_eq!(sheet.map(|sheet| sheet.codes.len()), Some(10));
    workstation.keep_recovery_sheet().unwrap();
}

#[test]
fn a_code_that_the_server_lets_in_makes_the_key_and_the_sheet_of_before_void() {
    let (clinic, workstation) = clinic_that_wants_keys();
    let passphrase = NURSE.passphrase.to_owned();
    let form = SheetForm { passphrase, code: clinic.next_code(&NURSE), pin: None };
    workstation.make_recovery_sheet(form).unwrap().unwrap();
    workstation.keep_recovery_sheet().unwrap();
    register(&clinic, &workstation);
    workstation.lock(LockCause::SignOut);
    sign_in_with_key(&workstation).unwrap();
    assert_eq!(workstation.recovery_status().unwrap().left, 10, "a sign-in with the key voids nothing");
    workstation.lock(LockCause::SignOut);

    assert!(clinic.sign_in(&workstation, &NURSE).unwrap().online);
    assert!(workstation.status().key_due, "without her key she is asked for another");
    workstation.lock(LockCause::SignOut);
    assert_eq!(sign_in_with_key(&workstation).unwrap_err().code, Code::KeyRefused);
    clinic.pass(60);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    register(&clinic, &workstation);
    assert_eq!(workstation.recovery_status().unwrap().left, 0);
    workstation.lock(LockCause::SignOut);
    sign_in_with_key(&workstation).unwrap();
    workstation.stop();
}

#[test]
fn who_left_is_forgotten_with_their_key() {
    let (clinic, workstation) = clinic_that_wants_keys();
    register(&clinic, &workstation);
    workstation.lock(LockCause::SignOut);
    end_person(&clinic.server.practice, PersonId::from_uuid(NURSE.id)).unwrap();
    until("the slots are gone", || {
        workstation.sync_now().unwrap();
        halves(&clinic) == 0
    });
    assert_eq!(sign_in_with_key(&workstation).unwrap_err().code, Code::KeyRefused);
    workstation.stop();
}
