//! A client that obeys nobody: with all that one role holds on a workstation, no other drawer opens, and no file shows a word.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canaries;
mod log;
mod loot;

use chartkeep_tests::practice::people::{BILLER, CLINICIAN, DemoPerson, FRONT_DESK, NURSE};
use client::view::{ChartView, DraftForm, DraftKind, NoteForm, OpenReason, Place, VitalsForm};
use client::{LockCause, Workstation};
use records::Drawer;
use vault::{Folder, Slots};

use crate::main_job::clinic::{Clinic, until};
use canaries::Canaries;
use loot::Loot;

/// What the nurse writes, and nobody without a clinical key may read.
const NOTE: &str = "Zebrafinch: \"señala dolor\" at the left knee";
const DRAFT: &str = "Quetzalcoatlus begun and not finished";
/// What somebody types into the search, found or not.
const TYPED: &str = "Xylophonist";

/// A workstation on which four people work, so that all four drawers are here, with everything of a day in them.
fn busy_workstation() -> (Clinic, Workstation, Canaries) {
    let mut clinic = Clinic::make(12);
    let workstation = clinic.workstation();
    clinic.enrol(&workstation);
    let people = [(&NURSE, 2), (&CLINICIAN, 3), (&BILLER, 2), (&FRONT_DESK, 1)];
    for (person, drawers) in people {
        clinic.activate(&workstation, person);
        clinic.sign_in(&workstation, person).unwrap();
        until("the drawers are pulled", || {
            let pulls = workstation.sync_status().unwrap().last_pull;
            pulls.len() == drawers && pulls.iter().all(|pull| pull.at.is_some())
        });
        workstation.lock(LockCause::Person);
    }
    clinic.server.stop();
    let mut canaries = Canaries::new();
    nurse_works(&clinic, &workstation, &mut canaries);
    for (person, _) in people {
        canaries.add(person.passphrase);
        canaries.add(person.name);
    }
    (clinic, workstation, canaries)
}

fn nurse_works(clinic: &Clinic, workstation: &Workstation, canaries: &mut Canaries) {
    clinic.sign_in(workstation, &NURSE).unwrap();
    let found = workstation.search("a").unwrap();
    workstation.search(TYPED).unwrap();
    workstation.settle_search(&[found.rows[0].id.clone()]).unwrap();
    for row in &found.rows {
        for word in [&row.name, &row.mrn, &row.born, &iso(&row.born)] {
            canaries.add(word);
        }
        row.name.split([',', ' ']).for_each(|word| canaries.add(word));
    }
    let patient = found.rows[0].id.clone();
    let chart = workstation.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    of_chart(&chart, canaries);
    let note = NoteForm { patient_id: patient.clone(), text: NOTE.to_owned(), ..NoteForm::default() };
    assert!(workstation.save_note(note).unwrap().saved);
    let vitals = VitalsForm {
        patient_id: patient.clone(),
        heart_rate: Some("71".to_owned()),
        confirmed: true,
        ..VitalsForm::default()
    };
    assert!(workstation.save_vitals(vitals).unwrap().saved);
    let draft = DraftForm {
        patient_id: patient.clone(),
        form: DraftKind::Note,
        content: format!("{{\"text\":\"{DRAFT}\"}}"),
        place: None,
    };
    workstation.save_draft(draft).unwrap();
    let place = Place {
        screen: "chart".to_owned(),
        patient_id: Some(patient),
        section: None,
        field: None,
        caret: None,
    };
    workstation.save_place(place).unwrap();
    for text in [NOTE, DRAFT, TYPED] {
        canaries.add(text);
    }
}

/// `14-Jul-1945` as records have it.
fn iso(shown: &str) -> String {
    jiff::civil::Date::strptime("%d-%b-%Y", shown).map(|date| date.to_string()).unwrap_or_default()
}

/// Titles of problems, notes and medications.
fn of_chart(chart: &ChartView, canaries: &mut Canaries) {
    let json = serde_json::to_value(chart).unwrap();
    let lists = ["problems", "notes", "encounters"].map(|section| json[section].as_array().unwrap().clone());
    for item in lists.iter().flatten() {
        for name in ["title", "text"] {
            item[name].as_str().into_iter().for_each(|text| canaries.add(text));
        }
    }
}

