//! Activation, online sign-in, sessions and grants.

use crate::clinic::{Clinic, PASSPHRASE};
use crate::workstation::Workstation;
use chartkeep_server::store::AlertKind;
use keys::Random;
use keys::{SigningKey, grant, totp};
use records::Role;
use sync::wire::{GrantsRequest, GrantsResponse, ProblemCode, SessionResponse, path};

fn next_code(clinic: &Clinic, person: &crate::workstation::Person) -> String {
    clinic.advance(30);
    totp::code_at(&person.seed, totp::step_at(clinic.now()))
}

#[test]
fn an_activated_nurse_has_a_session_and_grants_for_her_two_drawers() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("Nora", Role::Nurse);
    assert_eq!(nora.signed_in.roles, [Role::Nurse]);
    assert_eq!(nora.signed_in.name, "Nora Quinn");
    let drawers: Vec<_> = nora.signed_in.session.drawers.iter().map(|drawer| drawer.as_str()).collect();
    assert_eq!(drawers, ["demographics", "clinical"]);
    let opened: Vec<_> = nora
        .signed_in
        .grants
        .iter()
        .map(|bytes| {
            let rights = &workstation.trust.rights_key;
            let now = clinic.now();
            grant::open(bytes.as_slice(), rights, &nora.agreement, workstation.id.uuid(), now).unwrap()
        })
        .collect();
    assert_eq!(opened.iter().map(|g| g.header.drawer.as_str()).collect::<Vec<_>>(), drawers);
    assert!(opened.iter().all(|g| g.header.person == nora.id.uuid() && g.header.generation == 1));
}

#[test]
fn two_people_on_one_workstation_hold_the_same_key_of_a_shared_drawer() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let key = |workstation: &Workstation<'_>, username: &str, role| {
        let person = workstation.activate(username, role);
        let bytes = person.signed_in.grants[0].as_slice().to_vec();
        let rights = &workstation.trust.rights_key;
        let opened =
            grant::open(&bytes, rights, &person.agreement, workstation.id.uuid(), clinic.now()).unwrap();
        *opened.keys.file.expose()
    };
    let nurse = key(&first, "nora", Role::Nurse);
    assert_eq!(nurse, key(&first, "felix", Role::FrontDesk));
    assert_ne!(nurse, key(&second, "cora", Role::Clinician), "another workstation has keys of its own");
}

#[test]
fn an_activation_code_works_once_in_any_case_and_with_the_right_name_only() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let added = clinic.add("nora", Role::Nurse);
    clinic.add("felix", Role::FrontDesk);
    let refused = |username: &str, code: &str| {
        workstation.try_activate(username, code, &[]).err().and_then(|answer| answer.problem())
    };
    assert_eq!(refused("felix", &added.activation_code), Some(ProblemCode::ActivationRefused));
    assert_eq!(refused("nobody", &added.activation_code), Some(ProblemCode::ActivationRefused));
    let typed = added.activation_code.to_lowercase().replace('-', " ");
    assert!(workstation.try_activate(" NORA ", &typed, &[]).is_ok());
    assert_eq!(refused("nora", &added.activation_code), Some(ProblemCode::ActivationRefused));
}

#[test]
fn a_wrong_code_at_the_end_of_an_activation_changes_nothing_and_the_next_code_ends_it() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let added = clinic.add("nora", Role::Nurse);
    let wrong = ["000000", "nonsense", "000000", "000000", "000000"];
    let nora = workstation.try_activate("nora", &added.activation_code, &wrong).unwrap();
    assert_eq!(nora.id, added.person);
    let again = workstation.try_activate("nora", &added.activation_code, &[]).err().unwrap();
    assert_eq!(again.problem(), Some(ProblemCode::ActivationRefused), "an activation ends once");
}

#[test]
fn an_online_sign_in_brings_the_seed_and_a_new_key() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let code = next_code(&clinic, &nora);
    let (again, seed) = second.sign_in("NORA", PASSPHRASE, &code).unwrap();
    assert_eq!((again.id, seed == nora.seed), (nora.id, true));
    assert_eq!(again.signed_in.code_step, totp::step_at(clinic.now()));
    assert!(again.signed_in.last_sign_in.is_some());
    assert_eq!(again.signed_in.failures_since, 0);
}

