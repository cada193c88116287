//! Pulling: page by page, drawer by drawer, and nobody else's.

use crate::clinic::{Clinic, document, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use records::Role;
use records::change::{Base, RefusalCode, Standing as RecordStanding};
use records::id::RecordKey;
use sync::wire::{Cursor, HistoryMethod, HistoryPage, ProblemCode, Standing, path};

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

/// What a drawer says from the start on: `PUT Observation/hr 3`.
fn feed(workstation: &Workstation<'_>, person: &Person, drawer: &str) -> Vec<String> {
    let path = format!("{}?_cursor=v1.{drawer}.0", path::HISTORY);
    let answer = workstation.get_as(&person.signed_in.session.token, &path);
    let page = HistoryPage::parse(&answer.body).unwrap();
    let entry = |entry: &sync::wire::HistoryEntry<'_>| {
        let method = if matches!(entry.method, HistoryMethod::Delete) { "DELETE" } else { "PUT" };
        format!("{method} {} {}", entry.key, entry.version)
    };
    page.entries.iter().map(entry).collect()
}

#[test]
fn what_was_deleted_is_told_to_every_workstation_and_comes_back_as_the_next_version() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let (first, second) = (clinic.enrol(), clinic.enrol());
    let nora = first.activate("nora", Role::Nurse);
    let cora = second.activate("cora", Role::Clinician);
    let (_, deletion) = first.deletion(&nora, "Observation/hr", Base::Version(1));
    let standing = first.push(&[&deletion]).remove(0);
    let Standing::Applied { versions, .. } = &standing else { panic!("{standing:?}") };
    assert_eq!((versions[0].key.as_str(), versions[0].version), ("Observation/hr", 2));
    assert_eq!(first.push(&[&deletion]), [standing], "the same answer to the same deletion");

    assert_eq!(feed(&second, &cora, "clinical"), ["DELETE Observation/hr 2"]);
    let key: RecordKey = "Observation/hr".parse().unwrap();
    assert_eq!(clinic.look(|tx| tx.standing(&key)), RecordStanding::Deleted(2));
    assert!(clinic.look(|tx| tx.facts(&key)).is_none());
    let counts = clinic.look(|tx| tx.count_by_kind());
    assert_eq!(counts, [("Patient".to_owned(), 1)]);

    let (_, edit) = second.envelope(&cora, vec![(observation("hr", "ada", "71"), Base::Version(1))]);
    assert!(matches!(second.push(&[&edit])[0], Standing::Conflict { .. }), "kept for a person to look at");
    let (_, again) = second.envelope(&cora, vec![(observation("hr", "ada", "72"), Base::None)]);
    let Standing::Applied { versions, .. } = second.push(&[&again]).remove(0) else { panic!() };
    assert_eq!(versions[0].version, 3);
    assert_eq!(feed(&first, &nora, "clinical"), ["PUT Observation/hr 3"]);
    take_in(&clinic, &[observation("hr", "ada", "73")]);
    assert_eq!(feed(&first, &nora, "clinical"), ["PUT Observation/hr 4"]);
}

#[test]
fn an_import_brings_back_what_was_deleted_as_its_next_version() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    workstation.push(&[&workstation.deletion(&nora, "Observation/hr", Base::Version(1)).1]);
    take_in(&clinic, &[observation("hr", "ada", "70")]);
    assert_eq!(feed(&workstation, &nora, "clinical"), ["PUT Observation/hr 3"]);
}

#[test]
fn only_whose_role_deletes_such_a_record_deletes_it() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let felix = workstation.activate("felix", Role::FrontDesk);
    let nora = workstation.activate("nora", Role::Nurse);
    let refused = |person: &Person, key: &str| {
        let (_, envelope) = workstation.deletion(person, key, Base::Version(1));
        let standing = workstation.push(&[&envelope]).remove(0);
        let Standing::Refused { code } = standing else { panic!("{standing:?}") };
        code
    };
    assert_eq!(refused(&felix, "Observation/hr"), RefusalCode::NotAllowed);
    assert_eq!(refused(&nora, "Patient/ada"), RefusalCode::NotAllowed);
    assert_eq!(refused(&nora, "Observation/none"), RefusalCode::UnknownBase);
    assert_eq!(feed(&workstation, &nora, "clinical"), ["PUT Observation/hr 1"]);
}

#[test]
fn who_has_only_the_drawer_that_a_record_left_hears_of_it_however_often_it_was_written_since() {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada"), observation("hr", "ada", "70")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let cora = workstation.activate("cora", Role::Clinician);
    let sensitive = |value: &str| {
        let json = String::from_utf8(observation("hr", "ada", value).bytes().to_vec()).unwrap();
        let label = r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"#;
        document(&json.replacen(r#""status""#, &format!(r#"{label}"status""#), 1))
    };
    take_in(&clinic, &[sensitive("71")]);
    take_in(&clinic, &[sensitive("72")]);
    assert_eq!(feed(&workstation, &nora, "clinical"), ["DELETE Observation/hr 2"]);
    assert_eq!(feed(&workstation, &cora, "sensitive"), ["PUT Observation/hr 3"]);
    take_in(&clinic, &[observation("hr", "ada", "73")]);
    assert_eq!(feed(&workstation, &nora, "clinical"), ["PUT Observation/hr 4"]);
    assert_eq!(feed(&workstation, &cora, "sensitive"), ["DELETE Observation/hr 4"]);
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
