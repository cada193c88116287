//! Tokens and user names: shown once, kept as hashes.

use keys::token::{BearerToken, EnrolmentToken};
use keys::username::{UsernameKey, fold, username_token};

use super::given::random;

#[test]
fn an_enrolment_token_reads_back_with_the_root_it_pins() {
    let token = EnrolmentToken::make([7; 32], &mut random(190));
    let text = token.to_text().expose().to_owned();
    assert!(text.starts_with("ck1.") && text.len() == 4 + 43 + 1 + 43, "{text}");
    let back: EnrolmentToken = format!(" {text}\n").parse().unwrap();
    assert_eq!((back.root_fingerprint, back.digest()), ([7; 32], token.digest()));
    let (short, cut) = (text.trim_start_matches('c'), text.split_at(text.len() - 1).0);
    for bent in [short, cut, &format!("{text}.x"), &text.replace("ck1", "ck2")] {
        assert!(bent.parse::<EnrolmentToken>().is_err(), "{bent}");
    }
}

#[test]
fn a_bearer_token_reads_back_and_is_kept_as_a_hash() {
    let mut random = random(191);
    let token = BearerToken::make(&mut random);
    let back: BearerToken = token.to_text().expose().parse().unwrap();
    assert_eq!(back, token);
    assert_eq!(back.digest(), token.digest());
    assert_ne!(BearerToken::make(&mut random).digest(), token.digest());
}

#[test]
fn a_user_name_has_one_token_however_it_is_typed_and_another_on_each_device() {
    let mut random = random(192);
    let (here, there) = (UsernameKey::make(&mut random), UsernameKey::make(&mut random));
    assert_eq!(username_token(&here, "M.Öztürk"), username_token(&here, "  m.o\u{308}ztu\u{308}rk "));
    assert_ne!(username_token(&here, "m.öztürk"), username_token(&there, "m.öztürk"));
    assert_ne!(username_token(&here, "a"), username_token(&here, "b"));
    assert_eq!(fold(" Ada "), "ada");
}
