//! Records lie sealed in the store: a data key per patient, wrapped by a key-encryption key; and rotating both.

use crate::audit::behind;
use crate::clinic::{Clinic, observation, patient, take_in, take_in_from};
use crate::ground::{Kept, Store};
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::{indexing, rotating};
use records::change::{Base, Outcome};
use records::{Document, Role};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use sync::wire::Standing;

/// The first bytes of what a query for one column of bytes finds, enough to know each again.
pub(crate) fn beginnings(clinic: &Clinic, sql: &str) -> Vec<Vec<u8>> {
    match &clinic.store {
        Store::File => {
            let raw = behind(clinic);
            let sql = format!("SELECT substr(b.one, 1, 24) FROM (SELECT * FROM ({sql})) AS b");
            let sql = sql.replace("SELECT body FROM", "SELECT body AS one FROM");
            let mut found = raw.prepare(&sql).unwrap();
            found.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        }
        Store::Postgres(fresh) => {
            let sql = format!("SELECT encode(substr(b.one, 1, 24), 'hex') FROM ({sql}) AS b(one)");
            fresh.as_administrator(&sql).lines().map(unhex).collect()
        }
    }
}

/// In how many places of the store's files the words stand, pages that are free included.
pub(crate) fn hits(clinic: &Clinic, words: &[impl AsRef<[u8]>]) -> u64 {
    match &clinic.store {
        Store::File => hits_in_file(clinic, words),
        Store::Postgres(fresh) => fresh.hits(words),
    }
}

fn hits_in_file(clinic: &Clinic, words: &[impl AsRef<[u8]>]) -> u64 {
    let data = DataDir::at(&clinic.dir.path().join("practice"));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (folder, needles) = (tempfile::tempdir().unwrap(), clinic.dir.path().join("needles"));
    std::fs::write(&needles, words.iter().map(|word| hex(word.as_ref())).collect::<Vec<_>>().join("\n"))
        .unwrap();
    let store = data.store();
    for end in ["", "-wal"] {
        let from = format!("{}{end}", store.display());
        std::fs::copy(from, folder.path().join(format!("store.db{end}"))).unwrap();
    }
    let keys = json!({ "store": hex(&std::fs::read(data.key("store.key")).unwrap()) });
    let asked = json!({ "folder": folder.path(), "keys": keys, "needles": needles });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats/pages.py");
    let output =
        Command::new("/usr/bin/python3").arg("-B").arg(script).arg(asked.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["hits"].as_u64().unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// Changes the store behind the server's back.
pub(crate) fn meddle(clinic: &Clinic, sql: &str) {
    match &clinic.store {
        Store::File => behind(clinic).execute_batch(sql).unwrap(),
        Store::Postgres(fresh) => drop(fresh.as_administrator(sql)),
    }
}

/// Opens every present record; how many there were.
pub(crate) fn open_all(clinic: &Clinic) -> Result<u64, String> {
    indexing::rebuild(&clinic.practice).map_err(|failure| failure.sentence)
}

fn bodies(clinic: &Clinic) -> Vec<Vec<u8>> {
    beginnings(clinic, "SELECT body FROM version ORDER BY seq")
}

fn generations(clinic: &Clinic, subject: &str) -> Vec<u32> {
    (1..9).filter(|at| clinic.look(|tx| tx.data_key(subject, *at)).is_some()).collect()
}

fn key_files(clinic: &Clinic) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(clinic.dir.path().join("practice/keys")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("kek-")).collect()
}

fn location() -> Document {
    crate::clinic::document(r#"{"resourceType":"Location","id":"room-1","name":"Exam room 1"}"#)
}

#[test]
fn a_row_opens_in_its_place_alone_and_with_its_patients_key_alone() {
    let clinic = Clinic::open();
    let of = |whose| {
        [observation(&format!("a-{whose}"), whose, "70"), observation(&format!("b-{whose}"), whose, "80")]
    };
    take_in(
        &clinic,
        &[[patient("ada"), patient("bob"), location()].as_slice(), &of("ada"), &of("bob")].concat(),
    );
    assert_eq!(open_all(&clinic), Ok(7));
    assert!(bodies(&clinic).iter().all(|body| body.first() == Some(&1)), "version 1 of a sealed row");
    assert_eq!(generations(&clinic, ""), [1], "what is nobody's has a key of its own");

    meddle(&clinic, "CREATE TABLE apart AS SELECT * FROM data_key WHERE subject = 'ada'");
    meddle(&clinic, "DELETE FROM data_key WHERE subject = 'ada'");
    let failure = open_all(&clinic).unwrap_err();
    assert!(failure.contains("data key is gone"), "{failure}");
    meddle(&clinic, "INSERT INTO data_key SELECT * FROM apart");
    assert_eq!(open_all(&clinic), Ok(7), "with the table of keys it opens again");

    let swap = "CREATE TABLE was AS SELECT id, body FROM version WHERE id IN ('a-ada', 'b-ada');
        UPDATE version SET body = (SELECT body FROM was WHERE id = 'a-ada') WHERE id = 'b-ada'";
    meddle(&clinic, swap);
    let failure = open_all(&clinic).unwrap_err();
    assert!(failure.contains("does not open"), "{failure}");
}

#[test]
fn a_wrapped_key_is_not_another_patients() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), patient("bob")]);
    let swap = "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE subject = 'bob') WHERE subject = 'ada'";
    meddle(&clinic, swap);
    // Another server, which remembers no key.
    let beside = clinic.beside();
    let failure = open_all(&beside).unwrap_err();
    assert!(failure.contains("A data key does not open"), "{failure}");
}

