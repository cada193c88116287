//! The people of the demonstration can sign in and are in the practice.

use std::collections::BTreeSet;

use chartkeep_tests::practice::Practice;
use chartkeep_tests::practice::people::{CLINICIAN, DEMO_PEOPLE, NURSE, PRACTICE_NAME};
use keys::passphrase::{Passphrase, PassphrasePolicy, check};
use records::Role;

use super::{TODAY, charts, documents};

#[test]
fn there_is_one_person_of_every_role_with_names_of_their_own() {
    let roles: BTreeSet<Role> = DEMO_PEOPLE.iter().map(|person| person.role).collect();
    assert_eq!(roles, Role::PEOPLE.into_iter().collect());
    let names: BTreeSet<&str> = DEMO_PEOPLE.iter().map(|person| person.username).collect();
    assert_eq!(names.len(), DEMO_PEOPLE.len());
}

#[test]
fn the_passphrases_are_ones_that_a_practice_would_accept() {
    for person in DEMO_PEOPLE {
        let known = [person.username, person.name, PRACTICE_NAME];
        let typed = Passphrase::from_typed(person.passphrase).unwrap();
        let verdict = check(&typed, &known, PassphrasePolicy::default());
        assert!(verdict.is_ok(), "{}: {verdict:?}", person.username);
    }
}

#[test]
fn everyone_is_a_practitioner_and_the_scripted_patients_are_in_the_care_of_clinician_and_nurse() {
    let practice = Practice::new(7, 20, TODAY);
    let documents = documents(&practice);
    let keys: BTreeSet<String> = documents.iter().map(|document| document.key().to_string()).collect();
    for person in DEMO_PEOPLE {
        assert!(keys.contains(&format!("Practitioner/{}", person.id)), "{}", person.username);
    }
    let charts = charts(&documents);
    let of_maria =
        charts.iter().find(|(id, _)| id.to_string().contains(&practice.patient_id(0).to_string())).unwrap().1;
    let team = of_maria.iter().find(|document| document.kind().as_str() == "CareTeam").unwrap();
    for person in [CLINICIAN, NURSE] {
        assert!(team.references().contains(&format!("Practitioner/{}", person.id).as_str()));
    }
}
