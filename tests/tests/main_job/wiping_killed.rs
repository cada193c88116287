//! A wipe whose process is killed at any moment: the next start goes on with it, and no key is left where it ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chartkeep_server::custody::Sealed;
use chartkeep_server::directing;
use chartkeep_server::store;
use chartkeep_tests::practice::people::{FRONT_DESK, NURSE};
use client::keyring::{Keyring, KeyringProblem, KeyringSecret, Sight};
use client::{Code, Event, KeyCost, LockCause, Settings, SystemClock, Workstation};
use keys::Random;
use sync::wire::{Base64Bytes, Directive, DirectiveOrder};
use vault::{Device, Folder, RawKey, StoredDirective};

use super::clinic::Clinic;
use super::pulled;

/// Where the killed process finds its workstation.
const CHILD: &str = "CHARTKEEP_WIPE_CHILD";

/// A keyring that outlives its process: one file an item, each written whole.
pub(super) struct FileKeyring(PathBuf);

impl FileKeyring {
    pub(super) fn at(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        Self(folder.to_owned())
    }

    fn names(&self) -> Vec<String> {
        fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Keyring for FileKeyring {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        Ok(fs::read(self.0.join(name)).ok().map(KeyringSecret::new))
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        vault::write_durably(&self.0.join(name), secret).map_err(|_| KeyringProblem::Failed)
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        let gone = fs::remove_file(self.0.join(name));
        if self.0.join(name).exists() { gone.map_err(|_| KeyringProblem::Failed) } else { Ok(()) }
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        let names = self.names();
        Ok(match (names.contains(&name.to_owned()), names.is_empty()) {
            (true, _) => Sight::Here,
            (false, false) => Sight::Gone,
            (false, true) => Sight::Foreign,
        })
    }
}

fn start(root: &Path) -> Workstation {
    let mut settings = Settings::standard(root.join("workstation"));
    settings.key_cost = KeyCost::ForTests;
    settings.window_days = 7;
    let keyring = Arc::new(FileKeyring::at(&root.join("keyring")));
    Workstation::start(settings, keyring, Arc::new(SystemClock::new()), |_: Event| {})
}

/// A workstation that two people have used, and that has been told to destroy itself at once, and has not begun.
fn told_to_wipe() -> (Clinic, tempfile::TempDir) {
    let mut clinic = Clinic::make(12);
    let root = tempfile::tempdir().unwrap();
    let workstation = start(root.path());
    clinic.enrol(&workstation);
    for (person, drawers) in [(&NURSE, 2), (&FRONT_DESK, 1)] {
        clinic.activate(&workstation, person);
        clinic.sign_in(&workstation, person).unwrap();
        pulled(&workstation, drawers);
        workstation.lock(LockCause::Person);
    }
    workstation.stop();
    clinic.server.stop();
    let practice = &clinic.server.practice;
    let device = store::read(practice.store.as_ref(), |tx| tx.devices()).unwrap()[0].id;
    let order = DirectiveOrder::Wipe { deliver_first: false };
    directing::order(practice, device, &order).unwrap();
    let (row, escrow) = store::read(practice.store.as_ref(), |tx| {
        Ok::<_, store::StoreError>((tx.directives(device, 0)?.remove(0), tx.escrow(device)?.unwrap()))
    })
    .unwrap();
    let directive = Directive {
        number: row.number,
        issued_at: row.issued_at,
        order,
        signature: Base64Bytes(row.signature.to_vec()),
    };
    let key = practice.keys.open(Sealed::Escrow(device.uuid()), &escrow).unwrap();
    let key = RawKey::new(key.expose().try_into().unwrap());
    let mut kept = Device::open(Folder::new(root.path().join("workstation")), &key).unwrap();
    let bytes = serde_json::to_vec(&directive).unwrap();
    kept.keep_directive(&StoredDirective { number: row.number, bytes, received_at: row.issued_at }).unwrap();
    (clinic, root)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_wipe_that_is_killed_at_any_moment_is_finished_by_the_next_start_and_leaves_no_key() {
    let rounds = std::env::var("CHARTKEEP_CRASHES").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let (_clinic, before) = told_to_wipe();
    let mut random = Random::from_seed([11; 32]);
    let (mut untouched, mut halfway, mut over) = (0, 0, 0);
    for round in 0..rounds {
        let root = tempfile::tempdir().unwrap();
        copy(before.path(), root.path());
        let keyring = FileKeyring::at(&root.path().join("keyring"));
        let keys = keyring.names().len();
        let [low, high] = random.bytes::<2>();
        killed_after(
            spawn(root.path()),
            Duration::from_micros(u64::from(u16::from_be_bytes([high, low])) * 3),
        );
        let left = keyring.names().len();
        match (left == keys, left == 0 && !root.path().join("workstation/device.db").exists()) {
            (true, _) => untouched += 1,
            (false, false) => halfway += 1,
            (false, true) => over += 1,
        }

        let workstation = start(root.path());

        let problem = workstation.status().problem.map(|problem| problem.code);
        assert_eq!(problem, Some(Code::Wiped), "round {round}: {:?}", keyring.names());
        workstation.stop();
        assert!(keyring.names().is_empty(), "round {round}: {:?}", keyring.names());
        let names: Vec<_> = fs::read_dir(root.path().join("workstation")).unwrap().collect();
        assert_eq!(names.len(), 1, "round {round}: {names:?}");
    }
    println!("{rounds} rounds: {untouched} before it began, {halfway} halfway, {over} when it was over");
    assert!(halfway > 0, "{untouched}, {over}");
}

/// The process that is killed. Without a workstation to wipe it has nothing to do.
#[test]
fn wipes_until_it_is_killed() {
    let Ok(root) = std::env::var(CHILD) else { return };
    println!("ready");
    let workstation = start(Path::new(&root));
    workstation.stop();
}

fn spawn(root: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "main_job::wiping_killed::wipes_until_it_is_killed", "--nocapture"]);
    command.env(CHILD, root).stdout(Stdio::piped()).spawn().unwrap()
}

pub(super) fn killed_after(mut child: Child, wait: Duration) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("ready") {}
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}
