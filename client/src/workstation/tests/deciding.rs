//! A change about which a person has to decide, asked for before its drawer has taken in what the server said of it.

use records::Drawer;
use records::id::RecordKey;
use sync::wire::{Cursor, HistoryWriter};
use vault::Verdict;

use super::*;
use crate::view::{NoteForm, OpenReason};

const PATIENT: &str = "0198c5a0-0000-7000-8000-0000000000aa";

/// A nurse with one patient, whose every drawer has been received.
fn nurse(fixture: &Fixture) -> Workstation {
    let workstation = fixture.start();
    workstation.sign_in(fixture.full_form("rosa")).unwrap();
    for drawer in records::Role::Nurse.drawers() {
        let mut page = HistoryWriter::with_capacity(0);
        if *drawer == Drawer::Demographics {
            let name = r#"[{"family":"Okafor","given":["Ada"]}]"#;
            let patient = format!(r#"{{"resourceType":"Patient","id":"{PATIENT}","name":{name}}}"#);
            page.put("Patient", PATIENT, 1, patient.as_bytes());
        }
        let next = Cursor { drawer: *drawer, after: 1 };
        let station = workstation.station().unwrap();
        station.apply_page(Cursor::start(*drawer), next, page.finish(next, None)).unwrap();
    }
    workstation
}

#[test]
fn both_versions_are_shown_however_lately_the_server_has_answered() {
    let fixture = Fixture::enrolled();
    let workstation = nurse(&fixture);
    workstation.open_chart(PATIENT, Some(OpenReason::Visit)).unwrap();
    let write = |note_id: Option<&str>, text: &str| {
        let form = NoteForm {
            patient_id: PATIENT.to_owned(),
            note_id: note_id.map(str::to_owned),
            title: "Cough".to_owned(),
            text: text.to_owned(),
            sign: false,
        };
        workstation.save_note(form).unwrap().change_id.unwrap()
    };
    let station = workstation.station().unwrap();
    let answer = |change: &str, verdict: Verdict| {
        station.device().record_verdict(change.parse().unwrap(), &verdict, fixture.clock.now()).unwrap();
    };
    let first = write(None, "Cough since Monday.");
    let note = workstation.open_chart(PATIENT, None).unwrap().notes[0].id.clone();
    let key: RecordKey = format!("DocumentReference/{note}").parse().unwrap();
    answer(&first, Verdict::Applied { versions: vec![(key.clone(), 1)], merged: false });
    station.ask(|session| session.take_verdicts()).unwrap();
    let change = write(Some(&note), "Cough is better.");
    answer(&change, Verdict::Conflict { versions: vec![(key, 2)] });

    let view = workstation.conflict(&change).unwrap();

    assert_eq!(view.records.len(), 1);
    assert!(view.not_yet.is_some(), "what it met is not here");
}
