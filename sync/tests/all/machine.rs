//! What the machine does, in the order of a workstation's life.

use crate::clinic::{Clinic, change_id, log_id, second};
use jiff::SignedDuration;
use records::Drawer;
use sync::wire::{Cursor, ProblemCode, RefusalCode, Standing};
use sync::{
    Answer, Config, Event, Failure, LogAlarm, LogPosition, Machine, QueuedChange, Request, Restored, Transmit,
};

pub(super) fn machine() -> Machine {
    let mut machine = Machine::new(Config::default(), Restored::default(), 1, second(0));
    let directives = machine.poll_transmit().unwrap();
    machine.handle_answer(directives.id, Answer::Directives { log_size: None }, second(0));
    while machine.poll_event().is_some() {}
    machine
}

fn queued(n: u64, base: Option<u64>) -> QueuedChange {
    QueuedChange { id: change_id(n), base: base.map(change_id), bytes: 1_000 }
}

pub(super) fn transmits(machine: &mut Machine) -> Vec<Transmit> {
    std::iter::from_fn(|| machine.poll_transmit()).collect()
}

pub(super) fn events(machine: &mut Machine) -> Vec<Event> {
    std::iter::from_fn(|| machine.poll_event()).collect()
}

fn receipt(n: u64, standing: Standing) -> sync::wire::ChangeReceipt {
    sync::wire::ChangeReceipt { change: Some(change_id(n)), received_at: second(0), standing }
}

fn applied() -> Standing {
    Standing::Applied { versions: Vec::new(), merged: false }
}

#[test]
fn a_new_workstation_asks_for_directives_first() {
    let mut machine = Machine::new(Config::default(), Restored::default(), 1, second(0));
    let first = transmits(&mut machine);
    assert_eq!(first.iter().map(|t| &t.request).collect::<Vec<_>>(), [&Request::Directives]);
}

#[test]
fn while_a_request_is_queued_the_machine_asks_to_be_woken_now() {
    let mut machine = machine();
    machine.handle_saved(queued(0, None), second(5));
    assert_eq!(machine.poll_timeout(), Some(second(5)));
    assert_eq!(transmits(&mut machine).len(), 1);
    assert!(machine.poll_timeout().unwrap() > second(5));
}

#[test]
fn a_saved_change_goes_out_at_once_and_only_once_until_it_is_answered() {
    let mut machine = machine();
    machine.handle_saved(queued(0, None), second(1));
    machine.handle_saved(queued(1, None), second(1));
    let out = transmits(&mut machine);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].request, Request::DeliverChanges { changes: vec![change_id(0)] });
    machine.handle_answer(out[0].id, Answer::Receipts(vec![receipt(0, applied())]), second(2));
    let next = transmits(&mut machine);
    assert_eq!(next[0].request, Request::DeliverChanges { changes: vec![change_id(1)] });
    assert_eq!(machine.unsent_changes(), 1);
}

#[test]
fn a_lost_answer_means_sending_again_and_a_late_one_still_counts() {
    let mut machine = machine();
    machine.handle_saved(queued(0, None), second(1));
    let lost = machine.poll_transmit().unwrap();
    machine.handle_timeout(second(62));
    assert!(events(&mut machine).contains(&Event::Offline));
    machine.handle_timeout(second(70));
    let again = transmits(&mut machine);
    assert_eq!(again.len(), 1, "one probe while contact is lost");
    machine.handle_answer(lost.id, Answer::Receipts(vec![receipt(0, applied())]), second(71));
    let told = events(&mut machine);
    let received_at = receipt(0, applied()).received_at;
    assert!(told.contains(&Event::ChangeSettled { change: change_id(0), standing: applied(), received_at }));
    assert_eq!(machine.unsent_changes(), 0);
}

