//! Backups: made while the server goes on, tried, put back from nothing but the two files and the recovery key.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::process::{run, serve};
use chartkeep_server::backing;
use chartkeep_server::store::AlertKind;
use chartkeep_server::watching;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Site {
    folder: TempDir,
}

impl Site {
    /// A practice with a person and three records, and folders for its backups.
    fn make() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["records", "keys", "scratch"] {
            fs::create_dir(site.path(name)).unwrap();
        }
        site.say(&["init", "--practice", "Elm Street", "--host", "localhost"]);
        site.say(&["person", "add", "--username", "nora", "--name", "Nora Quinn", "--role", "nurse"]);
        let lines: Vec<String> = (0..3)
            .map(|n| {
                format!(r#"{{"resourceType":"Patient","id":"p{n}","name":[{{"family":"Canarysample"}}]}}"#)
            })
            .collect();
        fs::write(site.path("patients.ndjson"), lines.join("\n")).unwrap();
        site.say(&["import", site.path("patients.ndjson").to_str().unwrap()]);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn try_to(&self, data: &str, arguments: &[&str]) -> (bool, Value) {
        let data = self.path(data);
        let output = run(&[arguments, &["--data", data.to_str().unwrap()]].concat());
        let said = if output.status.success() { output.stdout } else { output.stderr };
        let last = String::from_utf8(said).unwrap().lines().last().unwrap_or("null").to_owned();
        (output.status.success(), serde_json::from_str(&last).unwrap())
    }

    fn say(&self, arguments: &[&str]) -> Value {
        let (done, said) = self.try_to("practice", arguments);
        assert!(done, "{said}");
        said
    }

    fn back_up(&self) -> Backup {
        let [to, keys] = ["records", "keys"].map(|name| self.path(name).to_str().unwrap().to_owned());
        let made = self.say(&["backup", "make", "--to", &to, "--keys-to", &keys]);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Backup { records: text("records"), keys: text("keys") }
    }

    fn restore(&self, into: &str, backup: &Backup) -> (bool, Value) {
        let recovery = self.path("practice/offline-root/recovery.key");
        let recovery = recovery.to_str().unwrap();
        let files = ["--records", &backup.records, "--keys", &backup.keys, "--recovery-key", recovery];
        self.try_to(into, &[["backup", "restore"].as_slice(), &files].concat())
    }
}

#[derive(Clone)]
struct Backup {
    records: String,
    keys: String,
}

fn flip_a_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn two_files_and_the_recovery_key_bring_the_practice_back_on_another_machine() {
    let site = Site::make();
    let (mut child, _) = serve(&site.path("practice"), &[]);
    let backup = site.back_up();
    site.say(&["person", "add", "--username", "late", "--name", "Late Comer", "--role", "nurse"]);
    child.kill().unwrap();
    child.wait().unwrap();
    for file in [&backup.records, &backup.keys] {
        let bytes = fs::read(file).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"Canarysample"));
    }

    let (done, said) = site.restore("elsewhere", &backup);

    assert!(done, "{said}");
    assert_eq!((&said["records"]["Patient"], &said["logs_are_sound"]), (&3.into(), &true.into()));
    let before = site.say(&["status"]);
    assert_eq!(site.try_to("elsewhere", &["status"]), (true, before));
    let late = ["person", "add", "--username", "late", "--name", "Late Comer", "--role", "nurse"];
    assert!(site.try_to("elsewhere", &late).0, "what came after the backup is not in it");
    let nora = ["person", "add", "--username", "nora", "--name", "Nora Quinn", "--role", "nurse"];
    assert!(!site.try_to("elsewhere", &nora).0, "what came before is");
    assert!(!site.restore("elsewhere", &backup).0, "never over a practice that is there");
}

#[test]
fn files_that_were_changed_or_mixed_bring_nothing_back() {
    let site = Site::make();
    let backup = site.back_up();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let later = site.back_up();
    let mixed = Backup { records: later.records.clone(), ..backup.clone() };
    let (done, said) = site.restore("mixed", &mixed);
    assert_eq!((done, said["error"].as_str()), (false, Some("not-verified")));
    flip_a_byte(Path::new(&later.records));
    assert_eq!(site.restore("changed", &later).1["error"], "not-verified");
    let other = Site::make();
    let foreign = other.restore("foreign", &backup).1;
    assert_eq!(foreign["error"], "bad-keys", "another practice's recovery key");
    flip_a_byte(Path::new(&backup.keys));
    assert!(!site.restore("bent", &backup).0);
    for into in ["mixed", "changed", "bent"] {
        assert!(!site.path(into).join("store.db").exists(), "{into}");
    }
}

#[test]
fn a_trial_opens_the_copy_and_leaves_nothing_behind() {
    let site = Site::make();
    let backup = site.back_up();
    let scratch = site.path("scratch");
    let check = ["backup", "check", "--records", &backup.records, "--scratch", scratch.to_str().unwrap()];
    assert_eq!(site.say(&["backup", "status"])["checked_at"], Value::Null);

    let said = site.say(&check);

    assert_eq!(said["records"]["Patient"], 3);
    assert!(site.say(&["backup", "status"])["checked_at"].is_string());
    flip_a_byte(Path::new(&backup.records));
    assert!(!site.try_to("practice", &check).0, "a changed copy does not pass");
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
}

#[test]
fn records_and_keys_do_not_go_into_one_folder_and_no_backup_is_written_over() {
    let site = Site::make();
    let to = site.path("records");
    let to = to.to_str().unwrap();
    let (done, said) = site.try_to("practice", &["backup", "make", "--to", to, "--keys-to", to]);
    assert_eq!((done, said["error"].as_str()), (false, Some("usage")));
    assert_eq!(fs::read_dir(to).unwrap().count(), 0);
    assert!(!site.try_to("practice", &["backup", "note", "--taken-at", "2999-01-01T00:00:00Z"]).0);
}

#[test]
fn a_practice_without_a_backup_for_two_days_is_an_alert_once_a_day_until_there_is_one() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("o", "ada", "80")]);
    let alerts = || {
        watching::look(&clinic.practice).unwrap();
        clinic.look(|tx| tx.count_alerts(AlertKind::BackupOld))
    };
    clinic.advance(48 * 3600);
    assert_eq!(alerts(), 0, "two days are not too long");
    clinic.advance(1);
    assert_eq!((alerts(), alerts()), (1, 1));
    clinic.advance(24 * 3600);
    assert_eq!(alerts(), 2);
    let now = clinic.now();
    backing::note(&clinic.practice, now).unwrap();
    clinic.advance(48 * 3600);
    assert_eq!(alerts(), 2);
    assert!(
        backing::note(&clinic.practice, now - jiff::SignedDuration::from_secs(1)).is_err(),
        "an older one"
    );
    clinic.advance(1);
    assert_eq!(alerts(), 3);
}
