//! The audit log and its witness: what the server confirms is cosigned, what is not is no confirmation, and both sides say so.

use std::fs;
use std::path::PathBuf;

use chartkeep_server::data_dir::DataDir;
use chartkeep_server::witnessing;
use chartkeep_tests::practice::people::NURSE;
use client::view::VerifiedView;
use client::{Code, Workstation};
use keys::{Random, SigningKey};

use super::clinic::{Clinic, until};

#[test]
fn what_the_server_holds_is_cosigned_and_the_page_has_checked_it() {
    let (_clinic, workstation) = clinic_with_a_nurse();
    delivered(&workstation);

    let verified = verified(&workstation);

    assert!(verified.ok && verified.receipt.is_some(), "{verified:?}");
    assert_eq!((verified.first_bad, verified.alarm), (None, None));
    workstation.stop();
}

#[test]
fn a_receipt_of_a_witness_that_the_root_does_not_name_is_no_delivery_and_an_alarm() {
    let (mut clinic, workstation) = clinic_with_a_nurse();
    delivered(&workstation);
    clinic.server.stop();
    keep_witness(&clinic, &SigningKey::make(&mut Random::from_os()));
    clinic.server.start();
    workstation.search("quinn").unwrap();

    workstation.sync_now().unwrap();

    until("every screen says so", || notice(&workstation) == Some(Code::LogRefused));
    assert!(workstation.status().unsent_events > 0, "nothing counts as delivered");
    let verified = verified(&workstation);
    assert!(!verified.ok && verified.alarm.is_some() && verified.first_bad.is_none(), "{verified:?}");
    workstation.stop();
}

#[test]
fn a_new_witness_key_comes_with_a_trust_bundle_and_the_receipts_of_the_old_one_still_count() {
    let (mut clinic, workstation) = clinic_with_a_nurse();
    delivered(&workstation);
    clinic.server.stop();
    change_witness(&clinic);
    clinic.server.start();

    workstation.search("quinn").unwrap();
    delivered(&workstation);

    let verified_now = verified(&workstation);
    assert!(verified_now.ok, "{verified_now:?}");
    workstation.stop();
    let workstation = clinic.workstation();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(verified(&workstation).ok, "also after a start");
    assert_eq!(notice(&workstation), None);
    workstation.stop();
}

fn clinic_with_a_nurse() -> (Clinic, Workstation) {
    let clinic = Clinic::make(5);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    (clinic, workstation)
}

fn delivered(workstation: &Workstation) {
    until("the server holds the log", || {
        workstation.sync_now().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        workstation.status().unsent_events == 0
    });
}

fn verified(workstation: &Workstation) -> VerifiedView {
    workstation.audit_page(None, None).unwrap().verified
}

fn notice(workstation: &Workstation) -> Option<Code> {
    workstation.status().notice.map(|notice| notice.code)
}

fn of_server(clinic: &Clinic, name: &str) -> PathBuf {
    clinic.folder.path().join("server").join(name)
}

fn keep_witness(clinic: &Clinic, witness: &SigningKey) {
    fs::write(of_server(clinic, "keys/witness.key"), witness.seed().expose()).unwrap();
}

/// A new witness key, and the bundle in which the practice's root names it.
fn change_witness(clinic: &Clinic) {
    let (dir, root) = (DataDir::at(&of_server(clinic, "")), of_server(clinic, "offline-root"));
    assert_eq!(witnessing::renew(&clinic.server.practice, &dir, &root).unwrap(), 2);
}