#[test]
fn wrong_passphrase_wrong_code_used_code_and_unknown_name_look_the_same() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let used = totp::code_at(&nora.seed, nora.signed_in.code_step);
    let good = next_code(&clinic, &nora);
    let wrong = if good == "123456" { "654321" } else { "123456" };
    let tries = [
        ("nora", "not the passphrase", good.as_str()),
        ("nora", PASSPHRASE, wrong),
        ("nobody", PASSPHRASE, &good),
    ];
    let answers = tries.map(|(name, passphrase, code)| {
        workstation.sign_in(name, passphrase, code).err().map(|answer| (answer.status, answer.body)).unwrap()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(answers[0].0, 401);
    let used = workstation.sign_in("nora", PASSPHRASE, &used).err().unwrap();
    assert_eq!((used.status, used.body), answers[0].clone());
    let (in_at_last, _) = workstation.sign_in("nora", PASSPHRASE, &next_code(&clinic, &nora)).unwrap();
    assert_eq!(in_at_last.signed_in.failures_since, 3);
}

#[test]
fn failures_make_wait_and_the_wait_grows_for_names_that_nobody_has_too() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.activate("nora", Role::Nurse);
    for name in ["nora", "nobody"] {
        let fail = || workstation.sign_in(name, "not the passphrase", "123456").err().unwrap().problem();
        for _ in 0..4 {
            assert_eq!(fail(), Some(ProblemCode::SignInRefused));
        }
        assert_eq!(fail(), Some(ProblemCode::TooManyTries));
        clinic.advance(5);
        assert_eq!(fail(), Some(ProblemCode::SignInRefused));
        clinic.advance(14);
        assert_eq!(fail(), Some(ProblemCode::TooManyTries));
        clinic.advance(1);
        assert_eq!(fail(), Some(ProblemCode::SignInRefused));
    }
}

#[test]
fn one_code_on_two_workstations_raises_an_alert() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let code = next_code(&clinic, &nora);
    assert!(first.sign_in("nora", PASSPHRASE, &code).is_ok());
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::CodeReused)), 0);
    assert!(second.sign_in("nora", PASSPHRASE, &code).is_ok());
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::CodeReused)), 1);
}

#[test]
fn a_sign_in_ends_on_the_workstation_it_began_on() {
    let clinic = Clinic::open();
    let (first, second) = (clinic.enrol(), clinic.enrol());
    first.activate("nora", Role::Nurse);
    let passphrase = keys::Passphrase::from_typed(PASSPHRASE).unwrap();
    let (_, message) = keys::sign_in::start_login(&passphrase, &mut Random::from_os()).unwrap();
    let start = sync::wire::SignInStart { username: "nora".into(), message: message.into() };
    let started: sync::wire::SignInStarted = first.post(path::SIGN_IN_START, &start).json();
    let finish = sync::wire::SignInFinish {
        attempt: started.attempt,
        message: vec![0; 64].into(),
        code: sync::wire::SecretText::new("123456"),
        agreement_key: [9; 32].into(),
        signing_key: SigningKey::make(&mut Random::from_os()).verifying_key().to_bytes().into(),
    };
    assert_eq!(second.post(path::SIGN_IN_FINISH, &finish).problem(), Some(ProblemCode::SignInRefused));
}

#[test]
fn a_slot_key_opens_a_session_and_another_key_does_not() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    clinic.advance(16 * 60);
    let session: SessionResponse = workstation.session(&nora, &nora.signing).json();
    assert_eq!(session.roles, [Role::Nurse]);
    assert_eq!(workstation.get_as(&session.token, path::METADATA).status, 200);
    let other = SigningKey::make(&mut Random::from_os());
    assert_eq!(workstation.session(&nora, &other).problem(), Some(ProblemCode::SessionRequired));
}

#[test]
fn grants_lie_ready_and_follow_the_roles() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let collect = || -> GrantsResponse { workstation.post(path::GRANTS, &GrantsRequest {}).json() };
    assert_eq!(collect().grants, nora.signed_in.grants, "the same until something changes");
    clinic.advance(60);
    let now = clinic.now();
    chartkeep_server::store::write(clinic.practice.store.as_ref(), |tx| {
        tx.insert_role(nora.id, Role::Clinician, now)
    })
    .unwrap();
    assert_eq!(collect().grants.len(), 3);
    clinic.advance(40 * 24 * 3600);
    let later = collect();
    assert_eq!(later.grants.len(), 3);
    let rights = &workstation.trust.rights_key;
    for bytes in later.grants {
        let header = grant::verify(bytes.as_slice(), rights).unwrap();
        assert!(clinic.now().duration_until(header.not_after).as_hours() > 45 * 24, "issued anew in time");
    }
}

#[test]
fn the_store_keeps_seeds_drawer_keys_and_escrow_sealed() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let sealed = clinic.look(|tx| tx.person(nora.id)).unwrap().sealed_seed.unwrap();
    assert!(!sealed.windows(20).any(|window| window == nora.seed.expose()));
    let escrow = clinic.look(|tx| tx.escrow(workstation.id)).unwrap();
    assert!(!escrow.windows(8).any(|window| window == [7; 8]));
    assert!(workstation.enrolled.escrowed);
}
