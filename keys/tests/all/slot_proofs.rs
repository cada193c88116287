//! Slots against somebody who has some of the factors, an old code, a bent file or a bent clock.

use keys::slot::{self, Attempt, SlotKey, SlotRefused};
use keys::totp;
use proptest::prelude::*;

use super::given::{Desk, NOW, PASSPHRASE, at, contents, id, new_slot, now, passphrase, random};

const DAY: i64 = 24 * 60 * 60;
/// Bytes of a slot file before its table.
const HEADER: usize = 5 + 1 + 48 + 8 + 24 + 64 + 8 + 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_all_combinations_of_factors_only_the_one_with_all_three_right_opens(
        typed in "[ -~]{1,40}", off_by in 1_u32..1_000_000, device in any::<u8>(), minutes in 0_i64..1400,
    ) {
        let desk = Desk::new(20);
        let seconds = NOW + minutes * 60;
        let right_code = desk.code(seconds);
        let wrong_code = format!("{:06}", (right_code.parse::<u32>().unwrap() + off_by) % totp::CODES);
        prop_assume!(typed != PASSPHRASE);
        prop_assume!(![-30, 30].iter().any(|apart| desk.code(seconds + apart) == wrong_code));
        let (right_phrase, wrong_phrase) = (passphrase(PASSPHRASE), passphrase(&typed));
        let wrong_half = SlotKey::make(&mut random(device));
        for wrong in 0..8 {
            let attempt = Attempt {
                passphrase: if wrong & 1 == 0 { &right_phrase } else { &wrong_phrase },
                code: if wrong & 2 == 0 { &right_code } else { &wrong_code },
                k_slot: if wrong & 4 == 0 { &desk.made.k_slot } else { &wrong_half },
                now: at(seconds),
                last_used_step: None,
            };
            let refused = slot::open(&desk.made.file, &attempt).err();
            prop_assert_eq!(refused, (wrong != 0).then_some(SlotRefused::NotOpened), "combination {}", wrong);
        }
    }

    #[test]
    fn once_a_code_was_used_it_and_every_one_before_it_are_dead_for_ever(
        used in 0_u64..2879, back in 0_u64..2879, clock in -3_i64..=3,
    ) {
        let desk = Desk::new(21);
        let first = totp::step_at(now());
        let (used, replayed) = (first + used, (first + used).saturating_sub(back).max(first));
        // Wherever the clock is put to make an old code look new.
        let seconds = i64::try_from(replayed).unwrap() * 30 + clock * 30;
        let code = totp::code_at(&desk.seed, replayed);
        let opened = desk.open_after(&code, seconds, Some(used));
        if let Ok(opened) = opened {
            // A later step that happens to have the same six digits is no replay.
            prop_assert!(opened.step > used);
        }
        let next = desk.open_after(&totp::code_at(&desk.seed, used + 1), i64::try_from(used + 1).unwrap() * 30, Some(used));
        prop_assert_eq!(next.is_ok(), used + 1 < first + 2880);
    }

    #[test]
    fn a_clock_that_is_wrong_opens_only_with_the_codes_of_its_own_time(hours in -400_i64..400) {
        let desk = Desk::new(22);
        let shown = NOW + hours * 3600;
        prop_assume!(hours != 0);
        let right = desk.code(NOW);
        prop_assume!(![-30, 0, 30].iter().any(|apart| desk.code(shown + apart) == right));
        prop_assert_eq!(desk.open(&right, shown).err(), Some(SlotRefused::NotOpened));
        // The code of the wrong time opens as long as the table covers it; the phone does not show it.
        let covered = (0..24).contains(&hours);
        prop_assert_eq!(desk.open(&desk.code(shown), shown).is_ok(), covered);
    }
}

#[test]
fn a_byte_changed_anywhere_in_the_file_refuses() {
    let desk = Desk::new(23);
    let code = desk.code(NOW);
    let mut file = desk.made.file.clone();
    for at in 0..file.len() {
        // Every bit of what says who, where and how, and one bit of each byte of the table.
        let bits = if (HEADER..HEADER + 2880 * 3).contains(&at) { at % 8..at % 8 + 1 } else { 0..8 };
        for bit in bits {
            file[at] ^= 1 << bit;
            assert!(
                !opens(&desk, &file, &code),
                "bit {bit} of byte {at} of {} changed, and it opened",
                file.len()
            );
            file[at] ^= 1 << bit;
        }
    }
    assert!(opens(&desk, &file, &code), "the file as it was");
}

