//! The watch over the trail: each threshold from both sides, the list, the messages that go out, and the daily report.

use crate::clinic::Clinic;
use crate::workstation::{Person, Workstation};
use chartkeep_server::alerting::{self, SIGNATURE_HEADER, Webhook};
use chartkeep_server::approving::Proof;
use chartkeep_server::clock::Clock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::practice::Practice;
use chartkeep_server::store::{self, AlertKind, NewAlert};
use chartkeep_server::watching::rules::Thresholds;
use chartkeep_server::{people, reporting, watching};
use jiff::{SignedDuration, Timestamp};
use keys::{Purpose as SignedFor, Random, Signature, totp};
use records::class::ClassSet;
use records::event::{Alert, Node, Observer, Stamp};
use records::id::{EventId, PatientId, PersonId};
use records::{Actor, AuditEvent, Purpose, Role};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use sync::wire::{AlertOutcome, SecretText};
use tempfile::TempDir;

/// 27-Nov-2026, a Friday at noon.
const NOON: i64 = 1_795_780_800;

struct Desk<'a> {
    clinic: &'a Clinic,
    workstation: Workstation<'a>,
    nora: Person,
    delivered: Vec<Vec<u8>>,
}

impl<'a> Desk<'a> {
    fn open(clinic: &'a Clinic) -> Self {
        let workstation = clinic.enrol();
        let nora = workstation.activate("nora", Role::Nurse);
        watching::look(&clinic.practice).unwrap();
        Self { clinic, workstation, nora, delivered: Vec::new() }
    }

    fn stamp(&self, at: Timestamp) -> Stamp {
        let id = EventId::from_uuid(Random::from_os().uuid_v7(at));
        Stamp { id, at, observer: Observer::Workstation(self.workstation.id) }
    }

    fn node(&self) -> Node {
        Node { practice: self.workstation.enrolled.practice_id, device: self.workstation.id }
    }

    fn actor(&self) -> Actor {
        Actor {
            person: self.nora.id,
            practice: self.workstation.enrolled.practice_id,
            roles: vec![Role::Nurse],
            device: self.workstation.id,
            session: records::id::SessionId::from_uuid(Random::from_os().uuid()),
            purpose: Purpose::usual(Role::Nurse),
        }
    }

    fn opened(&self, patient: u32, at: Timestamp) -> AuditEvent {
        let patient: PatientId = format!("patient-{patient}").parse().unwrap();
        AuditEvent::chart_opened(self.stamp(at), &self.actor(), Some(&patient), None, ClassSet::default())
    }

    fn failed(&self, at: Timestamp) -> AuditEvent {
        AuditEvent::sign_in_failed(self.stamp(at), self.node(), None)
    }

    /// The workstation delivers these, and the server looks through them.
    fn deliver(&mut self, events: &[AuditEvent]) {
        let events: Vec<Vec<u8>> = events.iter().map(|event| event.bytes().to_vec()).collect();
        assert_eq!(self.workstation.deliver(&self.delivered, &events).status, 200);
        self.delivered.extend(events);
        watching::look(&self.clinic.practice).unwrap();
    }

    fn alerts(&self, kind: AlertKind) -> u64 {
        self.clinic.look(|tx| tx.count_alerts(kind))
    }
}

fn noon() -> Timestamp {
    Timestamp::from_second(NOON).unwrap()
}

fn minutes(minutes: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(minutes)
}

fn few(clinic: &Clinic) {
    watching::change_thresholds(&clinic.practice, |before| Thresholds {
        patients: 5,
        patients_min: 10,
        failures: 4,
        failures_min: 10,
        ..before
    })
    .unwrap();
}

