//! A workstation that is enrolled again under its own id.

use crate::clinic::Clinic;
use crate::workstation::{Workstation, enrol_request};
use chartkeep_server::approving::{self, Done, Proof};
use chartkeep_server::store::{Act, AlertKind};
use chartkeep_server::{people, verifying};
use keys::certificate::CertificateRequest;
use keys::{AgreementSecret, Parcel, Random, SigningKey, totp};
use records::event::{LogLink, Node, Observer, Stamp};
use records::id::{EventId, LogId};
use records::log::Tree;
use records::{AuditEvent, Role};
use sync::wire::{AuditReceipt, EnrolResponse, ProblemCode, SecretText};

/// Two administrators agree, and one of them has the token.
fn rescue_token(clinic: &Clinic, workstation: &Workstation<'_>) -> String {
    let (ivo, mara) =
        (workstation.activate("ivo", Role::ItAdmin), workstation.activate("mara", Role::PracticeManager));
    clinic.advance(60);
    let proof = |person: &crate::workstation::Person| {
        let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    };
    let number = approving::ask(&clinic.practice, Act::EscrowRelease(workstation.id), &proof(&ivo)).unwrap();
    match approving::approve(&clinic.practice, number, &proof(&mara)).unwrap() {
        Done::RescueToken(token) => token.expose().to_owned(),
        Done::ActivationCode(_)
        | Done::RoleGiven(_)
        | Done::Erased(_)
        | Done::PurgeAgreed(_)
        | Done::ProgramAdmitted => panic!("a release gives a token"),
    }
}

fn event(workstation: &Workstation<'_>, link: Option<&LogLink>) -> Vec<u8> {
    let clinic = workstation.clinic;
    let stamp = Stamp {
        id: EventId::from_uuid(Random::from_os().uuid()),
        at: clinic.now(),
        observer: Observer::Workstation(workstation.id),
    };
    let node = Node { practice: workstation.enrolled.practice_id, device: workstation.id };
    match link {
        Some(link) => AuditEvent::log_linked(stamp, node, link),
        None => AuditEvent::app_started(stamp, node, "1"),
    }
    .into_bytes()
}

fn link_to(log: LogId, tree: &Tree) -> LogLink {
    LogLink { log, size: tree.size(), root: tree.root().to_string() }
}

#[test]
fn the_same_workstation_comes_back_with_the_key_of_its_folder_and_the_old_certificate_is_dead() {
    let clinic = Clinic::open();
    let old = clinic.enrol();
    let token = rescue_token(&clinic, &old);
    let (csr, checkpoint, agreement) = (
        CertificateRequest::make().unwrap(),
        SigningKey::make(&mut Random::from_os()),
        AgreementSecret::make(&mut Random::from_os()),
    );
    let mut request = enrol_request(&token, &csr.request_pem, &checkpoint);
    request.agreement_key = agreement.public().to_bytes().into();
    request.escrow_key = None;
    let answer = clinic.send(clinic.connection(None).post(clinic.enrol_url()).json(&request)).unwrap();
    let enrolled: EnrolResponse = answer.json();
    assert_eq!((enrolled.device_id, enrolled.escrowed), (old.id, true));
    let escrow = enrolled.rescue.unwrap().escrow.unwrap();
    let key = agreement.open(Parcel::DeviceKeyEscrow, old.id.uuid().as_bytes(), escrow.as_slice()).unwrap();
    assert_eq!(key.expose(), [7; 32]);
    let refused = old.post(sync::wire::path::DIRECTIVES, &sync::wire::DirectivesRequest::default());
    assert_eq!(refused.problem(), Some(ProblemCode::DeviceRevoked));
    let again = clinic.send(clinic.connection(None).post(clinic.enrol_url()).json(&request)).unwrap();
    assert_eq!(again.problem(), Some(ProblemCode::TokenRefused), "a token counts once");
}

#[test]
fn a_token_of_a_workstation_that_was_revoked_meanwhile_is_refused() {
    let clinic = Clinic::open();
    let old = clinic.enrol();
    let token = rescue_token(&clinic, &old);
    people::revoke_device(&clinic.practice, old.id).unwrap();
    let refused = Workstation::enrol(&clinic, &token).err().unwrap();
    assert_eq!(refused.problem(), Some(ProblemCode::TokenRefused));
}

#[test]
fn a_log_goes_on_where_the_keyring_was_lost_and_both_keys_verify() {
    let clinic = Clinic::open();
    let old = clinic.enrol();
    let events = [event(&old, None), event(&old, None)];
    assert_eq!(old.deliver(&[], &events).status, 200);
    let mut new = Workstation::enrol(&clinic, &rescue_token(&clinic, &old)).unwrap();
    assert_eq!(new.id, old.id);
    assert!(
        verifying::verify(&clinic.practice).unwrap().ok,
        "the last checkpoint was signed by the key before"
    );
    new.log = old.log;
    assert_eq!(new.deliver(&events, &[event(&new, None)]).status, 200);
    assert!(verifying::verify(&clinic.practice).unwrap().ok);
}

#[test]
fn a_new_log_is_taken_in_only_where_it_links_to_what_the_server_holds() {
    let clinic = Clinic::open();
    let old = clinic.enrol();
    let held = [event(&old, None), event(&old, None)];
    assert_eq!(old.deliver(&[], &held).status, 200);
    let new = Workstation::enrol(&clinic, &rescue_token(&clinic, &old)).unwrap();
    let told: AuditReceipt = new.enrolled.rescue.clone().unwrap().log.unwrap();
    let tree = old.tree(old.log, &held);
    assert_eq!((told.log, told.size, told.root), (old.log, 2, tree.root().to_string()));
    let unlinked = new.deliver(&[], &[event(&new, None)]);
    assert_eq!(unlinked.problem(), Some(ProblemCode::LogFork));
    let wrong = LogLink { root: "00".repeat(32), ..link_to(old.log, &tree) };
    assert_eq!(new.deliver(&[], &[event(&new, Some(&wrong))]).problem(), Some(ProblemCode::LogFork));
    let linked = [event(&new, Some(&link_to(old.log, &tree)))];
    assert_eq!(new.deliver(&[], &linked).status, 200);
    assert_eq!(new.deliver(&linked, &[event(&new, None)]).status, 200);
    assert!(clinic.look(|tx| tx.count_alerts(AlertKind::LogReplaced)) >= 2);
    assert!(verifying::verify(&clinic.practice).unwrap().ok);
}

#[test]
fn a_link_is_for_once_and_never_for_a_workstation_that_was_not_enrolled_again() {
    let clinic = Clinic::open();
    let mut workstation = clinic.enrol();
    let held = [event(&workstation, None)];
    assert_eq!(workstation.deliver(&[], &held).status, 200);
    let tree = workstation.tree(workstation.log, &held);
    let link = link_to(workstation.log, &tree);
    workstation.log = LogId::from_uuid(Random::from_os().uuid());
    let refused = workstation.deliver(&[], &[event(&workstation, Some(&link))]);
    assert_eq!(refused.problem(), Some(ProblemCode::LogFork));
}
