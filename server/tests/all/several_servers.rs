//! Several server processes on one database: what one has done the others know, in one order, and nothing is lost with one.

use crate::clinic::{Clinic, copy_folder, observation, patient, take_in};
use crate::ground::Kept;
use crate::process::serve;
use crate::workstation::{Person, Workstation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartkeep_server::store::AlertKind;
use chartkeep_server::verifying::verify;
use chartkeep_server::{importing, people};
use records::Role;
use records::change::Base;
use records::id::ChangeId;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use sync::wire::{Cursor, HistoryPage, ProblemCode, Standing, header, path};

fn pull(workstation: &Workstation<'_>, person: &Person, cursor: &str) -> (BTreeSet<String>, Cursor) {
    let path = format!("{}?_cursor={cursor}&_count=50", path::HISTORY);
    let answer = workstation.get_as(&person.signed_in.session.token, &path);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let page = HistoryPage::parse(&answer.body).unwrap();
    (page.entries.iter().map(|entry| entry.key.to_string()).collect(), page.next)
}

#[test]
fn what_is_done_at_one_server_holds_at_the_other() {
    let first = Clinic::open_on(Kept::InPostgres);
    let second = first.beside();
    take_in(&first, &[patient("ada")]);
    let workstation = first.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let (_, envelope) = workstation.envelope(&nora, vec![(observation("hr", "ada", "72"), Base::None)]);
    workstation.push(&[&envelope]);

    first.turn_to(second.listening.port());
    let (seen, _) = pull(&workstation, &nora, "v1.clinical.0");
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["Observation/hr"],
        "and the session of one opens the other"
    );
    assert!(
        matches!(workstation.push(&[&envelope])[0], Standing::Applied { .. }),
        "it is known here already"
    );
    first.advance(60);
    let code = keys::totp::code_at(&nora.seed, keys::totp::step_at(first.now()));
    let (again, _) = workstation.sign_in("nora", crate::clinic::PASSPHRASE, &code).unwrap();
    first.turn_to(first.listening.port());
    pull(&workstation, &again, "v1.clinical.0");
    let reused = workstation.sign_in("nora", crate::clinic::PASSPHRASE, &code).err().unwrap();
    assert_eq!(reused.problem(), Some(ProblemCode::SignInRefused), "a code that was used at the other one");

    people::revoke_device(&second.practice, workstation.id).unwrap();
    let refused = workstation.post(path::DIRECTIVES, &sync::wire::DirectivesRequest::default());
    assert_eq!(refused.problem(), Some(ProblemCode::DeviceRevoked));
    assert!(verify(&second.practice).unwrap().ok);
}

#[test]
fn a_sign_in_begun_at_one_server_ends_at_the_other() {
    let first = Clinic::open_on(Kept::InPostgres);
    let second = first.beside();
    let workstation = first.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    first.advance(60);
    let code = keys::totp::code_at(&nora.seed, keys::totp::step_at(first.now()));
    let turn = || first.turn_to(second.listening.port());
    assert!(workstation.sign_in_after("nora", crate::clinic::PASSPHRASE, &code, turn).is_ok());
    first.turn_to(first.listening.port());
}

#[test]
fn of_many_who_use_one_token_at_several_servers_one_gets_in() {
    let first = Clinic::open_on(Kept::InPostgres);
    let second = first.beside();
    let token = first.token();
    let admitted: usize = std::thread::scope(|scope| {
        let tries = [&first, &second, &first, &second, &first, &second];
        let threads =
            tries.map(|clinic| scope.spawn(|| usize::from(Workstation::enrol(clinic, &token).is_ok())));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 1);
    assert_eq!(first.look(|tx| tx.devices()).len(), 1);
}

/// Two servers store long and short files at once, a third hands the history out: if a later number could be seen before an
/// earlier one, a cursor would pass over that for good.
#[test]
fn no_cursor_skips_what_two_servers_store_at_once() {
    const FILES: usize = 30;
    const LONG: usize = 40;
    let reader = Clinic::open_on(Kept::InPostgres);
    take_in(&reader, &[patient("ada")]);
    let writers = [reader.beside(), reader.beside()];
    let workstation = reader.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let is_over = AtomicBool::new(false);
    let (mut cursor, mut seen, mut pages) = ("v1.clinical.0".to_owned(), BTreeSet::new(), 0);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..)
            .zip(&writers)
            .map(|(writer, clinic)| scope.spawn(move || import_files(clinic, writer, FILES, LONG)))
            .collect();
        let over = &is_over;
        scope.spawn(move || {
            running.into_iter().for_each(|writer| writer.join().unwrap());
            over.store(true, Ordering::SeqCst);
        });
        loop {
            let was_over = is_over.load(Ordering::SeqCst);
            let (keys, next) = pull(&workstation, &nora, &cursor);
            let is_empty = keys.is_empty();
            pages += usize::from(!is_empty);
            seen.extend(keys);
            cursor = next.to_string();
            if was_over && is_empty {
                break;
            }
        }
    });
    let stored = reader.look(|tx| tx.count_by_kind());
    let stored = stored.into_iter().find(|(kind, _)| kind == "Observation").unwrap().1;
    assert_eq!(stored, (FILES * (LONG + 1)) as u64);
    assert_eq!(seen.len() as u64, stored);
    assert!(pages > 4, "it was read while it was written: {pages}");
    let verified = verify(&reader.practice).unwrap();
    assert!(verified.ok, "one log of three servers: {verified:?}");
}

