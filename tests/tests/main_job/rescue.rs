//! Unsent work that reaches the server although keyring, disk or network are gone.

use std::sync::Arc;

use chartkeep_server::approving::{Done, Proof, approve, ask};
use chartkeep_server::people::set_mirror;
use chartkeep_server::store::{self, Act};
use chartkeep_tests::practice::people::{DemoPerson, IT_ADMIN, NURSE, PRACTICE_MANAGER};
use client::courier::{self, Item, LeftOut};
use client::keyring::MemoryKeyring;
use client::view::{DraftForm, DraftKind, Lifecycle, NoteForm, OpenReason};
use client::{Clock as _, Code, EnrolForm, LockCause, Workstation};
use keys::courier::{Found, read_file};
use sync::wire::SecretText;

use super::clinic::{Clinic, until};
use super::{pulled, unrelated_patient};

/// Words that stand in notes here, and must stand nowhere else.
const CANARY: &str = "quibbling zephyrs";

/// Two administrators who have activated, and a nurse with unsent notes at an open chart, with the server stopped.
pub(super) fn nurse_with_unsent_notes(notes: usize) -> (Clinic, Workstation, String) {
    let clinic = Clinic::make(10);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&IT_ADMIN, &PRACTICE_MANAGER, &NURSE] {
        clinic.activate(&workstation, person);
    }
    go_on(clinic, workstation, notes)
}

pub(super) fn go_on(
    mut clinic: Clinic,
    workstation: Workstation,
    notes: usize,
) -> (Clinic, Workstation, String) {
    clinic.sign_in(&workstation, &NURSE).unwrap();
    pulled(&workstation, 2);
    clinic.server.stop();
    let patient = unrelated_patient(&workstation).id;
    workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    write_notes(&workstation, &patient, notes);
    (clinic, workstation, patient)
}

fn write_notes(workstation: &Workstation, patient: &str, notes: usize) {
    for number in 0..notes {
        let text = format!("{CANARY} {number}");
        let form = NoteForm { patient_id: patient.to_owned(), text, ..NoteForm::default() };
        assert!(workstation.save_note(form).unwrap().saved);
    }
}

pub(super) fn proof(clinic: &Clinic, person: &DemoPerson) -> Proof {
    let code = SecretText::new(clinic.next_code(person));
    clinic.pass(0);
    Proof { username: person.username.to_owned(), code }
}

/// A token that brings the clinic's one workstation back: two administrators agree.
pub(super) fn rescue(clinic: &Clinic, label: &str) -> EnrolForm {
    let practice = &clinic.server.practice;
    let devices = store::read(practice.store.as_ref(), |tx| tx.devices()).unwrap();
    let asked = ask(practice, Act::EscrowRelease(devices[0].id), &proof(clinic, &IT_ADMIN)).unwrap();
    let Done::RescueToken(token) = approve(practice, asked, &proof(clinic, &PRACTICE_MANAGER)).unwrap()
    else {
        panic!("a release gives a token");
    };
    EnrolForm {
        server: clinic.server.enrolment_address(),
        token: token.expose().to_owned(),
        label: label.to_owned(),
    }
}

pub(super) fn all_sent(workstation: &Workstation) {
    until("everything is sent", || {
        let status = workstation.status();
        status.online && status.unsent_changes == 0 && status.unsent_events == 0
    });
}

pub(super) fn applied(clinic: &Clinic) -> u64 {
    store::read(clinic.server.practice.store.as_ref(), |tx| tx.applied_changes()).unwrap()
}