#[test]
fn entries_of_the_table_may_not_change_places_nor_come_from_another_generation() {
    let mut desk = Desk::new(24);
    let code = desk.code(NOW);
    let entry = |index: usize| HEADER + index * 3..HEADER + index * 3 + 3;
    let mut swapped = desk.made.file.clone();
    swapped[HEADER..HEADER + 6].rotate_left(3);
    assert!(!opens(&desk, &swapped, &code));
    let mut opened = desk.open(&code, NOW).unwrap();
    let next = slot::refresh(&mut opened, 1, &mut desk.random).unwrap();
    let later = desk.code(NOW + 30);
    for index in [0, 1, 7, 2879] {
        let mut grafted = next.file.clone();
        grafted[entry(index)].copy_from_slice(&desk.made.file[entry(index)]);
        let attempt = Attempt {
            passphrase: &passphrase(PASSPHRASE),
            code: &later,
            k_slot: &next.k_slot,
            now: at(NOW + 30),
            last_used_step: None,
        };
        assert!(slot::open(&next.file, &attempt).is_ok());
        assert_eq!(slot::open(&grafted, &attempt).err(), Some(SlotRefused::NotOpened), "entry {index}");
    }
}

fn opens(desk: &Desk, file: &[u8], code: &str) -> bool {
    let attempt = Attempt {
        passphrase: &passphrase(PASSPHRASE),
        code,
        k_slot: &desk.made.k_slot,
        now: now(),
        last_used_step: None,
    };
    slot::open(file, &attempt).is_ok()
}

#[test]
fn the_first_and_the_last_step_of_each_window_open_and_their_neighbours_do_not() {
    for days in [7, 45, 90] {
        let mut random = random(25);
        let (contents, passphrase) = (contents(&mut random), passphrase(PASSPHRASE));
        let new = slot::NewSlot { window_days: days, ..new_slot(&contents, &passphrase) };
        let made = slot::create(&new, &mut random).unwrap();
        let header = slot::inspect(&made.file).unwrap();
        assert_eq!(header.first_step, totp::step_at(now()));
        assert_eq!(header.end_step - header.first_step, u64::from(days) * 2880);
        let opens = |step: u64| {
            let attempt = Attempt {
                passphrase: &passphrase,
                code: &totp::code_at(&contents.totp_seed, step),
                k_slot: &made.k_slot,
                now: at(i64::try_from(step).unwrap() * 30),
                last_used_step: None,
            };
            slot::open(&made.file, &attempt).is_ok()
        };
        assert!(opens(header.first_step) && opens(header.end_step - 1), "{days} days");
        assert!(!opens(header.first_step - 1) && !opens(header.end_step), "{days} days");
    }
}

#[test]
fn a_clock_at_the_ends_of_time_opens_nothing_and_breaks_nothing() {
    let desk = Desk::new(26);
    for seconds in [i64::from(i32::MIN) * 30, -31, -1, 0, 29, 253_402_207_200] {
        assert_eq!(desk.open(&desk.code(NOW), seconds).err(), Some(SlotRefused::NotOpened), "{seconds}");
    }
}

#[test]
fn a_refresh_after_a_code_of_the_future_waits_for_the_codes_after_it() {
    // The clock ran a day ahead, and the phone with it. Nobody is shut out for longer than that day.
    let mut desk = Desk::new(27);
    let ahead = NOW + DAY - 30;
    let mut opened = desk.open(&desk.code(ahead), ahead).unwrap();
    desk.made = slot::refresh(&mut opened, 1, &mut desk.random).unwrap();
    assert_eq!(
        desk.open(&desk.code(NOW + 60), NOW + 60).err(),
        Some(SlotRefused::NotOpened),
        "an earlier code"
    );
    assert!(desk.open(&desk.code(ahead + 30), ahead + 30).is_ok());
    assert_eq!((opened.header().slot, opened.header().generation), (id(1), 2));
}
