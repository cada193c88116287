//! An audit log in a file: checked with the file, its key and the practice's root, and nothing else; the first bad entry is named.

use std::fs;
use std::path::PathBuf;

use chartkeep_server::approving::{Done, approve, ask};
use chartkeep_server::exporting::{self, Which};
use chartkeep_server::store::{self, Act};
use chartkeep_server::{backing, purging};
use chartkeep_tests::practice::people::{
    AUDITOR, DemoPerson, IT_ADMIN, NURSE, PRACTICE_MANAGER, PRIVACY_OFFICER,
};
use client::audit_export::{ExportKey, ExportProblem, Finding, Report, StartKeys, check, export};
use client::keyring::Keyring as _;
use client::{Clock as _, Code, LockCause};
use keys::export::{ExportOpener, Exporter, FRAME, PartKind, START, read_entries, read_frame, write_entries};
use keys::{Random, SigningKey};
use records::id::LogId;
use records::log::{LogPosition, audit_leaf_hash};
use rusqlite::Connection;
use serde_json::Value;

use super::clinic::{Clinic, until};
use super::rescue::proof;

/// A log with some days of work, of which the server has all but the last entries.
struct Worked {
    clinic: Clinic,
    root: [u8; 32],
    starts: StartKeys,
}

impl Worked {
    fn make() -> Self {
        Self::with(&[])
    }

    /// The same, with these people beside the nurse.
    fn with(others: &[&DemoPerson]) -> Self {
        let clinic = Clinic::make(5);
        let workstation = clinic.workstation();
        clinic.enrol(&workstation);
        clinic.activate(&workstation, &NURSE);
        others.iter().for_each(|person| clinic.activate(&workstation, person));
        for _ in 0..2 {
            clinic.sign_in(&workstation, &NURSE).unwrap();
            workstation.search("quinn").unwrap();
            workstation.sync_now().unwrap();
            until("the server holds the log", || workstation.status().unsent_events == 0);
            workstation.lock(LockCause::Person);
        }
        workstation.stop();
        let root = keys::certificate::fingerprint(&clinic.server.practice.keys.root);
        let device = store::read(clinic.server.practice.store.as_ref(), |tx| tx.devices()).unwrap()[0].id;
        let starts = exporting::start_keys(&clinic.server.practice, device).unwrap();
        let starts = StartKeys::read(std::str::from_utf8(starts.expose()).unwrap()).unwrap();
        Self { clinic, root, starts }
    }

    /// What the workstation writes now, and the key.
    fn exported(&self) -> (Vec<u8>, ExportKey) {
        let mut file = Vec::new();
        let (data, keyring, now) = (self.clinic.data_dir(), &*self.clinic.keyring, self.clinic.clock.now());
        let exported = export(&data, keyring, &mut file, now, &mut |_, _| {}).unwrap();
        assert!(exported.confirmed > 0);
        (file, exported.key)
    }

    fn check(&self, file: &[u8], key: &ExportKey) -> Result<Report, ExportProblem> {
        check(&mut &*file, key, self.root, &self.starts, &mut |_, _| {})
    }

    fn checked(&self) -> Report {
        let (file, key) = self.exported();
        self.check(&file, &key).unwrap()
    }

    fn device_files(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let path = |name: &str| self.clinic.data_dir().join(name);
        let names = ["device.db", "device.db-wal", "device.db-shm"];
        names.map(path).into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect()
    }

    fn put_back(&self, files: &[(PathBuf, Option<Vec<u8>>)]) {
        for (path, content) in files {
            match content {
                Some(content) => fs::write(path, content).unwrap(),
                None => drop(fs::remove_file(path)),
            }
        }
    }

    /// `device.db` behind the program's back, with the triggers gone that keep its log.
    fn device_db(&self) -> Connection {
        let keys = self.clinic.keyring.read("workstation").unwrap().unwrap();
        let hex: String = keys[1..33].iter().map(|byte| format!("{byte:02x}")).collect();
        let device = Connection::open(self.clinic.data_dir().join("device.db")).unwrap();
        device
            .execute_batch(&format!(
                "PRAGMA key = \"x'{hex}'\";
                 DROP TRIGGER audit_entry_is_never_changed; DROP TRIGGER audit_entry_is_never_removed;"
            ))
            .unwrap();
        device
    }
}

