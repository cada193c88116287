//! Which charts workstations keep: those in which something happened lately; the others are fetched one by one.

use crate::clinic::{Clinic, document, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::resting::{self, Reviewed, Rule};
use records::change::Base;
use records::event::EventKind;
use records::id::PatientId;
use records::link::join;
use records::{AuditEvent, Document, Drawer, Role};
use sync::wire::{ChartRequest, HistoryMethod, HistoryPage, ProblemCode, path};

const DAY: i64 = 24 * 3600;
const YEAR: i64 = 366 * DAY;

/// A visit that was so many days ago, or is to come.
fn visit(clinic: &Clinic, id: &str, whose: &str, days_ago: i64) -> Document {
    let day = (clinic.now() - jiff::SignedDuration::from_hours(24 * days_ago)).strftime("%Y-%m-%d");
    document(&format!(
        r#"{{"resourceType":"Encounter","id":"{id}","status":"finished","class":{{"code":"AMB"}},"subject":{{"reference":"Patient/{whose}"}},"period":{{"start":"{day}"}}}}"#
    ))
}

fn keep(clinic: &Clinic, months: Option<u16>) -> Reviewed {
    resting::set_rule(&clinic.practice, Rule { months }).unwrap();
    resting::review(&clinic.practice, &mut |_| {}).unwrap()
}

fn moved(sent_away: u64, brought_back: u64) -> Reviewed {
    Reviewed { sent_away, brought_back }
}

/// What a drawer says after a cursor, over as many pages as it takes: `PUT Encounter/old`, `LEAVE ada`, `WHOLE ada`; and where
/// it goes on.
fn feed(workstation: &Workstation<'_>, person: &Person, cursor: &str) -> (Vec<String>, String) {
    let (mut told, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let path = format!("{}?_cursor={cursor}&_count=3", path::HISTORY);
        let answer = workstation.get_as(&person.signed_in.session.token, &path);
        assert_eq!(answer.status, 200);
        let page = HistoryPage::parse(&answer.body).unwrap();
        told.extend(page.entries.iter().map(|entry| {
            let method = if matches!(entry.method, HistoryMethod::Delete) { "DELETE" } else { "PUT" };
            format!("{method} {}", entry.key)
        }));
        told.extend(
            page.charts
                .iter()
                .map(|chart| format!("{} {}", if chart.is_kept { "WHOLE" } else { "LEAVE" }, chart.patient)),
        );
        assert!(page.more || page.next.to_string() == cursor || !told.is_empty());
        cursor = page.next.to_string();
        if !page.more {
            return (told, cursor);
        }
    }
}

fn fetch(
    workstation: &Workstation<'_>,
    person: &Person,
    whose: &str,
    drawer: Drawer,
) -> Result<Vec<String>, ProblemCode> {
    let request = ChartRequest { patient: whose.parse().unwrap(), drawer };
    let answer = workstation.post_as(&person.signed_in.session.token, path::CHART, &request);
    if answer.status != 200 {
        return Err(answer.problem().unwrap());
    }
    let page = HistoryPage::parse(&answer.body).unwrap();
    assert!(!page.more && page.charts.is_empty());
    Ok(page.entries.iter().map(|entry| entry.key.to_string()).collect())
}

#[test]
fn a_chart_rests_where_nothing_is_dated_or_was_written_within_the_months() {
    let clinic = Clinic::open();
    take_in(
        &clinic,
        &[
            patient("ada"),
            visit(&clinic, "old", "ada", 800),
            patient("bob"),
            visit(&clinic, "older", "bob", 900),
            visit(&clinic, "lately", "bob", 300),
            patient("cat"),
            visit(&clinic, "to-come", "cat", -20),
            patient("dan"),
            observation("undated", "dan", "70"),
        ],
    );
    assert_eq!(keep(&clinic, None), moved(0, 0), "all are kept until somebody says otherwise");
    assert_eq!(keep(&clinic, Some(36)), moved(0, 0));
    assert_eq!(keep(&clinic, Some(24)), moved(1, 0), "ada's");
    assert_eq!(keep(&clinic, Some(24)), moved(0, 0), "once");
    let standing = resting::standing(&clinic.practice).unwrap();
    assert_eq!((standing.patients, standing.away, standing.rule.months), (4, 1, Some(24)));

    clinic.advance(3 * YEAR);
    assert_eq!(keep(&clinic, Some(24)), moved(3, 0), "what is undated counts from its arrival");
    assert_eq!(keep(&clinic, Some(120)), moved(0, 4));
    assert_eq!(resting::standing(&clinic.practice).unwrap().away, 0);
    assert!(resting::set_rule(&clinic.practice, Rule { months: Some(11) }).is_err());
}

#[test]
fn a_workstation_hears_that_a_chart_goes_and_one_that_begins_then_hears_no_more_of_it() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), visit(&clinic, "old", "ada", 800), patient("bob")]);
    take_in(&clinic, &[visit(&clinic, "new", "bob", 1)]);
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let (told, cursor) = feed(&first, &nora, "v1.clinical.0");
    assert_eq!(told, ["PUT Encounter/old", "PUT Encounter/new"]);

    keep(&clinic, Some(24));

    assert_eq!(feed(&first, &nora, &cursor).0, ["LEAVE ada"]);
    let cora = second.activate("cora", Role::Clinician);
    assert_eq!(feed(&second, &cora, "v1.clinical.0").0, ["PUT Encounter/new", "LEAVE ada"]);
    let who = feed(&second, &cora, "v1.demographics.0").0;
    assert!(who.contains(&"PUT Patient/ada".to_owned()), "who it is stays known: {who:?}");
}

