//! A workstation without its server for longer than its lease: shut for whoever comes, open for whoever is there, and open again
//! by the server, by words on the telephone, or by a file.

use chartkeep_server::leasing::{Extend, Extended, extend};
use chartkeep_server::people::change_policy;
use chartkeep_server::store::{self, AlertKind};
use chartkeep_tests::practice::people::{IT_ADMIN, NURSE};
use client::view::{LeaseLevel, Lifecycle, OpenedView};
use client::{ClientError, Code, LeaseForm, LockCause, ReenterForm, Workstation};
use sync::wire::Policy;

use super::clinic::{Clinic, until};
use super::rescue::proof;

const HOUR_S: u64 = 3600;
const DAY_S: u64 = 24 * HOUR_S;

/// A nurse at a workstation that opens for three days without its server, which has just been stopped.
fn nurse_without_the_server() -> (Clinic, Workstation) {
    let mut clinic = Clinic::make(3);
    change_policy(&clinic.server.practice, |before| Policy { lease_days: 3, ..before }).unwrap();
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &IT_ADMIN);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    super::pulled(&workstation, 2);
    until("everything is sent", || workstation.status().unsent_events == 0);
    clinic.server.stop();
    (clinic, workstation)
}

fn level(workstation: &Workstation) -> Option<LeaseLevel> {
    workstation.status().lease.map(|lease| lease.level)
}

fn number(workstation: &Workstation) -> String {
    workstation.status().lease.unwrap().number
}

fn extended(clinic: &Clinic, number: &str, days: u16) -> Extended {
    let asked = Extend { device: "front ROOM", number, days, reason: "flood; called back at the clinic" };
    extend(&clinic.server.practice, &asked, &proof(clinic, &IT_ADMIN)).unwrap()
}

fn take(workstation: &Workstation, text: &str) -> Result<Option<LeaseLevel>, Code> {
    let taken = workstation.extend_lease(&LeaseForm { text: text.to_owned() });
    taken.map(|status| status.lease.map(|lease| lease.level)).map_err(|error| error.code)
}

fn refusal(tried: Result<OpenedView, ClientError>) -> Option<Code> {
    tried.err().map(|error| error.code)
}

fn ended() -> (Clinic, Workstation) {
    let (clinic, workstation) = nurse_without_the_server();
    workstation.lock(LockCause::SignOut);
    clinic.pass(3 * DAY_S);
    assert_eq!(level(&workstation), Some(LeaseLevel::Ended));
    (clinic, workstation)
}

#[test]
fn an_open_session_is_never_cut_and_after_it_the_vault_stays_shut_and_whole() {
    let (clinic, workstation) = nurse_without_the_server();
    assert_eq!(level(&workstation), None);
    clinic.pass(2 * DAY_S + HOUR_S);
    assert_eq!(level(&workstation), Some(LeaseLevel::Notice));
    clinic.pass(22 * HOUR_S);
    assert_eq!(level(&workstation), Some(LeaseLevel::Urgent));
    workstation.lock(LockCause::Person);
    clinic.sign_in(&workstation, &NURSE).unwrap();

    clinic.pass(2 * HOUR_S);
    let lease = workstation.status().lease.unwrap();
    assert_eq!((lease.level, lease.days_left, lease.days_away), (LeaseLevel::Ended, 0, 3));
    let found = workstation.search("a").unwrap();
    assert!(!found.rows.is_empty(), "whoever is there works on");
    workstation.lock(LockCause::Person);

    let drawers = || std::fs::read_dir(clinic.data_dir().join("drawers")).unwrap().count();
    let before = drawers();
    let parked = workstation.status().parked.remove(0);
    let back = ReenterForm { person: parked.person, passphrase: NURSE.passphrase.to_owned() };
    assert_eq!(refusal(workstation.reenter(back)), Some(Code::LeaseEnded));
    assert_eq!(refusal(clinic.sign_in(&workstation, &NURSE)), Some(Code::LeaseEnded));
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    assert_eq!(drawers(), before);
}

