//! What the server orders a workstation to do: lock, forget a person, take new keys, be wiped.

use std::path::Path;
use std::sync::Arc;

use chartkeep_server::directing;
use chartkeep_server::people::end_person;
use chartkeep_server::store;
use chartkeep_tests::practice::people::{FRONT_DESK, NURSE};
use client::keyring::MemoryKeyring;
use client::view::{Lifecycle, NoteForm, OpenReason};
use client::{Code, LockCause, Workstation};
use records::Drawer;
use records::id::{DeviceId, PersonId};
use sync::wire::DirectiveOrder;

use super::clinic::{Clinic, until};
use super::{locked_after_two, unrelated_patient};

fn clinic_with_two_people() -> (Clinic, Workstation, DeviceId) {
    let (clinic, workstation) = locked_after_two();
    let devices = store::read(clinic.server.practice.store.as_ref(), |tx| tx.devices()).unwrap();
    (clinic, workstation, devices[0].id)
}

fn order(clinic: &Clinic, device: DeviceId, order: &DirectiveOrder) -> u64 {
    directing::order(&clinic.server.practice, device, order).unwrap()
}

/// Asks the server until it knows that the workstation has carried out its orders.
fn done(clinic: &Clinic, workstation: &Workstation, device: DeviceId, number: u64) {
    until("the order is carried out and heard of", || {
        workstation.sync_now().unwrap_or_default();
        let row = store::read(clinic.server.practice.store.as_ref(), |tx| tx.device(device)).unwrap();
        row.is_some_and(|row| row.directives_done >= number)
    });
}

fn write_note(workstation: &Workstation, patient: &str) {
    let form = NoteForm { patient_id: patient.to_owned(), text: "kept".to_owned(), ..NoteForm::default() };
    assert!(workstation.save_note(form).unwrap().saved);
}

/// The files of the data folder, by their names from it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn an_order_to_forget_somebody_spares_who_signs_in_with_what_came_after_it() {
    let (mut clinic, workstation, device) = clinic_with_two_people();
    let person = PersonId::from_uuid(NURSE.id);
    let give = |clinic: &Clinic, before| {
        let number = order(clinic, device, &DirectiveOrder::DropPerson { person, before: Some(before) });
        done(clinic, &workstation, device, number);
    };
    // Her first passphrase has the number 1: a reset that went before it means none of hers.
    give(&clinic, 1);
    clinic.server.stop();
    assert!(!clinic.sign_in(&workstation, &NURSE).unwrap().online);
    workstation.lock(LockCause::SignOut);
    clinic.server.start();
    give(&clinic, 2);
    clinic.server.stop();
    assert_eq!(clinic.sign_in(&workstation, &NURSE).unwrap_err().code, Code::SignInRefused);
}

#[test]
fn an_order_to_lock_locks_and_everybody_signs_in_at_the_server_once() {
    let (mut clinic, workstation, device) = clinic_with_two_people();
    clinic.sign_in(&workstation, &NURSE).unwrap();

    let number = order(&clinic, device, &DirectiveOrder::Lock);
    done(&clinic, &workstation, device, number);

    assert_eq!(workstation.status().state, Lifecycle::Locked);
    clinic.server.stop();
    let refused = clinic.sign_in(&workstation, &NURSE).unwrap_err();
    assert_eq!(refused.code, Code::SlotDisabled);
    clinic.server.start();
    assert!(clinic.sign_in(&workstation, &NURSE).unwrap().online);
    workstation.lock(LockCause::Person);
    clinic.server.stop();
    assert!(!clinic.sign_in(&workstation, &NURSE).unwrap().online, "once is enough");
    workstation.stop();
}

