//! Recovery codes for the telephone: taken in, read out once to whoever may, and told of.

use crate::clinic::Clinic;
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::Proof;
use chartkeep_server::releasing::{self, Release, Released};
use chartkeep_server::store::AlertKind;
use keys::spoken::{EscrowPlace, SpokenCode};
use keys::{Random, totp};
use records::event::{EventKind, Observer, SignIn, Stamp};
use records::id::{EventId, PersonId, SlotId};
use records::{Actor, AuditEvent, Purpose, Role};
use sync::wire::{DirectivesRequest, DirectivesResponse, EscrowedCode, SecretText, path};

/// Ivo is an administrator, Nora is a nurse; both have activated here.
struct Desk<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
    ivo: Person,
    nora: Person,
}

impl<'a> Desk<'a> {
    fn open(clinic: &'a Clinic) -> Self {
        let workstation = clinic.enrol();
        let ivo = workstation.activate("ivo", Role::ItAdmin);
        let nora = workstation.activate("nora", Role::Nurse);
        Self { clinic, workstation, ivo, nora }
    }

    fn ask(&self, codes: Vec<EscrowedCode>) -> DirectivesResponse {
        let request = DirectivesRequest { recovery_codes: codes, ..DirectivesRequest::default() };
        self.workstation.post(path::DIRECTIVES, &request).json()
    }

    fn make(&self, person: PersonId) -> (SpokenCode, EscrowedCode) {
        let mut random = Random::from_os();
        let slot = SlotId::from_uuid(random.uuid());
        let place = EscrowPlace {
            practice: self.workstation.enrolled.practice_id.uuid(),
            device: self.workstation.id.uuid(),
            person: person.uuid(),
            slot: slot.uuid(),
        };
        let code = SpokenCode::make(&mut random);
        let sealed = code.escrow(&self.workstation.trust.sealing_key, &place, &mut random).unwrap();
        (code, EscrowedCode { slot, person, sealed: sealed.into() })
    }

    fn proof_of(&self, person: &Person) -> Proof {
        self.clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(self.clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    }

    fn release_as(&self, by: &Person, asked: &Release<'_>) -> Result<Released, String> {
        let released = releasing::release(&self.clinic.practice, asked, &self.proof_of(by));
        released.map_err(|failure| failure.sentence)
    }

    fn release(&self) -> Result<Released, String> {
        self.release_as(&self.ivo, &NORA)
    }
}

const NORA: Release<'_> =
    Release { username: "Nora", device: "exam ROOM 2", reason: "phone left at home; called back at home" };

fn sentence(result: Result<Released, String>) -> String {
    result.err().unwrap()
}

#[test]
fn a_code_is_read_out_once_with_an_alert_and_the_workstation_is_told() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    assert!(sentence(desk.release()).contains("There is no code"));
    let (code, escrowed) = desk.make(desk.nora.id);
    let slot = escrowed.slot;
    let held = desk.ask(vec![escrowed.clone()]);
    assert_eq!((held.recovery_codes_held, held.recovery_codes_released), (vec![slot], vec![]));
    let released = desk.release().unwrap();
    assert_eq!(released.words.expose().parse(), Ok(code));
    assert_eq!(released.device, desk.workstation.id);
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::RecoveryCodeReleased)), 1);
    let row = clinic.look(|tx| tx.recovery_code(desk.nora.id, desk.workstation.id)).unwrap();
    assert_eq!((row.sealed_code, row.released_at.is_some()), (None, true), "the server has forgotten it");
    assert!(sentence(desk.release()).contains("read out already"));
    let told = desk.ask(vec![escrowed]);
    assert_eq!((told.recovery_codes_held, told.recovery_codes_released), (vec![slot], vec![slot]));
    assert!(sentence(desk.release()).contains("read out already"), "sent again, it does not come back");
    let (next, escrowed) = desk.make(desk.nora.id);
    assert_eq!(desk.ask(vec![escrowed]).recovery_codes_released, vec![]);
    assert_eq!(desk.release().unwrap().words.expose().parse(), Ok(next));
}

