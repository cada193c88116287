//! Following marks: an honest log is vouched for whole, and the first entry that is not is named.

use keys::epoch::{ChainPlace, EpochKey, Mark, NO_MARK, StartKey};
use keys::marks::{EntryMark, EpochEnd, MarkBroken, MarkChain, Marks};
use keys::{AgreementSecret, Secret};
use proptest::prelude::*;

use super::given::{id, random};
use super::vectors::{frozen, is_frozen};

fn start() -> StartKey {
    StartKey::from_secret(Secret::from_bytes([9; 32]))
}

fn leaf(index: u64) -> [u8; 32] {
    let mut leaf = [7; 32];
    leaf[..8].copy_from_slice(&index.to_be_bytes());
    leaf
}

fn known(index: u64) -> Option<[u8; 32]> {
    Some(leaf(index))
}

/// Marks of a log from its start: so many entries in each epoch.
fn marked(epochs: &[u64]) -> Marks {
    let (mut key, mut before) = (start().epoch(), NO_MARK);
    let mut marks = Marks { chain: 0, start: vec![1], at: 0, before, entries: vec![], ends: vec![] };
    for count in epochs {
        for _ in 0..*count {
            let index = marks.end();
            before = key.mark(index, &before, &leaf(index));
            marks.entries.push(EntryMark { epoch: key.epoch(), mark: before });
        }
        let size = marks.end();
        marks.ends.push(EpochEnd { epoch: key.epoch(), size, mark: key.end_mark(size, &before) });
        key = key.next();
    }
    marks
}

fn chain() -> MarkChain {
    MarkChain::begin(start(), 0, Some(NO_MARK))
}

/// The part of the marks from one index up to another, as a delivery has it.
fn part(marks: &Marks, from: u64, to: u64) -> Marks {
    let index = |at: u64| usize::try_from(at).unwrap();
    let before = from.checked_sub(1).map_or(marks.before, |at| marks.entries[index(at)].mark);
    let entries = marks.entries[index(from)..index(to)].to_vec();
    let ends = marks.ends.iter().filter(|end| (from..=to).contains(&end.size)).copied().collect();
    Marks { at: from, before, entries, ends, ..marks.clone() }
}

fn key_of_epoch(epoch: u64) -> EpochKey {
    (0..epoch).fold(start().epoch(), |key, _| key.next())
}

/// What somebody writes who has only the key of the third epoch, over entries from an index on.
fn forged(marks: &Marks, from: u64, count: u64) -> Marks {
    let key = key_of_epoch(2);
    let mut forged = part(marks, 0, from);
    forged.ends.clone_from(&marks.ends);
    let mut before: Mark = forged.entries.last().map_or(NO_MARK, |last| last.mark);
    for index in from..from + count {
        before = key.mark(index, &before, &leaf(index));
        forged.entries.push(EntryMark { epoch: 2, mark: before });
    }
    forged
}

#[test]
fn an_honest_log_is_followed_to_its_end_and_again() {
    let marks = marked(&[3, 1, 2]);
    let mut chain = chain();
    chain.follow(&marks, known).unwrap();
    assert_eq!((chain.next(), chain.last()), (6, marks.entries.last().map(|last| last.mark)));
    chain.follow(&marks, known).unwrap();
    assert_eq!(chain.next(), 6, "what was followed is not looked at again");
}

#[test]
fn the_key_of_today_does_not_rewrite_what_earlier_epochs_marked() {
    let marks = marked(&[3, 2, 4]);
    for from in 0..5 {
        let broken = chain().follow(&forged(&marks, from, 6), known);
        assert_eq!(broken, Err(MarkBroken { index: from }), "from {from}");
    }
    chain().follow(&forged(&marks, 5, 6), known).expect("within its own epoch it can be");
}

#[test]
fn an_entry_that_is_another_dropped_moved_or_doubled_is_named() {
    let marks = marked(&[3, 3]);
    let other = |index: u64| Some(if index == 4 { [1; 32] } else { leaf(index) });
    assert_eq!(chain().follow(&marks, other), Err(MarkBroken { index: 4 }));
    let dropped = |index: u64| Some(leaf(if index >= 2 { index + 1 } else { index }));
    assert_eq!(chain().follow(&marks, dropped), Err(MarkBroken { index: 2 }));
    let moved = |index: u64| {
        Some(leaf(match index {
            1 => 2,
            2 => 1,
            other => other,
        }))
    };
    assert_eq!(chain().follow(&marks, moved), Err(MarkBroken { index: 1 }));
    let gone = |index: u64| (index < 5).then(|| leaf(index));
    assert_eq!(chain().follow(&marks, gone), Err(MarkBroken { index: 5 }));
}

#[test]
fn an_epoch_without_its_end_or_out_of_order_breaks_the_chain() {
    let mut marks = marked(&[2, 2, 2]);
    marks.ends.remove(1);
    assert_eq!(chain().follow(&marks, known), Err(MarkBroken { index: 4 }));
    let mut marks = marked(&[2, 2]);
    marks.entries[3].epoch = 0;
    assert_eq!(chain().follow(&marks, known), Err(MarkBroken { index: 3 }));
    let mut marks = marked(&[2, 2]);
    marks.entries[2].epoch = u64::MAX;
    assert_eq!(chain().follow(&marks, known), Err(MarkBroken { index: 2 }), "and no key is sought for ever");
}

