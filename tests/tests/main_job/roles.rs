//! Roles that are given and taken: they reach a workstation with nobody signed in, and what nobody may open leaves its disk.

use chartkeep_server::approving::{Done, approve, ask};
use chartkeep_server::roles::take;
use chartkeep_server::store::{self, Act, Transaction};
use chartkeep_tests::practice::people::{DemoPerson, FRONT_DESK, IT_ADMIN, PRACTICE_MANAGER};
use client::view::{Lifecycle, NoteForm, OpenReason};
use client::{LockCause, Workstation};
use records::Role;
use records::id::{DeviceId, PersonId};

use super::clinic::{Clinic, until};
use super::pulled;
use super::rescue::proof;

struct Room {
    clinic: Clinic,
    workstation: Workstation,
    device: DeviceId,
}

impl Room {
    /// A workstation of the front desk alone, locked.
    fn make() -> Self {
        let clinic = Clinic::make(5);
        let workstation = clinic.workstation();
        clinic.enrol(&workstation);
        for person in [&IT_ADMIN, &PRACTICE_MANAGER, &FRONT_DESK] {
            clinic.activate(&workstation, person);
        }
        clinic.sign_in(&workstation, &FRONT_DESK).unwrap();
        pulled(&workstation, 1);
        workstation.lock(LockCause::Person);
        let devices = store::read(clinic.server.practice.store.as_ref(), |tx| tx.devices()).unwrap();
        Self { device: devices[0].id, clinic, workstation }
    }

    fn look<T>(&self, work: impl FnOnce(&dyn Transaction) -> Result<T, store::StoreError>) -> T {
        store::read(self.clinic.server.practice.store.as_ref(), work).unwrap()
    }

    fn give(&self, role: Role) {
        let practice = &self.clinic.server.practice;
        let act = Act::RoleGrant(person(&FRONT_DESK), role);
        let number = ask(practice, act, &proof(&self.clinic, &IT_ADMIN)).unwrap();
        let done = approve(practice, number, &proof(&self.clinic, &PRACTICE_MANAGER)).unwrap();
        assert!(matches!(done, Done::RoleGiven(given) if given == role));
        self.orders_are_done();
    }

    fn orders_are_done(&self) {
        let last = self.look(|tx| tx.directives(self.device, 0)).last().unwrap().number;
        until("the orders are carried out and heard of", || {
            self.workstation.sync_now().unwrap_or_default();
            self.look(|tx| tx.device(self.device)).is_some_and(|row| row.directives_done >= last)
        });
    }

    /// Signs in without the server; whether notes can be written.
    fn writes_offline(&mut self) -> bool {
        self.clinic.server.stop();
        let opened = self.clinic.sign_in(&self.workstation, &FRONT_DESK).unwrap();
        assert!(!opened.online);
        opened.person.can_write_clinical
    }

    fn has_clinical_drawer(&self) -> bool {
        let names = std::fs::read_dir(self.clinic.data_dir().join("drawers")).unwrap();
        names.into_iter().any(|name| name.unwrap().file_name().to_str().unwrap().starts_with("clinical."))
    }
}

fn person(person: &DemoPerson) -> PersonId {
    PersonId::from_uuid(person.id)
}

#[test]
fn a_role_counts_from_the_next_sign_in_without_the_server_and_what_it_opened_goes_with_it() {
    let mut room = Room::make();
    room.give(Role::Nurse);
    assert!(room.writes_offline());
    room.clinic.server.start();
    pulled(&room.workstation, 2);
    room.clinic.server.stop();
    let patient = room.workstation.search("a").unwrap().rows[0].id.clone();
    room.workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    let form = NoteForm { patient_id: patient, text: "kept".to_owned(), ..NoteForm::default() };
    assert!(room.workstation.save_note(form).unwrap().saved);

    take(&room.clinic.server.practice, person(&FRONT_DESK), Role::Nurse).unwrap();
    assert!(room.has_clinical_drawer());
    room.clinic.server.start();
    until("the order has locked", || {
        room.workstation.sync_now().unwrap_or_default();
        room.workstation.status().state == Lifecycle::Locked
    });
    room.orders_are_done();

    // Written while it was allowed, and sent before its drawer went.
    assert_eq!(room.look(|tx| tx.applied_changes()), 1);
    assert!(!room.has_clinical_drawer());
    assert!(!room.writes_offline());
    assert!(!room.workstation.search("a").unwrap().rows.is_empty());
    room.workstation.lock(LockCause::Person);
    room.clinic.server.start();

    // Made anew under newer keys, it is not taken for an older copy of itself.
    room.give(Role::Nurse);
    assert!(room.writes_offline());
    room.clinic.server.start();
    pulled(&room.workstation, 2);
    assert!(room.has_clinical_drawer());
    assert!(room.workstation.status().problem.is_none());
    let sync = room.workstation.sync_status().unwrap();
    assert!(sync.last_pull.iter().all(|pull| pull.held_since.is_none()));
    until("everything is sent", || {
        room.workstation.sync_now().unwrap();
        room.workstation.status().unsent_events == 0
    });
    assert!(room.clinic.verify_logs().ok);
    room.workstation.stop();
}