#[test]
fn nothing_that_was_seen_typed_or_written_lies_readable_in_any_file_or_log() {
    let log = log::overhear();
    let (clinic, workstation, canaries) = busy_workstation();
    assert!(canaries.count() > 40, "only {} canaries", canaries.count());

    canaries.are_not_in(&clinic.data_dir(), "while the nurse is at the chart");
    workstation.lock(LockCause::Person);
    canaries.are_not_in(&clinic.data_dir(), "after the lock");
    front_desk_works(&clinic, &workstation);
    canaries.are_not_in(&clinic.data_dir(), "while the front desk works");
    // Torn away rather than stopped: the write-ahead logs stay.
    drop(workstation);
    canaries.are_not_in(&clinic.data_dir(), "after the program was torn away");
    let workstation = clinic.workstation();
    workstation.stop();
    canaries.are_not_in(&clinic.data_dir(), "after a whole stop");
    let told = log.told();
    assert!(!told.is_empty(), "the log was not overheard");
    canaries.are_not_in_bytes(&told, "the log");
    loot::no_temporary_files();
}

#[test]
fn the_scan_finds_a_canary_in_each_of_its_forms() {
    let folder = tempfile::tempdir().unwrap();
    let mut canaries = Canaries::new();
    canaries.add(NOTE);
    for (form, bytes) in canaries::forms(NOTE) {
        std::fs::write(folder.path().join("file"), [b"before ".as_slice(), &bytes, b" after"].concat())
            .unwrap();
        let found = std::panic::catch_unwind(|| canaries.are_not_in(folder.path(), "planted"));
        assert!(found.is_err(), "{form} is not found");
    }
    std::fs::write(folder.path().join("file"), "nothing of that").unwrap();
    canaries.are_not_in(folder.path(), "not planted");
    let name = folder.path().join(TYPED);
    std::fs::write(name, "").unwrap();
    canaries.add(TYPED);
    assert!(std::panic::catch_unwind(|| canaries.are_not_in(folder.path(), "in a name")).is_err());
}

fn front_desk_works(clinic: &Clinic, workstation: &Workstation) {
    clinic.sign_in(workstation, &FRONT_DESK).unwrap();
    let found = workstation.search("a").unwrap();
    workstation.today(None).unwrap();
    workstation.open_chart(&found.rows[0].id, None).unwrap();
}

#[test]
fn with_all_that_the_front_desk_holds_no_other_drawer_opens() {
    let (clinic, workstation, _) = busy_workstation();
    workstation.lock(LockCause::Person);
    let slots = Slots::new(&Folder::new(clinic.data_dir()));
    until("slots are refreshed, and earlier ones gone", || {
        let halves = clinic.keyring.names().iter().filter(|name| name.starts_with("slot.")).count();
        let one_each = |person| slots.of(person).unwrap().len() == 1;
        halves == 4 && slots.people().unwrap().into_iter().all(one_each)
    });
    workstation.stop();
    let loot = Loot::of(&clinic, &FRONT_DESK);
    assert_eq!(loot.drawers().collect::<Vec<_>>(), [Drawer::Demographics]);

    assert!(
        loot.opens_file(Drawer::Demographics),
        "the front desk's own drawer; or these attempts prove nothing"
    );
    for drawer in [Drawer::Clinical, Drawer::Sensitive, Drawer::Billing] {
        assert!(!loot.opens_file(drawer), "{drawer} opened");
    }
    loot.opens_no_grant_of_others();
    loot.opens_no_slot_of([&NURSE, &CLINICIAN, &BILLER].map(|person: &DemoPerson| person.id));
    loot.opens_no_draft();
    loot.opens_no_envelope();
    // The same attempts with a key to the drawer open it.
    assert!(Loot::of(&clinic, &CLINICIAN).opens_file(Drawer::Sensitive));
    assert!(Loot::of(&clinic, &BILLER).opens_file(Drawer::Billing));
    assert!(!Loot::of(&clinic, &BILLER).opens_file(Drawer::Clinical));
}
