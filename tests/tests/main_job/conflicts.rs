//! Two people change the same note, each where the server is away: both versions are shown, one decides, nothing is lost.

use chartkeep_server::store;
use chartkeep_tests::practice::people::{DemoPerson, NURSE};
use client::view::{
    ConflictAnswer, ConflictChoice, ConflictForm, ConflictView, NoteForm, NoteRow, OpenReason, UnsentState,
};
use client::{ClientError, Code, Workstation};

use super::clinic::{Clinic, until};
use super::two_rooms;

/// A nurse in one room and a doctor in another, with a draft note that both have.
pub(super) struct Rooms {
    pub(super) clinic: Clinic,
    /// Nobody's while it is switched off.
    nurse: Option<Workstation>,
    pub(super) doctor: Workstation,
    pub(super) patient: String,
    pub(super) note: String,
}

impl Rooms {
    fn make() -> Self {
        Self::with(&[])
    }

    /// The same where these have activated, too.
    pub(super) fn with(others: &[&DemoPerson]) -> Self {
        let (clinic, nurse, doctor) = two_rooms(5, others);
        let patient = nurse.search("a").unwrap().rows[0].id.clone();
        for room in [&nurse, &doctor] {
            room.open_chart(&patient, Some(OpenReason::Visit)).unwrap_or_else(|error| panic!("{error}"));
        }
        let mut rooms = Self { clinic, nurse: Some(nurse), doctor, patient, note: String::new() };
        rooms.write(rooms.nurse(), None, "Cough since Monday.", false);
        rooms.note = rooms.notes(rooms.nurse())[0].id.clone();
        sent(rooms.nurse());
        until("the doctor has the note", || {
            rooms.doctor.sync_now().unwrap();
            rooms.texts(&rooms.doctor) == ["Cough since Monday."]
        });
        rooms
    }

    pub(super) fn nurse(&self) -> &Workstation {
        self.nurse.as_ref().unwrap()
    }

    /// The nurse leaves, and switches the computer off.
    pub(super) fn switch_off(&mut self) {
        self.nurse.take().unwrap().stop();
    }

    /// The nurse comes back.
    pub(super) fn switch_on(&mut self) {
        self.nurse = Some(self.clinic.workstation());
        self.clinic.sign_in(self.nurse(), &NURSE).unwrap();
    }

    /// Writes a note, or changes one.
    pub(super) fn write(&self, room: &Workstation, note: Option<&str>, text: &str, sign: bool) {
        let form = NoteForm {
            patient_id: self.patient.clone(),
            note_id: note.map(str::to_owned),
            title: "Cough".to_owned(),
            text: text.to_owned(),
            sign,
        };
        assert!(room.save_note(form).unwrap().saved);
    }

    /// The nurse changes the note twice and switches off; the doctor, who has not heard of it, changes it too, and the
    /// server has that when the nurse comes back. Returns the first of the nurse's changes that nobody has decided about.
    fn both_change(&mut self, doctor_signs: bool) -> String {
        self.clinic.server.stop();
        self.write(self.nurse(), Some(&self.note), "Cough is better.", false);
        self.write(self.nurse(), Some(&self.note), "Cough is better, no fever.", false);
        self.write(&self.doctor, Some(&self.note), "Cough is worse.", doctor_signs);
        self.switch_off();
        self.clinic.server.start();
        sent(&self.doctor);
        self.switch_on();
        until("the nurse is told", || self.waiting_for_a_person().len() == 2);
        assert_eq!(self.open_conflicts(), 2);
        self.waiting_for_a_person().remove(0)
    }

    /// The changes about which somebody may decide at the nurse's workstation.
    fn waiting_for_a_person(&self) -> Vec<String> {
        let rows = self.nurse().sync_status().unwrap().refused;
        let met = rows.into_iter().filter(|row| row.state == UnsentState::Conflict);
        met.inspect(|row| assert!(row.can_decide)).map(|row| row.id).collect()
    }

    /// Both versions, once the other one has arrived.
    fn compare(&self, change: &str) -> ConflictView {
        until("the doctor's version is here", || {
            self.nurse().sync_now().unwrap();
            self.nurse().conflict(change).unwrap().not_yet.is_none()
        });
        self.nurse().conflict(change).unwrap()
    }

    fn decide(&self, view: &ConflictView, choice: ConflictChoice) -> Result<(), ClientError> {
        let parts = view.records.iter().flat_map(|record| &record.parts);
        let answers = parts.map(|part| ConflictAnswer { part: part.name.clone(), choice }).collect();
        let seen = view.records.iter().map(|record| record.seen.clone()).collect();
        self.nurse().settle_conflict(ConflictForm { change_id: view.change_id.clone(), seen, answers })?;
        Ok(())
    }

