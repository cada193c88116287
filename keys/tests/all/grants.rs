//! Grants: for one person, one device, one time, from one practice.

use keys::grant::{self, GrantBody, GrantHeader, GrantNotIssued, GrantRefused};
use keys::{AgreementSecret, DrawerKeys, Random, SigningKey};

use super::given::{NOW, at, every_flip_refuses, id, now, random};

struct Practice {
    rights: SigningKey,
    person: AgreementSecret,
    random: Random,
}

fn practice(seed: u8) -> Practice {
    let mut random = random(seed);
    Practice { rights: SigningKey::make(&mut random), person: AgreementSecret::make(&mut random), random }
}

fn header() -> GrantHeader {
    GrantHeader {
        number: 17,
        practice: id(1),
        device: id(2),
        person: id(3),
        drawer: "clinical".to_owned(),
        generation: 4,
        not_before: at(NOW - 60),
        not_after: at(NOW + 45 * 86_400),
    }
}

fn issue(practice: &mut Practice) -> (Vec<u8>, DrawerKeys) {
    let keys = DrawerKeys::make(4, &mut practice.random);
    let body = GrantBody { header: header(), keys: keys.duplicate() };
    let bytes =
        grant::issue(&body, &practice.rights, &practice.person.public(), &mut practice.random).unwrap();
    (bytes, keys)
}

#[test]
fn a_grant_brings_the_drawers_keys_to_its_person_on_its_device() {
    let mut practice = practice(50);
    let (bytes, keys) = issue(&mut practice);
    let rights = practice.rights.verifying_key();
    assert_eq!(grant::verify(&bytes, &rights).unwrap(), header());
    let opened = grant::open(&bytes, &rights, &practice.person, id(2), now()).unwrap();
    assert_eq!(opened.header, header());
    assert_eq!((opened.keys.file, opened.keys.field, opened.keys.generation), (keys.file, keys.field, 4));
}

#[test]
fn another_person_device_time_or_practice_refuses() {
    let mut practice = practice(51);
    let (bytes, _) = issue(&mut practice);
    let rights = practice.rights.verifying_key();
    let other = AgreementSecret::make(&mut practice.random);
    let open = |person, device, seconds| grant::open(&bytes, &rights, person, device, at(seconds)).err();
    assert_eq!(open(&other, id(2), NOW), Some(GrantRefused::OtherPerson));
    assert_eq!(open(&practice.person, id(9), NOW), Some(GrantRefused::OtherDevice));
    assert_eq!(open(&practice.person, id(2), NOW - 61), Some(GrantRefused::NotYetValid));
    assert_eq!(open(&practice.person, id(2), NOW + 45 * 86_400 + 1), Some(GrantRefused::Expired));
    let stranger = SigningKey::make(&mut practice.random).verifying_key();
    assert_eq!(grant::verify(&bytes, &stranger).err(), Some(GrantRefused::BadSignature));
}

#[test]
fn any_change_refuses() {
    let mut practice = practice(52);
    let (bytes, _) = issue(&mut practice);
    let rights = practice.rights.verifying_key();
    every_flip_refuses(&bytes, |bytes| grant::open(bytes, &rights, &practice.person, id(2), now()).is_ok());
}

#[test]
fn a_grant_that_contradicts_itself_is_not_issued() {
    let mut practice = practice(53);
    let long = GrantHeader { drawer: "d".repeat(65), ..header() };
    let backwards = GrantHeader { not_after: at(NOW - 61), ..header() };
    let other_generation = GrantHeader { generation: 5, ..header() };
    for header in [long, backwards, other_generation] {
        let body = GrantBody { header, keys: DrawerKeys::make(4, &mut practice.random) };
        let issued = grant::issue(&body, &practice.rights, &practice.person.public(), &mut practice.random);
        assert_eq!(issued.err(), Some(GrantNotIssued::Contradiction));
    }
}

#[test]
fn a_grant_is_not_issued_to_a_key_of_low_order() {
    let mut practice = practice(54);
    let body = GrantBody { header: header(), keys: DrawerKeys::make(4, &mut practice.random) };
    let zero = keys::AgreementPublic::from_bytes([0; 32]);
    let issued = grant::issue(&body, &practice.rights, &zero, &mut practice.random);
    assert!(matches!(issued, Err(GrantNotIssued::BadPublicKey(_))));
}
