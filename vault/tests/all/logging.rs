//! The audit log: append-only, whole, and what was changed in it is named.

use records::log::{LogPosition, audit_leaf_hash, root_of};
use records::rights::Action;
use records::{Drawer, Role};
use vault::{AuditFilter, Device};

use crate::clinic::{Clinic, DEVICE_KEY, now};
use crate::opening::hex;

/// A device whose log has some entries.
fn logged(clinic: &mut Clinic, entries: u32) -> Device {
    let mut vault = clinic.unlock(clinic.enrol(), &[Drawer::Demographics]);
    for _ in 0..entries {
        let _permit = clinic.practice_permit(&mut vault, Role::Nurse, Action::Search);
    }
    vault.close()
}

fn raw(clinic: &Clinic) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(clinic.folder().device_file()).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\"; PRAGMA recursive_triggers = ON;", hex(&DEVICE_KEY)))
        .unwrap();
    conn
}

#[test]
fn leaves_are_made_of_the_exact_bytes_and_their_place() {
    let mut clinic = Clinic::new();
    let device = logged(&mut clinic, 5);

    let batch = device.undelivered(100, 1 << 20).unwrap();
    let leaf = |(event, index): (&Vec<u8>, u64)| {
        audit_leaf_hash(LogPosition { log: clinic.identity.log, index }, event)
    };
    let leaves: Vec<_> = batch.events.iter().zip(0..).map(leaf).collect();

    assert_eq!(batch.first_index, 0);
    assert_eq!(device.leaf_hashes().unwrap(), leaves);
    assert_eq!(device.log_head().root, root_of(&leaves));
    assert_eq!(device.log_head().size, 5);
}

