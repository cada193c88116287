//! Epoch keys: what was marked can be checked by who knows the beginning, and not forged by who knows the end.

use keys::epoch::{ChainPlace, EpochKey, NO_MARK, StartKey};
use keys::{AgreementSecret, Secret};

use super::given::{id, random};

const LEAF: [u8; 32] = [5; 32];

#[test]
fn a_mark_is_of_its_epoch_and_entry_and_what_stands_before_it() {
    let start = StartKey::make(&mut random(100)).epoch();
    let mark = start.mark(9, &NO_MARK, &LEAF);
    assert_eq!(start.mark(9, &NO_MARK, &LEAF), mark);
    assert_ne!(start.mark(8, &NO_MARK, &LEAF), mark);
    assert_ne!(start.mark(9, &[1; 32], &LEAF), mark);
    assert_ne!(start.mark(9, &NO_MARK, &[6; 32]), mark);
    assert_ne!(start.next().mark(9, &NO_MARK, &LEAF), mark);
    assert_ne!(start.end_mark(9, &NO_MARK), start.next().end_mark(9, &NO_MARK));
}

#[test]
fn whoever_has_the_first_key_reaches_every_later_one() {
    let start = StartKey::make(&mut random(101));
    let kept = Secret::from_bytes(*start.expose());
    let later = start.epoch().next().next();
    let again = EpochKey::from_parts(0, kept).next().next();
    assert_eq!((later.epoch(), later.expose()), (2, again.expose()));
    assert!(later.is_same(&again) && !later.is_same(&again.next()));
}

#[test]
fn a_start_key_opens_for_its_place_alone_and_is_read_as_it_is_written() {
    let (start, server) = (StartKey::make(&mut random(102)), AgreementSecret::make(&mut random(103)));
    let place = ChainPlace { device: id(1), log: id(2), first: 7 };
    let sealed = start.seal(&server.public(), &place, &mut random(104)).unwrap();
    assert_eq!(StartKey::open(&server, &place, &sealed).unwrap().expose(), start.expose());
    for other in [
        ChainPlace { device: id(3), ..place },
        ChainPlace { log: id(3), ..place },
        ChainPlace { first: 8, ..place },
    ] {
        assert!(StartKey::open(&server, &other, &sealed).is_err(), "{other:?}");
    }
    let text = start.to_text();
    assert_eq!(text.expose().parse::<StartKey>().unwrap().expose(), start.expose());
    assert!("ckm1.short".parse::<StartKey>().is_err());
}