#[test]
fn a_refusal_stops_what_stands_on_it_and_nothing_else() {
    let mut machine = machine();
    for change in [queued(0, None), queued(1, Some(0)), queued(2, Some(1)), queued(3, None)] {
        machine.handle_saved(change, second(1));
    }
    let out = machine.poll_transmit().unwrap();
    let refused = Standing::Refused { code: RefusalCode::NotAllowed };
    machine.handle_answer(out.id, Answer::Receipts(vec![receipt(0, refused)]), second(2));
    let told = events(&mut machine);
    for stopped in [1, 2] {
        let event = Event::ChangeStopped { change: change_id(stopped), because: change_id(0) };
        assert!(told.contains(&event), "{told:?}");
    }
    let next = machine.poll_transmit().unwrap();
    assert_eq!(next.request, Request::DeliverChanges { changes: vec![change_id(3)] });
    machine.handle_saved(queued(4, Some(2)), second(3));
    let because = change_id(0);
    assert_eq!(events(&mut machine), [Event::ChangeStopped { change: change_id(4), because }]);
}

#[test]
fn a_refusal_from_before_a_restart_still_stops_what_stands_on_it() {
    let restored = Restored {
        changes: vec![queued(1, Some(0)), queued(2, None)],
        refused: vec![change_id(0)],
        log: None,
    };
    let mut machine = Machine::new(Config::default(), restored, 1, second(0));
    let sent: Vec<_> = transmits(&mut machine).into_iter().map(|t| t.request).collect();
    assert!(sent.contains(&Request::DeliverChanges { changes: vec![change_id(2)] }), "{sent:?}");
    let because = change_id(0);
    assert_eq!(events(&mut machine), [Event::ChangeStopped { change: change_id(1), because }]);
}

#[test]
fn a_change_that_is_too_large_in_company_goes_alone() {
    let mut machine = Machine::new(
        Config::default(),
        Restored { changes: (0..8).map(|n| queued(n, None)).collect(), ..Restored::default() },
        1,
        second(0),
    );
    let deliver = |machine: &mut Machine| {
        transmits(machine).into_iter().find_map(|t| {
            let Request::DeliverChanges { changes } = t.request else { return None };
            Some((t.id, changes.len()))
        })
    };
    let (id, all) = deliver(&mut machine).unwrap();
    assert_eq!(all, 8);
    machine.handle_failure(id, Failure::Refused { code: ProblemCode::TooLarge, log_size: None }, second(1));
    let mut last = None;
    for _ in 0..8 {
        let Some((id, count)) = deliver(&mut machine) else { break };
        last = Some(count);
        machine.handle_failure(
            id,
            Failure::Refused { code: ProblemCode::TooLarge, log_size: None },
            second(1),
        );
    }
    assert_eq!(last, Some(1));
    assert!(!events(&mut machine).is_empty());
    assert!(machine.poll_timeout().unwrap() > second(1), "and then it waits");
}

#[test]
fn audit_events_go_out_in_one_unbroken_run() {
    let mut machine = machine();
    machine.handle_log(log_id(), 1_500, second(1));
    let out = machine.poll_transmit().unwrap();
    assert_eq!(out.request, Request::DeliverAudit { log: log_id(), first_index: 0, count: 1_000 });
    machine.handle_log(log_id(), 1_600, second(2));
    assert_eq!(transmits(&mut machine), []);
    machine.handle_answer(out.id, Answer::Audit { size: 1_000 }, second(3));
    let next = machine.poll_transmit().unwrap();
    assert_eq!(next.request, Request::DeliverAudit { log: log_id(), first_index: 1_000, count: 600 });
    assert_eq!(machine.unsent_events(), 600);
}

#[test]
fn a_server_that_lacks_events_is_given_them_from_where_it_stands() {
    let position = LogPosition { log: log_id(), size: 100, delivered: 90 };
    let restored = Restored { log: Some(position), ..Restored::default() };
    let mut machine = Machine::new(Config::default(), restored, 1, second(0));
    let out = transmits(&mut machine).pop().unwrap();
    let gap = Failure::Refused { code: ProblemCode::LogGap, log_size: Some(40) };
    machine.handle_failure(out.id, gap, second(1));
    let again = machine.poll_transmit().unwrap();
    assert_eq!(again.request, Request::DeliverAudit { log: log_id(), first_index: 40, count: 60 });
}