#[test]
fn a_privacy_officer_takes_the_log_out_at_the_window_and_it_checks_to_the_last_entry() {
    let clinic = Clinic::make(3);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    for person in [&NURSE, &AUDITOR, &PRIVACY_OFFICER] {
        clinic.activate(&workstation, person);
    }
    for person in [&NURSE, &AUDITOR] {
        clinic.sign_in(&workstation, person).unwrap();
        assert_eq!(workstation.export_audit().err().unwrap().code, Code::NotYourRole);
        workstation.lock(LockCause::Person);
    }
    let opened = clinic.sign_in(&workstation, &PRIVACY_OFFICER).unwrap();
    assert!(opened.person.can_export_audit);
    let out = clinic.data_dir().with_file_name("chartkeep-exports");
    assert!(!out.exists(), "nothing was written for who may not");
    let view = workstation.export_audit().unwrap();
    let file = fs::read(&view.path).unwrap();
    assert!(view.path.starts_with(out.to_str().unwrap()), "{}", view.path);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&file);
    assert_eq!(view.sha256, digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for path in [out.as_path(), view.path.as_ref()] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "for this account alone");
        }
    }
    let key: ExportKey = view.key.parse().unwrap();
    let root = keys::certificate::fingerprint(&clinic.server.practice.keys.root);
    let device = store::read(clinic.server.practice.store.as_ref(), |tx| tx.devices()).unwrap()[0].id;
    let starts = exporting::start_keys(&clinic.server.practice, device).unwrap();
    let starts = StartKeys::read(std::str::from_utf8(starts.expose()).unwrap()).unwrap();
    let report = check(&mut file.as_slice(), &key, root, &starts, &mut |_, _| {}).unwrap();
    assert_eq!((report.findings.len(), report.head.size), (0, view.entries));
    let trail = workstation.audit_page(None, None).unwrap();
    let told = trail.entries.iter().find(|row| row.action == "Wrote an audit log into a file").unwrap();
    assert_eq!(told.who, PRIVACY_OFFICER.name);
    // What the background noted meanwhile may follow it.
    assert!(told.index < view.entries, "it is in the file");
}

#[test]
fn the_log_of_a_workstation_and_what_the_server_holds_of_it_check_out_against_the_root_alone() {
    let worked = Worked::make();
    let mine = worked.checked();
    assert_eq!(mine.findings, [], "{mine:?}");
    let (confirmed, _) = mine.confirmed.unwrap();
    assert!(0 < confirmed && confirmed < mine.entries, "the last entries wait: {mine:?}");
    assert_eq!(mine.marked, Some(mine.entries), "that it was exported has its mark, too");

    let practice = &worked.clinic.server.practice;
    let device = mine.head.device.unwrap();
    for which in [Which::Device(device), Which::Log(mine.head.log), Which::Own] {
        let mut file = Vec::new();
        let exported = exporting::export(practice, which, &mut file, &mut |_, _| {}).unwrap();
        let report = worked.check(&file, &exported.key).unwrap();
        assert_eq!((report.findings.as_slice(), report.entries), (&[][..], exported.entries), "{which:?}");
        let confirmed = report.confirmed.map(|(size, _)| size);
        assert_eq!(confirmed, report.head.device.map(|_| report.entries), "{which:?}");
        assert_eq!(report.marked, report.head.device.map(|_| report.entries), "{which:?}");
        assert_eq!(report.unmarked, [], "{which:?}");
    }
    assert!(worked.clinic.verify_logs().ok);
}

