//! A new witness key: named by the root in a new bundle, and never in use before that bundle is there.

use crate::clinic::Clinic;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::witnessing::renew;
use std::fs;

#[test]
fn each_new_key_is_in_a_new_bundle_and_what_was_cut_short_is_brought_to_its_end() {
    let clinic = Clinic::open();
    let dir = DataDir::at(&clinic.dir.path().join("practice"));
    let root = dir.path().join("offline-root");
    let key = || fs::read(dir.key("witness.key")).unwrap();
    let number = || clinic.look(|tx| tx.practice()).trust_number;
    let first = key();

    assert_eq!((renew(&clinic.practice, &dir, &root).unwrap(), number()), (2, 2));
    let second = key();
    assert_ne!(second, first);
    assert!(!dir.key("witness.next").exists());

    // The bundle is there, and the power went before the key took its place.
    fs::rename(dir.key("witness.key"), dir.key("witness.next")).unwrap();
    fs::write(dir.key("witness.key"), &first).unwrap();
    assert_eq!((renew(&clinic.practice, &dir, &root).unwrap(), number()), (2, 2));
    assert_eq!(key(), second);

    // A key that no bundle ever named is made anew.
    fs::write(dir.key("witness.next"), &first).unwrap();
    assert_eq!((renew(&clinic.practice, &dir, &root).unwrap(), number()), (3, 3));
    assert!(key() != second && key() != first);
}

#[test]
fn another_root_makes_no_bundle() {
    let (clinic, other) = (Clinic::open(), Clinic::open());
    let dir = DataDir::at(&clinic.dir.path().join("practice"));
    let before = fs::read(dir.key("witness.key")).unwrap();
    let foreign = other.dir.path().join("practice/offline-root");
    assert!(renew(&clinic.practice, &dir, &foreign).is_err());
    fs::copy(dir.path().join("offline-root/root.crt"), foreign.join("root.crt")).unwrap();
    assert!(renew(&clinic.practice, &dir, &foreign).is_err(), "its certificate with another key");
    assert!(renew(&clinic.practice, &dir, &clinic.dir.path().join("nowhere")).is_err());
    assert_eq!(fs::read(dir.key("witness.key")).unwrap(), before);
    assert_eq!(clinic.look(|tx| tx.practice()).trust_number, 1);
}