#[test]
fn a_server_ahead_of_the_disk_is_an_alarm_and_delivery_stops() {
    let mut machine = machine();
    machine.handle_log(log_id(), 10, second(1));
    let out = machine.poll_transmit().unwrap();
    machine.handle_answer(out.id, Answer::Audit { size: 50 }, second(2));
    let alarm = Event::LogAlarm { log: log_id(), reason: LogAlarm::ServerAhead };
    assert_eq!(events(&mut machine), [alarm]);
    machine.handle_log(log_id(), 11, second(3));
    assert_eq!(transmits(&mut machine), []);
}

#[test]
fn without_a_session_nothing_is_pulled_and_with_one_every_drawer_is() {
    let mut machine = machine();
    machine.handle_sync_now(second(1));
    assert!(transmits(&mut machine).iter().all(|t| t.request == Request::Directives));
    let cursors = vec![Cursor::start(Drawer::Demographics), Cursor { drawer: Drawer::Clinical, after: 7 }];
    machine.handle_session(cursors.clone(), second(2));
    let pulled: Vec<_> = transmits(&mut machine).into_iter().map(|t| t.request).collect();
    assert_eq!(pulled, cursors.map_requests());
    machine.handle_session(Vec::new(), second(3));
    machine.handle_timeout(second(300));
    assert!(transmits(&mut machine).iter().all(|t| t.request == Request::Directives));
}

trait MapRequests {
    fn map_requests(self) -> Vec<Request>;
}

impl MapRequests for Vec<Cursor> {
    fn map_requests(self) -> Vec<Request> {
        self.into_iter().map(|cursor| Request::Pull { cursor, count: 500 }).collect()
    }
}

#[test]
fn an_ended_session_is_told_and_pulling_rests_until_the_next() {
    let mut machine = machine();
    machine.handle_session(vec![Cursor::start(Drawer::Clinical)], second(1));
    let out = machine.poll_transmit().unwrap();
    let ended = Failure::Refused { code: ProblemCode::SessionRequired, log_size: None };
    machine.handle_failure(out.id, ended, second(2));
    assert_eq!(events(&mut machine), [Event::SessionEnded]);
    machine.handle_session(vec![Cursor::start(Drawer::Clinical)], second(3));
    assert_eq!(transmits(&mut machine).len(), 1);
}

#[test]
fn pages_grow_while_they_are_quick_and_shrink_when_they_are_slow() {
    let mut machine = machine();
    machine.handle_session(vec![Cursor::start(Drawer::Clinical)], second(0));
    let mut at = second(0);
    let mut sizes = Vec::new();
    for millis in [100, 100, 100, 5_000, 5_000, 100] {
        let out = machine.poll_transmit().unwrap();
        let Request::Pull { cursor, count } = out.request else { panic!("{out:?}") };
        sizes.push(count);
        at = at.checked_add(SignedDuration::from_millis(millis)).unwrap();
        let next = Cursor { after: cursor.after + u64::from(count), ..cursor };
        let page = Answer::Page { body: Vec::new(), next, more: true, entries: count };
        machine.handle_answer(out.id, page, at);
        assert!(matches!(events(&mut machine)[..], [Event::Page { .. }]));
        machine.handle_page_applied(next, at);
    }
    assert_eq!(sizes, [500, 1_000, 2_000, 4_000, 2_000, 1_000]);
}

#[test]
fn at_most_two_pages_wait_to_be_applied() {
    let mut machine = machine();
    machine.handle_session(vec![Cursor::start(Drawer::Clinical)], second(0));
    for _ in 0..2 {
        let out = machine.poll_transmit().unwrap();
        let Request::Pull { cursor, count } = out.request else { panic!("{out:?}") };
        let next = Cursor { after: cursor.after + u64::from(count), ..cursor };
        machine.handle_answer(
            out.id,
            Answer::Page { body: Vec::new(), next, more: true, entries: count },
            second(1),
        );
    }
    assert_eq!(transmits(&mut machine), []);
    machine.handle_page_applied(Cursor { drawer: Drawer::Clinical, after: 500 }, second(1));
    assert_eq!(transmits(&mut machine).len(), 1);
}

