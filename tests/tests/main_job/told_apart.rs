//! Two charts that look like one person's and are two people's: said in one room, known in the other.

use std::fs;

use chartkeep_server::importing::import;
use chartkeep_tests::practice::people::NURSE;
use client::view::JoinForm;
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
    Some(one?.iter().any(|alike| alike.row.id == COUSINS[1].0) || !other?.is_empty())
}

#[test]
fn what_one_room_says_of_two_people_keeps_the_other_from_asking_until_it_is_taken_back() {
    let (clinic, nurse, doctor) = two_rooms(4, &[]);
    COUSINS.into_iter().for_each(|cousin| comes(&clinic, cousin));
    until("both rooms would ask", || [&nurse, &doctor].into_iter().all(|room| asks(room) == Some(true)));
    assert_eq!(nurse.compare_charts(form()).unwrap().told_apart, None);

    assert!(nurse.tell_charts_apart(form()).unwrap().saved);
    assert_eq!(asks(&nurse), Some(false), "at once");
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
