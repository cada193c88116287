//! What only the inside of a slot can show.

mod tables;
mod work;

use std::collections::BTreeMap;

use super::cost::tests::RUNS;
use super::file::Part;
use super::*;
use crate::recovery::{PaperCode, RecoveryCode};
use crate::spoken::SpokenCode;
use crate::totp::CODES;
use crate::{AgreementSecret, SigningKey, TotpSeed};

#[test]
fn every_failure_costs_all_three_steps_whatever_was_wrong() {
    let mut random = Random::from_seed([1; 32]);
    let contents = contents(&mut random);
    let (right, wrong) = (passphrase("the right passphrase"), passphrase("a wrong passphrase"));
    let new = NewSlot {
        slot: random.uuid(),
        device: random.uuid(),
        contents: &contents,
        passphrase: &right,
        window_days: 1,
        cost: SlotCost::for_tests(),
    };
    let made = create(&new, &mut random).unwrap();
    let other = SlotKey::make(&mut random);
    let code = totp::code_at(&contents.totp_seed, 1000);
    let cost_of = |passphrase, code: &str, k_slot, step: i64, last_used_step| {
        let now = Timestamp::from_second(step * 30).unwrap();
        RUNS.set(0);
        let refused = open(&made.file, &Attempt { passphrase, code, k_slot, now, last_used_step }).err();
        (RUNS.get(), refused)
    };
    let all_three = (3, Some(SlotRefused::NotOpened));
    assert_eq!(cost_of(&wrong, &code, &made.k_slot, 1000, None), all_three);
    assert_eq!(cost_of(&right, "nonsense", &made.k_slot, 1000, None), all_three);
    assert_eq!(cost_of(&right, &code, &other, 1000, None), all_three);
    assert_eq!(cost_of(&right, &code, &made.k_slot, 1000, Some(1000)), all_three, "a used code");
    assert_eq!(cost_of(&right, &code, &made.k_slot, 90_000, None), all_three, "after the window");
    assert_eq!(cost_of(&right, &code, &made.k_slot, 1000, None).1, None);
    RUNS.set(0);
    let refused = refuse_without_slot(&right, SlotCost::for_tests());
    assert_eq!((RUNS.get(), Some(refused)), all_three, "an unknown name");
}

/// Contents whose codes begin at step 1000.
fn contents(random: &mut Random) -> SlotContents {
    SlotContents {
        person: random.uuid(),
        signing: SigningKey::make(random),
        agreement: AgreementSecret::make(random),
        totp_seed: TotpSeed::make(random),
        last_step: 999,
        anchors: BTreeMap::new(),
    }
}

/// The header of a slot that nobody has opened, and `A` for its passphrase.
fn begun(random: &mut Random, span: TableSpan) -> (Header, PassphraseKey) {
    let cost = SlotCost::for_tests();
    let header = Header {
        kind: SlotKind::OneTimeCode,
        slot: random.uuid(),
        person: random.uuid(),
        device: random.uuid(),
        generation: 1,
        cost,
        slot_salt: random.bytes(),
        generation_salt: random.bytes(),
        span,
    };
    let a_key = derive_a(&passphrase("the right passphrase"), &header).unwrap();
    (header, a_key)
}

#[test]
fn a_failed_recovery_costs_what_a_failed_code_does() {
    let mut random = Random::from_seed([2; 32]);
    let contents = contents(&mut random);
    let (right, wrong) = (passphrase("the right passphrase"), passphrase("a wrong passphrase"));
    let new = NewSlot {
        slot: random.uuid(),
        device: random.uuid(),
        contents: &contents,
        passphrase: &right,
        window_days: 1,
        cost: SlotCost::for_tests(),
    };
    let share = create(&new, &mut random).unwrap().share;
    let new =
        NewRecoverySlot { slot: random.uuid(), device: random.uuid(), contents: &contents, share: &share };
    let code = RecoveryCode::Paper(PaperCode::make_for_sheet(3, &mut random));
    let other = RecoveryCode::Paper(PaperCode::make_for_sheet(3, &mut random));
    let spoken = RecoveryCode::Spoken(SpokenCode::make(&mut random));
    let made = create_recovery(&new, &code, &mut random).unwrap();
    let foreign = SlotKey::make(&mut random);
    let cost_of = |passphrase, code, k_slot| {
        RUNS.set(0);
        let refused = open_recovery(&made.file, passphrase, code, k_slot).err();
        (RUNS.get(), refused)
    };
    let all_three = (3, Some(SlotRefused::NotOpened));
    assert_eq!(cost_of(&wrong, &code, &made.k_slot), all_three);
    assert_eq!(cost_of(&right, &other, &made.k_slot), all_three);
    assert_eq!(cost_of(&right, &spoken, &made.k_slot), all_three);
    assert_eq!(cost_of(&right, &code, &foreign), all_three);
    assert_eq!(cost_of(&right, &code, &made.k_slot), (1, None));
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::from_typed(text).unwrap()
}
