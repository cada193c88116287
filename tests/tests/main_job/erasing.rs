//! A patient is erased while people work: what is open closes, what was written is answered, and the server hears of the end.

use std::sync::{Arc, Mutex};

use chartkeep_server::approving::{Done, approve, ask};
use chartkeep_server::erasing;
use chartkeep_server::store::{Act, ErasureReason};
use chartkeep_tests::practice::people::{CLINICIAN, IT_ADMIN, NURSE, PRACTICE_MANAGER};
use client::view::{DraftForm, DraftKind, NoteForm, OpenReason, UnsentState};
use client::{Code, Event, LockCause, Settings, Workstation};
use keys::erasure::{ErasureCertificate, Fate};
use records::id::PatientId;

use super::clinic::{Clinic, until};
use super::rescue::proof;
use super::{pulled, unrelated_patient};

type Told = Arc<Mutex<Vec<String>>>;

/// A workstation where the clinician and the nurse have signed in once, and whom it said were erased.
fn clinic_with_clinician_and_nurse() -> (Clinic, Workstation, Told) {
    let clinic = Clinic::make(12);
    let told = Told::default();
    let mut settings = Settings::standard(clinic.data_dir());
    settings.key_cost = client::KeyCost::ForTests;
    settings.window_days = 7;
    let heard = told.clone();
    let workstation =
        Workstation::start(settings, clinic.keyring.clone(), clinic.clock.clone(), move |event: Event| {
            if let Event::PatientErased { patient_id } = event {
                heard.lock().unwrap().push(patient_id);
            }
        });
    clinic.enrol(&workstation);
    for person in [&IT_ADMIN, &PRACTICE_MANAGER, &CLINICIAN, &NURSE] {
        clinic.activate(&workstation, person);
    }
    for (person, drawers) in [(&CLINICIAN, 3), (&NURSE, 2)] {
        clinic.sign_in(&workstation, person).unwrap();
        pulled(&workstation, drawers);
        workstation.lock(LockCause::Person);
    }
    (clinic, workstation, told)
}

fn erase(clinic: &Clinic, patient: &str) -> PatientId {
    let id: PatientId = patient.parse().unwrap();
    let practice = &clinic.server.practice;
    let act = Act::PatientErasure(id.clone(), ErasureReason::PatientRequest);
    let number = ask(practice, act, &proof(clinic, &IT_ADMIN)).unwrap();
    let done = approve(practice, number, &proof(clinic, &PRACTICE_MANAGER)).unwrap();
    assert!(matches!(done, Done::Erased(_)));
    id
}

fn outstanding(clinic: &Clinic) -> usize {
    erasing::erasures(&clinic.server.practice).unwrap()[0].outstanding().count()
}

fn refusal(workstation: &Workstation, patient: &str) -> Option<Code> {
    workstation.open_chart(patient, Some(OpenReason::Visit)).err().map(|error| error.code)
}

