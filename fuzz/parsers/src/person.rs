//! What stands between a person and the keys: slots, re-entry, codes, passphrases, names.

use keys::parked;
use keys::passphrase::{self, PassphrasePolicy};
use keys::prepared;
use keys::recovery::PaperCode;
use keys::reentry::by_key::KeyShare;
use keys::reentry::{self, ReentryRefused};
use keys::slot::{self, SlotCost, WINDOW_DAYS};
use keys::{Passphrase, TotpSeed, totp, twin, username};

use crate::given::{
    KEY_REENTRY, PREPARED, REENTRY, SLOT, TWIN, agreement, bounds, id, key_answer, now, open_slot,
    passphrase, prepared_for, reentry_key, signing, twin_place,
};

/// Steps in the longest window.
const LONGEST: u64 = 90 * 2880;

/// A slot file: read strictly, and opened by nothing but the genuine one.
pub(crate) fn slot(bytes: &[u8]) {
    let Ok(header) = slot::inspect(bytes) else { return };
    assert_eq!(*WINDOW_DAYS.end(), 90);
    assert!(header.end_step - header.first_step <= LONGEST || header.end_step == u64::MAX);
    // At any other cost nothing was tried, or it would take a second.
    if header.cost == SlotCost::for_tests() && open_slot(bytes, &SLOT.made.k_slot).is_some() {
        assert_eq!(bytes, SLOT.made.file, "another file opened as the slot");
    }
}

/// What a slot seals: what is read is written back the same.
pub(crate) fn slot_contents(bytes: &[u8]) {
    if let Ok(again) = keys::fuzz::slot_contents(bytes) {
        assert_eq!(again, bytes, "contents have two forms");
    }
}

/// A re-entry: read strictly, and opened by nothing but the genuine one.
pub(crate) fn reentry(bytes: &[u8]) {
    let Ok((_, found)) = reentry::inspect(bytes) else { return };
    match reentry::open(bytes, &passphrase(), &reentry_key(), bounds(now()).boot, now()) {
        Ok(_) => assert_eq!(bytes, *REENTRY, "another file opened as the re-entry"),
        Err(ReentryRefused::Over) => assert!(found.boot != bounds(now()).boot || found.not_after < now()),
        Err(
            ReentryRefused::NotOpened
            | ReentryRefused::Unreadable(_)
            | ReentryRefused::Cost(_)
            | ReentryRefused::OutOfMemory,
        ) => {}
    }
}

/// A return by security key: opened by nothing but the genuine one. What a session keeps of a key has one form.
pub(crate) fn key_reentry(bytes: &[u8]) {
    if reentry::by_key::open(bytes, &key_answer(), &reentry_key(), bounds(now()).boot, now()).is_ok() {
        assert_eq!(bytes, *KEY_REENTRY, "another file opened as the return");
    }
    if let Ok(share) = KeyShare::from_bytes(bytes) {
        assert_eq!(share.to_bytes().expose(), bytes, "a share has two forms");
    }
}

/// What a re-entry seals.
pub(crate) fn reentry_contents(bytes: &[u8]) {
    if let Ok(contents) = keys::fuzz::reentry_contents(bytes) {
        assert!(contents.session.expose().len() < bytes.len());
    }
}

/// The list of parked people: what is read is written back the same.
pub(crate) fn parked(bytes: &[u8]) {
    if let Ok(people) = parked::from_bytes(bytes) {
        assert_eq!(parked::to_bytes(&people).expose(), bytes, "a list has two forms");
    }
}

/// A person's keys for their other workstation: nothing but the genuine ones open.
pub(crate) fn twin(bytes: &[u8]) {
    let public = (&signing(13).verifying_key(), &agreement(12).public());
    if twin::open(bytes, &twin_place(), public, &agreement(17)).is_ok() {
        assert_eq!(bytes, *TWIN, "a twin was forged");
    }
}

/// A slot prepared elsewhere: what it says of itself is read, and nothing but the genuine one opens.
pub(crate) fn prepared_slot(bytes: &[u8]) {
    let Ok(place) = prepared::inspect(bytes) else { return };
    if prepared::open(bytes, &place, &signing(13).verifying_key(), &agreement(17)).is_ok() {
        assert_eq!((bytes, place), (PREPARED.as_slice(), prepared_for()), "a prepared slot was forged");
    }
}

/// A code on paper: what is read prints as a code that reads the same.
pub(crate) fn paper_code(bytes: &[u8]) {
    let Ok(typed) = std::str::from_utf8(bytes) else { return };
    let Ok(code) = typed.parse::<PaperCode>() else { return };
    let printed = code.to_text();
    assert_eq!(printed.expose().parse::<PaperCode>().ok(), Some(code), "a printed code does not read");
}

/// What people type at the lock screen: name, passphrase, one-time code, seed.
pub(crate) fn typed(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let folded = username::fold(text);
    assert_eq!(username::fold(&folded), folded, "a folded name folds again");
    let seed = TotpSeed::from_base32(text).unwrap_or_else(|| TotpSeed::make(&mut crate::given::random(11)));
    if let Some(step) = totp::matching_step(&seed, text, now(), None) {
        assert!(step.abs_diff(totp::step_at(now())) <= 1);
    }
    assert!(!seed.provisioning_uri(text, text).expose().contains(char::is_whitespace));
    // Judging a passphrase takes time that grows with its length, and the lock screen takes no longer one.
    if text.len() > 128 {
        return;
    }
    if let Some(phrase) = Passphrase::from_typed(text) {
        let judged = passphrase::check(&phrase, &[text, &id(3).to_string()], PassphrasePolicy::default());
        assert!(judged.is_err() || text.chars().count() >= 8);
    }
}
