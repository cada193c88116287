//! Extensions of the offline lease: good at one workstation, for the number on its screen, and signed.

use keys::lease::{
    LeaseExtension, LeaseNumber, LeasePlace, LeaseRefused, MOST_DAYS, NumberMistyped, days_of,
};
use keys::spoken::SpokenCode;
use keys::{AgreementPublic, AgreementSecret, SigningKey, Unreadable};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::given::{hex, id, now, random};

fn number(text: &str) -> LeaseNumber {
    text.parse().unwrap()
}

fn place(device: u128, number: LeaseNumber) -> LeasePlace {
    LeasePlace { practice: id(1), device: id(device), number }
}

fn extension(days: u16) -> LeaseExtension {
    LeaseExtension { place: place(2, number("1234 5676")), days, issued_at: now() }
}

fn words(text: &str) -> SpokenCode {
    text.parse().unwrap()
}

#[test]
fn a_number_checks_itself_and_reads_back_however_it_is_typed() {
    let mut random = random(140);
    for _ in 0..200 {
        let made = LeaseNumber::make(&mut random);
        let text = made.to_string();
        assert_eq!(text.len(), 9);
        for typed in [text.clone(), text.replace(' ', ""), text.replace(' ', "-"), format!(" {text}. ")] {
            assert_eq!(typed.parse(), Ok(made), "{typed}");
        }
    }
    for wrong in ["", "1234567", "123456789", "1234 567a", "0000 0000"] {
        assert_eq!(wrong.parse::<LeaseNumber>(), Err(NumberMistyped), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_wrong_digit_and_two_that_changed_places_are_found(seed: u8, at in 0_usize..8, digit in 0_u8..10) {
        let right: Vec<u8> = LeaseNumber::make(&mut random(seed)).to_string().bytes().filter(|b| *b != b' ').collect();
        let mut wrong = right.clone();
        wrong[at] = b'0' + digit;
        let typed = String::from_utf8(wrong.clone()).unwrap();
        prop_assert_eq!(typed.parse::<LeaseNumber>().is_ok(), wrong == right);
        let mut swapped = right.clone();
        swapped.swap(at, (at + 1) % 8);
        if at < 7 {
            let typed = String::from_utf8(swapped.clone()).unwrap();
            prop_assert_eq!(typed.parse::<LeaseNumber>().is_ok(), swapped == right);
        }
    }
}

#[test]
fn a_file_is_good_for_its_workstation_and_number_and_only_signed() {
    let key = SigningKey::make(&mut random(141));
    let given = extension(14);
    let bytes = given.sign(&key);
    let verify = |bytes: &[u8], place| LeaseExtension::verify(bytes, &key.verifying_key(), &place);
    assert_eq!(verify(&bytes, given.place), Ok(given));
    let elsewhere = [place(3, given.place.number), place(2, LeaseNumber::make(&mut random(1)))];
    for other in elsewhere {
        assert_eq!(verify(&bytes, other), Err(LeaseRefused::OtherPlace));
    }
    let foreign = SigningKey::make(&mut random(142)).verifying_key();
    assert_eq!(LeaseExtension::verify(&bytes, &foreign, &given.place), Err(LeaseRefused::BadSignature));
    let mut longer = bytes.clone();
    longer[42] ^= 1;
    assert_eq!(verify(&longer, given.place), Err(LeaseRefused::BadSignature));
    let cut = Err(LeaseRefused::Unreadable(Unreadable::Damaged));
    assert_eq!(verify(&bytes[..bytes.len() - 1], given.place), cut);
    assert_eq!(verify(&extension(MOST_DAYS + 1).sign(&key), given.place), cut);
    assert_eq!(verify(&extension(0).sign(&key), given.place), cut);
}

#[test]
fn words_say_their_days_at_their_workstation_and_for_its_number_alone() {
    let (server, workstation) =
        (AgreementSecret::make(&mut random(143)), AgreementSecret::make(&mut random(144)));
    let given = extension(21);
    let read_out = words(given.to_words(&server, &workstation.public()).unwrap().expose());
    let days = |place: &LeasePlace, own: &AgreementSecret| days_of(&read_out, place, own, &server.public());
    assert_eq!(days(&given.place, &workstation), Some(21));
    assert_eq!(days(&place(3, given.place.number), &workstation), None);
    assert_eq!(days(&place(2, LeaseNumber::make(&mut random(1))), &workstation), None);
    assert_eq!(days(&given.place, &AgreementSecret::make(&mut random(145))), None);
    assert_eq!(
        days_of(&SpokenCode::make(&mut random(146)), &given.place, &workstation, &server.public()),
        None
    );
    let nowhere = AgreementPublic::from_bytes([0; 32]);
    assert!(given.to_words(&server, &nowhere).is_err(), "a point of low order");
}

#[test]
fn both_forms_stay_as_they_are() {
    let key = SigningKey::make(&mut random(147));
    let (server, workstation) =
        (AgreementSecret::make(&mut random(148)), AgreementSecret::make(&mut random(149)));
    let given = extension(14);
    assert_eq!(
        hex(&Sha256::digest(given.sign(&key))),
        "f1fa6d77b7df581a5164a5e28f42b452901d9798c2bb4711cd3f41d26275a054"
    );
    assert_eq!(
        given.to_words(&server, &workstation.public()).unwrap().expose(),
        "today method fire else obvious inquiry ketchup"
    );
}
