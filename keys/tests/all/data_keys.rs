//! Data keys at the server: wrapped for one place by one key-encryption key, by us or by a token.

use keys::data_key::{self, DataKeyAad, KeyEncryptionKey};
use keys::row::SealRefused;
use keys::{PatientKey, Random, Secret};

use super::given::{every_flip_refuses, id, random};
use super::vectors::{frozen, is_frozen};

fn place() -> DataKeyAad<'static> {
    DataKeyAad { practice: id(1), subject: "ada", generation: 2, kek: id(3) }
}

fn keys() -> (KeyEncryptionKey, PatientKey, Random) {
    let mut random = random(41);
    (KeyEncryptionKey::make(&mut random), PatientKey::make(&mut random), random)
}

#[test]
fn a_data_key_comes_back_in_its_own_place_alone() {
    let (kek, key, mut random) = keys();
    let wrapped = kek.wrap(&key, &place(), &mut random);
    assert_eq!((kek.unwrap(&place(), &wrapped).unwrap(), wrapped.len()), (key, PatientKey::WRAPPED_LENGTH));
    let elsewhere = [
        DataKeyAad { practice: id(2), ..place() },
        DataKeyAad { subject: "bob", ..place() },
        DataKeyAad { generation: 1, ..place() },
        DataKeyAad { kek: id(4), ..place() },
    ];
    for other in elsewhere {
        assert_eq!(kek.unwrap(&other, &wrapped), Err(SealRefused::WrongKeyOrPlace), "{other:?}");
    }
    let another = KeyEncryptionKey::make(&mut random);
    assert_eq!(another.unwrap(&place(), &wrapped), Err(SealRefused::WrongKeyOrPlace));
    every_flip_refuses(&wrapped, |bytes| kek.unwrap(&place(), bytes).is_ok());
}

#[test]
fn what_a_token_is_handed_and_hands_back_is_put_together_as_it_was_taken_apart() {
    let (kek, key, mut random) = keys();
    let wrapped = kek.wrap(&key, &place(), &mut random);
    let (nonce, sealed) = data_key::take_apart(&wrapped).unwrap();
    assert_eq!(sealed.len(), 32 + data_key::TAG);
    assert_eq!(data_key::assemble(nonce, sealed), wrapped);
    assert!(data_key::take_apart(&[]).is_err() && data_key::take_apart(&[1; 12]).is_err());
    let newer = [&[2], wrapped.get(1..).unwrap()].concat();
    assert!(data_key::take_apart(&newer).is_err(), "a newer version is not taken for this one");
}

#[test]
fn a_wrapped_key_of_version_1_is_what_it_was() {
    let (kek, key) = (Secret::from_bytes([13; 32]), Secret::from_bytes([6; 32]));
    let (kek, key) = (KeyEncryptionKey::from_secret(kek), PatientKey::from_secret(key));
    let place = DataKeyAad { practice: id(1), subject: "p", generation: 3, kek: id(2) };
    is_frozen("data_key", &kek.wrap(&key, &place, &mut random(4)));
    assert_eq!(kek.unwrap(&place, &frozen("data_key")).unwrap(), key);
}