#[test]
fn by_schedule_data_keys_are_wrapped_anew_and_the_key_before_is_destroyed() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), patient("bob"), observation("hr", "ada", "70")]);
    let (before, files) = (bodies(&clinic), key_files(&clinic));
    let state = rotating::state(&clinic.practice).unwrap();
    assert!(!state.due && !state.unfinished && state.keks[0].provider == "file");
    clinic.advance(rotating::DUE_AFTER_DAYS * 24 * 3600);
    assert!(rotating::state(&clinic.practice).unwrap().due);

    let rotated = rotating::rotate(&clinic.practice, false, &mut |_, _| {}).unwrap();

    assert_eq!((rotated.data_keys, rotated.sealed, rotated.resumed), (2, 0, false));
    assert_eq!(bodies(&clinic), before, "no record was touched");
    assert_eq!(rotated.destroyed, [state.keks[0].id]);
    let left = key_files(&clinic);
    assert!(left.len() == 1 && left != files, "{left:?}");
    let state = rotating::state(&clinic.practice).unwrap();
    assert!(!state.due && !state.unfinished && state.keks[0].destroyed_at.is_some());
    assert_eq!(open_all(&clinic.beside()), Ok(3), "a server that remembers nothing opens all of it");
}

#[test]
fn after_an_incident_everything_is_sealed_anew_conflicts_and_envelopes_too() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), location()]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let write = |value, base| workstation.envelope(&nora, vec![(observation("hr", "ada", value), base)]);
    let (first, envelope) = write("70", Base::None);
    let (second, conflict) = (write("80", Base::Change(first)), write("90", Base::Version(1)));
    let standings = workstation.push(&[&envelope, &second.1, &conflict.1]);
    assert!(matches!(standings[2], Standing::Conflict { .. }), "{standings:?}");
    let outcome = clinic.look(|tx| tx.change(conflict.0)).unwrap().outcome;
    let kept = |sql| beginnings(&clinic, sql);
    let (was, waits) = (bodies(&clinic), kept("SELECT body FROM conflict"));

    let rotated = rotating::rotate(&clinic.practice, true, &mut |_, _| {}).unwrap();

    assert_eq!(rotated.sealed, 4 + 3, "versions and changes");
    assert!(bodies(&clinic).iter().all(|body| !was.contains(body)));
    assert_ne!(kept("SELECT body FROM conflict"), waits);
    assert_eq!((generations(&clinic, "ada"), generations(&clinic, "")), (vec![2], vec![2]));
    assert_eq!(clinic.look(|tx| tx.envelope(conflict.0)).unwrap(), conflict.1);
    assert_eq!(clinic.look(|tx| tx.change(conflict.0)).unwrap().outcome, outcome);
    assert!(matches!(outcome, Outcome::Conflict { fields, .. } if !fields.is_empty()));
    assert_eq!(open_all(&clinic.beside()), Ok(3));
    // The server that ran meanwhile goes on under the new keys.
    let (_, after) = write("75", Base::Version(2));
    assert!(matches!(workstation.push(&[&after])[0], Standing::Applied { .. }));
    assert_eq!(open_all(&clinic), Ok(3));
    let again = rotating::rotate(&clinic.practice, true, &mut |_, _| {}).unwrap();
    assert!(again.sealed >= 4 + 3, "conflicts are opened once more on the way");
}