#[test]
fn many_charts_in_a_short_time_are_an_alert_and_one_less_is_none() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    few(&clinic);
    let four: Vec<_> = (0..4).map(|n| desk.opened(n, minutes(i64::from(n)))).collect();
    desk.deliver(&four);
    let again = [desk.opened(3, minutes(5)), desk.opened(2, minutes(6))];
    desk.deliver(&again);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 0, "four patients, some of them twice");
    let late = [desk.opened(4, minutes(11))];
    desk.deliver(&late);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 0, "the first was eleven minutes ago");
    let fifth = [desk.opened(5, minutes(11))];
    desk.deliver(&fifth);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 1);
    let sixth = [desk.opened(6, minutes(12))];
    desk.deliver(&sixth);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 1, "once within hours");
}

#[test]
fn a_mass_look_up_is_found_among_weeks_of_work_that_are_delivered_at_once() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    few(&clinic);
    let five = (0..5).map(|n| desk.opened(n, minutes(i64::from(n))));
    let weeks = (1..20).map(|day| desk.opened(1, minutes(day * 24 * 60)));
    let all: Vec<_> = five.chain(weeks).collect();
    desk.deliver(&all);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 1);
    let open = alerting::list(&clinic.practice, 0, false).unwrap();
    let told = open.iter().find(|alert| alert.kind == "mass-look-up").unwrap();
    assert_eq!(told.detail, format!("5 patients in 10 minutes, until {}", minutes(4)));
}

#[test]
fn what_one_workstation_delivers_late_is_judged_with_what_another_delivered_before() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    few(&clinic);
    let (before, after) = ([0, 1], [3, 4]);
    let at_once = [before, after].concat();
    let at_once: Vec<_> = at_once.into_iter().map(|n| desk.opened(n, minutes(i64::from(n)))).collect();
    desk.deliver(&at_once);
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 0);
    let other = clinic.enrol();
    let between = [desk.opened(2, minutes(2)).bytes().to_vec()];
    assert_eq!(other.deliver(&[], &between).status, 200);
    watching::look(&clinic.practice).unwrap();
    assert_eq!(desk.alerts(AlertKind::MassLookUp), 1);
}

#[test]
fn a_chart_that_is_opened_outside_the_hours_is_an_alert() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    let inside = [desk.opened(1, minutes(9 * 60 - 1))];
    desk.deliver(&inside);
    assert_eq!(desk.alerts(AlertKind::OffHours), 0, "a minute before nine in the evening");
    let outside = [desk.opened(1, minutes(9 * 60))];
    desk.deliver(&outside);
    assert_eq!(desk.alerts(AlertKind::OffHours), 1);
}

#[test]
fn failed_sign_ins_of_whomever_are_counted_by_workstation() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    few(&clinic);
    let three: Vec<_> = (0..3).map(|n| desk.failed(minutes(n))).collect();
    desk.deliver(&three);
    let later = [desk.failed(minutes(11))];
    desk.deliver(&later);
    assert_eq!(desk.alerts(AlertKind::SignInBurst), 0, "three within ten minutes, twice");
    let one_more = [desk.failed(minutes(11)), desk.failed(minutes(12))];
    desk.deliver(&one_more);
    assert_eq!(desk.alerts(AlertKind::SignInBurst), 1);
}

#[test]
fn broken_glass_a_store_that_was_put_back_and_a_new_workstation_are_each_an_alert() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    assert_eq!(desk.alerts(AlertKind::NewDevice), 1);
    let patient: PatientId = "patient-1".parse().unwrap();
    let events = [
        AuditEvent::emergency_started(desk.stamp(noon()), &desk.actor(), &patient, "unconscious"),
        AuditEvent::security_alert(desk.stamp(noon()), desk.node(), Alert::RolledBack),
        AuditEvent::security_alert(desk.stamp(noon()), desk.node(), Alert::DeviceChanged),
    ];
    desk.deliver(&events);
    assert_eq!((desk.alerts(AlertKind::BreakGlass), desk.alerts(AlertKind::StoreRolledBack)), (1, 1));
    // Looking again finds nothing twice; the alerts are events too.
    watching::look(&clinic.practice).unwrap();
    assert_eq!(desk.alerts(AlertKind::BreakGlass), 1);
}

