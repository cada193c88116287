//! Pages for drawers that are shut: the certificate of a workstation gets them, and a person's grant opens them.

use crate::clinic::{Answer, Clinic, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::{directing, people, store};
use keys::inbox::{self, PageHeader, PageRefused};
use keys::row::derive_inbox_key;
use keys::{AgreementSecret, grant};
use records::event::EventKind;
use records::{AuditEvent, Drawer, Job, Role};
use sync::wire::{Cursor, GrantsRequest, GrantsResponse, HistoryPage, ProblemCode, SealedPageRequest, path};

fn ask(workstation: &Workstation<'_>, cursor: &str, count: u32) -> Answer {
    let request = SealedPageRequest { cursor: cursor.parse().unwrap(), count };
    workstation.post(path::INBOX, &request)
}

fn page(workstation: &Workstation<'_>, cursor: &str, count: u32) -> Vec<u8> {
    let answer = ask(workstation, cursor, count);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.body
}

/// The inbox keys of a drawer that a person's grants bring, with the generation of each.
fn inbox_keys(workstation: &Workstation<'_>, person: &Person, drawer: Drawer) -> Vec<(u32, AgreementSecret)> {
    let granted: GrantsResponse = workstation.post(path::GRANTS, &GrantsRequest {}).json();
    let rights = workstation.trust.rights_key;
    let open = |bytes: &sync::wire::Base64Bytes| {
        let now = workstation.clinic.now();
        let body =
            grant::open(bytes.as_slice(), &rights, &person.agreement, workstation.id.uuid(), now).ok()?;
        let is_of = body.header.drawer == drawer.as_str();
        is_of.then(|| (body.keys.generation, derive_inbox_key(&body.keys.field)))
    };
    granted.grants.iter().filter_map(open).collect()
}

fn opened(workstation: &Workstation<'_>, person: &Person, page: &[u8]) -> (PageHeader, Vec<String>) {
    let key = workstation.trust.directive_key;
    let generation = inbox::verify(page, &key).unwrap().generation;
    let keys = inbox_keys(workstation, person, Drawer::Clinical);
    let (_, secret) = keys.iter().find(|(of, _)| *of == generation).unwrap();
    let (header, bundle) = inbox::open(page, &key, secret).unwrap();
    let history = HistoryPage::parse(bundle.expose()).unwrap();
    assert_eq!(history.next, Cursor { drawer: Drawer::Clinical, after: header.to });
    (header, history.entries.iter().map(|entry| entry.key.to_string()).collect())
}

fn filled() -> Clinic {
    let clinic = Clinic::open();
    let mut documents = vec![patient("ada")];
    documents.extend((0..5).map(|n| observation(&format!("o{n}"), "ada", "70")));
    take_in(&clinic, &documents);
    clinic
}

#[test]
fn what_a_certificate_gets_is_opened_by_a_persons_grant_and_by_nothing_else() {
    let clinic = filled();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let first = page(&workstation, "v1.clinical.0", 3);
    assert!(!String::from_utf8_lossy(&first).contains("Observation"), "nothing of a record in the open");
    let (header, keys) = opened(&workstation, &nora, &first);
    assert_eq!(keys, ["Observation/o0", "Observation/o1", "Observation/o2"]);
    assert_eq!((header.from, header.more, header.device), (0, true, workstation.id.uuid()));
    assert_eq!((header.made_at.as_second(), header.drawer.as_str()), (clinic.now().as_second(), "clinical"));
    let second = page(&workstation, &format!("v1.clinical.{}", header.to), 3);
    let (last, keys) = opened(&workstation, &nora, &second);
    assert_eq!(keys, ["Observation/o3", "Observation/o4"]);
    assert_eq!((last.from, last.more), (header.to, false));
    let directive_key = workstation.trust.directive_key;
    for (_, other) in inbox_keys(&workstation, &nora, Drawer::Demographics) {
        let refused = inbox::open(&first, &directive_key, &other);
        assert_eq!(refused.unwrap_err(), PageRefused::OtherDrawer);
    }
    let elsewhere = clinic.enrol();
    elsewhere.activate("nick", Role::Nurse);
    let theirs = page(&elsewhere, "v1.clinical.0", 3);
    let key = inbox_keys(&workstation, &nora, Drawer::Clinical).remove(0).1;
    assert_eq!(inbox::open(&theirs, &directive_key, &key).unwrap_err(), PageRefused::OtherDrawer);
}

#[test]
fn a_page_is_one_event_by_the_job_that_fetches_and_where_nothing_follows_there_is_none() {
    let clinic = filled();
    let workstation = clinic.enrol();
    workstation.activate("nora", Role::Nurse);
    let log = clinic.practice.row.log;
    let before = clinic.look(|tx| tx.log(log)).unwrap().tree.size();
    let first = page(&workstation, "v1.clinical.0", 100);
    let end = inbox::verify(&first, &workstation.trust.directive_key).unwrap().to;
    for _ in 0..3 {
        assert!(page(&workstation, &format!("v1.clinical.{end}"), 100).is_empty());
    }
    let events = clinic.look(|tx| tx.leaves(log, before, 100));
    assert_eq!(events.len(), 1);
    let event = AuditEvent::parse(events[0].event.clone()).unwrap();
    assert_eq!(event.summary().kind, Some(EventKind::Replicated));
    let text = String::from_utf8(events[0].event.clone()).unwrap();
    assert!(text.contains(&Job::Sync.person().to_string()), "{text}");
    assert!(text.contains(&workstation.id.to_string()), "{text}");
}

#[test]
fn a_drawer_that_nobody_may_open_at_a_workstation_is_not_found_there() {
    let clinic = filled();
    let workstation = clinic.enrol();
    let status = |drawer: &str| ask(&workstation, &format!("v1.{drawer}.0"), 10).problem();
    assert_eq!(status("demographics"), Some(ProblemCode::NotFound), "nobody was ever here");
    let felix = workstation.activate("felix", Role::FrontDesk);
    assert_eq!(status("demographics"), None);
    assert_eq!(status("clinical"), Some(ProblemCode::NotFound));
    let nora = workstation.activate("nora", Role::Nurse);
    assert_eq!(status("clinical"), None);
    assert_eq!(status("sensitive"), Some(ProblemCode::NotFound));
    let now = clinic.now();
    store::write(clinic.practice.store.as_ref(), |tx| tx.end_roles(nora.id, now)).unwrap();
    clinic.advance(1);
    assert_eq!(status("clinical"), Some(ProblemCode::NotFound), "a role that ended counts at once");
    people::end_person(&clinic.practice, felix.id).unwrap();
    assert_eq!(status("demographics"), Some(ProblemCode::NotFound));
}

#[test]
fn a_page_is_sealed_to_the_newest_keys_so_that_older_ones_open_nothing_new() {
    let clinic = filled();
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    let (_, older) = inbox_keys(&workstation, &nora, Drawer::Clinical).remove(0);
    directing::re_key(&clinic.practice, workstation.id, Drawer::Clinical).unwrap();
    let sealed = page(&workstation, "v1.clinical.0", 10);
    let refused = inbox::open(&sealed, &workstation.trust.directive_key, &older);
    assert_eq!(refused.unwrap_err(), PageRefused::OtherDrawer);
    let (header, keys) = opened(&workstation, &nora, &sealed);
    assert_eq!((header.generation, keys.len()), (2, 5));
}
