//! Recovery slots as `device.db` and the folder keep them: a row decides, and what is gone from it opens nothing.

use records::id::{PersonId, SlotId};
use uuid::Uuid;
use vault::{CodeToEscrow, RecoveryPlace, RecoverySlots};

use crate::clinic::{Clinic, now};

fn slot(number: u128) -> SlotId {
    SlotId::from_uuid(Uuid::from_u128(number))
}

fn person(number: u128) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(number))
}

fn sheet(from: u128) -> Vec<SlotId> {
    (from..from + 10).map(slot).collect()
}

#[test]
fn a_new_sheet_takes_the_place_of_the_old_one_and_leaves_the_telephone_alone() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    device.replace_recovery_sheet(person(1), &sheet(100), now()).unwrap();
    device.replace_recovery_sheet(person(2), &sheet(200), now()).unwrap();
    device.replace_telephone_slot(person(1), slot(1), b"sealed", now()).unwrap();
    device.replace_recovery_sheet(person(1), &sheet(300), now()).unwrap();
    drop(device);
    let device = clinic.device();
    assert_eq!(device.recovery_slot(person(1), RecoveryPlace::Sheet(9)).unwrap(), Some(slot(309)));
    assert_eq!(device.recovery_slot(person(1), RecoveryPlace::Telephone).unwrap(), Some(slot(1)));
    assert_eq!(device.recovery_slot(person(2), RecoveryPlace::Sheet(0)).unwrap(), Some(slot(200)));
    let places: Vec<RecoveryPlace> =
        device.recovery_slots(person(1)).unwrap().iter().map(|slot| slot.place).collect();
    let expected: Vec<RecoveryPlace> =
        (0..10).map(RecoveryPlace::Sheet).chain([RecoveryPlace::Telephone]).collect();
    assert_eq!(places, expected);
    assert_eq!(device.all_recovery_slots().unwrap().len(), 21);
}

#[test]
fn a_used_slot_is_gone_also_after_a_restart_and_is_used_once() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    device.replace_recovery_sheet(person(1), &sheet(100), now()).unwrap();
    assert!(device.use_recovery_slot(slot(104)).unwrap());
    assert!(!device.use_recovery_slot(slot(104)).unwrap());
    drop(device);
    let mut device = clinic.device();
    assert_eq!(device.recovery_slot(person(1), RecoveryPlace::Sheet(4)).unwrap(), None);
    assert_eq!(device.recovery_slots(person(1)).unwrap().len(), 9);
    device.drop_recovery_slots(person(1)).unwrap();
    assert_eq!(device.recovery_slots(person(1)).unwrap(), []);
}

#[test]
fn a_code_waits_sealed_until_the_server_holds_it_and_the_next_one_begins_anew() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    device.replace_telephone_slot(person(1), slot(1), b"sealed", now()).unwrap();
    let waiting = CodeToEscrow { slot: slot(1), person: person(1), sealed: b"sealed".to_vec() };
    assert_eq!(device.codes_to_escrow(5).unwrap(), [waiting]);
    let standing = |device: &vault::Device| {
        let only = device.recovery_slots(person(1)).unwrap()[0];
        (only.is_held, only.is_released)
    };
    assert_eq!(standing(&device), (false, false));
    device.note_escrow(&[slot(1)], &[]).unwrap();
    assert_eq!(device.codes_to_escrow(5).unwrap(), []);
    assert_eq!(standing(&device), (true, false));
    device.note_escrow(&[], &[slot(1)]).unwrap();
    assert_eq!(standing(&device), (true, true));
    device.replace_telephone_slot(person(1), slot(2), b"next", now()).unwrap();
    assert_eq!(standing(&device), (false, false));
    assert!(!device.use_recovery_slot(slot(1)).unwrap());
}

#[test]
fn slot_files_are_listed_by_their_names_alone() {
    let clinic = Clinic::new();
    let device = clinic.enrol();
    let files = RecoverySlots::new(device.folder());
    files.write(slot(1), b"one").unwrap();
    files.write(slot(2), b"two").unwrap();
    std::fs::write(device.folder().slots().join("not-one.recovery"), b"else").unwrap();
    let mut listed = files.listed().unwrap();
    listed.sort();
    assert_eq!(listed, [slot(1), slot(2)]);
    assert_eq!(files.read(slot(2)).unwrap(), Some(b"two".to_vec()));
    files.remove(slot(2)).unwrap();
    files.remove(slot(2)).unwrap();
    assert_eq!(files.read(slot(2)).unwrap(), None);
    assert_eq!(vault::Slots::new(device.folder()).people().unwrap(), [], "none of them is a person's slot");
}
