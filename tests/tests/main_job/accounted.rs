//! The account that a run on a bad network ends with, over a real server: it finds what is not there, and what is there twice.

use chartkeep_tests::network::Account;
use client::view::{NoteForm, OpenReason};

use super::clinic::until;
use super::conflicts::sent;
use super::two_rooms;

#[test]
fn a_note_that_never_arrived_and_one_that_arrived_twice_are_found() {
    let (_clinic, nurse, doctor) = two_rooms(4, &[]);
    let patient = nurse.search("a").unwrap().rows.remove(0).id;
    let mut account = Account::default();
    nurse.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
    for text in ["Round 1: well.", "Round 2: better.", "Round 2: better."] {
        let form = NoteForm { patient_id: patient.clone(), text: text.to_owned(), ..NoteForm::default() };
        assert!(nurse.save_note(form).unwrap().saved);
    }
    sent(&nurse);
    let arrived = || {
        doctor.sync_now().unwrap();
        let chart = doctor.open_chart(&patient, Some(OpenReason::Visit)).unwrap();
        let texts = chart.notes.into_iter().map(|note| note.text).filter(|text| text.starts_with("Round"));
        texts.collect::<Vec<_>>()
    };
    until("the doctor has all three", || arrived().len() == 3);

    ["Round 1: well.", "Round 2: better.", "Round 3: home."]
        .into_iter()
        .for_each(|text| account.confirm(text));

    assert_eq!(account.against(&arrived()), ["there 2 times: Round 2: better.", "lost: Round 3: home."]);
}
