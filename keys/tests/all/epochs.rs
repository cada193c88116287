//! Epoch keys: what was marked can be checked by who knows the beginning, and not forged by who knows the end.

use keys::Secret;
use keys::epoch::EpochKey;

use super::given::random;

const LEAF: [u8; 32] = [5; 32];

#[test]
fn a_mark_verifies_in_its_epoch_for_its_entry_alone() {
    let start = EpochKey::make(&mut random(100));
    let mark = start.mark(9, &LEAF);
    assert!(start.vouches_for(9, &LEAF, &mark));
    assert!(!start.vouches_for(8, &LEAF, &mark));
    assert!(!start.vouches_for(9, &[6; 32], &mark));
    assert!(!start.advance().vouches_for(9, &LEAF, &mark));
}

#[test]
fn whoever_has_the_first_key_reaches_every_later_one() {
    let start = EpochKey::make(&mut random(101));
    let kept = Secret::from_bytes(*start.expose());
    let later = start.advance().advance();
    let again = EpochKey::from_parts(0, kept).advance().advance();
    assert_eq!((later.epoch(), later.expose()), (2, again.expose()));
}
