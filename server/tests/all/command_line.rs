//! The command line, as an operator and as a script meet it.

use crate::process::{run, serve};
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Exit status 2 and, as the last line of standard error, the code.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    let last: Value = serde_json::from_str(error.trim().lines().last().unwrap()).unwrap();
    assert!(!last["message"].as_str().unwrap().is_empty() && !last["advice"].as_str().unwrap().is_empty());
    last["error"].as_str().unwrap().to_owned()
}

fn init(folder: &TempDir) -> String {
    let data = folder.path().join("practice").to_str().unwrap().to_owned();
    json(&run(&["init", "--data", &data, "--practice", "Elm Street", "--host", "localhost"]));
    data
}

#[test]
fn an_operator_comes_from_nothing_to_a_person_and_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let person = json(&run(&[
        "person",
        "add",
        "--data",
        &data,
        "--username",
        "nora",
        "--name",
        "Nora Quinn",
        "--role",
        "nurse",
    ]));
    assert_eq!(person["activation_code"].as_str().unwrap().len(), 19);
    let token = json(&run(&["device", "token", "--data", &data, "--label", "Exam room 1"]));
    assert!(token["token"].as_str().unwrap().starts_with("ck1."));
    let verified = json(&run(&["audit", "verify", "--data", &data]));
    assert_eq!((&verified["ok"], verified["logs"].as_array().unwrap().len()), (&Value::Bool(true), 1));
    assert_eq!(json(&run(&["device", "list", "--data", &data])).as_array().unwrap().len(), 0);
}

#[test]
fn a_log_is_exported_into_a_new_file_with_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let file = folder.path().join("own.ckaudit").to_str().unwrap().to_owned();
    let exported = json(&run(&["audit", "export", "--data", &data, "--to", &file]));
    assert!(exported["key"].as_str().unwrap().starts_with("ckx1."));
    assert_eq!(exported["entries"], 1, "that it was exported stands in it");
    let written = std::fs::read(&file).unwrap();
    assert!(written.starts_with(b"CKax\x01"));
    assert!(!written.windows(10).any(|bytes| bytes == b"AuditEvent"), "sealed");
    assert_eq!(
        refused(&run(&["audit", "export", "--data", &data, "--to", &file])),
        "disk",
        "never over a file"
    );
    assert_eq!(std::fs::read(&file).unwrap(), written);
    let nobody = "01900000-0000-7000-8000-000000000002";
    let other = format!("{file}.other");
    assert_eq!(
        refused(&run(&["audit", "export", "--data", &data, "--device", nobody, "--to", &other])),
        "usage"
    );
}

#[test]
fn who_was_not_erased_has_no_certificate_and_what_is_none_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    assert_eq!(json(&run(&["patient", "erasures", "--data", &data])).as_array().unwrap().len(), 0);
    assert_eq!(json(&run(&["patient", "holds", "--data", &data])).as_array().unwrap().len(), 0);
    assert_eq!(refused(&run(&["patient", "certificate", "--data", &data, "ada"])), "usage");
    let forged = folder.path().join("forged.json");
    std::fs::write(&forged, r#"{"certificate":"Q0tlcgE=","trust_bundle":"Q0t0YgE="}"#).unwrap();
    let root = folder.path().join("practice/offline-root/root.crt");
    let told = run(&["patient", "verify", forged.to_str().unwrap(), "--root", root.to_str().unwrap()]);
    assert_eq!(told.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&told.stderr).contains("not-verified"));
    let policy = json(&run(&["policy", "rekey-days", "--data", &data, "90"]));
    assert_eq!(policy["rekey_days"], 90);
}

#[test]
fn an_operator_sets_when_workstations_lock_and_who_signs_in_with_a_security_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let policy = |arguments: &[&str]| run(&[&["policy"], arguments, &["--data", &data]].concat());
    let is_usage = |arguments: &[&str]| policy(arguments).status.code() == Some(2);
    let before = json(&policy(&["show"]));
    assert_eq!(before["security_key_roles"], Value::Array(Vec::new()));
    let locked = json(&policy(&["lock", "--idle", "300", "--cover", "0"]));
    assert_eq!((&locked["idle_lock_s"], &locked["privacy_cover_s"]), (&300.into(), &Value::Null));
    assert_eq!(locked["reentry_h"], before["reentry_h"], "what is not named stays");
    let locked = json(&policy(&["lock", "--cover", "90", "--reentry", "4"]));
    let limits = ["idle_lock_s", "privacy_cover_s", "reentry_h"].map(|name| locked[name].as_u64().unwrap());
    assert_eq!(limits, [300, 90, 4]);
    for beyond in [["--idle", "901"], ["--idle", "30"], ["--cover", "5"], ["--reentry", "13"]] {
        assert!(is_usage(&[&["lock"], beyond.as_slice()].concat()), "{beyond:?}");
    }
    assert!(is_usage(&["lock"]), "nothing to change");
    let keys = json(&policy(&["security-keys", "clinician", "nurse"]));
    assert_eq!(keys["security_key_roles"], serde_json::json!(["clinician", "nurse"]));
    assert!(is_usage(&["security-keys", "surgeon"]));
    let after = json(&policy(&["show"]));
    assert_eq!((&after, after["version"].as_u64()), (&keys, before["version"].as_u64().map(|was| was + 3)));
    assert_eq!(json(&policy(&["security-keys"]))["security_key_roles"], serde_json::json!([]));
}

