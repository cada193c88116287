//! A chart that workstations do not keep: known by name, fetched when it is opened, honest where it cannot be, and back in
//! every room once somebody writes in it.

use chartkeep_server::store;
use client::view::{ChartView, Section};
use client::{Code, LockCause, Workstation};
use records::Drawer;
use records::id::PatientId;

use super::clinic::until;
use super::conflicts::{Rooms, sent};

/// What an administrator's rule does to a chart in which nothing happened lately.
fn send_away(rooms: &Rooms) {
    let practice = &rooms.clinic.server.practice;
    let patient: PatientId = rooms.patient.parse().unwrap();
    store::write(practice.store.as_ref(), |tx| {
        for drawer in [Drawer::Clinical, Drawer::Sensitive] {
            tx.mark_chart(practice.row.id, &patient, drawer, true)?;
        }
        Ok::<_, store::StoreError>(())
    })
    .unwrap();
}

fn opened(rooms: &Rooms, room: &Workstation) -> ChartView {
    room.open_chart(&rooms.patient, None).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether a chart shows nothing clinical, and says so instead of "none recorded".
fn is_away(chart: &ChartView) -> bool {
    let Some(away) = &chart.away else { return false };
    let clinical = [Section::Problems, Section::Allergies, Section::Medications, Section::Notes];
    let rows = chart.freshness.iter().filter(|row| clinical.contains(&row.section));
    let is_missing = rows.clone().count() == 4 && rows.clone().all(|row| row.as_of.is_none());
    let is_empty = chart.problems.is_empty() && chart.notes.is_empty() && chart.vitals.latest.is_empty();
    let banner = chart.banner.allergies.as_ref().unwrap();
    away.until.is_none() && is_missing && is_empty && banner.title == "Allergies unavailable"
}

fn both_hear_that_it_is_away(rooms: &Rooms) {
    send_away(rooms);
    until("neither room keeps the chart", || {
        [rooms.nurse(), &rooms.doctor].into_iter().all(|room| {
            room.sync_now().unwrap();
            is_away(&opened(rooms, room))
        })
    });
}

fn texts(chart: &ChartView) -> Vec<&str> {
    chart.notes.iter().filter(|note| note.title == "Cough").map(|note| note.text.as_str()).collect()
}

#[test]
fn a_chart_that_is_away_is_fetched_when_it_is_opened_and_says_what_is_missing_where_it_cannot_be() {
    let mut rooms = Rooms::with(&[]);
    let before = opened(&rooms, rooms.nurse());
    both_hear_that_it_is_away(&rooms);
    let found = rooms.nurse().search(&before.banner.mrn).unwrap().rows;
    assert!(found.iter().any(|row| row.id == rooms.patient), "it is found by name and number");

    rooms.clinic.server.stop();
    assert_eq!(rooms.nurse().fetch_chart(&rooms.patient).err().unwrap().code, Code::ServerAway);
    assert!(is_away(&opened(&rooms, rooms.nurse())), "what is here stays as it was");

    rooms.clinic.server.start();
    let fetched = rooms.nurse().fetch_chart(&rooms.patient).unwrap_or_else(|error| panic!("{error}"));

    assert!(fetched.away.as_ref().unwrap().until.is_some());
    assert_eq!((texts(&fetched), fetched.problems.len()), (texts(&before), before.problems.len()));
    let allergies = |chart: &ChartView| chart.banner.allergies.as_ref().unwrap().title.clone();
    assert_eq!(allergies(&fetched), allergies(&before));
    assert!(fetched.freshness.iter().all(|row| row.as_of.is_some()));
    assert!(is_away(&opened(&rooms, &rooms.doctor)), "for the room that asked alone");

    rooms.nurse().lock(LockCause::Person);
    rooms.clinic.pass(23 * 3600);
    rooms.clinic.sign_in(rooms.nurse(), &chartkeep_tests::practice::people::NURSE).unwrap();
    assert!(opened(&rooms, rooms.nurse()).away.unwrap().until.is_some(), "it is here for a day");
    rooms.nurse().lock(LockCause::Person);
    rooms.clinic.pass(2 * 3600);
    rooms.clinic.sign_in(rooms.nurse(), &chartkeep_tests::practice::people::NURSE).unwrap();
    assert!(is_away(&opened(&rooms, rooms.nurse())), "and not longer");
    assert!(rooms.clinic.verify_logs().ok);
}

#[test]
fn what_is_written_offline_in_a_chart_that_is_away_brings_it_back_to_every_room() {
    let mut rooms = Rooms::with(&[]);
    both_hear_that_it_is_away(&rooms);
    rooms.clinic.server.stop();
    rooms.write(rooms.nurse(), None, "Walked in; fever since Friday.", false);
    assert_eq!(texts(&opened(&rooms, rooms.nurse())), ["Walked in; fever since Friday."]);

    rooms.clinic.server.start();
    sent(rooms.nurse());

    until("both rooms keep the whole chart", || {
        [rooms.nurse(), &rooms.doctor].into_iter().all(|room| {
            room.sync_now().unwrap();
            let chart = opened(&rooms, room);
            let mut texts = texts(&chart);
            texts.sort_unstable();
            chart.away.is_none() && texts == ["Cough since Monday.", "Walked in; fever since Friday."]
        })
    });
}