    /// Everybody has the same texts, and the server has no conflict left.
    pub(super) fn agree_on(&self, texts: &[&str]) {
        sent(self.nurse());
        // A decision that changes no text is no longer on its way only when the server has heard of it.
        until("both rooms agree and nobody has to decide", || {
            self.doctor.sync_now().unwrap();
            let agree = self.texts(self.nurse()) == texts && self.texts(&self.doctor) == texts;
            agree && self.open_conflicts() == 0 && self.waiting_for_a_person().is_empty()
        });
        assert!(self.clinic.verify_logs().ok);
    }

    fn notes(&self, room: &Workstation) -> Vec<NoteRow> {
        let chart = room.open_chart(&self.patient, None).unwrap();
        chart.notes.into_iter().filter(|note| note.title == "Cough").collect()
    }

    pub(super) fn texts(&self, room: &Workstation) -> Vec<String> {
        let mut texts: Vec<String> = self.notes(room).into_iter().map(|note| note.text).collect();
        texts.sort();
        texts
    }

    pub(super) fn open_conflicts(&self) -> u64 {
        store::read(self.clinic.server.practice.store.as_ref(), |tx| tx.open_conflicts()).unwrap()
    }
}

pub(super) fn sent(room: &Workstation) {
    until("everything is sent", || {
        room.sync_now().unwrap();
        room.status().unsent_changes == 0
    });
}

#[test]
fn what_was_written_here_takes_the_place_of_what_stands_where_a_person_says_so() {
    let mut rooms = Rooms::make();
    let change = rooms.both_change(false);

    let view = rooms.compare(&change);

    assert_eq!(view.author, NURSE.name);
    assert!(!view.patient_name.is_empty() && !view.born.is_empty() && !view.mrn.is_empty());
    let part = &view.records[0].parts[0];
    assert_eq!((view.records.len(), view.records[0].parts.len()), (1, 1));
    let text = |lines: &[client::view::ConflictLine]| {
        lines.iter().find(|line| line.label == "Text").unwrap().text.clone()
    };
    assert_eq!(
        text(&part.ours),
        "Cough\nCough is better, no fever.",
        "the last of two that stand on each other"
    );
    assert_eq!(text(&part.theirs), "Cough\nCough is worse.");
    assert_eq!(rooms.texts(rooms.nurse()), ["Cough is worse."], "the chart has what the server has");
    rooms.decide(&view, ConflictChoice::Ours).unwrap();
    assert_eq!(rooms.texts(rooms.nurse()), ["Cough is better, no fever."]);
    rooms.agree_on(&["Cough is better, no fever."]);
    assert_eq!(
        rooms.decide(&view, ConflictChoice::Ours).map_err(|error| error.code),
        Err(Code::ChangedMeanwhile)
    );
}

#[test]
fn the_chart_stays_as_it_is_where_a_person_says_so_and_the_server_hears_of_it() {
    let mut rooms = Rooms::make();
    let change = rooms.both_change(false);
    let view = rooms.compare(&change);

    rooms.decide(&view, ConflictChoice::Theirs).unwrap();

    rooms.agree_on(&["Cough is worse."]);
}

#[test]
fn a_signed_note_is_not_replaced_and_the_other_words_become_a_draft_of_their_own() {
    let mut rooms = Rooms::make();
    let change = rooms.both_change(true);
    let view = rooms.compare(&change);
    assert_eq!(view.records[0].parts[0].choices, [ConflictChoice::Theirs, ConflictChoice::Both]);
    assert_eq!(rooms.decide(&view, ConflictChoice::Ours).map_err(|error| error.code), Err(Code::FormInvalid));

    rooms.decide(&view, ConflictChoice::Both).unwrap();

    rooms.agree_on(&["Cough is better, no fever.", "Cough is worse."]);
    let added = rooms.notes(&rooms.doctor).into_iter().find(|note| note.text.contains("better")).unwrap();
    assert!(!added.signed && added.author == NURSE.name);
}

#[test]
fn a_version_that_came_since_it_was_looked_at_is_looked_at_first() {
    let mut rooms = Rooms::make();
    let change = rooms.both_change(false);
    let view = rooms.compare(&change);
    rooms.write(&rooms.doctor, Some(&rooms.note), "Cough is worse. X-ray asked for.", false);
    sent(&rooms.doctor);
    until("the newer version is here", || {
        rooms.nurse().sync_now().unwrap();
        rooms.texts(rooms.nurse()) == ["Cough is worse. X-ray asked for."]
    });

    let refused = rooms.decide(&view, ConflictChoice::Ours).map_err(|error| error.code);

    assert_eq!(refused, Err(Code::ChangedMeanwhile));
    rooms.decide(&rooms.compare(&change), ConflictChoice::Theirs).unwrap();
    rooms.agree_on(&["Cough is worse. X-ray asked for."]);
}
