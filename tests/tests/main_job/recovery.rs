//! The day without the phone: recovery codes of the sheet, and the one that is read out on the telephone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chartkeep_server::people::end_person;
use chartkeep_server::releasing::{Release, release};
use chartkeep_server::store::{self, AlertKind};
use chartkeep_tests::practice::people::{IT_ADMIN, NURSE};
use client::keyring::{Keyring as _, KeyringSecret};
use client::view::{Lifecycle, OpenedView};
use client::{ClientError, Code, LockCause, RecoveryForm, SheetForm, Workstation};
use records::id::PersonId;

use super::clinic::{Clinic, until};
use super::rescue::proof;

/// A nurse with ten codes on paper, signed out, at a workstation without a network.
fn nurse_with_a_sheet() -> (Clinic, Workstation, Vec<String>) {
    let mut clinic = Clinic::make(3);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let codes = make_sheet(&clinic, &workstation);
    workstation.keep_recovery_sheet().unwrap();
    assert_eq!(workstation.recovery_status().unwrap().left, 10);
    workstation.lock(LockCause::SignOut);
    clinic.server.stop();
    (clinic, workstation, codes)
}

fn make_sheet(clinic: &Clinic, workstation: &Workstation) -> Vec<String> {
    let code = clinic.next_code(&NURSE);
    let form = SheetForm { passphrase: NURSE.passphrase.to_owned(), code, pin: None };
    workstation.make_recovery_sheet(form).unwrap().unwrap().codes
}

fn recover(workstation: &Workstation, passphrase: &str, code: &str) -> Result<OpenedView, ClientError> {
    workstation.recover(RecoveryForm {
        username: NURSE.username.to_owned(),
        passphrase: passphrase.to_owned(),
        recovery_code: code.to_owned(),
    })
}

fn recovers(workstation: &Workstation, code: &str) -> OpenedView {
    let opened = recover(workstation, NURSE.passphrase, code).unwrap();
    assert_eq!(workstation.status().state, Lifecycle::Open);
    workstation.lock(LockCause::SignOut);
    opened
}

fn is_refused(workstation: &Workstation, passphrase: &str, code: &str) {
    let refused = recover(workstation, passphrase, code).map(|_| ()).map_err(|error| error.code);
    assert_eq!(refused, Err(Code::SignInRefused));
    assert_eq!(workstation.status().state, Lifecycle::Locked);
}

#[test]
fn each_code_of_a_sheet_signs_in_once_without_a_network_and_with_the_passphrase_alone_beside_it() {
    let (_clinic, workstation, codes) = nurse_with_a_sheet();
    let first = recovers(&workstation, &codes[3]);
    assert_eq!((first.online, first.recovery_codes_left, first.failures_since), (false, Some(9), 0));
    is_refused(&workstation, NURSE.passphrase, &codes[3]);
    is_refused(&workstation, "somebody else's passphrase", &codes[7]);
    let second = recovers(&workstation, &codes[7].to_lowercase().replace('-', " "));
    assert_eq!((second.recovery_codes_left, second.failures_since), (Some(8), 2));
    workstation.stop();
}

#[test]
fn the_slot_and_its_keyring_half_put_back_do_not_open_again() {
    let (clinic, workstation, codes) = nurse_with_a_sheet();
    let (files, halves) = copy_of_slots(&clinic);
    assert!(files.len() >= 10 && halves.len() >= 10);
    recovers(&workstation, &codes[0]);
    let left = copy_of_slots(&clinic);
    assert!(left.0.len() < files.len() && left.1.len() < halves.len(), "both halves are gone");
    workstation.stop();
    for (path, bytes) in &files {
        std::fs::write(path, bytes).unwrap();
    }
    for (name, half) in &halves {
        clinic.keyring.write(name, half).unwrap();
    }
    let workstation = clinic.workstation();
    is_refused(&workstation, NURSE.passphrase, &codes[0]);
    recovers(&workstation, &codes[1]);
    workstation.stop();
}

type Copies = (BTreeMap<PathBuf, Vec<u8>>, BTreeMap<String, KeyringSecret>);

fn copy_of_slots(clinic: &Clinic) -> Copies {
    let slots = std::fs::read_dir(clinic.data_dir().join("slots")).unwrap();
    let paths = slots.map(|entry| entry.unwrap().path());
    let recovery = paths.filter(|path| path.extension().is_some_and(|extension| extension == "recovery"));
    let files = recovery.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    let names = clinic.keyring.names().into_iter().filter(|name| name.starts_with("recovery."));
    let halves = names.map(|name| (name.clone(), clinic.keyring.read(&name).unwrap().unwrap())).collect();
    (files, halves)
}

#[test]
fn a_new_sheet_kills_the_old_one_when_it_is_kept_and_not_before() {
    let (clinic, workstation, codes) = nurse_with_a_sheet();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let thrown_away = make_sheet(&clinic, &workstation);
    workstation.discard_recovery_sheet().unwrap();
    assert_eq!(workstation.keep_recovery_sheet().map_err(|error| error.code), Err(Code::Locked));
    let never_kept = make_sheet(&clinic, &workstation);
    workstation.lock(LockCause::SignOut);
    is_refused(&workstation, NURSE.passphrase, &thrown_away[2]);
    is_refused(&workstation, NURSE.passphrase, &never_kept[2]);
    recovers(&workstation, &codes[2]);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let new = make_sheet(&clinic, &workstation);
    workstation.keep_recovery_sheet().unwrap();
    workstation.lock(LockCause::SignOut);
    is_refused(&workstation, NURSE.passphrase, &codes[5]);
    assert_eq!(recovers(&workstation, &new[5]).recovery_codes_left, Some(9));
    workstation.stop();
}

