//! Audit logs: taken in as an unbroken, signed run, and checked from their bytes up.

use crate::clinic::{Answer, Clinic};
use crate::ground::{Kept, Store};
use crate::workstation::Workstation;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chartkeep_server::store::AlertKind;
use chartkeep_server::verifying::verify;
use keys::checkpoint::{Checkpoint, verify_cosignature};
use keys::{Random, SigningKey};
use records::id::LogId;
use sync::wire::{
    AuditReceipt, DirectivesRequest, DirectivesResponse, ProblemCode, checkpoint_key_name, checkpoint_origin,
    header, path, witness_key_name,
};

fn event(n: usize) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"AuditEvent","id":"e{n}","type":{{"code":"rest"}},"action":"R","recorded":"2026-11-22T10:00:{:02}Z","outcome":"0"}}"#,
        n % 60
    )
    .into_bytes()
}

fn events(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(event).collect()
}

fn refused(answer: &Answer) -> (ProblemCode, u64) {
    let size = answer.headers.get(header::LOG_SIZE).unwrap().to_str().unwrap().parse().unwrap();
    (answer.problem().unwrap(), size)
}

fn alerts(clinic: &Clinic, kind: AlertKind) -> u64 {
    clinic.look(|tx| tx.count_alerts(kind))
}

fn receipt_now(workstation: &Workstation<'_>) -> Option<AuditReceipt> {
    let answer: DirectivesResponse = workstation.post(path::DIRECTIVES, &DirectivesRequest::default()).json();
    answer.log
}

#[test]
fn a_log_grows_batch_by_batch_and_its_receipt_names_the_root() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    assert_eq!(receipt_now(&workstation), None);
    let first = workstation.deliver(&[], &events(0..3));
    assert_eq!(first.status, 200, "{}", String::from_utf8_lossy(&first.body));
    let second = workstation.deliver(&events(0..3), &events(3..10));
    assert_eq!(second.headers.get(header::LOG_SIZE).unwrap(), "10");
    let bundle: serde_json::Value = second.json();
    assert_eq!((&bundle["type"], bundle["entry"].as_array().unwrap().len()), (&"batch-response".into(), 7));
    let receipt = receipt_now(&workstation).unwrap();
    let tree = workstation.tree(workstation.log, &events(0..10));
    assert_eq!((receipt.log, receipt.size, receipt.root), (workstation.log, 10, tree.root().to_string()));
    let stored = clinic.look(|tx| tx.leaves(workstation.log, 0, 100));
    let stored: Vec<Vec<u8>> = stored.into_iter().map(|leaf| leaf.event).collect();
    assert_eq!(stored, events(0..10), "the exact bytes");
}

#[test]
fn a_receipt_is_the_workstations_own_note_cosigned_by_the_witness_of_the_trust_bundle() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let tree = workstation.tree(workstation.log, &events(0..3));
    let answer = workstation.deliver(&[], &events(0..3));
    let receipt = STANDARD.decode(answer.headers.get(header::RECEIPT).unwrap()).unwrap();
    let receipt: AuditReceipt = serde_json::from_slice(&receipt).unwrap();
    let name = witness_key_name(workstation.enrolled.practice_id);
    let check = |key| verify_cosignature(&receipt.note, &name, key);
    let (checkpoint, at) = check(&workstation.trust.witness_key).unwrap();
    assert_eq!(checkpoint.origin, checkpoint_origin(workstation.log));
    assert_eq!((checkpoint.size, checkpoint.root), (3, *tree.root().as_bytes()));
    assert_eq!((receipt.received_at, receipt.trust_bundle), (at, workstation.trust.number));
    let own = &workstation.checkpoint_key.verifying_key();
    assert!(Checkpoint::verify(&receipt.note, &checkpoint_key_name(workstation.id), own).is_ok());
    assert!(check(&workstation.trust.directive_key).is_err(), "by no other key of the practice");
    assert_eq!(receipt_now(&workstation), Some(receipt), "and so it stays");
}

#[test]
fn the_same_batch_twice_and_one_that_overlaps_change_nothing_twice() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.deliver(&[], &events(0..4));
    assert_eq!(workstation.deliver(&[], &events(0..4)).status, 200);
    assert_eq!(workstation.deliver(&[], &events(0..2)).status, 200, "an old batch that comes late");
    assert_eq!(workstation.deliver(&events(0..2), &events(2..6)).status, 200);
    assert_eq!(clinic.look(|tx| tx.leaves(workstation.log, 0, 100)).len(), 6);
}

#[test]
fn a_gap_is_refused_with_an_alert_and_says_where_to_go_on() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.deliver(&[], &events(0..3));
    let answer = workstation.deliver(&events(0..5), &events(5..6));
    assert_eq!(refused(&answer), (ProblemCode::LogGap, 3));
    assert_eq!(alerts(&clinic, AlertKind::LogGap), 1);
    assert_eq!(workstation.deliver(&events(0..3), &events(3..6)).status, 200);
}

#[test]
fn a_fork_is_refused_with_an_alert() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.deliver(&[], &events(0..3));
    let mut changed = events(0..4);
    changed[1] = event(99);
    assert_eq!(refused(&workstation.deliver(&[], &changed)), (ProblemCode::LogFork, 3));
    let hidden = workstation.deliver(&changed[..3], &changed[3..]);
    assert_eq!(refused(&hidden), (ProblemCode::CheckpointRefused, 3), "also where only the root shows it");
    assert_eq!(alerts(&clinic, AlertKind::LogFork) + alerts(&clinic, AlertKind::CheckpointRefused), 2);
    assert_eq!(clinic.look(|tx| tx.leaves(workstation.log, 0, 100)).len(), 3);
}