#[test]
fn who_may_not_or_is_not_proven_or_gives_no_reason_gets_no_words() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let (_, of_nora) = desk.make(desk.nora.id);
    let (_, of_ivo) = desk.make(desk.ivo.id);
    desk.ask(vec![of_nora, of_ivo]);
    assert!(sentence(desk.release_as(&desk.nora, &NORA)).contains("does not include this"));
    let own = Release { username: "ivo", ..NORA };
    assert!(sentence(desk.release_as(&desk.ivo, &own)).contains("their own code"));
    let silent = Release { reason: "  ", ..NORA };
    assert!(sentence(desk.release_as(&desk.ivo, &silent)).contains("without a reason"));
    let elsewhere = Release { device: "Exam room 9", ..NORA };
    assert!(sentence(desk.release_as(&desk.ivo, &elsewhere)).contains("no such workstation"));
    let nobody = Release { username: "nobody", ..NORA };
    assert!(sentence(desk.release_as(&desk.ivo, &nobody)).contains("Nobody signs in"));
    let unproven = Proof { username: "ivo".into(), code: SecretText::new("000000") };
    assert!(releasing::release(&clinic.practice, &NORA, &unproven).is_err());
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::RecoveryCodeReleased)), 0);
    desk.release().unwrap();
}

#[test]
fn two_workstations_of_one_label_are_told_apart_by_their_id() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let _other = clinic.enrol();
    let (code, escrowed) = desk.make(desk.nora.id);
    desk.ask(vec![escrowed]);
    assert!(sentence(desk.release()).contains("Several workstations"));
    let id = desk.workstation.id.to_string();
    let released = desk.release_as(&desk.ivo, &Release { device: &id, ..NORA }).unwrap();
    assert_eq!(released.words.expose().parse(), Ok(code));
}

#[test]
fn a_code_that_does_not_open_or_is_of_a_stranger_is_not_held() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let (_, mut moved) = desk.make(desk.nora.id);
    moved.slot = SlotId::from_uuid(Random::from_os().uuid());
    let (_, stranger) = desk.make(PersonId::from_uuid(Random::from_os().uuid()));
    assert_eq!(desk.ask(vec![moved, stranger]).recovery_codes_held, vec![]);
    assert!(sentence(desk.release()).contains("There is no code"));
}

#[test]
fn a_sign_in_with_a_recovery_code_is_an_alert_when_its_event_arrives() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let workstation = &desk.workstation;
    let mut random = Random::from_os();
    let mut event = |how| {
        let id = EventId::from_uuid(random.uuid_v7(clinic.now()));
        let stamp = Stamp { id, at: clinic.now(), observer: Observer::Workstation(workstation.id) };
        let actor = Actor {
            person: desk.nora.id,
            practice: workstation.enrolled.practice_id,
            roles: vec![Role::Nurse],
            device: workstation.id,
            session: records::id::SessionId::from_uuid(random.uuid()),
            purpose: Purpose::Treatment,
        };
        AuditEvent::signed_in(stamp, &actor, "Nora Quinn", how)
    };
    let ways = [SignIn::Offline, SignIn::RecoveryCode, SignIn::ReleasedCode, SignIn::Online];
    let events: Vec<AuditEvent> = ways.map(&mut event).into();
    assert!(events.iter().all(|event| event.summary().kind == Some(EventKind::SignedIn)));
    let bytes: Vec<Vec<u8>> = events.into_iter().map(AuditEvent::into_bytes).collect();
    assert_eq!(workstation.deliver(&[], &bytes).status, 200);
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::RecoveryCodeUsed)), 2);
    assert_eq!(workstation.deliver(&[], &bytes).status, 200);
    assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::RecoveryCodeUsed)), 2, "the same batch again");
}