#[test]
fn who_is_erased_while_their_chart_is_open_is_gone_everywhere_and_the_practice_can_prove_it() {
    let (mut clinic, workstation, told) = clinic_with_clinician_and_nurse();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let row = unrelated_patient(&workstation);
    clinic.server.stop();
    workstation.open_chart(&row.id, Some(OpenReason::Visit)).unwrap();
    let form = NoteForm { patient_id: row.id.clone(), text: "unsent".to_owned(), ..NoteForm::default() };
    assert!(workstation.save_note(form.clone()).unwrap().saved);
    let draft = || DraftForm {
        patient_id: row.id.clone(),
        form: DraftKind::Note,
        content: "begun".to_owned(),
        place: None,
    };
    workstation.save_draft(draft()).unwrap();

    let patient = erase(&clinic, &row.id);
    clinic.server.start();
    until("the workstation has heard", || {
        workstation.sync_now().unwrap_or_default();
        !told.lock().unwrap().is_empty()
    });

    assert_eq!(told.lock().unwrap().as_slice(), std::slice::from_ref(&row.id));
    assert_eq!(refusal(&workstation, &row.id), Some(Code::NotFound));
    assert!(workstation.search(&row.mrn).unwrap().rows.iter().all(|found| found.id != row.id));
    assert_eq!(workstation.save_note(form).unwrap_err().code, Code::NotFound);
    assert_eq!(workstation.save_draft(draft()).unwrap_err().code, Code::NotFound);
    until("the note was answered", || {
        workstation.sync_now().unwrap_or_default();
        let refused = workstation.sync_status().unwrap().refused;
        let of_erased = |row: &client::view::UnsentRow| {
            row.state == UnsentState::Refused
                && row.advice.as_ref().is_some_and(|told| told.contains("erased"))
        };
        refused.iter().any(of_erased)
    });
    until("both drawers of the nurse are written anew", || {
        std::fs::read_dir(clinic.data_dir().join("drawers"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().ends_with(".2.db"))
            .count()
            == 2
    });
    assert_eq!(outstanding(&clinic), 1, "nobody has opened the sensitive drawer yet");
    assert_eq!(erasing::certificate(&clinic.server.practice, &patient).unwrap(), None);
    workstation.lock(LockCause::Person);

    clinic.sign_in(&workstation, &CLINICIAN).unwrap();
    until("the workstation has confirmed", || {
        workstation.sync_now().unwrap_or_default();
        outstanding(&clinic) == 0
    });
    let signed = erasing::certificate(&clinic.server.practice, &patient).unwrap().unwrap();
    let practice = &clinic.server.practice;
    let key = practice.keys.directive.verifying_key();
    let certificate = ErasureCertificate::verify(&signed, &key, practice.row.id.uuid()).unwrap();
    assert_eq!(
        certificate.workstations.iter().map(|station| station.fate).collect::<Vec<_>>(),
        [Fate::Confirmed]
    );
    assert_eq!(refusal(&workstation, &row.id), Some(Code::NotFound));
    until("every event has arrived", || workstation.status().unsent_events == 0);
    assert!(clinic.verify_logs().ok);
    workstation.stop();
}

#[test]
fn an_order_that_comes_while_locked_waits_for_who_can_open_and_everybody_comes_back_to_a_screen() {
    let (clinic, workstation, told) = clinic_with_clinician_and_nurse();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let row = unrelated_patient(&workstation);
    workstation.open_chart(&row.id, Some(OpenReason::Visit)).unwrap();
    let place = client::view::Place {
        screen: "chart".to_owned(),
        patient_id: Some(row.id.clone()),
        section: None,
        field: None,
        caret: None,
    };
    workstation.save_place(place).unwrap();
    let draft = DraftForm {
        patient_id: row.id.clone(),
        form: DraftKind::Vitals,
        content: "begun".to_owned(),
        place: None,
    };
    workstation.save_draft(draft).unwrap();
    let drafts = || {
        let people = std::fs::read_dir(clinic.data_dir().join("drafts")).unwrap();
        people.flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap()).count()
    };
    assert_eq!(drafts(), 2, "the place, and what is typed");
    workstation.lock(LockCause::Person);

    erase(&clinic, &row.id);
    until("the workstation has heard while locked", || {
        workstation.sync_now().unwrap_or_default();
        !told.lock().unwrap().is_empty()
    });
    assert_eq!(drafts(), 1, "what was typed is gone without its author");
    assert_eq!(outstanding(&clinic), 1);

    let opened = clinic.sign_in(&workstation, &CLINICIAN).unwrap();
    assert!(opened.place.is_none());
    assert_eq!(refusal(&workstation, &row.id), Some(Code::NotFound));
    until("the workstation has confirmed", || {
        workstation.sync_now().unwrap_or_default();
        outstanding(&clinic) == 0
    });
    assert!(workstation.sync_status().unwrap().re_keying.is_none());
    workstation.lock(LockCause::Person);
    let opened = clinic.sign_in(&workstation, &NURSE).unwrap();
    assert!(opened.place.is_none(), "nobody comes back to a chart that is not there");
    workstation.today(None).unwrap();
    workstation.recent().unwrap();
    workstation.stop();
}

#[test]
fn an_erasure_that_waits_for_nobody_does_not_hold_up_a_wipe() {
    let (clinic, workstation, _) = clinic_with_clinician_and_nurse();
    clinic.sign_in(&workstation, &NURSE).unwrap();
    let row = unrelated_patient(&workstation);
    erase(&clinic, &row.id);
    let devices =
        chartkeep_server::store::read(clinic.server.practice.store.as_ref(), |tx| tx.devices()).unwrap();
    let wipe = sync::wire::DirectiveOrder::Wipe { deliver_first: true };
    chartkeep_server::directing::order(&clinic.server.practice, devices[0].id, &wipe).unwrap();
    until("the workstation is wiped", || {
        workstation.sync_now().unwrap_or_default();
        workstation.status().problem.is_some_and(|problem| problem.code == Code::Wiped)
    });
    assert_eq!(outstanding(&clinic), 0);
    workstation.stop();
}