#[test]
fn a_sheet_takes_passphrase_and_a_fresh_code_and_failures_count_like_those_of_a_sign_in() {
    let (clinic, workstation, _) = nurse_with_a_sheet();
    let code = clinic.next_code(&NURSE);
    clinic.sign_in_with(&workstation, &NURSE, NURSE.passphrase, &code).unwrap();
    let make = |passphrase: &str, code: &str| {
        let form = SheetForm { passphrase: passphrase.to_owned(), code: code.to_owned(), pin: None };
        workstation.make_recovery_sheet(form).map(|_| ()).map_err(|error| error.code)
    };
    assert_eq!(make(NURSE.passphrase, &code), Err(Code::SignInRefused), "the code of the sign-in is used");
    assert_eq!(make("somebody else's passphrase", &clinic.next_code(&NURSE)), Err(Code::SignInRefused));
    assert_eq!(make("somebody else's passphrase", "000000"), Err(Code::SignInRefused));
    assert_eq!(make(NURSE.passphrase, "000000"), Err(Code::WaitBeforeRetry));
    workstation.lock(LockCause::SignOut);
    assert_eq!(workstation.recovery_status().map(|_| ()).map_err(|error| error.code), Err(Code::Locked));
    workstation.stop();
}

#[test]
fn wrong_recovery_codes_make_wait_and_what_cannot_be_one_does_not_count() {
    let (_clinic, workstation, codes) = nurse_with_a_sheet();
    for _ in 0..10 {
        let mistyped = recover(&workstation, NURSE.passphrase, codes[0].split_at(20).0).err().unwrap();
        assert_eq!(mistyped.code, Code::RecoveryCodeMistyped);
    }
    for _ in 0..3 {
        is_refused(&workstation, "somebody else's passphrase", &codes[0]);
    }
    let waits = recover(&workstation, NURSE.passphrase, &codes[0]).err().unwrap();
    assert_eq!(waits.code, Code::WaitBeforeRetry);
    workstation.stop();
}

#[test]
fn on_call_staff_read_out_seven_words_that_sign_in_once_without_a_network() {
    let mut clinic = Clinic::make(3);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&IT_ADMIN, &NURSE] {
        clinic.activate(&workstation, person);
    }
    clinic.sign_in(&workstation, &NURSE).unwrap();
    the_server_holds_a_code(&workstation);
    workstation.lock(LockCause::SignOut);
    let words = release_to_nurse(&clinic).unwrap();
    assert!(release_to_nurse(&clinic).is_err(), "it is read out once");
    clinic.server.stop();

    let short: Vec<String> = words.split(' ').map(|word| word.chars().take(4).collect()).collect();
    is_refused(&workstation, "somebody else's passphrase", &words);
    let opened = recovers(&workstation, &short.join(" ").to_uppercase());
    assert_eq!((opened.online, opened.recovery_codes_left), (false, Some(0)));
    is_refused(&workstation, NURSE.passphrase, &words);

    clinic.server.start();
    workstation.sync_now().unwrap();
    let alerts =
        |kind| store::read(clinic.server.practice.store.as_ref(), |tx| tx.count_alerts(kind)).unwrap();
    until("the event of the sign-in has become an alert", || alerts(AlertKind::RecoveryCodeUsed) == 1);
    assert_eq!(alerts(AlertKind::RecoveryCodeReleased), 1);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    the_server_holds_a_code(&workstation);
    let next = release_to_nurse(&clinic).unwrap();
    assert_ne!(next, words);
    assert!(clinic.verify_logs().ok);
    workstation.stop();
}

fn the_server_holds_a_code(workstation: &Workstation) {
    until("the server holds a code for the telephone", || {
        workstation.sync_now().unwrap();
        workstation.recovery_status().unwrap().by_telephone
    });
}

fn release_to_nurse(clinic: &Clinic) -> Result<String, String> {
    let asked = Release {
        username: NURSE.username,
        device: "Front room",
        reason: "phone at home; called back at the number on file",
    };
    let released = release(&clinic.server.practice, &asked, &proof(clinic, &IT_ADMIN));
    released.map(|released| released.words.expose().to_owned()).map_err(|failure| failure.sentence)
}

#[test]
fn new_keys_made_at_the_server_make_the_sheet_void() {
    let (mut clinic, workstation, codes) = nurse_with_a_sheet();
    clinic.server.start();
    for entry in std::fs::read_dir(clinic.data_dir().join("slots")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "slot") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let opened = clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(opened.online, "without the slot only the server can help");
    assert_eq!(workstation.recovery_status().unwrap().left, 0);
    workstation.lock(LockCause::SignOut);
    is_refused(&workstation, NURSE.passphrase, &codes[4]);
    workstation.stop();
}

#[test]
fn an_order_to_forget_a_person_takes_their_recovery_codes_too() {
    let (mut clinic, workstation, codes) = nurse_with_a_sheet();
    clinic.server.start();
    end_person(&clinic.server.practice, PersonId::from_uuid(NURSE.id)).unwrap();
    until("nothing of the person's slots is left", || {
        workstation.sync_now().unwrap();
        let (files, halves) = copy_of_slots(&clinic);
        files.is_empty() && halves.is_empty()
    });
    is_refused(&workstation, NURSE.passphrase, &codes[0]);
    workstation.stop();
}