#[test]
fn a_workstation_that_is_not_heard_of_is_an_alert_once_until_it_is() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let look = || {
        watching::look(&clinic.practice).unwrap();
        clinic.look(|tx| tx.count_alerts(AlertKind::StaleDevice))
    };
    clinic.advance(14 * 24 * 3600 - 60);
    assert_eq!(look(), 0);
    clinic.advance(120);
    assert_eq!((look(), look()), (1, 1));
    clinic.advance(60);
    desk.workstation.post(sync::wire::path::DIRECTIVES, &sync::wire::DirectivesRequest::default());
    clinic.advance(13 * 24 * 3600);
    assert_eq!(look(), 1);
    clinic.advance(2 * 24 * 3600);
    assert_eq!(look(), 2);
    people::revoke_device(&clinic.practice, desk.workstation.id).unwrap();
    clinic.advance(90 * 24 * 3600);
    assert_eq!(look(), 2, "nobody waits for one that was revoked");
}

#[test]
fn an_alert_is_open_until_somebody_who_may_has_looked() {
    let clinic = Clinic::open();
    let desk = Desk::open(&clinic);
    let ivo = desk.workstation.activate("ivo", Role::ItAdmin);
    let proof = |person: &Person| {
        clinic.advance(30);
        let code = totp::code_at(&person.seed, totp::step_at(clinic.now()));
        Proof { username: person.username.clone(), code: SecretText::new(code) }
    };
    let open = || alerting::list(&clinic.practice, 0, false).unwrap();
    assert_eq!((open().len(), open()[0].kind), (1, "new-device"));
    let number = open()[0].alert;
    assert!(
        alerting::acknowledge(&clinic.practice, number, AlertOutcome::Seen, &proof(&desk.nora)).is_err(),
        "a nurse does not"
    );
    alerting::acknowledge(&clinic.practice, number, AlertOutcome::Expected, &proof(&ivo)).unwrap();
    assert_eq!(open().len(), 0);
    let all = alerting::list(&clinic.practice, 0, true).unwrap();
    assert_eq!((all.len(), all[0].seen_by), (1, Some(ivo.id)));
    assert_eq!(all[0].seen_as, Some(AlertOutcome::Expected));
    let again = alerting::acknowledge(&clinic.practice, number, AlertOutcome::Seen, &proof(&ivo));
    assert!(again.is_err(), "once");
}

#[test]
fn thresholds_that_cannot_be_are_refused() {
    let clinic = Clinic::open();
    let change =
        |change: fn(Thresholds) -> Thresholds| watching::change_thresholds(&clinic.practice, change).is_ok();
    assert!(!change(|before| Thresholds { time_zone: "Nowhere/Here".to_owned(), ..before }));
    assert!(!change(|before| Thresholds { open_from_h: 21, ..before }));
    assert!(!change(|before| Thresholds { open_until_h: 25, ..before }));
    assert!(change(|before| Thresholds { open_until_h: 24, ..before }));
    assert_eq!(watching::thresholds(&clinic.practice).unwrap().open_until_h, 24);
}

/// Takes one request and answers it; what came: head and body.
fn take_one(listener: &TcpListener, status: &str) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().unwrap();
    let (mut all, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let length: usize = length.trim().parse().unwrap();
            if all.len() >= head.len() + 4 + length {
                let (head, body) = all.split_at(head.len());
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
                return (String::from_utf8(head.to_vec()).unwrap(), body[4..].to_vec());
            }
        }
        let read = stream.read(&mut chunk).unwrap();
        all.extend_from_slice(&chunk[..read]);
    }
}

/// A practice that nobody serves: what a server does by itself would come between.
fn unserved() -> (TempDir, Practice) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(&folder.path().join("practice"));
    let practice = Practice::make(&data, "Elm Street Clinic", "localhost", Clock::System).unwrap();
    (folder, practice)
}

fn raise(practice: &Practice, person: PersonId) {
    let alert = NewAlert {
        at: noon(),
        kind: AlertKind::MassLookUp,
        device: None,
        person: Some(person),
        detail: "40 patients in 60 minutes".to_owned(),
    };
    store::write(practice.store.as_ref(), |tx| tx.insert_alert(&alert)).unwrap();
}

