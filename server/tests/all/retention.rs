//! How long is kept what: a floor that nobody sets lower, and what is due; a legal hold beats it.

use crate::clinic::{Clinic, document, observation, patient, take_in};
use crate::workstation::Person;
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::erasing;
use chartkeep_server::retaining::{self, NewPeriods, Periods};
use chartkeep_server::store::{Act, ErasureReason};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use keys::totp;
use proptest::prelude::*;
use records::date::PartialDate;
use records::event::EventKind;
use records::{AuditEvent, Document, Role};
use sync::wire::SecretText;

const YEAR: i64 = 366 * 24 * 3600;

fn proof(clinic: &Clinic, person: &Person) -> Proof {
    clinic.advance(30);
    let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
    Proof { username: person.username.clone(), code: SecretText::new(code) }
}

#[test]
fn a_period_below_six_years_is_refused_and_changes_nothing() {
    let clinic = Clinic::open();
    let set = |audit_years, record_years| {
        let new = NewPeriods { audit_years, record_years, ..NewPeriods::default() };
        retaining::set_periods(&clinic.practice, new)
    };
    assert_eq!(retaining::periods(&clinic.practice).unwrap(), Periods::default());
    assert!(set(Some(5), None).unwrap_err().sentence.contains("at least 6 years"));
    assert!(set(Some(12), Some(5)).is_err());
    assert_eq!(retaining::periods(&clinic.practice).unwrap(), Periods::default(), "nothing of it counts");
    assert_eq!(set(Some(6), None).unwrap(), Periods { audit_years: 6, ..Periods::default() });
    for new in [
        NewPeriods { minor_years: Some(1), ..NewPeriods::default() },
        NewPeriods { majority_age: Some(17), ..NewPeriods::default() },
        NewPeriods { majority_age: Some(22), ..NewPeriods::default() },
    ] {
        assert!(retaining::set_periods(&clinic.practice, new).is_err(), "{new:?}");
    }
    assert_eq!(retaining::periods(&clinic.practice).unwrap().audit_years, 6);
}

#[test]
fn who_had_no_news_for_the_period_is_due_and_a_legal_hold_keeps_them() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), patient("bob"), patient("cleo"), observation("hr", "ada", "70")]);
    let mara = clinic.enrol().activate("mara", Role::PracticeManager);
    clinic.advance(7 * YEAR);
    take_in(&clinic, &[observation("late", "cleo", "70")]);
    assert!(retaining::due(&clinic.practice).unwrap().patients.is_empty(), "seven of ten years");
    let named = |due: &[retaining::DuePatient]| {
        due.iter().map(|due| due.patient.as_str().to_owned()).collect::<Vec<_>>()
    };

    clinic.advance(4 * YEAR);
    let held = "bob".parse().unwrap();
    erasing::set_hold(&clinic.practice, &held, Some("case 41"), &proof(&clinic, &mara)).unwrap();

    let due = retaining::due(&clinic.practice).unwrap();
    assert_eq!((named(&due.patients), named(&due.held)), (vec!["ada".to_owned()], vec!["bob".to_owned()]));
    assert!(due.audit_events > 0, "what was noted of the import of eleven years ago");
    erasing::set_hold(&clinic.practice, &held, None, &proof(&clinic, &mara)).unwrap();
    let due = retaining::due(&clinic.practice).unwrap();
    assert!(due.patients.len() == 2 && due.held.is_empty());
}

#[test]
fn that_the_period_is_over_is_no_reason_before_it_is() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let (mara, ivo) =
        (workstation.activate("mara", Role::PracticeManager), workstation.activate("ivo", Role::ItAdmin));
    let ask = || {
        let act = Act::PatientErasure("ada".parse().unwrap(), ErasureReason::RetentionOver);
        approving::ask(&clinic.practice, act, &proof(&clinic, &mara))
    };
    assert!(ask().unwrap_err().sentence.contains("not over"));
    clinic.advance(11 * YEAR);
    let early = ask().unwrap();
    take_in(&clinic, &[observation("hr", "ada", "71")]);
    let refused = approving::approve(&clinic.practice, early, &proof(&clinic, &ivo)).unwrap_err();
    assert!(refused.sentence.contains("not over"), "something came in between: {}", refused.sentence);

    clinic.advance(11 * YEAR);
    let number = ask().unwrap();

    assert!(matches!(
        approving::approve(&clinic.practice, number, &proof(&clinic, &ivo)),
        Ok(Done::Erased(_))
    ));
}

