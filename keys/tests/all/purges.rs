//! Certificates of purges: what was signed verifies and covers exactly what it names; anything else does not.

use keys::Unreadable;
use keys::purge::{NotInOrder, PurgeCertificate, PurgeRefused, PurgedRun};
use proptest::prelude::*;

use super::given::{NOW, at, id, now};
use super::vectors::{frozen, is_frozen, signing};

fn run(log: u128, from: u64, until: u64) -> PurgedRun {
    PurgedRun { log: id(log), from, until }
}

fn certificate(runs: Vec<PurgedRun>) -> PurgeCertificate {
    PurgeCertificate {
        number: 3,
        practice: id(1),
        before: at(NOW - 315_360_000),
        asked: (id(3), at(NOW - 60)),
        agreed: (id(4), at(NOW - 30)),
        purged_at: now(),
        runs,
    }
}

#[test]
fn vectors() {
    let certificate = certificate(vec![run(7, 0, 5), run(7, 9, 10), run(8, 2, 4)]);
    is_frozen("purge", &certificate.sign(&signing(24)).unwrap());
    let key = signing(24).verifying_key();
    assert_eq!(PurgeCertificate::verify(&frozen("purge"), &key, id(1)), Ok(certificate));
}

#[test]
fn what_another_key_or_practice_signed_or_somebody_changed_is_refused() {
    let signed = certificate(vec![run(7, 0, 5)]).sign(&signing(24)).unwrap();
    let verify = |bytes: &[u8], key, practice| {
        PurgeCertificate::verify(bytes, &signing(key).verifying_key(), id(practice)).err()
    };
    assert_eq!(verify(&signed, 25, 1), Some(PurgeRefused::BadSignature));
    assert_eq!(verify(&signed, 24, 2), Some(PurgeRefused::OtherPractice));
    for at in 0..signed.len() {
        let mut bent = signed.clone();
        bent[at] ^= 1;
        assert!(verify(&bent, 24, 1).is_some(), "byte {at}");
        assert!(verify(&signed[..at], 24, 1).is_some(), "cut at {at}");
    }
}

#[test]
fn runs_that_are_empty_out_of_order_or_touch_are_neither_signed_nor_read() {
    for runs in [
        vec![run(7, 5, 5)],
        vec![run(7, 6, 5)],
        vec![run(7, 0, 5), run(7, 5, 6)],
        vec![run(7, 3, 4), run(7, 0, 1)],
        vec![run(8, 0, 1), run(7, 0, 1)],
    ] {
        assert_eq!(certificate(runs.clone()).sign(&signing(24)), Err(NotInOrder), "{runs:?}");
    }
    // Another program might sign what this one does not.
    let mut signed = certificate(vec![run(7, 4, 5)]).sign(&signing(24)).unwrap();
    let from = signed.len() - 64 - 16;
    signed[from + 7] = 5;
    let read = PurgeCertificate::verify(&signed, &signing(24).verifying_key(), id(1));
    assert_eq!(read, Err(PurgeRefused::Unreadable(Unreadable::Damaged)));
}

proptest! {
    #[test]
    fn it_covers_what_it_names_and_nothing_beside(
        steps in prop::collection::vec((1_u64..4, 1_u64..4), 0..6),
        other in prop::collection::vec((1_u64..4, 1_u64..4), 0..6),
    ) {
        let (mut runs, mut named) = (Vec::new(), std::collections::BTreeSet::new());
        for (log, steps) in [(7, steps), (8, other)] {
            let mut index = 0;
            for (gap, length) in steps {
                let from = index + gap;
                index = from + length;
                runs.push(run(log, from, index));
                named.extend((from..index).map(|index| (log, index)));
            }
        }
        let signed = certificate(runs).sign(&signing(24)).unwrap();
        let read = PurgeCertificate::verify(&signed, &signing(24).verifying_key(), id(1)).unwrap();
        prop_assert_eq!(read.entries(), named.len() as u64);
        for (log, index) in [6, 7, 8, 9].into_iter().flat_map(|log| (0..50).map(move |index| (log, index))) {
            prop_assert_eq!(read.covers(id(log), index), named.contains(&(log, index)), "{} {}", log, index);
        }
    }
}