#[test]
fn whatever_is_written_brings_a_chart_back_whole_to_every_workstation() {
    let clinic = Clinic::open();
    let mut documents = vec![patient("ada")];
    documents.extend((0..7).map(|n| visit(&clinic, &format!("v{n}"), "ada", 800 + n)));
    take_in(&clinic, &documents);
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let cora = second.activate("cora", Role::Clinician);
    keep(&clinic, Some(24));
    let (told, cursor) = feed(&first, &nora, "v1.clinical.0");
    assert_eq!(told, ["LEAVE ada"]);

    let (_, envelope) = second.envelope(&cora, vec![(observation("hr", "ada", "70"), Base::None)]);
    second.push(&[&envelope]);

    let (told, cursor) = feed(&first, &nora, &cursor);
    assert_eq!(told.last().unwrap(), "WHOLE ada", "only once all of it was told: {told:?}");
    for key in (0..7).map(|n| format!("PUT Encounter/v{n}")).chain(["PUT Observation/hr".to_owned()]) {
        assert!(told.contains(&key), "{key} in {told:?}");
    }
    assert!(feed(&first, &nora, &cursor).0.is_empty());
    assert_eq!(keep(&clinic, Some(24)), moved(0, 0), "it was written to lately");
}

#[test]
fn a_chart_that_is_away_is_fetched_drawer_by_drawer_and_the_event_names_the_patient() {
    let clinic = Clinic::open();
    take_in(
        &clinic,
        &[patient("ada"), visit(&clinic, "old", "ada", 800), visit(&clinic, "older", "ada", 900)],
    );
    keep(&clinic, Some(24));
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let felix = workstation.activate("felix", Role::FrontDesk);

    let fetched = fetch(&workstation, &nora, "ada", Drawer::Clinical).unwrap();

    assert_eq!(fetched, ["Encounter/old", "Encounter/older"]);
    let own = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 10_000));
    let last = AuditEvent::parse(own.last().unwrap().event.clone()).unwrap();
    let last = last.summary();
    assert_eq!((last.kind, last.person), (Some(EventKind::Replicated), Some(nora.id)));
    assert_eq!(last.patient.as_ref().map(PatientId::as_str), Some("ada"));
    assert_eq!(fetch(&workstation, &felix, "ada", Drawer::Clinical), Err(ProblemCode::NotFound));
    assert_eq!(fetch(&workstation, &nora, "nobody", Drawer::Clinical), Err(ProblemCode::NotFound));
    assert_eq!(resting::standing(&clinic.practice).unwrap().away, 1, "reading brings nothing back");
}

#[test]
fn charts_that_were_joined_stay_with_each_other() {
    let clinic = Clinic::open();
    let (ada, bob) = join(&patient("ada"), &patient("bob")).unwrap();
    let documents = [ada, bob, visit(&clinic, "old", "bob", 800), visit(&clinic, "new", "ada", 1)];
    take_in(&clinic, &documents);
    assert_eq!(keep(&clinic, Some(24)), moved(0, 0));
}

#[test]
fn the_server_reviews_once_a_day_by_itself_where_there_is_a_rule() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), visit(&clinic, "old", "ada", 800)]);
    resting::review_if_due(&clinic.practice).unwrap();
    assert_eq!(resting::standing(&clinic.practice).unwrap().reviewed, None, "nothing to do");
    resting::set_rule(&clinic.practice, Rule { months: Some(24) }).unwrap();
    resting::review_if_due(&clinic.practice).unwrap();
    assert_eq!(resting::standing(&clinic.practice).unwrap().away, 1);

    resting::set_rule(&clinic.practice, Rule { months: None }).unwrap();
    resting::review_if_due(&clinic.practice).unwrap();
    assert_eq!(resting::standing(&clinic.practice).unwrap().away, 1, "not twice a day");
    clinic.advance(DAY);
    resting::review_if_due(&clinic.practice).unwrap();
    assert_eq!(resting::standing(&clinic.practice).unwrap().away, 0);
}
