//! One slot as it ships: standard cost, 45 days of codes. The only slow test of this crate.

use keys::slot::{self, Attempt, DEFAULT_WINDOW_DAYS, NewSlot, SlotCost, SlotRefused};
use keys::totp;

use super::given::{NOW, PASSPHRASE, at, contents, new_slot, passphrase, random};

#[test]
fn a_slot_at_standard_cost_lasts_45_days_and_is_refreshed() {
    let mut random = random(20);
    let (contents, passphrase) = (contents(&mut random), passphrase(PASSPHRASE));
    let new = NewSlot {
        window_days: DEFAULT_WINDOW_DAYS,
        cost: SlotCost::STANDARD,
        ..new_slot(&contents, &passphrase)
    };
    let made = slot::create(&new, &mut random).unwrap();
    let last = NOW + 45 * 24 * 60 * 60 - 30;
    let code = totp::code_at(&contents.totp_seed, totp::step_at(at(last)));
    let attempt = Attempt {
        passphrase: &passphrase,
        code: &code,
        k_slot: &made.k_slot,
        now: at(last),
        last_used_step: None,
    };
    let mut opened = slot::open(&made.file, &attempt).unwrap();
    let refreshed = slot::refresh(&mut opened, DEFAULT_WINDOW_DAYS, &mut random).unwrap();
    let attempt = Attempt { k_slot: &refreshed.k_slot, ..attempt };
    assert_eq!(
        slot::open(&refreshed.file, &attempt).err(),
        Some(SlotRefused::NotOpened),
        "the code was used"
    );
    assert_eq!(slot::inspect(&refreshed.file).unwrap().first_step, totp::step_at(at(last)) + 1);
}