/// The same export with another event in place of one, hashed and signed anew: as who has the server's folder could.
fn rewritten(
    file: &[u8],
    key: &ExportKey,
    at: u64,
    log: LogId,
    signer: &SigningKey,
    change_head: &dyn Fn(&mut Value),
) -> Vec<u8> {
    let (start, mut rest) = file.split_at(START);
    let mut opener = ExportOpener::begin(key, start).unwrap();
    let (mut exporter, mut out) = Exporter::begin(key, opener.export());
    let mut random = Random::from_os();
    while let Some((frame, after)) = rest.split_first_chunk::<FRAME>() {
        let (kind, length) = read_frame(*frame).unwrap();
        let (blob, after) = after.split_at(length);
        rest = after;
        let mut part = opener.open(kind, blob).unwrap();
        if kind == PartKind::End {
            break;
        }
        if kind == PartKind::Head {
            let mut head: Value = serde_json::from_slice(&part).unwrap();
            change_head(&mut head);
            part = head.to_string().into_bytes();
        }
        if kind == PartKind::Entries {
            let mut entries = read_entries(&part).unwrap();
            for entry in entries.iter_mut().filter(|entry| entry.position == at) {
                entry.event = b"{}".to_vec();
                entry.leaf = audit_leaf_hash(LogPosition { log, index: at }, &entry.event).0;
            }
            part = write_entries(&entries);
        }
        out.extend(exporter.part(kind, &part, &mut random));
    }
    out.extend(exporter.end(signer, &mut random));
    out
}

#[test]
fn an_entry_that_was_rewritten_in_the_export_of_a_server_is_named_by_its_mark() {
    let worked = Worked::make();
    let practice = &worked.clinic.server.practice;
    let log = worked.checked().head.log;
    let mut file = Vec::new();
    let exported = exporting::export(practice, Which::Log(log), &mut file, &mut |_, _| {}).unwrap();
    let file = rewritten(&file, &exported.key, 4, log, &practice.keys.directive, &|_| {});

    let report = worked.check(&file, &exported.key).unwrap();
    let codes: Vec<_> = report.findings.iter().map(Finding::code).collect();
    assert_eq!((codes, report.first_bad()), (vec!["entries-replaced", "mark-broken"], Some(4)));

    let without = check(&mut &*file, &exported.key, worked.root, &StartKeys::default(), &mut |_, _| {});
    assert_eq!(without.unwrap().first_bad(), Some(0), "without start keys nothing says which it is");
}

#[test]
fn entries_that_were_purged_check_out_and_are_named_with_who_agreed() {
    let worked = Worked::with(&[&IT_ADMIN, &PRACTICE_MANAGER]);
    let (clinic, practice) = (&worked.clinic, &worked.clinic.server.practice);
    let log = worked.checked().head.log;
    clinic.pass(11 * 366 * 24 * 3600);
    backing::note(practice, practice.clock.now()).unwrap();
    let act = Act::AuditPurge(purging::past(practice).unwrap());
    let number = ask(practice, act, &proof(clinic, &IT_ADMIN)).unwrap();
    let Done::PurgeAgreed(number) = approve(practice, number, &proof(clinic, &PRACTICE_MANAGER)).unwrap()
    else {
        panic!("something else was agreed to");
    };
    let done = purging::carry_out(practice, number).unwrap();
    let mut file = Vec::new();
    let exported = exporting::export(practice, Which::Log(log), &mut file, &mut |_, _| {}).unwrap();

    let report = worked.check(&file, &exported.key).unwrap();

    assert_eq!(report.findings, [], "{report:?}");
    let purged: u64 = report.purged.iter().map(|run| run.until - run.from).sum();
    assert!(0 < purged && purged <= done.entries, "{report:?}");
    assert!(report.purged.iter().all(|run| run.purge == done.purge && run.asked_by != run.agreed_by));
    assert_eq!(report.marked, Some(report.entries), "their marks go by their hashes");

    // The same file without the certificate, signed by who could: an empty entry is one that somebody took away.
    let first = report.purged[0].from;
    let without = rewritten(&file, &exported.key, u64::MAX, log, &practice.keys.directive, &|head| {
        head["purges"] = serde_json::json!([]);
    });
    let report = worked.check(&without, &exported.key).unwrap();
    assert_eq!((report.first_bad(), report.purged.len()), (Some(first), 0));
    assert_eq!(report.findings[0].code(), "entry-changed");
}

