//! Codes on paper: read back however they are typed, slips told from wrong codes.

use keys::recovery::{CODES_PER_SHEET, NoRecoveryCode, PaperCode, PaperCodeMistyped, RecoveryCode};
use keys::spoken::SpokenCode;
use proptest::prelude::*;

use super::given::random;

#[test]
fn a_printed_code_reads_back_in_any_case_and_spacing() {
    let code = PaperCode::make(&mut random(120));
    let text = code.to_text().expose().to_owned();
    assert_eq!(text.len(), 23);
    for typed in [
        text.clone(),
        text.to_lowercase(),
        text.replace('-', " "),
        text.replace('-', ""),
        text.replace('0', "o").replace('1', "l"),
    ] {
        assert_eq!(typed.parse::<PaperCode>().unwrap(), code, "{typed}");
    }
}

#[test]
fn the_first_character_of_a_code_is_its_place_on_the_sheet_and_the_rest_is_random() {
    let mut random = random(121);
    let places = 0..u8::try_from(CODES_PER_SHEET).unwrap();
    let mut rests = Vec::new();
    for place in places.clone().chain(places) {
        let code = PaperCode::make_for_sheet(place, &mut random);
        assert_eq!(code.place(), Some(place));
        let text = code.to_text().expose().to_owned();
        let (first, rest) = text.split_at(1);
        assert_eq!(first, place.to_string());
        rests.push(rest.to_owned());
    }
    rests.sort();
    rests.dedup();
    assert_eq!(rests.len(), 2 * CODES_PER_SHEET);
    assert_eq!("ZZZZZ-ZZZZZ-ZZZZZ-ZZZZ7".parse::<PaperCode>().ok().and_then(|code| code.place()), None);
}

#[test]
fn one_field_takes_both_kinds_of_recovery_code_and_tells_them_apart() {
    let mut random = random(124);
    let (paper, spoken) = (PaperCode::make_for_sheet(9, &mut random), SpokenCode::make(&mut random));
    let (printed, read_out) = (paper.to_text().expose().to_owned(), spoken.to_text().expose().to_owned());
    assert_eq!(printed.parse(), Ok(RecoveryCode::Paper(paper)));
    assert_eq!(read_out.parse(), Ok(RecoveryCode::Spoken(spoken)));
    for slip in ["", "123456", "zoo zoo zoo", "zoo zoo zoo zoo zoo zoo zoom"] {
        assert_eq!(slip.parse::<RecoveryCode>(), Err(NoRecoveryCode), "{slip}");
    }
}

#[test]
fn slips_are_named() {
    assert_eq!("ABCDE".parse::<PaperCode>(), Err(PaperCodeMistyped::Length));
    assert_eq!("U".repeat(20).parse::<PaperCode>(), Err(PaperCodeMistyped::Character));
    assert_eq!("0".repeat(21).parse::<PaperCode>(), Err(PaperCodeMistyped::Length));
}

#[test]
fn most_misread_characters_are_found_and_the_rest_make_another_code() {
    let code = PaperCode::make(&mut random(122));
    let text = code.to_text().expose().replace('-', "");
    let mut found = 0;
    for at in 0..20 {
        for other in
            "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|other| text.chars().nth(at) != Some(*other))
        {
            let misread: String =
                text.chars().enumerate().map(|(i, c)| if i == at { other } else { c }).collect();
            match misread.parse::<PaperCode>() {
                Err(slip) => {
                    assert_eq!(slip, PaperCodeMistyped::CheckDigit);
                    found += 1;
                }
                Ok(read) => assert_ne!(read, code),
            }
        }
    }
    assert!(found * 10 > 620 * 8, "{found} of 620 found");
}

#[test]
fn the_kept_digest_tells_codes_apart() {
    let mut random = random(123);
    let (one, two) = (PaperCode::make(&mut random), PaperCode::make(&mut random));
    assert_ne!(one.digest(), two.digest());
}

proptest! {
    #[test]
    fn anything_typed_is_read_or_refused(typed in "\\PC{0,40}") {
        let _read = typed.parse::<PaperCode>();
    }
}