#[cfg(unix)]
#[test]
fn keys_and_store_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    fn check(folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{}", entry.path().display());
            if entry.path().is_dir() {
                check(&entry.path());
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    init(&folder);
    check(folder.path());
    assert!(folder.path().join("practice/offline-root/root.key").is_file());
    assert!(!folder.path().join("practice/keys/root.key").exists());
}

#[test]
fn what_the_operator_can_put_right_is_said_with_an_advice_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nothing").to_str().unwrap().to_owned();
    assert_eq!(refused(&run(&["serve", "--data", &missing])), "no-data");
    let data = init(&folder);
    let again = run(&["init", "--data", &data, "--practice", "Elm Street", "--host", "localhost"]);
    assert_eq!(refused(&again), "already-there");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let listen = ["serve", "--data", &data, "--listen", &address, "--enrol-listen", "127.0.0.1:0"];
    assert_eq!(refused(&run(&listen)), "address");
    let key = folder.path().join("practice/keys/store.key");
    std::fs::write(&key, [1; 32]).unwrap();
    assert_eq!(refused(&run(&["audit", "verify", "--data", &data])), "wrong-key-or-damaged");
    std::fs::remove_file(&key).unwrap();
    assert_eq!(refused(&run(&["audit", "verify", "--data", &data])), "bad-keys");
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let key = std::fs::read(folder.path().join("practice/keys/store.key")).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let raw = rusqlite::Connection::open(folder.path().join("practice/store.db")).unwrap();
    raw.execute_batch(&format!("PRAGMA key = \"x'{hex}'\"; PRAGMA user_version = 999;")).unwrap();
    drop(raw);
    assert_eq!(refused(&run(&["serve", "--data", &data])), "newer-store");
}

#[test]
fn serve_says_in_one_line_where_it_listens_and_people_can_be_added_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let (mut server, ready) = serve(Path::new(&data), &[]);
    assert!(ready["listening"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(ready["enrolment"].as_str().unwrap().starts_with("127.0.0.1:"));
    let added = run(&[
        "person",
        "add",
        "--data",
        &data,
        "--username",
        "nora",
        "--name",
        "Nora Quinn",
        "--role",
        "nurse",
    ]);
    server.kill().unwrap();
    server.wait().unwrap();
    json(&added);
}

#[test]
fn a_code_is_not_read_out_to_somebody_who_proves_nothing_and_help_says_how_to_recognise_a_caller() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    let named = ["person", "release-code", "nora", "--data", &data, "--device", "Exam room 1"];
    let by = ["--by", "ivo", "--code", "000000", "--reason", "phone at home"];
    let answer = run(&[named.as_slice(), &by].concat());
    assert!(answer.stdout.is_empty());
    assert_eq!(refused(&answer), "refused");
    let help = String::from_utf8(run(&["person", "release-code", "--help"]).stdout).unwrap();
    assert!(help.contains("Recognise the caller first"));
}

#[test]
fn help_teaches_and_an_unknown_role_is_answered_with_the_known_ones() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for word in ["init", "serve", "person", "device", "import", "audit", "offline-root"] {
        assert!(help.contains(word), "{word}");
    }
    let wrong = run(&["person", "add", "--data", "x", "--username", "n", "--name", "N", "--role", "wizard"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("privacy-officer"));
}

#[test]
fn an_operator_sets_the_lease_and_reads_the_device_list_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let data = init(&folder);
    assert_eq!(json(&run(&["policy", "lease", "--data", &data, "30"]))["lease_days"], 30);
    for wrong in ["6", "91"] {
        assert_eq!(run(&["policy", "lease", "--data", &data, wrong]).status.code(), Some(2), "{wrong}");
    }
    let table = run(&["device", "list", "--data", &data, "--csv"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("device_id,label,") && table.ends_with("look_at\r\n"));
    let named = ["device", "lease-release", "Exam room 1", "--data", &data, "--number", "1234 5676"];
    let by = ["--by", "ivo", "--code", "000000", "--reason", "flood"];
    let answer = run(&[named.as_slice(), &by].concat());
    assert!(answer.stdout.is_empty());
    assert_eq!(refused(&answer), "refused");
}
