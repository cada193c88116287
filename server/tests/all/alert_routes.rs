//! The page for privacy over the network: who reads alerts and reports, who closes an alert, and what the trail says of it.

use crate::clinic::{Answer, Clinic};
use crate::workstation::{Person, Workstation};
use chartkeep_server::store::{self, AlertKind, NewAlert};
use records::event::EventKind;
use records::id::PersonId;
use records::{AuditEvent, Role};
use sync::wire::{
    AlertOutcome, AlertsRequest, AlertsResponse, CloseAlertRequest, CloseAlertResponse, DayReport,
    ProblemCode, ReportRequest, path,
};

const OPEN: AlertsRequest = AlertsRequest { before: None, all: false };
const ALL: AlertsRequest = AlertsRequest { before: None, all: true };

struct Page<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
}

impl<'a> Page<'a> {
    fn open(clinic: &'a Clinic) -> Self {
        Self { clinic, workstation: clinic.enrol() }
    }

    fn ask(&self, person: &Person, path: &str, body: &impl serde::Serialize) -> Answer {
        self.workstation.post_as(&person.signed_in.session.token, path, body)
    }

    fn alerts(&self, person: &Person, asked: AlertsRequest) -> AlertsResponse {
        let answer = self.ask(person, path::ALERTS, &asked);
        assert_eq!(answer.status, 200);
        answer.json()
    }

    fn close(&self, person: &Person, number: u64) -> Answer {
        let outcome = AlertOutcome::FollowedUp;
        self.ask(person, path::CLOSE_ALERT, &CloseAlertRequest { number, outcome })
    }

    fn report(&self, person: &Person, day: Option<&str>) -> Answer {
        self.ask(person, path::REPORTS, &ReportRequest { day: day.map(str::to_owned) })
    }

    fn raise(&self, kind: AlertKind, person: Option<PersonId>) {
        let alert = NewAlert {
            at: self.clinic.now(),
            kind,
            device: Some(self.workstation.id),
            person,
            detail: "40 patients in 60 minutes".to_owned(),
        };
        store::write(self.clinic.practice.store.as_ref(), |tx| tx.insert_alert(&alert)).unwrap();
    }

    /// What the server's own log says of a person, of one kind, oldest first.
    fn events(&self, person: &Person, kind: EventKind) -> Vec<AuditEvent> {
        let own = self.clinic.look(|tx| tx.leaves(self.clinic.practice.row.log, 0, 10_000));
        let events = own.into_iter().map(|leaf| AuditEvent::parse(leaf.event).unwrap());
        let is_it = |event: &AuditEvent| {
            event.summary().kind == Some(kind) && event.summary().person == Some(person.id)
        };
        events.filter(is_it).collect()
    }
}

#[test]
fn who_answers_for_privacy_reads_alerts_and_reports_and_nobody_else_does() {
    let clinic = Clinic::open();
    let page = Page::open(&clinic);
    for (name, role, may) in [
        ("pia", Role::PrivacyOfficer, true),
        ("manuel", Role::PracticeManager, true),
        ("ivo", Role::ItAdmin, true),
        ("aud", Role::Auditor, true),
        ("nora", Role::Nurse, false),
        ("carl", Role::Clinician, false),
        ("fred", Role::FrontDesk, false),
        ("bill", Role::Biller, false),
    ] {
        let person = page.workstation.activate(name, role);
        for answer in [page.ask(&person, path::ALERTS, &OPEN), page.report(&person, None)] {
            let expected = if may { (200, None) } else { (403, Some(ProblemCode::NotAllowed)) };
            let problem = if may { None } else { answer.problem() };
            assert_eq!((answer.status, problem), expected, "{name}");
        }
        let (read, denied) = (EventKind::AuditRead, EventKind::Denied);
        let counted = (page.events(&person, read).len(), page.events(&person, denied).len());
        assert_eq!(counted, if may { (2, 0) } else { (0, 2) }, "{name}: each is in the trail");
    }
}