/// Rotates in a process of its own, which is killed where it takes longer than this; whether it came to its end.
fn rotated_within(data: &DataDir, time: Duration) -> bool {
    let mut rotation = Command::new(env!("CARGO_BIN_EXE_chartkeep-server"))
        .args(["keys", "rotate", "--incident", "--data", data.path().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(time);
    let ended = rotation.try_wait().unwrap();
    rotation.kill().ok();
    let said = rotation.wait_with_output().unwrap().stderr;
    ended.is_some_and(|status| {
        assert!(status.success(), "{}", String::from_utf8_lossy(&said));
        true
    })
}

#[test]
fn a_rotation_that_is_killed_at_any_moment_goes_on_where_it_stood_while_the_server_writes() {
    let clinic = Clinic::open();
    // Enough to be killed several times on the way, and few enough to open all of them after each.
    let (records, step) = match Kept::here() {
        Kept::InAFile => (1200, 20),
        Kept::InPostgres => (240, 120),
    };
    let whose = |number: u64| format!("p{}", number % 60);
    let mut all: Vec<Document> = (0..60).map(|number| patient(&format!("p{number}"))).collect();
    all.extend((60..records).map(|number| observation(&format!("o{number}"), &whose(number), "70")));
    take_in(&clinic, &all);
    let before = rotating::state(&clinic.practice).unwrap().keks[0].id;
    let (was, data) = (bodies(&clinic), DataDir::at(&clinic.dir.path().join("practice")));
    let (mut kills, written, stop) = (0_u64, AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Not without end: each round opens all there are, and on a slow machine they would grow faster than it gets on.
            while !stop.load(Ordering::Relaxed) && written.load(Ordering::Relaxed) < records {
                let number = written.load(Ordering::Relaxed);
                take_in_from(
                    &clinic,
                    "beside",
                    &[observation(&format!("new-{number}"), &whose(number), "80")],
                );
                written.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut ended = false;
        // Where the machine slept over the moment to kill it, the next incident is another chance.
        while !ended || kills < 2 {
            ended = rotated_within(&data, Duration::from_millis(25 + step * kills * kills));
            kills += u64::from(!ended);
            let least = records + written.load(Ordering::Relaxed);
            assert!(open_all(&clinic).unwrap() >= least, "after {kills} kills");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(open_all(&clinic), Ok(records + written.load(Ordering::Relaxed)));
    let state = rotating::state(&clinic.practice).unwrap();
    assert!(!state.unfinished);
    assert!(state.keks.iter().any(|kek| kek.id == before && kek.destroyed_at.is_some()));
    assert!(bodies(&clinic).iter().all(|body| !was.contains(body)), "every record was sealed anew");
    assert_eq!(key_files(&clinic).len(), 1);
}
