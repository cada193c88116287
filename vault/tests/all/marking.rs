//! Marks of the log's entries: made as they are appended, or later in their order, and whole after any crash.

use jiff::Timestamp;
use keys::Secret;
use keys::epoch::{EpochKey, NO_MARK, StartKey};
use keys::marks::MarkChain;
use proptest::prelude::*;
use records::event::{AuditEvent, Node, Observer, Stamp};
use records::id::EventId;
use records::rights::Trail as _;
use sqlcipher::{Migration, Migrations, Profile};
use vault::{Device, RawKey};

use crate::clinic::{Clinic, DEVICE_KEY, id, now};
use crate::opening::hex;

fn start() -> StartKey {
    StartKey::from_secret(Secret::from_bytes([9; 32]))
}

fn key(epoch: u64) -> EpochKey {
    (0..epoch).fold(start().epoch(), |key, _| key.next())
}

fn event(clinic: &Clinic, number: u128) -> AuditEvent {
    let identity = clinic.identity;
    let at: Timestamp = now();
    let observer = Observer::Workstation(identity.device);
    let stamp = Stamp { id: EventId::from_uuid(id(1000 + number)), at, observer };
    AuditEvent::app_stopped(stamp, Node { practice: identity.practice, device: identity.device })
}

fn append(clinic: &Clinic, device: &mut Device, count: u64) {
    for _ in 0..count {
        let event = event(clinic, u128::from(device.log_head().size));
        device.append(&event).unwrap();
    }
}

/// A device whose chain begins with its log.
fn begun(clinic: &Clinic) -> Device {
    let mut device = clinic.enrol();
    assert!(device.begin_chain(0, b"start", start().epoch()).unwrap());
    device
}

fn advance(device: &mut Device) {
    let next = device.next_epoch_key().unwrap();
    assert!(device.enter_epoch(next).unwrap());
}

/// How many entries are vouched for, of all that the log has marks for.
fn followed(device: &Device) -> u64 {
    let leaves = device.leaf_hashes().unwrap();
    let leaf = |index: u64| leaves.get(usize::try_from(index).unwrap()).map(|leaf| leaf.0);
    let marks = device.marks_of(0, device.log_head().size).unwrap().unwrap();
    let mut chain = MarkChain::begin(start(), 0, Some(NO_MARK));
    chain.follow(&marks, leaf).unwrap();
    chain.next()
}

#[test]
fn entries_are_marked_as_they_are_appended_from_epoch_to_epoch() {
    let clinic = Clinic::new();
    let mut device = begun(&clinic);
    assert!(device.next_epoch_key().is_none(), "an epoch without an entry does not end");
    for count in [3, 1, 2] {
        append(&clinic, &mut device, count);
        advance(&mut device);
    }
    append(&clinic, &mut device, 1);
    let standing = device.mark_standing();
    assert_eq!((standing.epoch, standing.begun, standing.next, standing.waiting), (3, true, 7, 0));
    assert_eq!(followed(&device), 7);
    let batch = device.entries_from(2, 3, 1 << 20).unwrap();
    let marks = batch.marks.unwrap();
    assert_eq!((marks.at, marks.entries.len(), marks.ends.len()), (2, 3, 2));
}

#[test]
fn without_the_key_entries_wait_and_are_marked_in_their_order_once_it_is_there() {
    let clinic = Clinic::new();
    let mut device = begun(&clinic);
    append(&clinic, &mut device, 2);
    advance(&mut device);
    drop(device);
    let mut device = clinic.device();
    append(&clinic, &mut device, 1_203);
    assert_eq!(device.mark_standing().waiting, 1_203);
    assert_eq!(followed(&device), 2);
    assert!(!device.take_epoch_key(key(0)).unwrap(), "the epoch has ended");
    assert!(!device.take_epoch_key(key(2)).unwrap(), "this one has not begun");
    assert!(device.take_epoch_key(key(1)).unwrap());
    assert_eq!((device.mark_standing().waiting, followed(&device)), (0, 1_205));
    append(&clinic, &mut device, 1);
    assert_eq!(followed(&device), 1_206);
}

#[test]
fn a_mark_is_never_changed_and_nothing_else_with_it() {
    let clinic = Clinic::new();
    let mut device = begun(&clinic);
    append(&clinic, &mut device, 2);
    drop(device);
    let mut device = clinic.device();
    append(&clinic, &mut device, 1);
    drop(device);
    let conn = rusqlite::Connection::open(clinic.folder().device_file()).unwrap();
    conn.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex(&DEVICE_KEY))).unwrap();
    for statement in [
        "UPDATE audit_entry SET mark = zeroblob(32) WHERE position = 1",
        "UPDATE audit_entry SET mark = x'' WHERE position = 1",
        "UPDATE audit_entry SET epoch = 7 WHERE position = 2",
        "UPDATE audit_entry SET mark = zeroblob(32), event = x'00' WHERE position = 2",
        "UPDATE audit_entry SET mark = zeroblob(32), leaf_hash = zeroblob(32) WHERE position = 2",
    ] {
        let refused = conn.execute_batch(statement).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
}

