//! How long is kept what: a floor that nobody sets lower, and what is due; a legal hold beats it.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::workstation::Person;
use chartkeep_server::approving::Proof;
use chartkeep_server::erasing;
use chartkeep_server::retaining::{self, Periods};
use keys::totp;
use records::Role;
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
    let set = |audit, records| retaining::set_periods(&clinic.practice, audit, records);
    assert_eq!(retaining::periods(&clinic.practice).unwrap(), Periods { audit_years: 10, record_years: 10 });
    assert!(set(Some(5), None).unwrap_err().sentence.contains("at least 6 years"));
    assert!(set(Some(12), Some(5)).is_err());
    assert_eq!(retaining::periods(&clinic.practice).unwrap(), Periods::default(), "nothing of it counts");
    assert_eq!(set(Some(6), None).unwrap(), Periods { audit_years: 6, record_years: 10 });
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
