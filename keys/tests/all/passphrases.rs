//! Passphrases: normalised, long enough, not guessable, no rules of composition.

use keys::Passphrase;
use keys::passphrase::{PassphrasePolicy, PassphraseRefused, check};
use keys::slot::{self, Attempt};

use super::given::{NOW, contents, new_slot, now, passphrase, random};

fn checked(text: &str) -> Result<(), PassphraseRefused> {
    check(
        &passphrase(text),
        &["Maria Öztürk", "moeztuerk", "Harbour Street Practice"],
        PassphrasePolicy::default(),
    )
}

#[test]
fn long_and_unguessable_is_enough() {
    for text in [
        "lantern orchard quietly mended",
        "vier Kühe auf dem Dach",
        "ゆきのなかのしろいうさぎ",
        "kqzv xmwp rdtl",
    ] {
        assert_eq!(checked(text), Ok(()), "{text}");
    }
}

#[test]
fn short_known_and_guessable_ones_are_refused() {
    assert_eq!(checked("x7!Kq2#m"), Err(PassphraseRefused::TooShort { min_characters: 12 }));
    assert_eq!(checked("öztürkmaria1"), Err(PassphraseRefused::ContainsKnownWord));
    assert_eq!(checked("HarbourStreet7"), Err(PassphraseRefused::ContainsKnownWord));
    assert_eq!(checked("chartkeep2026"), Err(PassphraseRefused::ContainsKnownWord));
    for text in ["password1234", "aaaaaaaaaaaaaaaa", "qwertyuiopas", "123456789012"] {
        assert_eq!(checked(text), Err(PassphraseRefused::Guessable), "{text}");
    }
}

#[test]
fn twelve_characters_are_enough_eleven_are_not_and_hundreds_are_fine() {
    let twelve = "kqzv xmwp rd";
    assert_eq!(twelve.chars().count(), 12);
    assert_eq!(checked(twelve), Ok(()));
    assert_eq!(checked("kqzv xmwp r"), Err(PassphraseRefused::TooShort { min_characters: 12 }));
    let long = "lantern orchard quietly mended by seven otters on a wet tuesday";
    for length in [63, 64, 65, 300] {
        let text: String = long.chars().cycle().take(length).collect();
        assert_eq!(checked(&text), Ok(()), "{length}");
    }
    let eight = PassphrasePolicy::with_min_characters(8);
    assert_eq!(check(&passphrase("kq7!xmwzb"), &[], eight), Ok(()));
    let seven = check(&passphrase("kq7!xmw"), &[], eight);
    assert_eq!(seven, Err(PassphraseRefused::TooShort { min_characters: 8 }));
    let most = PassphrasePolicy::with_min_characters(64);
    let text: String = long.chars().cycle().take(64).collect();
    assert_eq!(check(&passphrase(&text), &[], most), Ok(()));
    let text: String = long.chars().take(63).collect();
    assert!(check(&passphrase(&text), &[], most).is_err());
}

#[test]
fn a_known_word_inside_a_long_passphrase_is_fine() {
    assert_eq!(checked("my maria climbs seven lanterns"), Ok(()));
}

#[test]
fn the_policy_stays_between_8_and_64_characters() {
    let seven = passphrase("kq7!xmw");
    let lowest = PassphrasePolicy::with_min_characters(1);
    assert_eq!(check(&seven, &[], lowest), Err(PassphraseRefused::TooShort { min_characters: 8 }));
    let highest = PassphrasePolicy::with_min_characters(500);
    let refused = check(&passphrase("lantern orchard quietly mended"), &[], highest);
    assert_eq!(refused, Err(PassphraseRefused::TooShort { min_characters: 64 }));
}

#[test]
fn two_ways_of_typing_the_same_letters_open_the_same_slot() {
    let mut random = random(110);
    let contents = contents(&mut random);
    let composed = passphrase("kühl und klar im März");
    let decomposed = passphrase("ku\u{308}hl und klar im Ma\u{308}rz");
    let made = slot::create(&new_slot(&contents, &composed), &mut random).unwrap();
    let code = keys::totp::code_at(&contents.totp_seed, keys::totp::step_at(now()));
    let attempt = Attempt {
        passphrase: &decomposed,
        code: &code,
        k_slot: &made.k_slot,
        now: super::given::at(NOW),
        last_used_step: None,
    };
    assert!(slot::open(&made.file, &attempt).is_ok());
}

#[test]
fn nothing_is_cut_off_and_only_the_absurd_is_not_taken() {
    assert!(Passphrase::from_typed(&"a".repeat(Passphrase::LONGEST)).is_some());
    assert!(Passphrase::from_typed(&"a".repeat(Passphrase::LONGEST + 1)).is_none());
    assert!(Passphrase::from_typed(&"\u{fdfa}".repeat(100)).is_none(), "18 times as long once normalised");
}