#[test]
fn an_alert_names_workstation_and_person_and_what_became_of_it() {
    let clinic = Clinic::open();
    let page = Page::open(&clinic);
    let (pia, nora) = (
        page.workstation.activate("pia", Role::PrivacyOfficer),
        page.workstation.activate("nora", Role::Nurse),
    );
    page.raise(AlertKind::MassLookUp, Some(nora.id));
    let open = page.alerts(&pia, OPEN);
    let kinds: Vec<&str> = open.alerts.iter().map(|alert| alert.kind.as_str()).collect();
    assert_eq!((kinds, open.open, open.more), (vec!["mass-look-up", "new-device"], 2, false), "newest first");
    let first = &open.alerts[0];
    let label = clinic.look(|tx| tx.device(page.workstation.id)).unwrap().label;
    assert_eq!(first.device.as_ref().unwrap().label.as_deref(), Some(label.as_str()));
    let name = clinic.look(|tx| tx.person(nora.id)).unwrap().name;
    assert_eq!(first.person.as_ref().unwrap().name.as_deref(), Some(name.as_str()));
    let closed: CloseAlertResponse = page.close(&pia, first.number).json();
    assert_eq!(closed.open, 1);
    let left = page.alerts(&pia, OPEN);
    assert!(left.alerts.iter().all(|alert| alert.number != first.number));
    let all = page.alerts(&pia, ALL);
    let closed = all.alerts[0].closed.as_ref().unwrap();
    assert_eq!((closed.by.id, closed.outcome), (pia.id, AlertOutcome::FollowedUp));
    let told = page.events(&pia, EventKind::AlertClosed);
    assert_eq!(told.len(), 1);
    let what = format!("alert={}&outcome=followed-up", first.number);
    let what = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, what);
    assert!(String::from_utf8_lossy(told[0].bytes()).contains(&what));
    assert_eq!(page.close(&pia, first.number).status, 404, "once");
    assert_eq!(page.close(&pia, 0).status, 404);
    assert_eq!(page.close(&pia, u64::MAX >> 1).status, 404);
}

#[test]
fn nobody_closes_an_alert_about_themselves_and_an_auditor_closes_none() {
    let clinic = Clinic::open();
    let page = Page::open(&clinic);
    let pia = page.workstation.activate("pia", Role::PrivacyOfficer);
    let ivo = page.workstation.activate("ivo", Role::ItAdmin);
    let aud = page.workstation.activate("aud", Role::Auditor);
    page.raise(AlertKind::OffHours, Some(pia.id));
    let number = page.alerts(&pia, OPEN).alerts[0].number;
    for person in [&pia, &aud] {
        let answer = page.close(person, number);
        assert_eq!((answer.status, answer.problem()), (403, Some(ProblemCode::NotAllowed)));
        assert_eq!(page.events(person, EventKind::Denied).len(), 1);
        assert_eq!(page.events(person, EventKind::AlertClosed).len(), 0);
    }
    assert_eq!(page.close(&ivo, number).status, 200);
}

#[test]
fn many_alerts_come_in_pages_that_leave_none_out() {
    let clinic = Clinic::open();
    let page = Page::open(&clinic);
    let pia = page.workstation.activate("pia", Role::PrivacyOfficer);
    for _ in 0..120 {
        page.raise(AlertKind::RevokedDevice, None);
    }
    let mut numbers = Vec::new();
    let mut asked = OPEN;
    loop {
        let answer = page.alerts(&pia, asked);
        assert_eq!(answer.open, 121);
        numbers.extend(answer.alerts.iter().map(|alert| alert.number));
        if !answer.more {
            break;
        }
        asked.before = numbers.last().copied();
    }
    assert_eq!(numbers.len(), 121);
    assert!(numbers.is_sorted_by(|a, b| a > b));
}

#[test]
fn each_day_that_is_over_has_a_report_and_no_other_has() {
    let clinic = Clinic::open();
    let page = Page::open(&clinic);
    let pia = page.workstation.activate("pia", Role::PrivacyOfficer);
    let first_day = clinic.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    clinic.advance(2 * 24 * 3600);
    let session: sync::wire::SessionResponse = page.workstation.session(&pia, &pia.signing).json();
    let ask = |day: Option<&str>| {
        let request = ReportRequest { day: day.map(str::to_owned) };
        page.workstation.post_as(&session.token, path::REPORTS, &request)
    };
    let latest: DayReport = ask(None).json();
    assert_eq!((latest.events, latest.alerts.len(), latest.later.is_none()), (0, 0, true), "an empty day");
    let day = latest.earlier.unwrap();
    assert_eq!(day, first_day.to_string());
    let first: DayReport = ask(Some(&day)).json();
    assert!(first.events > 0, "people signed in");
    assert_eq!((first.alerts[0].kind.as_str(), first.earlier, first.open_alerts), ("new-device", None, 1));
    assert_eq!(first.later, Some(latest.day));
    for (day, status) in [("2000-01-01", 404), ("9000-01-01", 404), ("yesterday", 400)] {
        assert_eq!(ask(Some(day)).status, status, "{day}");
    }
}