#[test]
fn each_alert_goes_out_once_signed_with_ids_alone_and_again_where_it_was_not_taken() {
    let (_folder, practice) = unserved();
    let person = PersonId::from_uuid(Random::from_os().uuid());
    raise(&practice, person);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/alerts", listener.local_addr().unwrap());
    alerting::set_webhook(&practice, Some(&Webhook { url, ca_pem: None })).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let send = || runtime.block_on(alerting::send_all(&practice));
    assert_eq!(send().unwrap(), 0, "none of before");
    raise(&practice, person);
    let other = std::thread::spawn(move || {
        take_one(&listener, "503 Busy");
        take_one(&listener, "204 No Content")
    });
    assert!(send().is_err());
    assert_eq!(send().unwrap(), 1);
    let (head, body) = other.join().unwrap();
    let message: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&message["version"], &message["kind"]), (&1.into(), &"mass-look-up".into()));
    assert_eq!(message["person"], person.to_string());
    let members: Vec<&str> = message.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["version", "practice", "alert", "at", "sent_at", "kind", "device", "person"]);
    let signature =
        head.lines().find_map(|line| line.strip_prefix(&format!("{SIGNATURE_HEADER}: "))).unwrap();
    let signature: Signature = signature.trim().parse().unwrap();
    let key = practice.keys.directive.verifying_key();
    key.verify(SignedFor::Alert, &body, &signature).unwrap();
    assert!(key.verify(SignedFor::Directive, &body, &signature).is_err());
    assert_eq!(send().unwrap(), 0);
}

#[test]
fn messages_go_to_this_machine_or_to_whom_the_given_ca_vouches_for() {
    let (_folder, practice) = unserved();
    let root = keys::certificate::to_pem(&[&practice.keys.root]);
    let may = |url: &str, ca_pem: Option<&str>| {
        let webhook = Webhook { url: url.to_owned(), ca_pem: ca_pem.map(str::to_owned) };
        alerting::set_webhook(&practice, Some(&webhook)).is_ok()
    };
    assert!(may("http://127.0.0.1:9/a", None) && may("http://localhost:9/a", None));
    assert!(may("https://alerts.example/a", Some(&root)));
    for (url, ca) in [
        ("http://alerts.example/a", None),
        ("https://alerts.example/a", None),
        ("https://alerts.example/a", Some("no certificate")),
        ("ftp://127.0.0.1/a", None),
        ("alerts", None),
    ] {
        assert!(!may(url, ca), "{url}");
    }
}

#[test]
fn there_is_a_report_for_each_day_also_for_an_empty_one() {
    let clinic = Clinic::open();
    let mut desk = Desk::open(&clinic);
    let day = noon().to_zoned(jiff::tz::TimeZone::UTC).date();
    let events = [desk.opened(1, noon()), desk.opened(2, noon()), desk.failed(minutes(1))];
    desk.deliver(&events);
    clinic.clock.set(clinic.now().max(noon() + SignedDuration::from_hours(48)));
    let report = reporting::daily(&clinic.practice, Some(day)).unwrap();
    assert_eq!(report.day, day.to_string());
    let opened = report.activity.iter().find(|row| row.patients == 2).unwrap();
    assert_eq!((opened.events, opened.agents), (2, 1));
    let empty =
        reporting::daily(&clinic.practice, Some(day.saturating_sub(jiff::Span::new().days(400)))).unwrap();
    assert_eq!((empty.events, empty.activity.len(), empty.alerts.len()), (0, 0, 0));
    assert!(reporting::daily(&clinic.practice, Some("9000-01-01".parse().unwrap())).is_err(), "not over yet");
    let own = clinic.look(|tx| tx.leaves(clinic.practice.row.log, 0, 10_000));
    let reads =
        own.iter().filter(|leaf| String::from_utf8_lossy(&leaf.event).contains("audit-report")).count();
    assert!(reads >= 2, "each report that was made is an event");
}
