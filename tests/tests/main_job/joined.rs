//! A patient who was registered twice: one room joins the two charts while another writes, and nothing is lost in either.

use chartkeep_server::store;
use client::view::{
    ChartView, ConflictAnswer, ConflictChoice, ConflictForm, DraftForm, DraftKind, JoinForm, NoteForm,
    OpenReason, PatientRow, UnsentState,
};
use client::{Code, Workstation};

use super::clinic::{Clinic, until};
use super::conflicts::sent;
use super::two_rooms;

/// A nurse and a doctor in two rooms, who both know of two charts.
struct Rooms {
    clinic: Clinic,
    nurse: Workstation,
    doctor: Workstation,
    stays: PatientRow,
    again: PatientRow,
}

impl Rooms {
    fn make() -> Self {
        let (clinic, nurse, doctor) = two_rooms(20, &[]);
        let mut rows = nurse.search("a").unwrap().rows;
        let (stays, again) = (rows.remove(0), rows.remove(0));
        Self { clinic, nurse, doctor, stays, again }
    }

    /// Both have said why they open both charts.
    fn with_reasons() -> Self {
        let rooms = Self::make();
        for room in [&rooms.nurse, &rooms.doctor] {
            for row in [&rooms.stays, &rooms.again] {
                room.open_chart(&row.id, Some(OpenReason::Visit)).unwrap_or_else(|error| panic!("{error}"));
            }
        }
        rooms
    }

    fn form(&self) -> JoinForm {
        JoinForm { survivor_id: self.stays.id.clone(), superseded_id: self.again.id.clone() }
    }

    fn leads_to_one(&self, room: &Workstation) -> bool {
        room.sync_now().unwrap();
        room.open_chart(&self.again.id, None).unwrap().patient_id == self.stays.id
    }

    fn open_conflicts(&self) -> u64 {
        store::read(self.clinic.server.practice.store.as_ref(), |tx| tx.open_conflicts()).unwrap()
    }
}

fn note(room: &Workstation, patient: &str, note_id: Option<String>, text: &str) {
    let form = NoteForm {
        patient_id: patient.to_owned(),
        note_id,
        title: "Cough".to_owned(),
        text: text.to_owned(),
        sign: false,
    };
    assert!(room.save_note(form).unwrap_or_else(|error| panic!("{error}")).saved);
}

fn texts(chart: &ChartView) -> Vec<&str> {
    let notes = chart.notes.iter().filter(|note| note.title == "Cough");
    let mut texts: Vec<&str> = notes.map(|note| note.text.as_str()).collect();
    texts.sort_unstable();
    texts
}

