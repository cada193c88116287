//! A workstation on a real GNOME Keyring, in each state that the service itself can be brought into.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use desk::{Desk, Login};

use crate::main_job::clinic::Clinic;
use chartkeep_server::people::make_token;

/// The service name of the items in these tests.
const SERVICE: &str = "org.chartkeep.keyring-test";

/// A workstation that was enrolled on a real keyring, as the folder and the keyring files it left.
struct Enrolled {
    folder: tempfile::TempDir,
}

impl Enrolled {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clinic = Clinic::make(1);
        let token = make_token(&clinic.server.practice, "Front room").unwrap().expose().to_owned();
        let desk = Desk::start(&folder.path().join("home"), Login::WithPassword);
        let enrol = ["--enrol", &clinic.server.enrolment_address(), "--token", &token];
        assert_eq!(desk.stand(&folder.path().join("data"), &enrol), "ready");
        assert_eq!(desk.stand(&folder.path().join("data"), &[]), "ready", "the next start finds its key");
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A home with the keyring files of this one.
    fn home(&self, name: &str) -> PathBuf {
        let home = self.folder.path().join(name);
        let keyrings = desk::keyrings_of(&home);
        for entry in fs::read_dir(desk::keyrings_of(&self.folder.path().join("home"))).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), keyrings.join(entry.file_name())).unwrap();
        }
        home
    }

    /// What the workstation says on this desk; whatever it is, no file of it has changed, and no item of the keyring.
    fn says(&self, desk: &Desk) -> String {
        let (files, items) = (files_of(&self.data()), desk.items());
        let said = desk.stand(&self.data(), &[]);
        assert!(files_of(&self.data()) == files, "{said}: a file was changed");
        assert_eq!(desk.items(), items, "{said}: the keyring was changed");
        said
    }
}

fn files_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files_of(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

#[test]
fn each_state_of_a_real_keyring_is_said_for_what_it_is_and_changes_nothing() {
    let enrolled = Enrolled::make();

    let without_bus = Desk::without_bus(&enrolled.home("no-bus"));
    assert_eq!(enrolled.says(&without_bus), "keyring-absent");

    let without_service = Desk::start(&enrolled.home("no-service"), Login::WithoutKeyring);
    assert_eq!(enrolled.says(&without_service), "keyring-absent");

    let locked = Desk::start(&enrolled.home("locked"), Login::WithoutPassword);
    assert_eq!(enrolled.says(&locked), "keyring-locked");

    let new = enrolled.folder.path().join("new");
    let new = Desk::start(&new, Login::WithPassword);
    assert_eq!(enrolled.says(&new), "keyring-foreign", "a password reset, or another keyring program");

    let home = enrolled.home("gone");
    desk::write_collection(&home, "other", &[("slot.some-person", "00ff")]);
    let gone = Desk::start(&home, Login::WithPassword);
    gone.delete("workstation");
    assert_eq!(enrolled.says(&gone), "key-missing");

    let home = enrolled.home("elsewhere");
    desk::write_collection(&home, "other", &[]);
    desk::make_default(&home, "other");
    let elsewhere = Desk::start(&home, Login::WithoutPassword);
    assert_eq!(enrolled.says(&elsewhere), "keyring-elsewhere");

    let home = enrolled.home("twice");
    desk::write_collection(&home, "other", &[("workstation", "00ff")]);
    let twice = Desk::start(&home, Login::WithPassword);
    assert_eq!(enrolled.says(&twice), "keyring-twice");

    for (name, value) in [("not-hex", "typed by hand"), ("too-short", "01ff"), ("newer", "02")] {
        let home = enrolled.folder.path().join(name);
        desk::write_collection(&home, "other", &[("workstation", value)]);
        desk::make_default(&home, "other");
        let unreadable = Desk::start(&home, Login::WithPassword);
        assert_eq!(enrolled.says(&unreadable), "keyring-unreadable", "{name}");
    }

    let back = Desk::start(&enrolled.home("back"), Login::WithPassword);
    assert_eq!(back.stand(&enrolled.data(), &[]), "ready", "what was locked, moved or doubled opens again");
}