/// Every second file is long, so that a short one of the other server begins later and would be done sooner.
fn import_files(clinic: &Clinic, writer: usize, files: usize, long: usize) {
    for file in 0..files {
        let count = if (file + writer).is_multiple_of(2) { long } else { 1 };
        let lines: Vec<String> = (0..count)
            .map(|n| observation(&format!("w{writer}-{file}-{n}"), "ada", "70"))
            .map(|document| String::from_utf8(document.bytes().to_vec()).unwrap())
            .collect();
        let path = clinic.dir.path().join(format!("{file}.ndjson"));
        std::fs::write(&path, lines.join("\n")).unwrap();
        let report = importing::import(&clinic.practice, &[path], &mut |_, _| {}).unwrap();
        assert_eq!(report.left_out, 0, "{:?}", report.problems);
    }
}

/// A server as an operator starts it; killed when this is dropped.
struct Process {
    child: Child,
    port: u16,
}

impl Process {
    fn serve(data: &Path) -> Self {
        let (child, ready) = serve(data, &[]);
        let port = ready["listening"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    /// As kill -9.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().ok();
    }
}

#[test]
fn a_server_that_is_killed_takes_nothing_with_it_that_was_acknowledged() {
    let clinic = Clinic::open_on(Kept::InPostgres);
    take_in(&clinic, &[patient("ada")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let folders = tempfile::tempdir().unwrap();
    let data = |name: &str| folders.path().join(name);
    for name in ["one", "two"] {
        copy_folder(&clinic.dir.path().join("practice"), &data(name));
    }
    let survivor = Process::serve(&data("two"));
    let mut acknowledged: Vec<ChangeId> = Vec::new();
    for round in 0..4 {
        let mut one = Process::serve(&data("one"));
        clinic.turn_to(one.port);
        let batches: Vec<Vec<(ChangeId, Vec<u8>)>> = (0..40)
            .map(|batch| {
                let one = |n| format!("r{round}-{batch}-{n}");
                (0..3)
                    .map(|n| {
                        workstation.envelope(&nora, vec![(observation(&one(n), "ada", "70"), Base::None)])
                    })
                    .collect()
            })
            .collect();
        std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(60 + 90 * round));
                one.kill();
            });
            for batch in &batches {
                let envelopes = batch.iter().map(|(_, bytes)| bytes.as_slice().into()).collect();
                let request = workstation.client.post(clinic.url(path::CHANGES));
                let request = request.json(&sync::wire::ChangesRequest { envelopes, made: Vec::new() });
                let Ok(answer) = clinic.send(request) else { break };
                let answer: sync::wire::ChangesResponse = answer.json();
                acknowledged.extend(answer.receipts.iter().filter_map(|receipt| receipt.change));
            }
            killer.join().unwrap();
        });
        // What was under way is sent again, at the other one, and is applied once.
        clinic.turn_to(survivor.port);
        let all: Vec<&[u8]> = batches.iter().flatten().map(|(_, bytes)| bytes.as_slice()).collect();
        for standing in workstation.push(&all) {
            assert!(matches!(standing, Standing::Applied { .. }), "{standing:?}");
        }
    }
    assert!(!acknowledged.is_empty(), "the killed ones had answered");
    for change in acknowledged {
        assert!(clinic.look(|tx| tx.change(change)).is_some());
    }
    let stored = clinic.look(|tx| tx.count_by_kind());
    assert!(stored.contains(&("Observation".to_owned(), 4 * 40 * 3)), "each once: {stored:?}");
    assert!(verify(&clinic.practice).unwrap().ok);
    clinic.turn_to(clinic.listening.port());
}

#[test]
fn one_log_that_comes_to_several_servers_at_once_grows_once() {
    let first = Clinic::open_on(Kept::InPostgres);
    let second = first.beside();
    let workstation = first.enrol();
    let event = |n: usize| {
        format!(r#"{{"resourceType":"AuditEvent","id":"e{n}","recorded":"2026-11-22T10:00:00Z"}}"#)
            .into_bytes()
    };
    let events: Vec<Vec<u8>> = (0..40).map(event).collect();
    for batch in 0..4 {
        let (before, now) = (&events[..batch * 10], &events[batch * 10..batch * 10 + 10]);
        let note = workstation.note(
            workstation.log,
            &workstation.tree(workstation.log, &events[..batch * 10 + 10]),
            &workstation.checkpoint_key,
        );
        let (client, log) = (&workstation.client, workstation.log.to_string());
        let ask = |clinic: &Clinic| {
            let request = client
                .post(format!("https://localhost:{}{}", clinic.listening.port(), path::FHIR))
                .header(header::LOG, &log)
                .header(header::FIRST_INDEX, before.len())
                .header(header::CHECKPOINT, STANDARD.encode(&note))
                .body(sync::wire::audit_batch_json(now, None));
            clinic.send(request).unwrap().status
        };
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let asked = [&first, &second, &first, &second].map(|clinic| scope.spawn(|| ask(clinic)));
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(statuses, [200; 4], "the same batch again is the same answer again");
    }
    let stored = first.look(|tx| tx.leaves(workstation.log, 0, 99));
    assert_eq!(stored.into_iter().map(|leaf| leaf.event).collect::<Vec<_>>(), events);
    let other = first.enrol();
    let forged = other.deliver_as(workstation.log, 40, &events[..1], "no note");
    assert_eq!(forged.problem(), Some(ProblemCode::LogFork), "another workstation's log");
    assert_eq!(
        second.look(|tx| tx.count_alerts(AlertKind::LogReplaced)),
        1,
        "told once, in the server's own log"
    );
    assert!(verify(&second.practice).unwrap().ok);
}