#[test]
fn entries_cannot_be_changed_removed_replaced_or_slipped_in() {
    let mut clinic = Clinic::new();
    drop(logged(&mut clinic, 3));
    let conn = raw(&clinic);

    for statement in [
        "UPDATE audit_entry SET event = x'00' WHERE position = 1",
        "DELETE FROM audit_entry WHERE position = 2",
        "DELETE FROM audit_entry",
        "INSERT OR REPLACE INTO audit_entry (position, leaf_hash, event) VALUES (1, zeroblob(32), x'00')",
        "INSERT INTO audit_entry (position, leaf_hash, event) VALUES (7, zeroblob(32), x'00')",
    ] {
        let refused = conn.execute_batch(statement).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[test]
fn the_log_goes_on_where_it_was_after_a_restart_with_or_without_a_checkpoint() {
    let mut clinic = Clinic::new();
    let mut device = logged(&mut clinic, 3);
    device.keep_checkpoint(b"a signed note", now()).unwrap();
    let mut vault = clinic.unlock(device, &[Drawer::Demographics]);
    for _ in 0..4 {
        let _permit = clinic.practice_permit(&mut vault, Role::Nurse, Action::Search);
    }
    let head = vault.device().log_head();
    drop(vault);

    let device = clinic.device();

    assert_eq!(device.log_head(), head);
    let check = device.verify_log(&[]).unwrap();
    assert_eq!((check.head, check.first_bad), (head, None));
    assert_eq!(
        device.head_at(3).unwrap().unwrap().root,
        device.last_checkpoint().unwrap().unwrap().head.root
    );
    assert_eq!(device.head_at(5).unwrap().unwrap().root, root_of(&device.leaf_hashes().unwrap()[..5]));
    assert_eq!(device.head_at(head.size).unwrap(), Some(head));
    assert_eq!(device.head_at(head.size + 1).unwrap(), None);
    let checkpoint = device.last_checkpoint().unwrap().unwrap();
    assert_eq!((checkpoint.head.size, checkpoint.note.as_slice()), (3, &b"a signed note"[..]));
}

#[test]
fn the_first_bad_entry_is_named() {
    for (tampering, first_bad) in [
        ("UPDATE audit_entry SET event = CAST(replace(event, 'rest', 'resx') AS BLOB) WHERE position = 2", 2),
        ("UPDATE audit_entry SET leaf_hash = zeroblob(32) WHERE position = 4", 4),
        ("DELETE FROM audit_entry WHERE position = 3", 3),
        ("DELETE FROM audit_entry WHERE position >= 3", 3),
        (
            "UPDATE audit_entry SET event = (SELECT e.event FROM audit_entry e WHERE e.position = 1)
             WHERE position = 0",
            0,
        ),
    ] {
        let mut clinic = Clinic::new();
        let mut device = logged(&mut clinic, 6);
        device.keep_checkpoint(b"note", now()).unwrap();
        drop(device);
        let conn = raw(&clinic);
        conn.execute_batch(
            "DROP TRIGGER audit_entry_is_never_changed; DROP TRIGGER audit_entry_is_never_removed;",
        )
        .unwrap();
        conn.execute_batch(tampering).unwrap();
        drop(conn);

        assert_eq!(clinic.device().verify_log(&[]).unwrap().first_bad, Some(first_bad), "{tampering}");
    }
}

#[test]
fn a_rewritten_log_does_not_fit_its_checkpoint() {
    let mut clinic = Clinic::new();
    let mut device = logged(&mut clinic, 4);
    device.keep_checkpoint(b"note", now()).unwrap();
    drop(device);
    let conn = raw(&clinic);
    conn.execute_batch("DROP TRIGGER audit_entry_is_never_changed").unwrap();
    let event = b"{\"resourceType\":\"AuditEvent\"}".to_vec();
    let leaf = audit_leaf_hash(LogPosition { log: clinic.identity.log, index: 1 }, &event);
    conn.execute(
        "UPDATE audit_entry SET event = ?1, leaf_hash = ?2 WHERE position = 1",
        rusqlite::params![event, leaf.as_bytes()],
    )
    .unwrap();
    drop(conn);

    assert_eq!(clinic.device().verify_log(&[]).unwrap().first_bad, Some(4));
}

#[test]
fn what_is_delivered_is_not_queued_again_and_a_batch_keeps_to_its_size() {
    let mut clinic = Clinic::new();
    let mut device = logged(&mut clinic, 5);
    let one = device.undelivered(10, 1).unwrap();
    assert_eq!(one.events.len(), 1, "one event goes even when it is larger than the batch");
    assert_eq!(device.undelivered(3, 1 << 20).unwrap().events.len(), 3);

    device.keep_receipt(3, b"receipt", now()).unwrap();

    let rest = device.undelivered(10, 1 << 20).unwrap();
    assert_eq!((rest.first_index, rest.events.len()), (3, 2));
    assert_eq!(device.last_receipt().unwrap().unwrap().0, b"receipt");
    assert_eq!(device.entries_from(1, 1, 1 << 20).unwrap().first_index, 1);
    device.keep_receipt(99, b"for what is not there yet", now()).unwrap();
    assert_eq!(device.delivered_size().unwrap(), 3);
}

#[test]
fn a_page_of_the_log_is_newest_first_and_says_what_the_server_holds() {
    let mut clinic = Clinic::new();
    let mut device = logged(&mut clinic, 5);
    device.keep_receipt(3, b"receipt", now()).unwrap();
    let mut vault = clinic.unlock(device, &[Drawer::Demographics]);
    let permit = clinic.practice_permit(&mut vault, Role::Auditor, Action::ReadAudit);
    let filter = AuditFilter { patient: None, before: Some(5), limit: 3 };

    let page = vault.device().audit_page(&permit, &filter).unwrap();

    let shown: Vec<_> = page.iter().map(|entry| (entry.index, entry.delivered)).collect();
    assert_eq!(shown, [(4, false), (3, false), (2, true)]);
}

#[test]
fn events_that_belong_together_are_appended_in_one_commit() {
    let mut clinic = Clinic::new();
    let mut device = logged(&mut clinic, 1);
    let batch = device.undelivered(1, 1 << 20).unwrap();
    let event = records::AuditEvent::parse(batch.events[0].clone()).unwrap();

    let first = device.append_all(&[event.clone(), event.clone(), event]).unwrap();

    assert_eq!(first.index, 1);
    assert_eq!(device.log_head().size, 4);
    assert_eq!(device.verify_log(&[]).unwrap().first_bad, None);
}
