//! The first sync, interrupted anywhere: killed, locked, cut off; it goes on where it was, says how far it is, and all arrives.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chartkeep_server::custody::Sealed;
use chartkeep_server::store;
use chartkeep_tests::practice::people::NURSE;
use client::{Event, KeyCost, LockCause, Settings, SignInForm, Workstation};
use keys::Random;
use records::Drawer;
use sync::wire::Cursor;
use vault::{Device, Folder, RawKey};

use super::clinic::{Clinic, TestClock, until};
use super::pulled;
use super::wiping_killed::{FileKeyring, killed_after};

/// Where the killed process finds its workstation, how far its clock is ahead, and the code to sign in with.
const CHILD: &str = "CHARTKEEP_FIRST_SYNC_CHILD";

pub(crate) fn start(root: &Path, clock: Arc<TestClock>) -> Workstation {
    let mut settings = Settings::standard(root.join("workstation"));
    settings.key_cost = KeyCost::ForTests;
    settings.window_days = 7;
    let keyring = Arc::new(FileKeyring::at(&root.join("keyring")));
    Workstation::start(settings, keyring, clock, |_: Event| {})
}

/// A nurse who signed in at the server once, and whose first sync was interrupted at its beginning.
fn just_begun(patients: u32) -> (Clinic, tempfile::TempDir) {
    let clinic = Clinic::make(patients);
    let root = tempfile::tempdir().unwrap();
    let workstation = start(root.path(), clinic.clock.clone());
    clinic.enrol(&workstation);
    clinic.activate(&workstation, &NURSE);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    workstation.lock(LockCause::SignOut);
    workstation.stop();
    (clinic, root)
}

/// Everything that the server has in the nurse's drawers is here: each drawer ends where the server's history does.
fn has_all(clinic: &Clinic, workstation: Workstation, root: &Path) {
    pulled(&workstation, 2);
    assert!(!workstation.search("a").unwrap().rows.is_empty());
    workstation.stop();
    let practice = &clinic.server.practice;
    let device = store::read(practice.store.as_ref(), |tx| tx.devices()).unwrap()[0].id;
    let escrow = store::read(practice.store.as_ref(), |tx| tx.escrow(device)).unwrap().unwrap();
    let key = practice.keys.open(Sealed::Escrow(device.uuid()), &escrow).unwrap();
    let key = RawKey::new(key.expose().try_into().unwrap());
    let kept = Device::open(Folder::new(root.join("workstation")), &key).unwrap();
    for drawer in [Drawer::Demographics, Drawer::Clinical] {
        let end = store::read(practice.store.as_ref(), |tx| tx.feed_end(practice.row.id, drawer)).unwrap();
        let end = Cursor { drawer, after: end }.to_string();
        assert_eq!(kept.noted_cursor(drawer).unwrap(), Some(end));
    }
}

#[test]
fn a_first_sync_that_is_killed_at_any_moment_goes_on_and_brings_everything() {
    let rounds = std::env::var("CHARTKEEP_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let (clinic, root) = just_begun(24);
    let mut random = Random::from_seed([12; 32]);
    for _ in 0..rounds {
        let code = clinic.next_code(&NURSE);
        let given = format!("{}\n{}\n{code}", root.path().display(), clinic.clock.seconds_ahead());
        let [low, high] = random.bytes::<2>();
        killed_after(spawn(&given), Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * 20));
    }
    let workstation = start(root.path(), clinic.clock.clone());
    clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(workstation.audit_page(None, None).unwrap().verified.ok);
    has_all(&clinic, workstation, root.path());
}

/// The process that is killed. Without a workstation it has nothing to do.
#[test]
fn syncs_until_it_is_killed() {
    let Ok(given) = std::env::var(CHILD) else { return };
    let mut given = given.lines();
    let root = given.next().unwrap();
    let clock = TestClock::ahead_by(given.next().unwrap().parse().unwrap());
    let workstation = start(Path::new(root), Arc::new(clock));
    let form = SignInForm {
        username: NURSE.username.to_owned(),
        passphrase: NURSE.passphrase.to_owned(),
        code: given.next().unwrap().to_owned(),
        phone_time: None,
    };
    workstation.sign_in(form).unwrap();
    println!("ready");
    std::thread::sleep(Duration::from_secs(60));
}

fn spawn(given: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "main_job::first_sync::syncs_until_it_is_killed", "--nocapture"]);
    command.env(CHILD, given).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_first_sync_says_how_far_it_is_and_goes_on_after_locks_and_without_the_server() {
    let (mut clinic, root) = just_begun(24);
    let workstation = start(root.path(), clinic.clock.clone());
    let arrived = |workstation: &Workstation| -> Vec<u32> {
        let pulls = workstation.sync_status().unwrap().last_pull;
        pulls.iter().filter_map(|pull| pull.arrived_percent).collect()
    };
    clinic.sign_in(&workstation, &NURSE).unwrap();
    until("it is under way", || !arrived(&workstation).is_empty());
    assert!(arrived(&workstation).iter().all(|percent| *percent < 100));
    clinic.server.stop();
    workstation.lock(LockCause::Person);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    clinic.server.start();
    workstation.sync_now().unwrap();
    pulled(&workstation, 2);
    assert!(arrived(&workstation).is_empty());
    has_all(&clinic, workstation, root.path());
}
