//! Slots: three factors, one error, one generation after the other.

use keys::recovery::{PaperCode, RecoveryCode};
use keys::slot::{self, Attempt, NewRecoverySlot, SlotCost, SlotKey, SlotKind, SlotNotMade, SlotRefused};
use keys::spoken::SpokenCode;
use keys::{Unreadable, totp};
use proptest::prelude::*;

use super::given::{
    Desk, NOW, PASSPHRASE, at, contents, every_flip_refuses, id, new_slot, now, passphrase, random,
    recovery_slot,
};

#[test]
fn the_right_passphrase_code_and_device_open_a_slot() {
    let desk = Desk::new(1);
    let opened = desk.open(&desk.code(NOW), NOW).unwrap();
    assert_eq!(opened.step, totp::step_at(now()));
    assert_eq!(opened.contents.person, id(3));
    assert_eq!(opened.contents.totp_seed, desk.seed);
    assert_eq!(opened.contents.anchors["clinical"].sequence, 7);
    assert_eq!((opened.header().slot, opened.header().device, opened.header().generation), (id(1), id(2), 1));
}

#[test]
fn a_code_typed_with_a_space_or_from_the_next_or_last_step_opens_too() {
    let desk = Desk::new(2);
    let code = desk.code(NOW);
    let (first, second) = code.split_at(3);
    let spaced = format!("{first} {second}");
    assert!(desk.open(&spaced, NOW).is_ok());
    assert_eq!(desk.open(&code, NOW + 30).unwrap().step, totp::step_at(now()));
    assert_eq!(desk.open(&desk.code(NOW + 30), NOW).unwrap().step, totp::step_at(now()) + 1);
}

#[test]
fn every_factor_wrong_alone_gives_the_same_refusal() {
    let desk = Desk::new(3);
    let (code, right) = (desk.code(NOW), passphrase(PASSPHRASE));
    let wrong = passphrase("lantern orchard quietly mendeD");
    let other_device = SlotKey::make(&mut random(99));
    let tries = [
        (&wrong, code.as_str(), &desk.made.k_slot),
        (&right, "000000", &desk.made.k_slot),
        (&right, &code, &other_device),
    ];
    for (passphrase, code, k_slot) in tries {
        let attempt = Attempt { passphrase, code, k_slot, now: now(), last_used_step: None };
        assert_eq!(slot::open(&desk.made.file, &attempt).err(), Some(SlotRefused::NotOpened));
    }
}

#[test]
fn a_code_older_than_a_step_or_out_of_the_window_refuses() {
    let desk = Desk::new(4);
    assert_eq!(desk.open(&desk.code(NOW), NOW + 61).err(), Some(SlotRefused::NotOpened));
    let before = NOW - 30;
    assert_eq!(
        desk.open(&desk.code(before), NOW).err(),
        Some(SlotRefused::NotOpened),
        "step used before creation"
    );
    let after = NOW + 24 * 60 * 60;
    assert_eq!(desk.open(&desk.code(after), after).err(), Some(SlotRefused::NotOpened));
    assert!(desk.open(&desk.code(after - 30), after - 30).is_ok());
}

#[test]
fn a_used_code_is_dead_at_once_and_so_are_those_before_it() {
    let desk = Desk::new(5);
    let later = NOW + 30;
    let used = desk.open(&desk.code(later), later).unwrap().step;
    assert_eq!(desk.open_after(&desk.code(later), later, Some(used)).err(), Some(SlotRefused::NotOpened));
    assert_eq!(desk.open_after(&desk.code(NOW), later, Some(used)).err(), Some(SlotRefused::NotOpened));
    assert!(desk.open_after(&desk.code(later + 30), later, Some(used)).is_ok());
}

#[test]
fn what_is_no_code_refuses_like_a_wrong_one() {
    let desk = Desk::new(6);
    for typed in ["", "12345", "1234567", "12345a", "+12345", "١٢٣٤٥٦"] {
        assert_eq!(desk.open(typed, NOW).err(), Some(SlotRefused::NotOpened), "{typed}");
    }
}

#[test]
fn the_next_generation_opens_with_later_codes_and_its_own_keyring_half_alone() {
    let mut desk = Desk::new(7);
    let mut opened = desk.open(&desk.code(NOW), NOW).unwrap();
    opened.contents.anchors.get_mut("clinical").unwrap().sequence = 8;
    let old = std::mem::replace(&mut desk.made, slot::refresh(&mut opened, 1, &mut random(70)).unwrap());
    assert_eq!(desk.made.generation, 2);
    assert_eq!(desk.open(&desk.code(NOW), NOW).err(), Some(SlotRefused::NotOpened), "the used code");
    let later = NOW + 30;
    let again = desk.open(&desk.code(later), later).unwrap();
    assert_eq!(again.contents.anchors["clinical"].sequence, 8);
    assert_eq!(again.contents.last_step, totp::step_at(now()));
    desk.made.k_slot = old.k_slot;
    assert_eq!(
        desk.open(&desk.code(later), later).err(),
        Some(SlotRefused::NotOpened),
        "the old keyring half"
    );
}