fn born(id: &str, birth: Option<&str>) -> Document {
    let birth = birth.map(|birth| format!(r#","birthDate":"{birth}""#)).unwrap_or_default();
    document(&format!(r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Sample"}}]{birth}}}"#))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn who_was_a_minor_is_kept_for_their_period_since_majority_and_so_is_who_may_have_been() {
    let clinic = Clinic::open();
    clinic.clock.set(at("2026-03-01T12:00:00Z"));
    let adult = born("adult", Some("1980-05-06"));
    take_in(&clinic, &[adult, born("child", Some("2020-05-06")), born("nobody-knows", None)]);
    let due = |time: &str| {
        clinic.clock.set(at(time));
        let due = retaining::due(&clinic.practice).unwrap();
        let named = due.patients.iter().map(|due| due.patient.to_string()).collect::<Vec<_>>();
        (named.join(" "), due.kept_as_minors)
    };
    assert_eq!(due("2036-02-29T12:00:00Z"), (String::new(), 0));
    assert_eq!(due("2036-03-02T00:00:00Z"), ("adult".to_owned(), 2));
    // Eighteen on 6 May 2038, and ten years more.
    assert_eq!(due("2048-05-07T00:00:00Z"), ("adult".to_owned(), 2));
    assert_eq!(due("2048-05-07T00:00:01Z"), ("adult child".to_owned(), 1));
    assert_eq!(due("2054-03-02T00:00:00Z").1, 1);
    assert_eq!(due("2054-03-02T00:00:01Z"), ("adult child nobody-knows".to_owned(), 0));
    let younger = NewPeriods { majority_age: Some(21), minor_years: Some(2), ..NewPeriods::default() };
    retaining::set_periods(&clinic.practice, younger).unwrap();
    assert_eq!(due("2043-05-07T00:00:00Z").0, "adult");
    assert_eq!(due("2043-05-07T00:00:01Z").0, "adult child", "twenty-one and two");
    let own = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 100));
    let looked = own.into_iter().filter_map(|leaf| AuditEvent::parse(leaf.event).ok());
    assert_eq!(looked.filter(|event| event.summary().kind == Some(EventKind::Replicated)).count(), 8);
}

#[test]
fn a_birthday_on_the_29th_of_february_makes_no_period_short() {
    let periods = Periods { minor_years: 2, ..Periods::default() };
    let until = |born| periods.kept_until(at("2010-01-01T00:00:00Z"), Some(born)).unwrap();
    assert_eq!(until(PartialDate::Day(date(2008, 2, 29))), at("2028-03-01T00:00:00Z"));
    assert_eq!(until(PartialDate::Month(2008, 2)), at("2028-03-01T00:00:00Z"), "its last day");
    assert_eq!(until(PartialDate::Year(2008)), at("2029-01-01T00:00:00Z"));
    let periods = Periods { minor_years: 3, ..Periods::default() };
    let until = |day| {
        let born = Some(PartialDate::Day(day));
        periods.kept_until(at("2010-01-01T00:00:00Z"), born).unwrap()
    };
    assert_eq!(
        until(date(2008, 2, 28)),
        at("2029-03-01T00:00:00Z"),
        "the day after it, in a year without a 29th"
    );
    assert_eq!(until(date(2008, 2, 29)), at("2029-03-01T00:00:00Z"));
}

fn any_day() -> impl Strategy<Value = Date> {
    (1900_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| date(year, month, day))
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

proptest! {
    #[test]
    fn nobody_is_past_their_time_early_and_knowing_less_never_shortens_it(
        birth in any_day(),
        last in any_day(),
        periods in (6_u16..40, 18_u16..=21, 2_u16..40),
        seconds in 0_i64..86_400,
    ) {
        let (record_years, majority_age, minor_years) = periods;
        let periods = Periods { audit_years: 10, record_years, majority_age, minor_years };
        let arrived = midnight(last).checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        let until = |born| periods.kept_until(arrived, born).unwrap();
        let known = until(Some(PartialDate::Day(birth)));
        let years = |from: Date, years: u16| midnight(from.with().year(from.year() + years as i16).build().unwrap());

        let usual = years(last, record_years);
        let of_age = years(birth, majority_age + minor_years);
        prop_assert!(known >= usual && known > of_age, "{known}");
        let is_no_longer = known <= usual.max(of_age).checked_add(jiff::SignedDuration::from_hours(25)).unwrap();
        prop_assert!(is_no_longer, "and not longer than a day beyond the later of the two: {known}");
        prop_assert!(until(Some(PartialDate::Month(birth.year(), birth.month()))) >= known);
        let year = until(Some(PartialDate::Year(birth.year())));
        prop_assert!(year >= until(Some(PartialDate::Month(birth.year(), birth.month()))));
        if birth <= last {
            prop_assert!(until(None) >= known);
        }
    }

    #[test]
    fn what_arrives_later_is_kept_at_least_as_long(birth in any_day(), first in any_day(), days in 0_i64..20_000) {
        let later = first.checked_add(jiff::Span::new().days(days)).unwrap();
        let born = Some(PartialDate::Day(birth));
        let periods = Periods::default();
        prop_assert!(periods.kept_until(midnight(later), born) >= periods.kept_until(midnight(first), born));
    }
}