#[test]
fn with_the_keyring_gone_the_escrow_opens_the_folder_and_nothing_unsent_is_lost() {
    let (mut clinic, workstation, patient) = nurse_with_unsent_notes(3);
    let draft = DraftForm {
        patient_id: patient.clone(),
        form: DraftKind::Note,
        content: "half a sentence".to_owned(),
        place: None,
    };
    workstation.save_draft(draft).unwrap();
    workstation.stop();
    clinic.keyring = Arc::new(MemoryKeyring::default());
    clinic.server.start();

    let workstation = clinic.workstation();
    assert_eq!(workstation.status().problem.map(|problem| problem.code), Some(Code::KeyringForeign));
    let before = std::fs::read(clinic.data_dir().join("device.db")).unwrap();
    let ordinary = chartkeep_server::people::make_token(&clinic.server.practice, "New").unwrap();
    let refused = workstation.enrol(EnrolForm {
        server: clinic.server.enrolment_address(),
        token: ordinary.expose().to_owned(),
        label: String::new(),
    });
    assert_eq!(refused.err().map(|error| error.code), Some(Code::TokenRefused));
    assert!(std::fs::read(clinic.data_dir().join("device.db")).unwrap() == before);

    assert_eq!(workstation.enrol(rescue(&clinic, "")).unwrap().state, Lifecycle::Locked);
    all_sent(&workstation);
    assert_eq!(applied(&clinic), 3);
    assert!(clinic.verify_logs().ok);
    let opened = clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(opened.online);
    let chart = workstation.open_chart(&patient, None).unwrap();
    assert!(chart.drafts.is_empty(), "drafts went with the keyring");
    assert!(clinic.data_dir().join("earlier/1/drafts").is_dir(), "and are kept");
    workstation.lock(LockCause::Person);
    assert!(!clinic.sign_in(&workstation, &NURSE).unwrap().online, "the new slot opens without the server");
    workstation.stop();
    let again = clinic.workstation();
    assert_eq!(again.status().state, Lifecycle::Locked);
}

#[test]
fn an_escrow_that_does_not_open_the_folder_changes_nothing() {
    let (mut clinic, workstation, _patient) = nurse_with_unsent_notes(1);
    workstation.stop();
    clinic.keyring = Arc::new(MemoryKeyring::default());
    clinic.server.start();
    let file = clinic.data_dir().join("device.db");
    let mut damaged = std::fs::read(&file).unwrap();
    damaged[0] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let workstation = clinic.workstation();
    let refused = workstation.enrol(rescue(&clinic, "")).err().map(|error| error.code);
    assert_eq!(refused, Some(Code::EscrowRefused));
    assert!(std::fs::read(&file).unwrap() == damaged);
    assert!(clinic.keyring.names().is_empty(), "no key was made in the place of the lost one");
}

#[test]
fn with_the_disk_gone_the_mirror_and_a_linked_log_bring_everything_back_once() {
    let clinic = Clinic::make(10);
    let mirror = clinic.folder.path().join("usb");
    std::fs::create_dir(&mirror).unwrap();
    set_mirror(&clinic.server.practice, Some(mirror.to_string_lossy().into_owned())).unwrap();
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&IT_ADMIN, &PRACTICE_MANAGER, &NURSE] {
        clinic.activate(&workstation, person);
    }
    let (mut clinic, workstation, patient) = go_on(clinic, workstation, 2);
    workstation.lock(LockCause::Person);
    // What the status says follows the log by a moment.
    until("the mirror holds what is unsent", || mirrored(&mirror) == (2, workstation.status().unsent_events));
    workstation.stop();
    // Whatever a test leaves in the folder, the disk is gone.
    std::fs::rename(clinic.data_dir(), clinic.folder.path().join("dead")).unwrap();
    clinic.keyring = Arc::new(MemoryKeyring::default());
    clinic.server.start();

    let workstation = clinic.workstation();
    workstation.enrol(rescue(&clinic, "Front room")).unwrap();
    all_sent(&workstation);
    assert!(clinic.verify_logs().ok, "the new log links to the old one");
    let items = items(&mirror);
    let bring = |items: &[Item]| {
        let bytes: Vec<Vec<u8>> = items.iter().map(Item::to_bytes).collect();
        let answer = chartkeep_server::carrying::take_items(&clinic.server.practice, &bytes).unwrap();
        assert!(answer.results.iter().all(sync::wire::ItemResult::is_held), "{:?}", answer.results);
    };
    for _ in 0..2 {
        bring(&items);
        assert_eq!(applied(&clinic), 2);
        assert!(clinic.verify_logs().ok);
    }
    assert!(clinic.sign_in(&workstation, &NURSE).unwrap().online);
    pulled(&workstation, 2);
    let chart = workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    assert!(chart.notes.iter().filter(|note| note.text.contains(CANARY)).count() == 2);
    workstation.stop();
}