#[test]
fn after_entries_without_marks_a_chain_goes_on_at_a_later_epoch_and_never_far_beyond() {
    let marks = marked(&[2, 2, 2]);
    let mut followed = chain();
    followed.follow(&part(&marks, 0, 1), known).unwrap();
    followed.follow(&part(&marks, 5, 6), known).unwrap();
    assert_eq!(followed.next(), 6);
    let mut far = part(&marks, 5, 6);
    far.entries[0].epoch = 1_000_000;
    let mut followed = chain();
    assert_eq!(followed.follow(&far, known), Err(MarkBroken { index: 5 }));
}

#[test]
fn a_new_chain_begins_with_its_first_epoch() {
    let key = key_of_epoch(1);
    let mark = key.mark(8, &[4; 32], &leaf(8));
    let entries = vec![EntryMark { epoch: 1, mark }];
    let marks = Marks { chain: 8, start: vec![1], at: 8, before: [4; 32], entries, ends: vec![] };
    let mut begun = MarkChain::begin(start(), 8, None);
    assert_eq!(begun.follow(&marks, known), Err(MarkBroken { index: 8 }));
    let mark = start().epoch().mark(8, &[4; 32], &leaf(8));
    let marks = Marks { entries: vec![EntryMark { epoch: 0, mark }], ..marks };
    MarkChain::begin(start(), 8, None).follow(&marks, known).unwrap();
    let linked = MarkChain::begin(start(), 8, Some([5; 32])).follow(&marks, known);
    assert_eq!(linked, Err(MarkBroken { index: 8 }), "it stands on the last mark that is known");
}

#[test]
fn vectors() {
    let server = AgreementSecret::from_secret(Secret::from_bytes([17; 32]));
    let place = ChainPlace { device: id(1), log: id(2), first: 3 };
    let start = StartKey::from_secret(Secret::from_bytes([9; 32]));
    let epoch = start.epoch().next();
    is_frozen("epoch.key", epoch.expose());
    is_frozen("epoch.mark", &epoch.mark(11, &[12; 32], &[10; 32]));
    is_frozen("epoch.end", &epoch.end_mark(12, &[13; 32]));
    is_frozen("epoch.start", start.to_text().expose().as_bytes());
    let sealed = start.seal(&server.public(), &place, &mut random(10)).unwrap();
    is_frozen("epoch.parcel", &sealed);
    assert_eq!(StartKey::open(&server, &place, &sealed).unwrap().expose(), &[9; 32]);
    let (first, leaf) = (start.epoch(), [10; 32]);
    let mark = first.mark(3, &NO_MARK, &leaf);
    let next = first.next().mark(4, &mark, &leaf);
    let marks = Marks {
        chain: 3,
        start: sealed,
        at: 3,
        before: NO_MARK,
        entries: vec![EntryMark { epoch: 0, mark }, EntryMark { epoch: 1, mark: next }],
        ends: vec![EpochEnd { epoch: 0, size: 4, mark: first.end_mark(4, &mark) }],
    };
    is_frozen("marks", &marks.to_bytes());
    assert_eq!(Marks::from_bytes(&frozen("marks")).unwrap(), marks);
}

proptest! {
    #[test]
    fn however_a_log_is_cut_into_deliveries_and_restarts_it_is_followed(
        epochs in prop::collection::vec(1_u64..6, 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        back in 0_u64..4,
    ) {
        let marks = marked(&epochs);
        let size = marks.end();
        let whole = usize::try_from(size).unwrap();
        let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut.index(whole) as u64).chain([0, size]).collect();
        cuts.sort_unstable();
        let mut chain = chain();
        for pair in cuts.windows(2) {
            // A delivery may begin anywhere before what was taken in.
            let from = pair[0].saturating_sub(back);
            chain.follow(&part(&marks, from, pair[1]), known).unwrap();
            chain = MarkChain::from_bytes(chain.to_bytes().expose()).unwrap();
            prop_assert_eq!(chain.next(), pair[1]);
        }
    }

    #[test]
    fn what_is_cut_out_of_marks_is_what_a_delivery_of_those_entries_has(
        epochs in prop::collection::vec(1_u64..6, 1..6),
        cuts in prop::array::uniform4(any::<prop::sample::Index>()),
    ) {
        let marks = marked(&epochs);
        let size = marks.end();
        let mut cuts = cuts.map(|cut| cut.index(usize::try_from(size).unwrap() + 1) as u64);
        cuts.sort_unstable();
        let [first, from, until, end] = cuts;
        prop_assume!(first < end);
        let within = part(&marks, first, end).within(from, until);
        prop_assert_eq!(within, (from < until).then(|| part(&marks, from, until)));
        prop_assert_eq!(part(&marks, first, end).within(0, size + 1), Some(part(&marks, first, end)));
        prop_assert_eq!(part(&marks, first, end).within(end, size + 1), None);
    }

    #[test]
    fn whatever_bit_is_flipped_its_entry_or_a_later_one_is_named(
        epochs in prop::collection::vec(1_u64..5, 1..5),
        at in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let mut marks = marked(&epochs);
        let at = at.index(marks.entries.len());
        marks.entries[at].mark[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(chain().follow(&marks, known), Err(MarkBroken { index: at as u64 }));
    }

    #[test]
    fn marks_are_read_as_they_are_written(epochs in prop::collection::vec(0_u64..5, 0..5)) {
        let marks = marked(&epochs);
        prop_assert_eq!(Marks::from_bytes(&marks.to_bytes()), Ok(marks));
    }
}
