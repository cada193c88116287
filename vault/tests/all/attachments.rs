//! Attached files on the disk: kept until the server holds them, offered again after a restore, fetched in parts.

use records::id::{AttachmentId, ChangeId};
use sha2::{Digest as _, Sha256};
use std::fs;
use uuid::Uuid;
use vault::Device;

use crate::clinic::Clinic;

fn id(number: u128) -> AttachmentId {
    AttachmentId::from_uuid(Uuid::from_u128(number))
}

fn change() -> ChangeId {
    ChangeId::from_uuid(Uuid::from_u128(9))
}

fn held(device: &Device) -> Vec<(AttachmentId, u64)> {
    device.unsent_attachments().unwrap().into_iter().map(|own| (own.id, own.held)).collect()
}

#[test]
fn a_file_is_unsent_until_the_server_holds_all_of_it_and_again_where_the_server_was_put_back() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    let sealed: Vec<u8> = (0..1_000_u32).flat_map(u32::to_le_bytes).collect();
    device.keep_attachment(id(1), change(), &sealed).unwrap();
    drop(device);
    let mut device = clinic.device();
    assert_eq!(held(&device), [(id(1), 0)]);
    let own = device.unsent_attachments().unwrap().remove(0);
    assert_eq!((own.length, own.digest.as_slice()), (4_000, Sha256::digest(&sealed).as_slice()));
    assert_eq!(own.change, change());
    assert_eq!(clinic.folder().read_attachment(id(1), 3_900, 1_000).unwrap(), sealed[3_900..]);
    let path = clinic.folder().blobs().join(format!("{}.sealed", id(1)));
    assert!(own.is_whole_in(&clinic.folder()));
    fs::write(&path, &sealed[1..]).unwrap();
    assert!(!own.is_whole_in(&clinic.folder()), "it is not what was attached");
    fs::remove_file(&path).unwrap();
    assert!(!own.is_whole_in(&clinic.folder()), "nor is it there");
    fs::write(&path, &sealed).unwrap();
    device.attachment_held(id(1), 1_024).unwrap();
    assert_eq!(held(&device), [(id(1), 1_024)]);
    device.attachment_held(id(1), u64::MAX).unwrap();
    assert_eq!(held(&device), []);
    assert_eq!(device.own_attachment(id(1)).unwrap().map(|own| own.held), Some(4_000), "it is still known");
    device.offer_attachments_again().unwrap();
    assert_eq!(held(&device), [(id(1), 0)]);
    device.attachment_held(id(1), 4_000).unwrap();
    fs::remove_file(&path).unwrap();
    device.offer_attachments_again().unwrap();
    assert_eq!(held(&device), [], "what is not here any more cannot be offered");
    device.forget_attachment(id(1)).unwrap();
    assert_eq!((held(&device), device.attachment(id(1)).unwrap()), (vec![], None));
}

#[test]
fn what_is_fetched_goes_on_after_a_cut_and_counts_only_when_it_is_what_it_should_be() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    let digest = Sha256::digest(b"sealed bytes");
    assert_eq!(device.fetched(id(2)).unwrap(), 0);
    device.take_fetched(id(2), b"sealed").unwrap();
    drop(device);
    let mut device = clinic.device();
    assert_eq!(
        (device.fetched(id(2)).unwrap(), device.attachment(id(2)).unwrap()),
        (6, None),
        "half is none"
    );
    device.take_fetched(id(2), b" bites").unwrap();
    assert!(!device.finish_fetched(id(2), &digest).unwrap());
    assert_eq!((device.fetched(id(2)).unwrap(), device.attachment(id(2)).unwrap()), (0, None), "begun anew");
    device.take_fetched(id(2), b"sealed bytes").unwrap();
    assert!(device.finish_fetched(id(2), &digest).unwrap());
    assert_eq!(device.attachment(id(2)).unwrap().as_deref(), Some(b"sealed bytes".as_slice()));
    assert_eq!(held(&device), [], "it is not this workstation's to send");
    assert_eq!(device.own_attachment(id(2)).unwrap(), None);
    assert!(clinic.folder().has_attachments().unwrap());
}

#[test]
fn a_wipe_takes_attached_files_too() {
    let clinic = Clinic::new();
    let mut device = clinic.enrol();
    device.keep_attachment(id(3), change(), b"sealed").unwrap();
    drop(device);
    let blobs = clinic.folder().blobs();
    assert_eq!(fs::read_dir(&blobs).unwrap().count(), 1);
    clinic.folder().destroy_contents().unwrap();
    assert!(!blobs.exists());
}