#[test]
fn a_courier_without_the_keyring_brings_envelopes_that_nobody_can_read_and_says_what_is_left_out() {
    let (mut clinic, workstation, _patient) = nurse_with_unsent_notes(2);
    workstation.stop();
    let now = clinic.clock.now();
    let blind = courier::collect(&clinic.data_dir(), None, now).unwrap();
    assert_eq!((blind.changes, blind.events, blind.left_out.len()), (2, 0, 1));
    assert!(matches!(&blind.left_out[0], LeftOut::Events(error) if error.code == Code::KeyMissing));
    let whole = courier::collect(&clinic.data_dir(), Some(clinic.keyring.as_ref()), now).unwrap();
    assert!(whole.changes == 2 && whole.events >= 8 && whole.left_out.is_empty());
    let items: Vec<Item> = whole.items().collect::<Result<_, _>>().unwrap();
    let file: Vec<u8> = items.iter().flat_map(Item::to_bytes).collect();
    for word in [CANARY, "AuditEvent", "Practitioner", "Bundle"] {
        assert!(memchr::memmem::find(&file, word.as_bytes()).is_none(), "{word}");
    }

    clinic.server.start();
    let (near, keyring) = (clinic.folder.path().join("near"), Arc::new(MemoryKeyring::default()));
    let bearer = clinic.workstation_in(near.clone(), keyring.clone());
    clinic.enrol(&bearer);
    bearer.stop();
    for _ in 0..2 {
        let brought = courier::deliver(&near, keyring.as_ref(), whole.items(), |_| {}).unwrap();
        assert!(brought.results.iter().all(sync::wire::ItemResult::is_held), "{:?}", brought.results);
        assert_eq!(applied(&clinic), 2);
        let other = courier::take_back(&near, keyring.as_ref(), &brought.answers, now).unwrap();
        assert_eq!((other.changes, other.not_ours), (0, brought.answers.len()));
        let taken =
            courier::take_back(&clinic.data_dir(), clinic.keyring.as_ref(), &brought.answers, now).unwrap();
        assert_eq!(taken.events, Some(items.iter().map(events_end).max().unwrap()));
    }
    clinic.server.stop();
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().unsent_changes, 0, "the answers came back by file");
    workstation.stop();
}

#[test]
fn a_copied_folder_that_is_used_on_two_computers_is_found_out() {
    let (mut clinic, workstation, _patient) = nurse_with_unsent_notes(1);
    workstation.stop();
    let (copy, keyring) = (clinic.folder.path().join("copy"), Arc::new(MemoryKeyring::default()));
    copy_folder(&clinic.data_dir(), &copy);
    for name in clinic.keyring.names() {
        use client::keyring::Keyring as _;
        keyring.write(&name, &clinic.keyring.read(&name).unwrap().unwrap()).unwrap();
    }
    clinic.server.start();
    let first = clinic.workstation();
    all_sent(&first);
    first.stop();
    let clone = clinic.workstation_in(copy, keyring);
    let forks = || {
        let practice = &clinic.server.practice;
        let count = |tx: &dyn store::Transaction| tx.count_alerts(store::AlertKind::LogFork);
        store::read(practice.store.as_ref(), count).unwrap()
    };
    until("the server refuses the second history of one workstation", || forks() > 0);
    clone.stop();
    assert!(clinic.verify_logs().ok && applied(&clinic) == 1);
}

fn events_end(item: &Item) -> u64 {
    item.header.first + u64::from(item.header.count)
}

/// How many envelopes and events lie in a mirror.
fn mirrored(mirror: &std::path::Path) -> (usize, u64) {
    let items = items(mirror);
    let changes = items.iter().filter(|item| item.envelope().is_some()).count();
    let events = items.iter().filter(|item| item.envelope().is_none());
    (changes, events.map(|item| u64::from(item.header.count)).sum())
}

fn items(mirror: &std::path::Path) -> Vec<Item> {
    let mut items = Vec::new();
    for folder in std::fs::read_dir(mirror).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|name| name == "ckitem") {
                for found in read_file(&std::fs::read(path).unwrap()) {
                    match found {
                        Found::Item(item) => items.push(item),
                        Found::Bad { .. } => panic!("a mirror holds items"),
                    }
                }
            }
        }
    }
    items
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = {
            let entry = entry.unwrap();
            (entry.path(), entry.file_name())
        };
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}