fn opened(room: &Workstation, row: &PatientRow) -> ChartView {
    room.open_chart(&row.id, None).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_one_room_writes_while_another_joins_the_charts_is_in_both_rooms_and_stays_where_it_was_written() {
    let mut rooms = Rooms::with_reasons();
    rooms.clinic.server.stop();
    note(&rooms.nurse, &rooms.again.id, None, "Written for the second chart.");
    let draft = DraftForm {
        patient_id: rooms.again.id.clone(),
        form: DraftKind::Note,
        content: "half a sentence".to_owned(),
        place: None,
    };
    rooms.nurse.save_draft(draft).unwrap();
    note(&rooms.doctor, &rooms.stays.id, None, "Written for the first chart.");
    assert!(rooms.doctor.join_charts(rooms.form()).unwrap().saved);
    assert_eq!(opened(&rooms.doctor, &rooms.again).patient_id, rooms.stays.id, "at once, without a server");
    rooms.clinic.server.start();
    for room in [&rooms.doctor, &rooms.nurse] {
        sent(room);
    }

    until("either chart shows both in either room", || {
        [&rooms.nurse, &rooms.doctor].into_iter().all(|room| {
            rooms.leads_to_one(room)
                && texts(&opened(room, &rooms.again))
                    == ["Written for the first chart.", "Written for the second chart."]
        })
    });

    let chart = opened(&rooms.nurse, &rooms.stays);
    assert_eq!(chart.includes.len(), 1);
    assert_eq!((&chart.includes[0].patient_id, &chart.includes[0].mrn), (&rooms.again.id, &rooms.again.mrn));
    assert_eq!(chart.banner.mrn, rooms.stays.mrn);
    assert_eq!(chart.drafts[0].content, "half a sentence", "a draft of the one is there in the other");
    found_by_either(&rooms);
    a_note_is_changed_in_its_own_chart(&rooms);
    separated_again_each_has_its_own(&rooms);
    assert!(rooms.clinic.verify_logs().ok);
}

fn found_by_either(rooms: &Rooms) {
    let rows = rooms.nurse.search(&rooms.again.mrn).unwrap().rows;
    let row = rows.iter().find(|row| row.id == rooms.stays.id).unwrap();
    assert!(row.found_as.iter().any(|found| found.contains(&rooms.again.mrn)), "{:?}", row.found_as);
    assert!(rows.iter().all(|row| row.id != rooms.again.id));
    rooms.nurse.settle_search(std::slice::from_ref(&rooms.stays.id)).unwrap();
    assert!(rooms.nurse.recent().unwrap().iter().all(|row| row.id != rooms.again.id));
}

fn a_note_is_changed_in_its_own_chart(rooms: &Rooms) {
    let chart = opened(&rooms.nurse, &rooms.stays);
    let written = chart.notes.iter().find(|note| note.text.contains("second chart")).unwrap();
    note(&rooms.nurse, &rooms.stays.id, Some(written.id.clone()), "Changed in the second chart.");
    assert!(opened(&rooms.nurse, &rooms.stays).drafts.is_empty(), "the draft became a note");
    sent(&rooms.nurse);
}

fn separated_again_each_has_its_own(rooms: &Rooms) {
    assert!(rooms.nurse.separate_charts(rooms.form()).unwrap().saved);
    sent(&rooms.nurse);
    until("both are charts of their own in either room", || {
        [&rooms.nurse, &rooms.doctor].into_iter().all(|room| {
            room.sync_now().unwrap();
            texts(&opened(room, &rooms.again)) == ["Changed in the second chart."]
                && texts(&opened(room, &rooms.stays)) == ["Written for the first chart."]
        })
    });
    let chart = opened(&rooms.doctor, &rooms.again);
    assert_eq!((&chart.patient_id, chart.includes.len()), (&rooms.again.id, 0));
    let again = rooms.nurse.separate_charts(rooms.form()).map_err(|error| error.code);
    assert_eq!(again, Err(Code::ChangedMeanwhile));
}

#[test]
fn two_rooms_that_join_the_charts_the_other_way_round_meet_and_one_of_them_holds() {
    let mut rooms = Rooms::with_reasons();
    rooms.clinic.server.stop();
    let form = rooms.form();
    assert!(rooms.doctor.join_charts(form.clone()).unwrap().saved);
    let turned = JoinForm { survivor_id: form.superseded_id, superseded_id: form.survivor_id };
    assert!(rooms.nurse.join_charts(turned).unwrap().saved);
    rooms.clinic.server.start();
    sent(&rooms.doctor);
    sent(&rooms.nurse);
    let met = || {
        let rows = rooms.nurse.sync_status().unwrap().refused;
        rows.into_iter().find(|row| row.state == UnsentState::Conflict)
    };
    until("the nurse is told", || met().is_some());
    let change_id = met().unwrap().id;
    until("what the doctor did is here", || {
        rooms.nurse.sync_now().unwrap();
        rooms.nurse.conflict(&change_id).unwrap().not_yet.is_none()
    });

    let view = rooms.nurse.conflict(&change_id).unwrap();

    let parts: Vec<_> = view.records.iter().flat_map(|record| &record.parts).collect();
    assert!(parts.is_empty(), "half a link is no choice");
    assert!(view.records.iter().all(|record| record.note.contains("joined anew")));
    let seen = view.records.iter().map(|record| record.seen.clone()).collect();
    let answers: Vec<ConflictAnswer> = parts
        .iter()
        .map(|part| ConflictAnswer { part: part.name.clone(), choice: ConflictChoice::Theirs })
        .collect();
    assert!(rooms.nurse.settle_conflict(ConflictForm { change_id, seen, answers }).unwrap().saved);
    sent(&rooms.nurse);
    until("both rooms agree and nobody has to decide", || {
        [&rooms.nurse, &rooms.doctor].into_iter().all(|room| rooms.leads_to_one(room))
            && rooms.open_conflicts() == 0
            && met().is_none()
    });
    assert!(rooms.clinic.verify_logs().ok);
}

#[test]
fn together_they_open_only_for_whoever_may_open_each() {
    let rooms = Rooms::make();
    let needs_reason = |row: &PatientRow| rooms.nurse.open_chart(&row.id, None).err().map(|error| error.code);
    let found = |letter: char| rooms.nurse.search(&letter.to_string()).unwrap().rows;
    let rows: Vec<PatientRow> = ('a'..='z').flat_map(found).collect();
    let again = rows.iter().find(|row| needs_reason(row) == Some(Code::NeedsReason)).unwrap();
    let stays = rows.iter().find(|row| needs_reason(row).is_none()).unwrap();
    let form = JoinForm { survivor_id: stays.id.clone(), superseded_id: again.id.clone() };

    assert!(rooms.nurse.alike_charts(&stays.id).unwrap().iter().all(|alike| alike.row.id != stays.id));
    let compared = rooms.nurse.compare_charts(form.clone()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((&compared.survivor.mrn, &compared.superseded.mrn), (&stays.mrn, &again.mrn));
    assert!(!compared.certain && !compared.reasons.is_empty() && compared.refused.is_none());
    assert!(rooms.nurse.join_charts(form.clone()).unwrap().saved);

    assert_eq!(needs_reason(stays), Some(Code::NeedsReason), "for the second of the two");
    let chart =
        rooms.nurse.open_chart(&stays.id, Some(OpenReason::Visit)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(chart.includes[0].patient_id, again.id);
    assert!(rooms.nurse.open_chart(&again.id, None).is_ok(), "the reason holds for the day, for both");
    let twice = rooms.nurse.join_charts(form.clone()).map_err(|error| error.code);
    assert_eq!(twice, Err(Code::ChangedMeanwhile));
    let itself = JoinForm { superseded_id: form.survivor_id.clone(), ..form };
    assert_eq!(rooms.nurse.join_charts(itself).map_err(|error| error.code), Err(Code::FormInvalid));
}
