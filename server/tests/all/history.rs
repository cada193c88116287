//! Pulling: page by page, drawer by drawer, and nobody else's.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use records::Role;
use records::change::Base;
use sync::wire::{Cursor, HistoryMethod, HistoryPage, ProblemCode, path};

struct Pulled {
    keys: Vec<String>,
    next: Cursor,
    more: bool,
}

fn pull(workstation: &Workstation<'_>, person: &Person, cursor: &str, count: u32) -> Pulled {
    let path = format!("{}?_cursor={cursor}&_count={count}", path::HISTORY);
    let answer = workstation.get_as(&person.signed_in.session.token, &path);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let page = HistoryPage::parse(&answer.body).unwrap();
    Pulled {
        keys: page.entries.iter().map(|e| e.key.to_string()).collect(),
        next: page.next,
        more: page.more,
    }
}

#[test]
fn what_one_workstation_pushes_another_pulls_byte_for_byte() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let cora = second.activate("cora", Role::Clinician);
    let written = observation("hr", "ada", "72.50");
    let (_, envelope) = first.envelope(&nora, vec![(written.clone(), Base::None)]);
    first.push(&[&envelope]);
    let path = format!("{}?_cursor=v1.clinical.0", path::HISTORY);
    let answer = second.get_as(&cora.signed_in.session.token, &path);
    let page = HistoryPage::parse(&answer.body).unwrap();
    assert_eq!(page.entries.len(), 1);
    assert!(matches!(page.entries[0].method, HistoryMethod::Put(bytes) if bytes == written.bytes()));
    assert_eq!(page.entries[0].version, 1);
    assert!(!page.more);
}

#[test]
fn pages_follow_each_other_without_gap_or_double() {
    let clinic = Clinic::open();
    let mut documents = vec![patient("ada")];
    documents.extend((0..25).map(|n| observation(&format!("o{n:02}"), "ada", "70")));
    take_in(&clinic, &documents);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let (mut cursor, mut keys, mut pages) = ("v1.clinical.0".to_owned(), Vec::new(), 0);
    loop {
        let page = pull(&workstation, &nora, &cursor, 10);
        keys.extend(page.keys);
        pages += 1;
        cursor = page.next.to_string();
        if !page.more {
            break;
        }
    }
    let expected: Vec<String> = (0..25).map(|n| format!("Observation/o{n:02}")).collect();
    assert_eq!((keys, pages), (expected, 3));
    let end = pull(&workstation, &nora, &cursor, 10);
    assert_eq!((end.keys.len(), end.next.to_string(), end.more), (0, cursor, false));
}

#[test]
fn only_the_version_that_stands_is_pulled_and_a_new_one_comes_after_the_cursor() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let first = pull(&workstation, &nora, "v1.clinical.0", 10);
    let (_, envelope) = workstation.envelope(&nora, vec![(observation("hr", "ada", "71"), Base::Version(1))]);
    workstation.push(&[&envelope]);
    let second = pull(&workstation, &nora, &first.next.to_string(), 10);
    assert_eq!(second.keys, ["Observation/hr"]);
    assert_eq!(pull(&workstation, &nora, "v1.clinical.0", 10).keys, ["Observation/hr"]);
}

#[test]
fn a_drawer_that_is_not_the_persons_is_not_found() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let felix = workstation.activate("felix", Role::FrontDesk);
    let admin = workstation.activate("ines", Role::ItAdmin);
    let status = |person: &Person, drawer: &str| {
        let path = format!("{}?_cursor=v1.{drawer}.0", path::HISTORY);
        workstation.get_as(&person.signed_in.session.token, &path).status
    };
    assert_eq!(status(&felix, "demographics"), 200);
    for drawer in ["clinical", "sensitive", "billing"] {
        assert_eq!(status(&felix, drawer), 404, "{drawer}");
    }
    for drawer in ["demographics", "clinical", "sensitive", "billing"] {
        assert_eq!(status(&admin, drawer), 404, "{drawer}");
    }
}

#[test]
fn a_bad_cursor_or_parameter_is_refused() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let problem = |query: &str| {
        workstation.get_as(&nora.signed_in.session.token, &format!("{}{query}", path::HISTORY)).problem()
    };
    assert_eq!(problem("?_cursor=v9.clinical.1"), Some(ProblemCode::CursorRefused));
    assert_eq!(problem("?_cursor=v1.clinical.1&_count=many"), Some(ProblemCode::Malformed));
}

#[test]
fn every_page_is_one_event_in_the_servers_trail_with_its_cursor() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let log = clinic.practice.row.log;
    let before = clinic.look(|tx| tx.log(log)).unwrap().tree.size();
    pull(&workstation, &nora, "v1.demographics.0", 10);
    pull(&workstation, &nora, "v1.demographics.0", 10);
    let events = clinic.look(|tx| tx.leaves(log, before, 100));
    assert_eq!(events.len(), 2);
    let text = String::from_utf8(events[0].event.clone()).unwrap();
    assert!(text.contains("history-system") && text.contains(&nora.id.to_string()), "{text}");
}