#[test]
fn a_chain_that_begins_anew_stands_on_the_last_mark_and_cuts_a_batch() {
    let clinic = Clinic::new();
    let mut device = begun(&clinic);
    append(&clinic, &mut device, 2);
    drop(device);
    let mut device = clinic.device();
    append(&clinic, &mut device, 3);
    assert_eq!(device.next_chain().unwrap(), 2);
    assert!(!device.begin_chain(1, b"again", start().epoch()).unwrap(), "among marked entries");
    assert!(!device.begin_chain(2, b"again", key(1)).unwrap(), "not with its first epoch");
    assert!(device.begin_chain(2, b"again", start().epoch()).unwrap());
    assert_eq!(device.mark_standing().waiting, 0);
    let first = device.entries_from(0, 100, 1 << 20).unwrap();
    assert_eq!((first.events.len(), first.marks.as_ref().map(|marks| marks.chain)), (2, Some(0)));
    let second = device.entries_from(2, 100, 1 << 20).unwrap().marks.unwrap();
    assert_eq!((second.chain, second.entries.len(), second.start.as_slice()), (2, 3, &b"again"[..]));
    assert_eq!(second.before, first.marks.unwrap().entries[1].mark);
}

#[test]
fn a_device_file_of_schema_1_is_brought_forward_with_its_log() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    append(&clinic, &mut device, 3);
    let head = device.log_head();
    drop(device);
    back_to_schema_1(&clinic);
    let mut device = clinic.device();
    assert_eq!((device.log_head(), device.mark_standing().chain), (head, None));
    assert_eq!(device.verify_log(&[]).unwrap().first_bad, None);
    device.keep_receipt(2, b"{}", now()).unwrap();
    let first = device.next_chain().unwrap();
    assert_eq!(first, 2, "what the server holds is not marked any more");
    assert!(device.begin_chain(first, b"start", start().epoch()).unwrap());
    append(&clinic, &mut device, 1);
    let batch = device.entries_from(2, 10, 1 << 20).unwrap();
    assert_eq!(batch.marks.map(|marks| (marks.chain, marks.entries.len())), Some((2, 2)));
    assert!(clinic.folder().device_file().with_file_name("device.db.schema-1").exists());
}

/// Writes the same log into a file of the first schema.
fn back_to_schema_1(clinic: &Clinic) {
    const FIRST: Migrations = Migrations::new(&[Migration {
        number: 1,
        sql: include_str!("../../migrations/device/0001_init.sql"),
    }]);
    let file = clinic.folder().device_file();
    let now_file = file.with_file_name("schema-2.db");
    std::fs::rename(&file, &now_file).unwrap();
    let (key, profile) = (RawKey::new(DEVICE_KEY), Profile::exclusive(1));
    let conn = sqlcipher::create_new(&file, &key, &profile, &FIRST).unwrap();
    let later = rusqlite::Connection::open(now_file).unwrap();
    later.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex(&DEVICE_KEY))).unwrap();
    for (from, into) in [
        ("SELECT * FROM identity", "INSERT INTO identity VALUES (?1, ?2, ?3, ?4, ?5)"),
        (
            "SELECT position, leaf_hash, event, patient, person, act FROM audit_entry ORDER BY position",
            "INSERT INTO audit_entry VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        ),
    ] {
        let mut rows = later.prepare(from).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column).unwrap());
            conn.execute(into, rusqlite::params_from_iter(values)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 0 to 2: so many entries; 3: the epoch ends; 4: a crash, the keyring has the present key; 5: a crash after the next key
    /// was kept and before the epoch ended; 6: a crash after that, with the old key still there.
    #[test]
    fn whatever_crashes_come_between_every_entry_is_vouched_for(steps in prop::collection::vec(0_u64..7, 1..14)) {
        let clinic = Clinic::new();
        let mut device = begun(&clinic);
        for step in steps {
            match step {
                0..=2 => append(&clinic, &mut device, step),
                3 => if device.next_epoch_key().is_some() { advance(&mut device) },
                _ => {
                    if step == 6 && device.next_epoch_key().is_some() {
                        advance(&mut device);
                    }
                    drop(device);
                    device = clinic.device();
                    append(&clinic, &mut device, 1);
                    let epoch = device.mark_standing().epoch;
                    // With 5 the keyring has the next one too, which is none of this epoch.
                    prop_assert!(step != 5 || !device.take_epoch_key(key(epoch + 1)).unwrap());
                    prop_assert!(device.take_epoch_key(key(epoch)).unwrap());
                }
            }
            if device.log_head().size > 0 {
                prop_assert_eq!(followed(&device), device.log_head().size);
            }
        }
    }
}
