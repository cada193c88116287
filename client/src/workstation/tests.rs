//! The workstation without a server: what blocks a start, and every way an unlock can go.

mod clock;
mod deciding;
mod factors;
mod keyring;
mod return_by_key;
mod security_keys;
mod throttle;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::*;
use crate::fixture::{Fixture, PASSPHRASE};
use crate::keyring::{KeyringProblem, KeyringSecret, MemoryKeyring, Sight};

fn code_of<T>(answer: Result<T, ClientError>) -> Option<Code> {
    answer.err().map(|error| error.code)
}

fn problem(status: &StatusView) -> Option<Code> {
    assert_eq!(status.state == Lifecycle::Blocked, status.problem.is_some());
    status.problem.as_ref().map(|problem| problem.code)
}

#[test]
fn a_new_computer_is_unenrolled_and_nothing_is_made_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::standard(folder.path().join("data"));
    let keyring = Arc::new(MemoryKeyring::default());
    keyring.set_problem(Some(KeyringProblem::Absent));
    let workstation = Workstation::start(settings, keyring, Arc::new(crate::SystemClock::new()), |_| {});
    assert_eq!(workstation.status().state, Lifecycle::Unenrolled);
    assert_eq!(code_of(workstation.search("a")), Some(Code::NotEnrolled));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_damaged_file_is_said_and_stays_as_it_is() {
    let fixture = Fixture::enrolled();
    let mut bytes = fs::read(fixture.device_file()).unwrap();
    bytes.iter_mut().skip(100).step_by(50).for_each(|byte| *byte ^= 0x55);
    fs::write(fixture.device_file(), &bytes).unwrap();
    let workstation = fixture.start();
    assert_eq!(problem(&workstation.status()), Some(Code::VaultDamaged));
    workstation.stop();
    assert!(fs::read(fixture.device_file()).unwrap() == bytes);
}

#[test]
fn a_second_program_on_the_same_folder_is_told_that_the_first_one_runs() {
    let fixture = Fixture::enrolled();
    let first = fixture.start();
    let second = fixture.start();
    assert_eq!(problem(&second.status()), Some(Code::AlreadyRunning));
    first.stop();
    assert_eq!(second.retry().state, Lifecycle::Locked);
}

#[test]
fn a_person_unlocks_with_keyring_passphrase_and_code_and_the_server_away() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    assert!(!opened.online && !opened.first_time && opened.last_sign_in.is_none());
    assert_eq!((opened.person.name.as_str(), opened.person.role.as_str()), ("Rosa Quintanilla", "nurse"));
    assert_eq!(workstation.status().state, Lifecycle::Open);
    let found = workstation.search("nobody").unwrap();
    assert!(
        found.rows.is_empty() && found.arriving,
        "nothing was received yet, so nobody is known not to exist"
    );
    assert!(workstation.today(None).unwrap().arriving);
    assert_eq!(code_of(workstation.sign_in(fixture.form(PASSPHRASE, "000000"))), Some(Code::InUse));
    workstation.lock(LockCause::Person);
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    assert_eq!(code_of(workstation.search("nobody")), Some(Code::Locked));
}

#[test]
fn a_slot_of_another_computer_does_not_open() {
    let (fixture, other) = (Fixture::enrolled(), Fixture::enrolled());
    let half = fixture.keyring.names().into_iter().find(|name| name.starts_with("slot.")).unwrap();
    let foreign = other.keyring.names().into_iter().find(|name| name.starts_with("slot.")).unwrap();
    let mut wrong = other.keyring.read(&foreign).unwrap().unwrap().to_vec();
    wrong[0] ^= 1;
    fixture.keyring.write(&half, &wrong).unwrap();
    let workstation = fixture.start();
    assert_eq!(
        code_of(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code()))),
        Some(Code::SignInRefused)
    );
}

#[test]
fn a_keyring_that_hides_the_slot_is_no_failed_attempt() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fixture.keyring.set_problem(Some(KeyringProblem::Locked));
    for _ in 0..5 {
        assert_eq!(
            code_of(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code()))),
            Some(Code::KeyringLocked)
        );
    }
    fixture.keyring.set_problem(None);
    let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    assert_eq!(opened.failures_since, 0);
}

