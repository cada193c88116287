//! Giving a role takes two people, taking one takes none but who does it, and workstations hear of both.

use crate::clinic::Clinic;
use crate::workstation::{Person, Workstation};
use chartkeep_server::approving::{self, Proof};
use chartkeep_server::roles;
use chartkeep_server::store::Act;
use keys::totp;
use records::{Drawer, Role};
use sync::wire::{DirectiveOrder, GrantsRequest, GrantsResponse, SecretText, path};

fn proof(clinic: &Clinic, person: &Person) -> Proof {
    clinic.advance(30);
    let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
    Proof { username: person.username.clone(), code: SecretText::new(code) }
}

fn give(clinic: &Clinic, (first, second): (&Person, &Person), act: Act) -> Result<(), String> {
    let number = approving::ask(&clinic.practice, act, &proof(clinic, first)).map_err(|f| f.sentence)?;
    let done = approving::approve(&clinic.practice, number, &proof(clinic, second));
    done.map(drop).map_err(|f| f.sentence)
}

fn grants(workstation: &Workstation<'_>) -> GrantsResponse {
    workstation.post(path::GRANTS, &GrantsRequest {}).json()
}

fn orders(clinic: &Clinic, workstation: &Workstation<'_>) -> Vec<DirectiveOrder> {
    let rows = clinic.look(|tx| tx.directives(workstation.id, 0));
    rows.into_iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
}

#[test]
fn a_role_is_given_by_two_and_taken_by_one_and_the_workstation_gets_the_grants_that_are_left() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let ivo = workstation.activate("ivo", Role::ItAdmin);
    let mara = workstation.activate("mara", Role::PracticeManager);
    let fay = workstation.activate("fay", Role::FrontDesk);
    let act = Act::RoleGrant(fay.id, Role::Nurse);
    assert!(give(&clinic, (&ivo, &ivo), act.clone()).unwrap_err().contains("cannot agree"));
    let before = grants(&workstation);
    assert_eq!(before.roles[&fay.id], [Role::FrontDesk]);

    give(&clinic, (&ivo, &mara), act.clone()).unwrap();
    assert!(give(&clinic, (&ivo, &mara), act).unwrap_err().contains("already"));
    assert_eq!(orders(&clinic, &workstation), [DirectiveOrder::RolesChanged { person: fay.id }]);
    let given = grants(&workstation);
    assert_eq!(given.roles[&fay.id], [Role::FrontDesk, Role::Nurse]);
    assert_eq!(given.grants.len(), before.grants.len() + 1, "the clinical drawer as well");

    clinic.advance(1);
    roles::take(&clinic.practice, fay.id, Role::Nurse).unwrap();
    let re_key = DirectiveOrder::ReKey { drawer: Drawer::Clinical, generation: 2 };
    let changed = DirectiveOrder::RolesChanged { person: fay.id };
    assert_eq!(orders(&clinic, &workstation), [changed.clone(), changed, re_key]);
    let left = grants(&workstation);
    assert_eq!(left.roles[&fay.id], [Role::FrontDesk]);
    assert_eq!(left.grants.len(), before.grants.len());

    let listed = roles::list(&clinic.practice).unwrap();
    let fays = listed.iter().find(|listed| listed.person_id == fay.id).unwrap();
    assert_eq!((fays.username.as_str(), fays.roles.as_slice()), ("fay", &[Role::FrontDesk][..]));
}

#[test]
fn the_last_role_is_not_taken_and_none_that_is_not_there() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let fay = workstation.activate("fay", Role::FrontDesk);
    let last = roles::take(&clinic.practice, fay.id, Role::FrontDesk).unwrap_err();
    assert!(last.sentence.contains("only role"));
    let other = roles::take(&clinic.practice, fay.id, Role::Nurse).unwrap_err();
    assert!(other.sentence.contains("do not have"));
    assert!(orders(&clinic, &workstation).is_empty());
}
