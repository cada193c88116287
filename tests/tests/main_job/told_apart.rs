//! Two charts that look like one person's and are two people's: said in one room, known in the other.

use std::fs;

use chartkeep_server::importing::import;
use chartkeep_tests::practice::people::NURSE;
use client::view::{AlikePairsForm, JoinForm};
use client::{Code, Workstation};
use serde_json::json;

use super::clinic::{Clinic, until};
use super::conflicts::sent;
use super::two_rooms;

/// Two cousins of one name, who moved in together.
const COUSINS: [(&str, &str); 2] =
    [("0d9b6f0e-8c1a-4f5e-9d52-3a7f00000001", "female"), ("0d9b6f0e-8c1a-4f5e-9d52-3a7f00000002", "male")];

/// Somebody registers one of them, elsewhere.
fn comes(clinic: &Clinic, (id, gender): (&str, &str)) {
    let patient = json!({
        "resourceType": "Patient", "id": id, "gender": gender, "birthDate": "1961-05-05",
        "name": [{"use": "official", "family": "Zielinska", "given": ["Wanda"]}],
    });
    let file = clinic.folder.path().join(format!("{id}.ndjson"));
    fs::write(&file, format!("{patient}\n")).unwrap();
    import(&clinic.server.practice, &[file], &mut |_, _| {}).unwrap();
}

fn form() -> JoinForm {
    JoinForm { survivor_id: COUSINS[0].0.to_owned(), superseded_id: COUSINS[1].0.to_owned() }
}

/// Whether somebody in this room who asks is told that the cousins may be one person; nobody is while one has not come.
fn asks(room: &Workstation) -> Option<bool> {
    room.sync_now().unwrap();
    let [one, other] = COUSINS.map(|(id, _)| room.alike_charts(id).ok());
    // What nobody asked for says the same, and is found a moment later.
    let pairs = room.count_alike().unwrap();
    let asks = Some(one?.iter().any(|alike| alike.row.id == COUSINS[1].0) || !other?.is_empty());
    asks.filter(|asks| (pairs == 1) == *asks)
}

#[test]
fn what_one_room_says_of_two_people_keeps_the_other_from_asking_until_it_is_taken_back() {
    let (clinic, nurse, doctor) = two_rooms(4, &[]);
    COUSINS.into_iter().for_each(|cousin| comes(&clinic, cousin));
    until("both rooms would ask", || [&nurse, &doctor].into_iter().all(|room| asks(room) == Some(true)));
    assert_eq!(nurse.compare_charts(form()).unwrap().told_apart, None);

    assert!(nurse.tell_charts_apart(form()).unwrap().saved);
    until("the nurse is not asked any more", || asks(&nurse) == Some(false));
    sent(&nurse);
    until("the doctor does not ask any more", || asks(&doctor) == Some(false));

    let compared = doctor.compare_charts(form()).unwrap();
    assert!(compared.told_apart.is_some_and(|told| told.starts_with(NURSE.name)));
    assert_eq!(compared.refused.map(|refused| refused.code), Some(Code::ChangedMeanwhile));
    assert_eq!(doctor.join_charts(form()).map_err(|error| error.code), Err(Code::ChangedMeanwhile));
    let twice = doctor.tell_charts_apart(form()).map_err(|error| error.code);
    assert_eq!(twice, Err(Code::ChangedMeanwhile));
    assert!(doctor.take_back_apart(form()).unwrap().saved);
    sent(&doctor);
    until("both would ask again", || [&nurse, &doctor].into_iter().all(|room| asks(room) == Some(true)));
    assert!(clinic.verify_logs().ok);
}

#[test]
fn a_chart_that_comes_later_and_looks_like_one_that_is_here_is_listed_without_anybody_asking() {
    let (mut clinic, nurse, doctor) = two_rooms(4, &[]);
    comes(&clinic, COUSINS[0]);
    until("the first has come", || {
        nurse.sync_now().unwrap();
        nurse.search("zielinska").unwrap().rows.len() == 1
    });
    assert_eq!(nurse.count_alike().unwrap(), 0);
    // The room is without a network while the second is registered elsewhere.
    clinic.server.stop();
    comes(&clinic, COUSINS[1]);
    clinic.server.start();

    for room in [&nurse, &doctor] {
        until("the pair is counted", || {
            room.sync_now().unwrap();
            room.count_alike().unwrap() == 1
        });
        let view = room.alike_pairs(AlikePairsForm { apart: false }).unwrap();
        assert_eq!((view.total, view.rows.len()), (1, 1));
        let row = &view.rows[0];
        assert_eq!((&*row.one.patient_id, &*row.other.patient_id), (COUSINS[0].0, COUSINS[1].0));
        assert!(row.reasons.contains(&"same-birth-date".to_owned()) && !row.certain);
        assert!(room.alike_pairs(AlikePairsForm { apart: true }).unwrap().rows.is_empty());
    }
    assert!(nurse.tell_charts_apart(form()).unwrap().saved);
    sent(&nurse);
    for room in [&nurse, &doctor] {
        until("the pair is among those that were told apart", || {
            room.sync_now().unwrap();
            room.count_alike().unwrap() == 0
                && room.alike_pairs(AlikePairsForm { apart: true }).unwrap().rows.len() == 1
        });
    }
    assert!(clinic.verify_logs().ok);
}
