//! Codes on paper: read back however they are typed, slips told from wrong codes.

use keys::recovery::{CODES_PER_SHEET, PaperCode, PaperCodeMistyped};
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
fn a_sheet_holds_ten_different_codes() {
    let sheet = PaperCode::make_sheet(&mut random(121));
    let mut texts: Vec<String> = sheet.iter().map(|code| code.to_text().expose().to_owned()).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), CODES_PER_SHEET);
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
