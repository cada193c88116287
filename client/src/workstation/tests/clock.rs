//! The date of the computer may be anything: it shuts nobody out, opens nothing, and brings no used code back to life.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A form that says what the phone shows.
fn by_phone(fixture: &Fixture, code: &str, shown: Timestamp) -> SignInForm {
    let shown = shown.to_zoned(jiff::tz::TimeZone::UTC);
    let mut form = fixture.form(PASSPHRASE, code);
    form.phone_time = Some(PhoneTime {
        time: shown.strftime("%H:%M").to_string(),
        date: shown.strftime("%d-%b-%Y").to_string(),
    });
    form
}

#[test]
fn a_wrong_date_looks_like_a_wrong_code_until_the_phones_time_is_typed() {
    for off in [-DAY * 400, -DAY, DAY, DAY * 30, DAY * 9_000] {
        let fixture = Fixture::enrolled();
        let truth = fixture.clock.now();
        fixture.clock.set_wall(truth + off);
        let workstation = fixture.start();
        let code = fixture.code_at(truth);
        assert_eq!(
            code_of(workstation.sign_in(fixture.form(PASSPHRASE, &code))),
            Some(Code::SignInRefused),
            "{off}"
        );
        let opened = workstation.sign_in(by_phone(&fixture, &code, truth)).unwrap();
        assert_eq!(opened.failures_since, 1);
        assert!(workstation.search("nobody").is_ok(), "the grants end by proven time, not by the date");
        workstation.lock(LockCause::Person);

        fixture.clock.advance(Duration::from_secs(60));
        let later = fixture.code_at(truth + SignedDuration::from_secs(60));
        workstation
            .sign_in(fixture.form(PASSPHRASE, &later))
            .expect("the time is proven now: nobody is asked again");
        workstation.lock(LockCause::Person);
        workstation.stop();

        let workstation = fixture.start();
        fixture.clock.advance(Duration::from_secs(60));
        let later = fixture.code_at(truth + SignedDuration::from_secs(120));
        workstation.sign_in(fixture.form(PASSPHRASE, &later)).expect("also after a restart of the program");
    }
}

#[test]
fn a_phone_that_drifts_is_followed_and_one_that_jumps_is_not() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let mut ahead = 0;
    for _ in 0..5 {
        fixture.clock.advance(Duration::from_secs(600));
        ahead += 30;
        let code = fixture.code_at(fixture.clock.now() + SignedDuration::from_secs(ahead));
        workstation.sign_in(fixture.form(PASSPHRASE, &code)).unwrap();
        workstation.lock(LockCause::Person);
    }
    fixture.clock.advance(Duration::from_secs(600));
    let code = fixture.code_at(fixture.clock.now() + SignedDuration::from_secs(ahead + 120));
    assert_eq!(code_of(workstation.sign_in(fixture.form(PASSPHRASE, &code))), Some(Code::SignInRefused));
}

#[test]
fn a_time_that_is_none_is_said_and_is_no_failed_attempt() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    for _ in 0..5 {
        let mut form = fixture.form(PASSPHRASE, &fixture.code());
        form.phone_time = Some(PhoneTime { time: "half past".to_owned(), date: String::new() });
        assert_eq!(code_of(workstation.sign_in(form)), Some(Code::FormInvalid));
    }
    let opened = workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    assert_eq!(opened.failures_since, 0);
}

#[test]
fn codes_that_have_run_out_by_the_phone_need_the_server() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    let later = fixture.clock.now() + DAY * 8;
    let form = by_phone(&fixture, &fixture.code_at(later), later);
    assert_eq!(code_of(workstation.sign_in(form)), Some(Code::CodesRunOut));
}

#[test]
fn a_date_that_is_set_while_somebody_is_signed_in_is_noticed_and_sleep_is_not() {
    let fixture = Fixture::enrolled();
    let workstation = fixture.start();
    fixture.clock.set_wall(fixture.clock.now() + DAY);
    assert!(!workstation.clock_was_set(), "nobody is signed in");
    fixture.clock.set_wall(fixture.clock.now() - DAY);
    workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code())).unwrap();
    fixture.clock.advance(Duration::from_secs(8 * 3600));
    assert!(!workstation.clock_was_set());
    fixture.clock.set_wall(fixture.clock.now() - SignedDuration::from_secs(91));
    assert!(workstation.clock_was_set());
    workstation.lock(LockCause::ClockSet);
    assert!(!workstation.clock_was_set());
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// The date is set so many hours off the truth, and the person tries without being asked for the phone's time.
    Plain(i64),
    /// The same, and the person types what the phone shows.
    Asked(i64),
    /// The last code that opened is tried again, with the time it was of.
    Replay(i64),
    Reboot,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let hours = -20_000_i64..20_000;
    prop_oneof![
        hours.clone().prop_map(Act::Plain),
        hours.clone().prop_map(Act::Asked),
        hours.prop_map(Act::Replay),
        Just(Act::Reboot),
        Just(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any sequence of wrong dates, and then a right one: the right person is in, and no code opened twice.
    #[test]
    fn wrong_dates_shut_nobody_out_and_bring_no_code_back(acts in proptest::collection::vec(act(), 1..7)) {
        let fixture = Fixture::enrolled();
        let mut workstation = fixture.start();
        let mut truth = fixture.clock.now();
        let mut used: Option<(String, Timestamp)> = None;
        for act in acts {
            // Longer than any wait.
            fixture.clock.advance(Duration::from_secs(930));
            truth += SignedDuration::from_secs(930);
            let code = fixture.code_at(truth);
            match act {
                Act::Plain(hours) => {
                    fixture.clock.set_wall(truth + SignedDuration::from_hours(hours));
                    if workstation.sign_in(fixture.form(PASSPHRASE, &code)).is_ok() {
                        used = Some((code, truth));
                    }
                }
                Act::Asked(hours) => {
                    fixture.clock.set_wall(truth + SignedDuration::from_hours(hours));
                    prop_assert!(workstation.sign_in(by_phone(&fixture, &code, truth)).is_ok());
                    used = Some((code, truth));
                }
                Act::Replay(hours) => if let Some((code, at)) = &used {
                    fixture.clock.set_wall(truth + SignedDuration::from_hours(hours));
                    let again = workstation.sign_in(by_phone(&fixture, code, *at));
                    prop_assert_eq!(code_of(again), Some(Code::SignInRefused));
                },
                Act::Reboot => fixture.clock.reboot(),
                Act::Restart => {
                    workstation.stop();
                    workstation = fixture.start();
                }
            }
            workstation.lock(LockCause::Person);
        }
        fixture.clock.advance(Duration::from_secs(930));
        truth += SignedDuration::from_secs(930);
        fixture.clock.set_wall(truth);
        prop_assert!(workstation.sign_in(fixture.form(PASSPHRASE, &fixture.code_at(truth))).is_ok());
        workstation.stop();
    }
}