#[test]
fn a_page_that_could_not_be_applied_is_asked_for_again() {
    let mut machine = machine();
    let start = Cursor::start(Drawer::Clinical);
    machine.handle_session(vec![start], second(0));
    let out = machine.poll_transmit().unwrap();
    let next = Cursor { after: 500, ..start };
    machine.handle_answer(
        out.id,
        Answer::Page { body: Vec::new(), next, more: false, entries: 500 },
        second(1),
    );
    machine.handle_page_failed(start, second(1));
    assert_eq!(events(&mut machine), [], "the page that waited is taken back");
    machine.handle_timeout(second(120));
    let again = transmits(&mut machine);
    assert!(
        again.iter().any(|t| matches!(t.request, Request::Pull { cursor, .. } if cursor == start)),
        "{again:?}"
    );
}

#[test]
fn a_server_away_is_tried_ever_more_rarely_but_at_least_every_five_minutes() {
    let mut clinic = Clinic::new(3);
    clinic.cut = true;
    clinic.save(None);
    clinic.run(7_200);
    assert_eq!(clinic.machine.is_online(), Some(false));
    let wait = clinic.now.duration_until(clinic.machine.next_try().unwrap());
    assert!(wait <= SignedDuration::from_secs(300) && wait > SignedDuration::ZERO, "{wait:?}");
    clinic.cut = false;
    clinic.run(300);
    assert_eq!(clinic.machine.unsent_changes(), 0);
    assert_eq!(clinic.machine.is_online(), Some(true));
}

#[test]
fn a_clock_that_is_set_back_by_years_stops_nothing() {
    let mut machine = machine();
    machine.handle_saved(queued(0, None), second(1));
    let out = machine.poll_transmit().unwrap();
    machine.handle_failure(out.id, Failure::Unreachable, second(1));
    while machine.poll_event().is_some() {}
    let back = second(-100_000_000);
    machine.handle_timeout(back);
    assert!(!transmits(&mut machine).is_empty());
}

#[test]
fn a_revoked_workstation_asks_for_directives_and_nothing_else() {
    let mut machine = machine();
    machine.handle_saved(queued(0, None), second(1));
    machine.handle_log(log_id(), 5, second(1));
    let out = machine.poll_transmit().unwrap();
    let revoked = Failure::Refused { code: ProblemCode::DeviceRevoked, log_size: None };
    machine.handle_failure(out.id, revoked, second(2));
    assert_eq!(events(&mut machine), [Event::DeviceRevoked]);
    while machine.poll_transmit().is_some() {}
    machine.handle_timeout(second(400));
    assert!(transmits(&mut machine).iter().all(|t| t.request == Request::Directives));
    assert_eq!(machine.unsent_changes(), 1, "and keeps what it has");
}

#[test]
fn a_change_whose_base_the_server_lost_brings_the_base_back() {
    let mut machine = machine();
    machine.handle_saved(queued(1, Some(0)), second(1));
    let out = machine.poll_transmit().unwrap();
    let waiting = Standing::Waiting { missing: change_id(0) };
    machine.handle_answer(out.id, Answer::Receipts(vec![receipt(1, waiting)]), second(2));
    assert_eq!(events(&mut machine), [Event::ChangeMissing { missing: change_id(0) }]);
    machine.handle_saved(queued(0, None), second(2));
    machine.handle_timeout(second(10));
    let out = machine.poll_transmit().unwrap();
    assert_eq!(out.request, Request::DeliverChanges { changes: vec![change_id(0)] });
    machine.handle_answer(out.id, Answer::Receipts(vec![receipt(0, applied())]), second(11));
    let next = machine.poll_transmit().unwrap();
    assert_eq!(next.request, Request::DeliverChanges { changes: vec![change_id(1)] });
}