#[test]
fn behind_the_first_screen_the_slot_goes_on_to_the_next_generation() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let slot_items =
        || fixture.keyring.names().into_iter().filter(|name| name.starts_with("slot.")).collect::<Vec<_>>();
    let first = slot_items();
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    let clock = crate::SystemClock::new();
    while slot_items() == first || slot_items().len() != 1 {
        assert!(clock.monotonic() < Duration::from_secs(10), "the slot was not refreshed");
        std::thread::sleep(Duration::from_millis(5));
    }
    let files: Vec<_> = fs::read_dir(fixture.data_dir().join("slots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "slot"))
        .collect();
    assert_eq!(files.len(), 1);
    workstation.lock(LockCause::Person);
    fixture.clock.advance(Duration::from_secs(30));
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
}

/// A keyring that waits in the middle of an unlock until the test lets it go on.
struct Slow {
    inner: Arc<MemoryKeyring>,
    armed: AtomicBool,
    reached: mpsc::SyncSender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Slow {
    fn pause(&self) {
        self.reached.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
    }
}

impl Keyring for Slow {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        if name.starts_with("slot.") && self.armed.swap(false, Ordering::SeqCst) {
            self.pause();
        }
        self.inner.read(name)
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        self.inner.write(name, secret)
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.inner.delete(name)
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        self.inner.look(name)
    }
}

#[test]
fn a_lock_beats_an_unlock_that_is_under_way() {
    let fixture = Fixture::enrolled();
    let (reached, has_reached) = mpsc::sync_channel(1);
    let (let_go, go_on) = mpsc::channel();
    let keyring = Slow {
        inner: fixture.keyring.clone(),
        armed: AtomicBool::new(true),
        reached,
        go_on: Mutex::new(go_on),
    };
    let workstation =
        Workstation::start(fixture.settings(), Arc::new(keyring), fixture.clock.clone(), |_| {});
    let workstation = Arc::new(workstation);
    let unlocking = {
        let (workstation, form) = (workstation.clone(), fixture.form(PASSPHRASE, &fixture.code()));
        std::thread::spawn(move || code_of(workstation.sign_in(form)))
    };
    has_reached.recv().unwrap();
    workstation.lock(LockCause::Person);
    let_go.send(()).unwrap();
    assert_eq!(unlocking.join().unwrap(), Some(Code::Locked));
    assert_eq!(workstation.status().state, Lifecycle::Locked);
    assert!(workstation.status().person.is_none());
    fixture.clock.advance(Duration::from_secs(30));
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
}

#[test]
fn a_drawer_that_is_gone_is_said_and_not_made_anew() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    workstation.lock(LockCause::Person);
    let drawer = fixture.data_dir().join("drawers/clinical.db");
    fs::remove_file(&drawer).unwrap();
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(
        code_of(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code()))),
        Some(Code::VaultDamaged)
    );
    assert!(!drawer.exists());
    assert_eq!(workstation.status().state, Lifecycle::Locked);
}

#[test]
fn the_trail_tells_the_story_and_checks_out() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    assert_eq!(code_of(workstation.sign_in(fixture.form(PASSPHRASE, "000000"))), Some(Code::SignInRefused));
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    workstation.search("quinn").unwrap();
    workstation.settle_search(&[]).unwrap();
    assert_eq!(code_of(workstation.open_chart("no-such-patient", None)), Some(Code::NotFound));
    let audit = workstation.audit_page(None, None).unwrap();
    assert!(audit.verified.ok && audit.verified.first_bad.is_none() && audit.verified.receipt.is_none());
    let actions: Vec<&str> = audit.entries.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["Signed in", "Searched patients", "Was refused", "Read the audit trail"]);
    assert!(audit.entries.iter().all(|entry| entry.who == "Rosa Quintanilla" && !entry.delivered));
}

#[test]
fn the_status_says_how_much_waits_for_the_server() {
    let fixture = Fixture::enrolled();
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let workstation = Workstation::start(
        fixture.settings(),
        fixture.keyring.clone(),
        fixture.clock.clone(),
        move |event| {
            tell.lock().unwrap().send(event).unwrap_or_default();
        },
    );
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    let mut opened = false;
    let clock = crate::SystemClock::new();
    while !(opened && workstation.status().unsent_events >= 2) {
        assert!(clock.monotonic() < Duration::from_secs(10));
        if let Ok(Event::StateChanged(status)) = told.recv_timeout(Duration::from_millis(50)) {
            opened |= status.state == Lifecycle::Open;
        }
    }
    assert!(!workstation.status().online);
    assert_eq!(workstation.status().clinic, "Alder Street");
}