#[test]
fn somebody_who_left_is_forgotten_and_their_drawers_get_new_keys_from_the_next_who_holds_them() {
    let (clinic, workstation, device) = clinic_with_two_people();
    let slots = || clinic.keyring.names().iter().filter(|name| name.starts_with("slot.")).count();
    assert_eq!(slots(), 2);
    end_person(&clinic.server.practice, PersonId::from_uuid(FRONT_DESK.id)).unwrap();
    // Forgetting needs nobody; the new keys of the names wait for the nurse, and with them what the server hears.
    until("the slot is gone", || {
        workstation.sync_now().unwrap();
        slots() == 1
    });
    let generations = || {
        let keys = |tx: &dyn store::Transaction| tx.drawer_keys(device, Drawer::Demographics);
        let keys = store::read(clinic.server.practice.store.as_ref(), keys).unwrap();
        keys.into_iter().map(|(generation, _)| generation).collect::<Vec<_>>()
    };
    assert_eq!(generations(), [2, 1]);

    clinic.sign_in(&workstation, &NURSE).unwrap();
    let patient = unrelated_patient(&workstation).id;
    workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    write_note(&workstation, &patient);
    done(&clinic, &workstation, device, 2);

    assert_eq!(generations(), [2], "the old keys are gone from the server too");
    let names = files(&clinic.data_dir().join("drawers"));
    assert!(names.contains(&"demographics.2.db".to_owned()), "{names:?}");
    assert!(!names.contains(&"demographics.db".to_owned()), "{names:?}");
    assert!(workstation.sync_status().unwrap().re_keying.is_none());
    assert!(!workstation.search("a").unwrap().rows.is_empty());
    workstation.lock(LockCause::Person);
    clinic.sign_in(&workstation, &NURSE).unwrap();
    workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    until("the note has arrived", || {
        let status = workstation.status();
        status.unsent_changes == 0 && status.unsent_events == 0
    });
    assert!(clinic.verify_logs().ok);
    workstation.stop();
}

#[test]
fn a_retired_workstation_sends_what_it_has_and_is_then_empty() {
    let (mut clinic, workstation, device) = clinic_with_two_people();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    clinic.server.stop();
    let patient = unrelated_patient(&workstation).id;
    workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    write_note(&workstation, &patient);
    clinic.server.start();
    let number = order(&clinic, device, &DirectiveOrder::Wipe { deliver_first: true });
    done(&clinic, &workstation, device, number);
    until("the workstation is wiped", || {
        workstation.status().problem.is_some_and(|problem| problem.code == Code::Wiped)
    });

    assert_eq!(files(&clinic.data_dir()), ["wiped"]);
    assert!(clinic.keyring.names().is_empty(), "{:?}", clinic.keyring.names());
    let practice = &clinic.server.practice;
    assert_eq!(store::read(practice.store.as_ref(), |tx| tx.applied_changes()).unwrap(), 1);
    let (escrow, row, keys) = store::read(practice.store.as_ref(), |tx| {
        Ok::<_, store::StoreError>((
            tx.escrow(device)?,
            tx.device(device)?.unwrap(),
            tx.drawer_keys(device, Drawer::Clinical)?,
        ))
    })
    .unwrap();
    assert!(escrow.is_none() && row.revoked_at.is_some() && keys.is_empty());
    let verified = clinic.verify_logs();
    assert!(verified.ok);
    workstation.stop();

    let workstation = clinic.workstation();
    assert_eq!(workstation.status().problem.unwrap().code, Code::Wiped);
    assert_eq!(clinic.enrol(&workstation).state, Lifecycle::Locked);
    assert!(clinic.sign_in(&workstation, &NURSE).unwrap().first_time);
    workstation.stop();
    assert!(!files(&clinic.data_dir()).contains(&"wiped".to_owned()));
}

#[test]
fn a_wipe_at_once_waits_for_nothing() {
    let (clinic, workstation, device) = clinic_with_two_people();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    order(&clinic, device, &DirectiveOrder::Wipe { deliver_first: false });
    until("the workstation is wiped", || {
        workstation.sync_now().unwrap_or_default();
        workstation.status().problem.is_some_and(|problem| problem.code == Code::Wiped)
    });
    assert_eq!(files(&clinic.data_dir()), ["wiped"]);
    assert_eq!(clinic.keyring.names(), Vec::<String>::new());
    assert_eq!(workstation.search("a").err().map(|error| error.code), Some(Code::Wiped));
    workstation.stop();
}

#[test]
fn a_wipe_that_was_cut_short_goes_on_at_the_next_start_and_a_file_alone_wipes_nothing() {
    let (clinic, workstation, _) = clinic_with_two_people();
    workstation.stop();
    let marker = clinic.data_dir().join("wiped");
    std::fs::write(&marker, "planted").unwrap();
    let workstation = clinic.workstation();
    assert_eq!(workstation.status().state, Lifecycle::Locked, "its own log knows of no order");
    workstation.stop();

    // The key is gone and the marker stands: this is how far a wipe had come when the power went.
    let workstation = clinic.workstation_in(clinic.data_dir(), Arc::new(MemoryKeyring::default()));
    assert_eq!(workstation.status().problem.unwrap().code, Code::Wiped);
    assert_eq!(files(&clinic.data_dir()), ["wiped"]);
}