#[test]
fn generations_follow_each_other_in_one_session_without_the_passphrase() {
    let mut desk = Desk::new(8);
    let mut opened = desk.open(&desk.code(NOW), NOW).unwrap();
    for generation in 2..5 {
        desk.made = slot::refresh(&mut opened, 1, &mut desk.random).unwrap();
        assert_eq!(slot::inspect(&desk.made.file).unwrap().generation, generation);
    }
    assert!(desk.open(&desk.code(NOW + 30), NOW + 30).is_ok());
}

#[test]
fn seen_codes_and_a_copy_of_the_table_give_no_other_code() {
    // Without the mask, O[i] + code[i] would be the same target for every step.
    let desk = Desk::new(9);
    let table_at = 5 + 1 + 48 + 8 + 24 + 64 + 8 + 4;
    let first = totp::step_at(now());
    let sums: Vec<u32> = (0..50_u64)
        .map(|index| {
            let at = table_at + usize::try_from(index).unwrap() * 3;
            let entry =
                desk.made.file[at..at + 3].iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
            (entry + totp::code_at(&desk.seed, first + index).parse::<u32>().unwrap()) % totp::CODES
        })
        .collect();
    let mut distinct = sums.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 45, "{sums:?}");
}

#[test]
fn any_change_to_the_file_refuses() {
    let desk = Desk::new(10);
    let (code, right) = (desk.code(NOW), passphrase(PASSPHRASE));
    every_flip_refuses(&desk.made.file, |file| {
        let attempt = Attempt {
            passphrase: &right,
            code: &code,
            k_slot: &desk.made.k_slot,
            now: now(),
            last_used_step: None,
        };
        slot::open(file, &attempt).is_ok()
    });
}

#[test]
fn a_file_of_a_newer_release_or_with_a_cheapened_cost_is_refused_before_any_work() {
    let desk = Desk::new(11);
    let mut newer = desk.made.file.clone();
    newer[4] = 2;
    assert_eq!(slot::inspect(&newer), Err(Unreadable::Newer { version: 2 }));
    let mut cheap = desk.made.file.clone();
    cheap[62 + 3] = 8; // 8 KiB instead of the test cost's 32
    let attempt = Attempt {
        passphrase: &passphrase(PASSPHRASE),
        code: &desk.code(NOW),
        k_slot: &desk.made.k_slot,
        now: now(),
        last_used_step: None,
    };
    assert!(matches!(slot::open(&cheap, &attempt), Err(SlotRefused::Cost(_))));
    let mut greedy = desk.made.file.clone();
    greedy[62] = 0xff; // terabytes
    assert!(matches!(slot::open(&greedy, &attempt), Err(SlotRefused::Cost(_))));
}

#[test]
fn a_window_outside_the_policy_is_not_made() {
    let mut random = random(12);
    let contents = contents(&mut random);
    let passphrase = passphrase(PASSPHRASE);
    for days in [0, 2, 6, 91, u16::MAX] {
        let new = slot::NewSlot { window_days: days, ..new_slot(&contents, &passphrase) };
        assert_eq!(slot::create(&new, &mut random).err(), Some(SlotNotMade::Window), "{days}");
    }
}

#[test]
fn a_cost_below_the_floor_or_above_the_ceiling_is_not_made() {
    assert!(SlotCost::with_unlock_memory_mib(127).is_err());
    assert!(SlotCost::with_unlock_memory_mib(1025).is_err());
    assert_eq!(SlotCost::with_unlock_memory_mib(128), Ok(SlotCost::STANDARD));
}

#[test]
fn calibration_stops_at_half_a_second_and_at_the_ceiling() {
    let millis = |cost: &SlotCost| std::time::Duration::from_millis(u64::from(cost.unlock_memory_mib()));
    assert_eq!(SlotCost::calibrated(millis).unlock_memory_mib(), 512);
    assert_eq!(SlotCost::calibrated(|_| std::time::Duration::ZERO).unlock_memory_mib(), 1024);
    assert_eq!(SlotCost::calibrated(|_| std::time::Duration::from_secs(9)), SlotCost::STANDARD);
}