#[test]
fn a_start_of_the_program_and_of_the_machine_changes_nothing_about_it() {
    let (clinic, workstation) = ended();
    workstation.stop();
    let workstation = clinic.workstation();
    assert_eq!(level(&workstation), Some(LeaseLevel::Ended));
    assert_eq!(refusal(clinic.sign_in(&workstation, &NURSE)), Some(Code::LeaseEnded));
}

#[test]
fn the_server_alone_opens_it_again() {
    let (mut clinic, workstation) = ended();
    clinic.server.start();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    assert_eq!(level(&workstation), None);
}

#[test]
fn seven_words_open_it_once_for_the_number_that_it_shows() {
    let (clinic, workstation) = ended();
    let shown = number(&workstation);
    let given = extended(&clinic, &shown, 2);
    let words = given.words.expose();
    let wrong = words.replacen(words.split(' ').next().unwrap(), "zoology", 1);
    assert_eq!(take(&workstation, &wrong), Err(Code::LeaseWordsMistyped));
    let other = extended(&clinic, "1234 5676", 2);
    assert_eq!(take(&workstation, other.words.expose()), Err(Code::LeaseRefused));
    assert_eq!(take(&workstation, &words.to_uppercase()), Ok(None));
    clinic.sign_in(&workstation, &NURSE).unwrap();
    workstation.lock(LockCause::SignOut);

    clinic.pass(2 * DAY_S);
    assert_eq!(level(&workstation), Some(LeaseLevel::Ended));
    assert_ne!(number(&workstation), shown);
    assert_eq!(take(&workstation, words), Err(Code::LeaseRefused), "once");
    assert_eq!(take(&workstation, &given.file), Err(Code::LeaseRefused), "in either form");
}

#[test]
fn a_file_opens_it_and_the_server_hears_of_it_later() {
    let (mut clinic, workstation) = ended();
    let given = extended(&clinic, &number(&workstation), 2);
    let mut damaged = given.file.clone().into_bytes();
    damaged[70] = if damaged[70] == b'A' { b'B' } else { b'A' };
    assert_eq!(take(&workstation, &String::from_utf8(damaged).unwrap()), Err(Code::LeaseRefused));
    assert_eq!(take(&workstation, &format!(" {}\n", given.file)), Ok(None));
    clinic.sign_in(&workstation, &NURSE).unwrap();
    clinic.server.start();
    workstation.sync_now().unwrap();
    until("everything is sent", || workstation.status().unsent_events == 0);
    assert!(clinic.verify_logs().ok);
    let store = clinic.server.practice.store.clone();
    let alerts = store::read(store.as_ref(), |tx| tx.count_alerts(AlertKind::LeaseExtended)).unwrap();
    assert_eq!(alerts, 1);
}

#[test]
fn only_who_looks_after_people_extends_a_lease_and_only_with_a_reason() {
    let (clinic, workstation) = ended();
    let shown = number(&workstation);
    let sentence = |asked: &Extend<'_>, person| {
        let refused = extend(&clinic.server.practice, asked, &proof(&clinic, person));
        refused.map(|_| ()).unwrap_err().sentence
    };
    let right = Extend { device: "Front room", number: &shown, days: 2, reason: "flood" };
    assert!(sentence(&right, &NURSE).contains("role"), "a nurse does not");
    assert!(sentence(&Extend { reason: " ", ..right }, &IT_ADMIN).contains("reason"));
    assert!(sentence(&Extend { days: 91, ..right }, &IT_ADMIN).contains("1 to 90 days"));
    assert!(sentence(&Extend { number: "1234 5678", ..right }, &IT_ADMIN).contains("number"));
    assert!(sentence(&Extend { device: "Back room", ..right }, &IT_ADMIN).contains("no such workstation"));
}
