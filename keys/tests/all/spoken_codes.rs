//! Codes of the telephone: read back however they are typed, slips told from wrong codes, escrow bound to its place.

use keys::spoken::{EscrowPlace, SpokenCode, SpokenCodeMistyped, WORDS_PER_CODE, words};
use keys::{AgreementSecret, ParcelRefused};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::given::{hex, id, random};

fn text_of(code: &SpokenCode) -> String {
    code.to_text().expose().to_owned()
}

/// As much of a word as a person has to type.
fn beginning(word: &str) -> String {
    word.chars().take(4).collect()
}

#[test]
fn the_list_is_the_one_of_bip_39_and_four_letters_tell_its_words_apart() {
    let list: Vec<&str> = words().collect();
    let file: String = list.iter().map(|word| format!("{word}\n")).collect();
    let published = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda";
    assert_eq!(hex(&Sha256::digest(file)), published);
    let mut beginnings: Vec<String> = list.iter().map(|word| beginning(word)).collect();
    beginnings.sort_unstable();
    beginnings.dedup();
    assert_eq!(beginnings.len(), 2048);
}

#[test]
fn a_code_is_seven_words_and_reads_back_in_any_case_and_by_its_first_letters() {
    let mut random = random(130);
    for _ in 0..50 {
        let code = SpokenCode::make(&mut random);
        let text = text_of(&code);
        assert_eq!(text.split(' ').count(), WORDS_PER_CODE);
        let short: Vec<String> = text.split(' ').map(beginning).collect();
        for typed in [text.clone(), text.to_uppercase(), text.replace(' ', ", "), short.join("  ")] {
            assert_eq!(typed.parse::<SpokenCode>().as_ref(), Ok(&code), "{typed}");
        }
    }
}

#[test]
fn slips_are_named() {
    assert_eq!("zoo zoo".parse::<SpokenCode>(), Err(SpokenCodeMistyped::Length));
    assert_eq!("zoo ".repeat(8).parse::<SpokenCode>(), Err(SpokenCodeMistyped::Length));
    assert_eq!("quux ".repeat(7).parse::<SpokenCode>(), Err(SpokenCodeMistyped::Word));
    assert_eq!(
        "aba ".repeat(7).parse::<SpokenCode>(),
        Err(SpokenCodeMistyped::Word),
        "three of five letters"
    );
}

#[test]
fn most_misheard_words_and_swaps_are_found_and_the_rest_make_another_code() {
    let mut random = random(131);
    let (mut found, mut tried) = (0, 0);
    for _ in 0..100 {
        let code = SpokenCode::make(&mut random);
        let text = text_of(&code);
        let said: Vec<&str> = text.split(' ').collect();
        for at in 0..WORDS_PER_CODE {
            let mut misheard = said.clone();
            misheard[at] = words().nth(usize::try_from(random.below(2048)).unwrap()).unwrap();
            let mut swapped = said.clone();
            swapped.swap(at, (at + 1) % WORDS_PER_CODE);
            for slip in [misheard, swapped].into_iter().filter(|slip| *slip != said) {
                tried += 1;
                match slip.join(" ").parse::<SpokenCode>() {
                    Err(error) => {
                        assert_eq!(error, SpokenCodeMistyped::Check);
                        found += 1;
                    }
                    Ok(other) => assert_ne!(other, code),
                }
            }
        }
    }
    assert!(found * 100 > tried * 93, "{found} of {tried} found");
}

#[test]
fn an_escrowed_code_opens_for_its_server_as_the_code_of_its_slot_alone() {
    let mut random = random(132);
    let (server, other) = (AgreementSecret::make(&mut random), AgreementSecret::make(&mut random));
    let code = SpokenCode::make(&mut random);
    let place = EscrowPlace { practice: id(1), device: id(2), person: id(3), slot: id(4) };
    let sealed = code.escrow(&server.public(), &place, &mut random).unwrap();
    assert_eq!(SpokenCode::from_escrow(&server, &place, &sealed), Ok(code));
    assert_eq!(SpokenCode::from_escrow(&other, &place, &sealed), Err(ParcelRefused));
    for elsewhere in [
        EscrowPlace { practice: id(9), ..place },
        EscrowPlace { device: id(9), ..place },
        EscrowPlace { person: id(9), ..place },
        EscrowPlace { slot: id(9), ..place },
    ] {
        assert_eq!(SpokenCode::from_escrow(&server, &elsewhere, &sealed), Err(ParcelRefused));
    }
}

proptest! {
    #[test]
    fn anything_typed_is_read_or_refused(typed in "\\PC{0,60}") {
        let _read = typed.parse::<SpokenCode>();
    }
}
