//! What one administrator must not do alone.

use crate::clinic::{Clinic, PASSPHRASE};
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::people;
use chartkeep_server::store::Act;
use keys::totp;
use records::event::EventKind;
use records::id::{DeviceId, PersonId};
use records::{AuditEvent, Role};
use sync::wire::{ProblemCode, SecretText};

/// Ivo and Mara are administrators, Nora is a nurse; all have activated.
struct Practice<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
    ivo: Person,
    mara: Person,
    nora: Person,
}

impl<'a> Practice<'a> {
    fn of(clinic: &'a Clinic) -> Self {
        let workstation = clinic.enrol();
        let ivo = workstation.activate("ivo", Role::ItAdmin);
        let mara = workstation.activate("mara", Role::PracticeManager);
        let nora = workstation.activate("nora", Role::Nurse);
        clinic.advance(60);
        Self { clinic, workstation, ivo, mara, nora }
    }

    fn code(&self, person: &Person) -> String {
        totp::code_at(&person.seed, totp::step_at(self.clinic.now()))
    }

    fn proof(&self, person: &Person) -> Proof {
        Proof { username: person.username.to_uppercase(), code: SecretText::new(self.code(person)) }
    }

    fn ask(&self, person: &Person, act: Act) -> Result<u64, String> {
        approving::ask(&self.clinic.practice, act, &self.proof(person)).map_err(|f| f.sentence)
    }

    fn approve(&self, person: &Person, number: u64) -> Result<Done, String> {
        approving::approve(&self.clinic.practice, number, &self.proof(person)).map_err(|f| f.sentence)
    }

    fn release(&self) -> Act {
        Act::EscrowRelease(self.workstation.id)
    }

    fn administered_by(&self) -> Vec<PersonId> {
        let log = self.clinic.practice.row.log;
        let leaves = self.clinic.look(|tx| tx.leaves(log, 0, 10_000));
        let events = leaves.into_iter().map(|leaf| AuditEvent::parse(leaf.event).unwrap());
        let administered = events.filter(|event| event.summary().kind == Some(EventKind::Administered));
        administered.filter_map(|event| event.summary().person).collect()
    }
}

fn failure<T>(result: Result<T, String>) -> String {
    result.err().unwrap()
}

#[test]
fn two_administrators_release_what_one_alone_cannot_and_the_trail_names_both() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let number = practice.ask(&practice.ivo, practice.release()).unwrap();
    clinic.advance(30);
    assert!(failure(practice.approve(&practice.ivo, number)).contains("who asked"));
    let waiting = approving::waiting(&clinic.practice).unwrap();
    assert_eq!(
        waiting.iter().map(|row| (row.number, row.act.clone())).collect::<Vec<_>>(),
        [(number, practice.release())]
    );
    assert!(matches!(practice.approve(&practice.mara, number), Ok(Done::RescueToken(_))));
    assert!(approving::waiting(&clinic.practice).unwrap().is_empty());
    assert_eq!(practice.administered_by(), [practice.ivo.id, practice.mara.id]);
    clinic.advance(30);
    assert!(failure(practice.approve(&practice.mara, number)).contains("Nothing waits"), "done once");
}

#[test]
fn after_a_day_nobody_can_agree_any_more() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let number = practice.ask(&practice.ivo, practice.release()).unwrap();
    clinic.advance(24 * 3600);
    assert!(failure(practice.approve(&practice.mara, number)).contains("Nothing waits"));
    assert!(approving::waiting(&clinic.practice).unwrap().is_empty());
}

#[test]
fn a_code_counts_once_here_and_at_every_workstation() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let number = practice.ask(&practice.ivo, practice.release()).unwrap();
    assert!(failure(practice.ask(&practice.ivo, practice.release())).contains("not right"));
    let code = practice.code(&practice.mara);
    practice.workstation.sign_in("mara", PASSPHRASE, &code).unwrap();
    assert!(failure(practice.approve(&practice.mara, number)).contains("not right"), "used to sign in");
    clinic.advance(30);
    practice.approve(&practice.mara, number).unwrap();
}

#[test]
fn guesses_are_slowed_down_and_do_not_shut_the_person_out_of_a_workstation() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let guess = || {
        let wrong = Proof { username: "ivo".into(), code: SecretText::new("000000") };
        approving::ask(&clinic.practice, practice.release(), &wrong).err().unwrap().sentence
    };
    for _ in 0..4 {
        assert!(guess().contains("not right"));
    }
    assert!(guess().contains("has to wait"));
    assert!(failure(practice.ask(&practice.ivo, practice.release())).contains("has to wait"));
    let code = practice.code(&practice.ivo);
    practice.workstation.sign_in("ivo", PASSPHRASE, &code).unwrap();
    clinic.advance(30);
    practice.ask(&practice.ivo, practice.release()).unwrap();
}

#[test]
fn a_nurse_or_somebody_who_left_or_never_activated_neither_asks_nor_agrees() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    assert!(failure(practice.ask(&practice.nora, practice.release())).contains("role"));
    let number = practice.ask(&practice.ivo, practice.release()).unwrap();
    clinic.advance(30);
    assert!(failure(practice.approve(&practice.nora, number)).contains("role"));
    people::end_person(&clinic.practice, practice.mara.id).unwrap();
    assert!(failure(practice.approve(&practice.mara, number)).contains("not right"));
    clinic.add("new", Role::ItAdmin);
    let unknown = Proof { username: "new".into(), code: SecretText::new("123456") };
    assert!(approving::approve(&clinic.practice, number, &unknown).is_err());
}

#[test]
fn nothing_is_asked_for_about_what_is_not_there_or_was_revoked() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let unknown = DeviceId::from_uuid(keys::Random::from_os().uuid());
    assert!(failure(practice.ask(&practice.ivo, Act::EscrowRelease(unknown))).contains("no such"));
    let number = practice.ask(&practice.mara, practice.release()).unwrap();
    people::revoke_device(&clinic.practice, practice.workstation.id).unwrap();
    clinic.advance(30);
    assert!(failure(practice.approve(&practice.ivo, number)).contains("no such"));
}

#[test]
fn a_reset_ends_what_the_person_has_open_and_gives_a_new_activation_code() {
    let clinic = Clinic::open();
    let practice = Practice::of(&clinic);
    let number = practice.ask(&practice.ivo, Act::PersonReset(practice.nora.id)).unwrap();
    let Done::ActivationCode(code) = practice.approve(&practice.mara, number).unwrap() else {
        panic!("a reset gives an activation code");
    };
    let token = &practice.nora.signed_in.session.token;
    assert_eq!(practice.workstation.get_as(token, sync::wire::path::METADATA).status, 401);
    clinic.advance(60);
    let code_now = practice.code(&practice.nora);
    let refused = practice.workstation.sign_in("nora", PASSPHRASE, &code_now).err().unwrap();
    assert_eq!(refused.problem(), Some(ProblemCode::SignInRefused), "with the passphrase of before");
    let again = practice.workstation.try_activate("nora", &code, &[]).unwrap();
    assert_eq!(again.id, practice.nora.id);
    assert!(again.seed != practice.nora.seed);
}