#[test]
fn a_second_log_of_one_workstation_is_refused_with_an_alert() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    workstation.deliver(&[], &events(0..3));
    let log = LogId::from_uuid(Random::from_os().uuid());
    let note = workstation.note(log, &workstation.tree(log, &events(0..1)), &workstation.checkpoint_key);
    assert_eq!(workstation.deliver_as(log, 0, &events(0..1), &note).problem(), Some(ProblemCode::LogFork));
    let note =
        other.note(workstation.log, &other.tree(workstation.log, &events(0..1)), &other.checkpoint_key);
    let stolen = other.deliver_as(workstation.log, 0, &events(0..1), &note);
    assert_eq!(stolen.problem(), Some(ProblemCode::LogFork), "nor another workstation's log");
    assert_eq!(alerts(&clinic, AlertKind::LogReplaced), 2);
}

#[test]
fn a_checkpoint_of_another_key_size_or_log_is_refused_with_an_alert() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let (log, batch) = (workstation.log, events(0..3));
    let other_key = SigningKey::make(&mut Random::from_os());
    let other_log = LogId::from_uuid(Random::from_os().uuid());
    let tree = workstation.tree(log, &batch);
    let notes = [
        workstation.note(log, &tree, &other_key),
        workstation.note(log, &workstation.tree(log, &events(0..2)), &workstation.checkpoint_key),
        workstation.note(other_log, &tree, &workstation.checkpoint_key),
        "no note".to_owned(),
    ];
    for note in &notes {
        let answer = workstation.deliver_as(log, 0, &batch, note);
        assert_eq!(refused(&answer), (ProblemCode::CheckpointRefused, 0), "{note}");
    }
    assert_eq!(alerts(&clinic, AlertKind::CheckpointRefused), 4);
    assert_eq!(receipt_now(&workstation), None, "nothing was stored");
}

#[test]
fn an_odd_event_is_kept_and_blocks_nothing() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let odd: Vec<Vec<u8>> =
        vec![event(0), br#"{"resourceType":"Basic"}"#.to_vec(), br#"[ 1.0 , "x" ]"#.to_vec(), event(3)];
    assert_eq!(workstation.deliver(&[], &odd).status, 200);
    let stored = clinic.look(|tx| tx.leaves(workstation.log, 0, 10));
    assert_eq!(stored.into_iter().map(|leaf| leaf.event).collect::<Vec<_>>(), odd);
}

#[test]
fn a_batch_without_all_its_headers_or_that_is_no_bundle_is_refused() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let bare = workstation
        .client
        .post(clinic.url(path::FHIR))
        .header(header::LOG, workstation.log.to_string())
        .body(sync::wire::audit_batch_json(&events(0..1), None));
    assert_eq!(clinic.send(bare).unwrap().problem(), Some(ProblemCode::Malformed));
    let request = workstation
        .client
        .post(clinic.url(path::FHIR))
        .header(header::LOG, workstation.log.to_string())
        .header(header::FIRST_INDEX, 0)
        .header(header::CHECKPOINT, "AAAA")
        .body("{}");
    assert_eq!(clinic.send(request).unwrap().problem(), Some(ProblemCode::Malformed));
}

#[test]
fn all_logs_verify_and_a_byte_changed_behind_the_servers_back_is_named() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.deliver(&[], &events(0..5));
    let sound = verify(&clinic.practice).unwrap();
    assert!(sound.ok && sound.logs.len() == 2, "{sound:?}");
    let (log, event) = (workstation.log.uuid(), String::from_utf8(event(77)).unwrap());
    match &clinic.store {
        Store::File => {
            let raw = behind(&clinic);
            raw.execute_batch("DROP TRIGGER leaf_unchanged;").unwrap();
            let sql = "UPDATE leaf SET event = ?1 WHERE position = 3 AND log = ?2";
            let row = rusqlite::params![event.as_bytes(), log.into_bytes()];
            assert_eq!(raw.execute(sql, row).unwrap(), 1);
        }
        Store::Postgres(fresh) => {
            fresh.as_administrator(&format!(
                "ALTER TABLE leaf DISABLE TRIGGER leaf_unchanged;
                UPDATE leaf SET event = convert_to('{event}', 'UTF8') WHERE position = 3 AND log = '{log}'"
            ));
        }
    }
    let broken = verify(&clinic.practice).unwrap();
    let bad = broken.logs.iter().find(|log| !log.ok).unwrap();
    assert_eq!((broken.ok, bad.first_bad), (false, Some(3)));
}

/// The store's file, opened past the server.
pub(crate) fn behind(clinic: &Clinic) -> rusqlite::Connection {
    let key: [u8; 32] =
        std::fs::read(clinic.dir.path().join("practice/keys/store.key")).unwrap().try_into().unwrap();
    let raw = rusqlite::Connection::open(clinic.dir.path().join("practice/store.db")).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    raw.execute_batch(&format!("PRAGMA key = \"x'{hex}'\";")).unwrap();
    raw
}

#[test]
fn the_store_itself_refuses_to_change_or_take_out_an_event() {
    let clinic = Clinic::open_on(Kept::InAFile);
    let raw = behind(&clinic);
    assert!(raw.execute("DELETE FROM leaf", []).is_err());
    assert!(raw.execute("UPDATE leaf SET outcome = '0'", []).is_err());
}