#[test]
fn a_recovery_slot_opens_with_its_code_and_the_passphrase_and_has_no_next_generation() {
    let mut random = random(13);
    let (contents, passphrase) = (contents(&mut random), passphrase(PASSPHRASE));
    let wrong = super::given::passphrase("another passphrase of mine");
    let paper = |random: &mut _| RecoveryCode::Paper(PaperCode::make_for_sheet(4, random));
    let spoken = |random: &mut _| RecoveryCode::Spoken(SpokenCode::make(random));
    for (code, other) in [
        (paper(&mut random), paper(&mut random)),
        (spoken(&mut random), spoken(&mut random)),
        (paper(&mut random), spoken(&mut random)),
    ] {
        let made = recovery_slot(&contents, &code, &mut random);
        assert_eq!(slot::inspect(&made.file).unwrap().kind, SlotKind::RecoveryCode);
        let refused = slot::open_recovery(&made.file, &passphrase, &other, &made.k_slot).err();
        assert_eq!(refused, Some(SlotRefused::NotOpened));
        assert!(slot::open_recovery(&made.file, &wrong, &code, &made.k_slot).is_err());
        let mut opened = slot::open_recovery(&made.file, &passphrase, &code, &made.k_slot).unwrap();
        assert_eq!(opened.contents.person, contents.person);
        assert_eq!(slot::refresh(&mut opened, 1, &mut random).err(), Some(SlotNotMade::UsedUp));
    }
}

#[test]
fn a_recovery_slot_opened_gives_what_the_next_one_is_made_from() {
    let mut random = random(15);
    let (contents, passphrase) = (contents(&mut random), passphrase(PASSPHRASE));
    let first = RecoveryCode::Spoken(SpokenCode::make(&mut random));
    let made = recovery_slot(&contents, &first, &mut random);
    let opened = slot::open_recovery(&made.file, &passphrase, &first, &made.k_slot).unwrap();
    let next = RecoveryCode::Spoken(SpokenCode::make(&mut random));
    let share = opened.passphrase_share();
    let new = NewRecoverySlot { slot: id(8), device: id(2), contents: &opened.contents, share: &share };
    let made = slot::create_recovery(&new, &next, &mut random).unwrap();
    assert!(slot::open_recovery(&made.file, &passphrase, &first, &made.k_slot).is_err());
    assert!(slot::open_recovery(&made.file, &passphrase, &next, &made.k_slot).is_ok());
}

#[test]
fn the_two_kinds_of_slot_do_not_open_as_each_other() {
    let mut desk = Desk::new(14);
    let passphrase = passphrase(PASSPHRASE);
    let code = RecoveryCode::Paper(PaperCode::make_for_sheet(0, &mut desk.random));
    let as_recovery = slot::open_recovery(&desk.made.file, &passphrase, &code, &desk.made.k_slot);
    assert_eq!(as_recovery.err(), Some(SlotRefused::NotOpened));
    let contents = contents(&mut desk.random);
    let made = recovery_slot(&contents, &code, &mut desk.random);
    let attempt = Attempt {
        passphrase: &passphrase,
        code: &desk.code(NOW),
        k_slot: &made.k_slot,
        now: now(),
        last_used_step: None,
    };
    assert_eq!(slot::open(&made.file, &attempt).err(), Some(SlotRefused::NotOpened));
}

#[test]
fn a_name_without_a_slot_is_refused_like_a_wrong_code() {
    let refused = slot::refuse_without_slot(&passphrase(PASSPHRASE), SlotCost::for_tests());
    assert_eq!(refused, SlotRefused::NotOpened);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_other_passphrase_and_code_refuse(other in "[ -~]{1,40}", code in "[0-9]{6}", minutes in 0_i64..1400) {
        let desk = Desk::new(15);
        let seconds = NOW + minutes * 60;
        if ![seconds - 30, seconds, seconds + 30].iter().any(|at| desk.code(*at) == code) {
            prop_assert_eq!(desk.open(&code, seconds).err(), Some(SlotRefused::NotOpened));
        }
        prop_assume!(other != PASSPHRASE);
        let attempt = Attempt {
            passphrase: &passphrase(&other),
            code: &desk.code(seconds),
            k_slot: &desk.made.k_slot,
            now: at(seconds),
            last_used_step: None,
        };
        prop_assert_eq!(slot::open(&desk.made.file, &attempt).err(), Some(SlotRefused::NotOpened));
    }

    #[test]
    fn every_step_of_the_window_opens_with_its_code(step in 0_i64..2880) {
        let desk = Desk::new(16);
        let seconds = NOW + step * 30;
        prop_assert_eq!(desk.open(&desk.code(seconds), seconds).unwrap().step, totp::step_at(at(seconds)));
    }
}