#[test]
fn whatever_was_done_to_the_log_is_found_and_the_first_bad_entry_is_named() {
    let rewritten = "UPDATE audit_entry SET event = CAST('{}' AS BLOB), leaf_hash = leaf WHERE position = 6";
    let cases: [(&str, &str, &str, u64); 5] = [
        (
            "a flipped byte",
            "UPDATE audit_entry SET event = CAST(replace(event, 'AuditEvent', 'AuditEvenT') AS BLOB)
             WHERE position = 5",
            "entry-changed",
            5,
        ),
        (
            "two entries in another order",
            "UPDATE audit_entry SET event = (SELECT e.event FROM audit_entry e WHERE e.position = 7 - audit_entry.position),
             leaf_hash = (SELECT e.leaf_hash FROM audit_entry e WHERE e.position = 7 - audit_entry.position)
             WHERE position IN (3, 4)",
            "entry-changed",
            3,
        ),
        ("an entry that was written anew with its hash", rewritten, "entries-replaced", 0),
        (
            "the end cut off, with what the workstation signed of it",
            "DELETE FROM audit_entry WHERE position >= 2; DELETE FROM checkpoint WHERE size > 2",
            "cut-off",
            3,
        ),
        (
            "a receipt that is not the server's",
            "UPDATE audit_receipt SET receipt = CAST(replace(receipt, 'time 1', 'time 2') AS BLOB)",
            "bad-receipt",
            0,
        ),
    ];
    let worked = Worked::make();
    let whole = worked.device_files();
    let log = worked.checked().head.log;
    let leaf = audit_leaf_hash(LogPosition { log, index: 6 }, b"{}");
    for (what, sql, code, first) in cases {
        worked.put_back(&whole);
        worked.device_db().execute_batch(&sql.replace("= leaf ", &format!("= x'{leaf}' "))).unwrap();

        let report = worked.checked();

        let found = report.findings.iter().find(|finding| finding.code() == code);
        assert!(found.is_some(), "{what}: {:?}", report.findings);
        let named = found.and_then(Finding::entry);
        match code {
            "bad-receipt" => assert_eq!(named, None, "{what}"),
            "entries-replaced" => assert!(named.unwrap() <= 6, "{what}: {found:?}"),
            "cut-off" => assert_eq!(named, Some(first), "{what}"),
            _ => assert_eq!((named, report.first_bad()), (Some(first), Some(first)), "{what}"),
        }
    }
}

#[test]
fn a_file_that_was_changed_or_cut_and_another_key_or_root_are_told_apart() {
    let worked = Worked::make();
    let (file, key) = worked.exported();
    for cut in [file.len() - 1, file.len() - 120, file.len() / 2] {
        let report = worked.check(&file[..cut], &key).unwrap();
        assert!(matches!(report.findings.as_slice(), [.., Finding::FileBroken(_)]), "{:?}", report.findings);
    }
    let mut flipped = file.clone();
    let near_the_end = flipped.len() - 200;
    flipped[near_the_end] ^= 1;
    assert!(worked.check(&flipped, &key).unwrap().findings.iter().any(|found| found.code() == "file-broken"));
    let longer = [&file[..], b"x"].concat();
    assert_eq!(worked.check(&longer, &key).unwrap().findings, [Finding::NotSigned]);

    let other = ExportKey::make(&mut Random::from_os());
    assert!(matches!(worked.check(&file, &other), Err(ExportProblem::WrongKey)));
    assert!(matches!(worked.check(b"CK", &key), Err(ExportProblem::NotAnExport(_))));
    let elsewhere = check(&mut &*file, &key, [7; 32], &StartKeys::default(), &mut |_, _| {});
    assert!(matches!(elsewhere, Err(ExportProblem::OtherRoot)));
}
