//! Rows: sealed for one place and version; tokens that tell nothing without the key.

use keys::row::{self, PatientKeyAad, RowAad, SealRefused};
use keys::{FieldKey, PatientKey, Random};
use proptest::prelude::*;

use super::given::{every_flip_refuses, id, random};

const DOCUMENT: &[u8] = br#"{"resourceType":"Observation","id":"o1"}"#;

fn place() -> RowAad<'static> {
    RowAad { vault: id(1), drawer: "clinical", table: "resource", row: "Observation/o1", version: 3 }
}

fn key() -> (PatientKey, Random) {
    let mut random = random(40);
    (PatientKey::make(&mut random), random)
}

#[test]
fn a_document_comes_back_from_its_row() {
    let (key, mut random) = key();
    let sealed = row::seal_row(&key, &place(), DOCUMENT, &mut random);
    assert_eq!(row::open_row(&key, &place(), &sealed).unwrap(), DOCUMENT);
    assert_eq!(sealed.len(), DOCUMENT.len() + 29);
}

#[test]
fn a_row_copied_to_any_other_place_or_version_does_not_open() {
    let (key, mut random) = key();
    let sealed = row::seal_row(&key, &place(), DOCUMENT, &mut random);
    let elsewhere = [
        RowAad { vault: id(2), ..place() },
        RowAad { drawer: "sensitive", ..place() },
        RowAad { table: "history", ..place() },
        RowAad { row: "Observation/o2", ..place() },
        RowAad { version: 2, ..place() },
        // The same letters, split elsewhere.
        RowAad { drawer: "clinicalr", table: "esource", ..place() },
    ];
    for place in elsewhere {
        assert_eq!(row::open_row(&key, &place, &sealed), Err(SealRefused::WrongKeyOrPlace), "{place:?}");
    }
}

#[test]
fn another_patients_key_does_not_open_it() {
    let (key, mut random) = key();
    let sealed = row::seal_row(&key, &place(), DOCUMENT, &mut random);
    let other = PatientKey::make(&mut random);
    assert_eq!(row::open_row(&other, &place(), &sealed), Err(SealRefused::WrongKeyOrPlace));
}

#[test]
fn any_change_refuses() {
    let (key, mut random) = key();
    let sealed = row::seal_row(&key, &place(), DOCUMENT, &mut random);
    every_flip_refuses(&sealed, |bytes| row::open_row(&key, &place(), bytes).is_ok());
}

#[test]
fn a_patient_key_is_wrapped_for_one_patient_drawer_and_generation() {
    let (key, mut random) = key();
    let field = FieldKey::make(&mut random);
    let place = PatientKeyAad { vault: id(1), drawer: "clinical", patient: "p1", generation: 1 };
    let wrapped = key.wrap(&field, &place, &mut random);
    assert_eq!(wrapped.len(), PatientKey::WRAPPED_LENGTH);
    assert_eq!(PatientKey::unwrap(&field, &place, &wrapped).unwrap(), key);
    for other in [
        PatientKeyAad { vault: id(2), ..place },
        PatientKeyAad { drawer: "billing", ..place },
        PatientKeyAad { patient: "p2", ..place },
        PatientKeyAad { generation: 2, ..place },
    ] {
        assert!(PatientKey::unwrap(&field, &other, &wrapped).is_err());
    }
    assert!(PatientKey::unwrap(&FieldKey::make(&mut random), &place, &wrapped).is_err());
    every_flip_refuses(&wrapped, |bytes| PatientKey::unwrap(&field, &place, bytes).is_ok());
}

#[test]
fn tokens_are_equal_for_equal_values_of_one_field_in_one_drawer_only() {
    let mut random = random(41);
    let key = row::derive_token_key(&FieldKey::make(&mut random));
    let other = row::derive_token_key(&FieldKey::make(&mut random));
    let token = row::token(&key, "mrn", b"12345");
    assert_eq!(token, row::token(&key, "mrn", b"12345"));
    assert_ne!(token, row::token(&key, "phone", b"12345"));
    assert_ne!(token, row::token(&other, "mrn", b"12345"));
    assert_ne!(row::token(&key, "mrn1", b"2345"), token, "label and value are told apart");
}

#[test]
fn the_inbox_key_is_the_same_for_whoever_holds_the_drawer() {
    let mut random = random(42);
    let field = FieldKey::make(&mut random);
    assert_eq!(row::derive_inbox_key(&field), row::derive_inbox_key(&field.duplicate()));
    assert_ne!(row::derive_inbox_key(&field), row::derive_inbox_key(&FieldKey::make(&mut random)));
}

#[test]
fn nonces_of_many_rows_differ() {
    let (key, _) = key();
    let mut random = Random::from_os();
    let mut nonces: Vec<Vec<u8>> =
        (0..20_000).map(|_| row::seal_row(&key, &place(), b"", &mut random)[1..13].to_vec()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 20_000);
}

proptest! {
    #[test]
    fn any_document_comes_back(document in prop::collection::vec(any::<u8>(), 0..2000), version in any::<u64>()) {
        let (key, mut random) = key();
        let place = RowAad { version, ..place() };
        let sealed = row::seal_row(&key, &place, &document, &mut random);
        prop_assert_eq!(row::open_row(&key, &place, &sealed).unwrap(), document);
    }

    #[test]
    fn two_rows_swapped_refuse(first in "[a-z]{1,12}", second in "[a-z]{1,12}") {
        prop_assume!(first != second);
        let (key, mut random) = key();
        let (here, there) = (RowAad { row: &first, ..place() }, RowAad { row: &second, ..place() });
        let sealed = row::seal_row(&key, &here, b"first", &mut random);
        prop_assert!(row::open_row(&key, &there, &sealed).is_err());
    }
}
