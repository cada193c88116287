//! What the date of a computer can and cannot do to what is proven of the time.

use proptest::prelude::*;

use super::*;

const NOW_S: i64 = 1_795_000_000;

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap()
}

/// A moment in the `boot`th start of the machine, with a date that is off.
fn reading(boot: u128, since_boot_s: u64, date: i64) -> Reading {
    let since_boot = Duration::from_secs(since_boot_s);
    Reading { date: second(date), since_boot, boot: Uuid::from_u128(boot) }
}

#[test]
fn the_servers_word_goes_on_by_the_machines_own_clock_whatever_the_date_says() {
    let mut proven = ProvenTime::nothing();
    proven.hear(second(NOW_S), &reading(1, 100, 5));
    for date in [0, NOW_S, NOW_S * 2] {
        let now = reading(1, 160, date);
        assert_eq!(proven.guess(&now), second(NOW_S + 60));
        assert_eq!(proven.earliest(&now), Some(second(NOW_S + 60)));
    }
}

#[test]
fn after_another_start_the_date_is_a_guess_and_the_floor_stays() {
    let mut proven = ProvenTime::nothing();
    proven.hear(second(NOW_S), &reading(1, 100, NOW_S));
    proven.advance(&reading(1, 400, 0));
    let set_back = reading(2, 1, NOW_S - 90_000);
    assert_eq!(proven.guess(&set_back), second(NOW_S), "never before what the server said");
    assert_eq!(proven.earliest(&set_back), Some(second(NOW_S + 300)));
    assert_eq!(proven.guess(&reading(2, 1, NOW_S + 90_000)), second(NOW_S + 90_000));
}

#[test]
fn a_code_moves_the_time_as_little_as_makes_it_lie_in_its_step() {
    let step = step_at(second(NOW_S));
    let first = i64::try_from(step).unwrap() * 30;
    for (date, expected) in [(first + 7, first + 7), (first - 40, first), (first + 4_000, first + 29)] {
        let mut proven = ProvenTime::nothing();
        let now = reading(1, 9, date);
        proven.open(step, &now);
        assert_eq!(proven.guess(&now).as_second(), expected);
        assert_eq!(proven.earliest(&now).unwrap().as_second(), expected);
    }
}

#[test]
fn what_a_phone_with_a_wrong_date_proved_ends_with_the_servers_word() {
    let mut proven = ProvenTime::nothing();
    proven.open(step_at(second(NOW_S + 40 * 86_400)), &reading(1, 9, NOW_S));
    assert!(proven.earliest(&reading(1, 9, NOW_S)).unwrap() > second(NOW_S));
    proven.hear(second(NOW_S), &reading(1, 10, NOW_S));
    assert_eq!(proven.earliest(&reading(1, 10, NOW_S)), Some(second(NOW_S)));
    proven.open(step_at(second(NOW_S + 86_400)), &reading(1, 10, NOW_S));
    assert_eq!(proven.guess(&reading(1, 10, NOW_S)), second(NOW_S), "the server's word stands");
}

#[test]
fn codes_from_well_before_the_servers_word_are_dead() {
    let mut proven = ProvenTime::nothing();
    assert_eq!(proven.last_dead_step(&reading(1, 0, NOW_S)), None);
    proven.hear(second(NOW_S), &reading(1, 0, NOW_S));
    let dead = |boot, since| proven.last_dead_step(&reading(boot, since, 0)).unwrap();
    assert_eq!(dead(1, 0), step_at(second(NOW_S - 600)) - 1);
    assert_eq!(dead(1, 3_000), step_at(second(NOW_S + 2_400)) - 1);
    assert_eq!(dead(2, 3_000), step_at(second(NOW_S - 600)) - 1);
}

#[test]
fn a_phone_is_followed_ten_minutes_and_no_further() {
    let now = second(NOW_S);
    let step = step_at(now);
    assert_eq!(learn_ahead(3, now, step + 4), 4);
    assert_eq!(learn_ahead(3, now, step - 20), -20);
    assert_eq!(learn_ahead(3, now, step + 21), 3);
    assert_eq!(step_at(on_phone(now, -20)), step - 20);
}

#[test]
fn what_is_kept_stays_readable() {
    let mut proven = ProvenTime::nothing();
    proven.hear(second(NOW_S), &reading(1, 9, 0));
    let text = r#"{"version":1,"floor":"2026-11-18T11:06:40Z","server":{"at":"2026-11-18T11:06:40Z","boot":"00000000-0000-0000-0000-000000000001","since_boot_ms":9000},"code":null}"#;
    let kept = proven.to_bytes();
    assert_eq!(String::from_utf8_lossy(&kept), text);
    assert_eq!(ProvenTime::from_bytes(text.as_bytes()), Some(proven));
    assert_eq!(ProvenTime::from_bytes(text.replace(":1,", ":2,").as_bytes()), None);
    assert_eq!(ProvenTime::from_bytes(b"{}"), None);
}

#[derive(Clone, Copy, Debug)]
enum Happened {
    Passed(u64),
    Rebooted,
    DateSet(i64),
    Heard,
    Opened,
}

fn happened() -> impl Strategy<Value = Happened> {
    prop_oneof![
        (0_u64..100_000).prop_map(Happened::Passed),
        Just(Happened::Rebooted),
        (0_i64..4_000_000_000).prop_map(Happened::DateSet),
        Just(Happened::Heard),
        Just(Happened::Opened),
    ]
}

proptest! {
    /// With right phones and a right server, whatever is done to the date: what is proven never runs ahead of the true
    /// time by more than a step, and never goes back by more than one.
    #[test]
    fn no_date_moves_what_is_proven(story in proptest::collection::vec(happened(), 1..60)) {
        let (mut proven, mut truth, mut boot, mut since, mut date) = (ProvenTime::nothing(), NOW_S, 1_u128, 0_u64, NOW_S);
        let mut before: Option<Timestamp> = None;
        for one in story {
            match one {
                Happened::Passed(seconds) => {
                    truth += i64::try_from(seconds).unwrap();
                    date += i64::try_from(seconds).unwrap();
                    since += seconds;
                }
                Happened::Rebooted => (boot, since) = (boot + 1, 0),
                Happened::DateSet(to) => date = to,
                Happened::Heard => proven.hear(second(truth), &reading(boot, since, date)),
                Happened::Opened => proven.open(step_at(second(truth)), &reading(boot, since, date)),
            }
            let now = reading(boot, since, date);
            if !matches!(one, Happened::Rebooted) {
                proven.advance(&now);
            }
            let earliest = proven.earliest(&now);
            prop_assert!(earliest.is_none_or(|at| at <= second(truth + 30)));
            prop_assert!(earliest.is_none_or(|at| before.is_none_or(|before| at >= before - SignedDuration::from_secs(30))));
            before = earliest;
        }
    }
}
