//! Alarms over the audit log: from an answer, or from what is thought of one.

use crate::clinic::{log_id, second};
use crate::machine::{events, machine, transmits};
use sync::wire::ProblemCode;
use sync::{Event, Failure, LogAlarm, Request};

#[test]
fn marks_that_are_not_believed_are_an_alarm_and_are_not_sent_again() {
    let mut machine = machine();
    machine.handle_log(log_id(), 10, second(1));
    let out = machine.poll_transmit().unwrap();
    let refused = Failure::Refused { code: ProblemCode::MarksRefused, log_size: Some(0) };
    machine.handle_failure(out.id, refused, second(2));
    let alarm = Event::LogAlarm { log: log_id(), reason: LogAlarm::MarksRefused };
    assert!(events(&mut machine).contains(&alarm));
    machine.handle_timeout(second(900));
    let sent = transmits(&mut machine);
    assert!(!sent.iter().any(|out| matches!(out.request, Request::DeliverAudit { .. })), "{sent:?}");
}

#[test]
fn a_word_on_the_log_that_is_not_believed_is_an_alarm_and_delivery_stops() {
    let mut machine = machine();
    machine.handle_log(log_id(), 10, second(1));
    let out = machine.poll_transmit().unwrap();
    machine.handle_log_alarm(LogAlarm::ReceiptRefused, second(2));
    machine.handle_failure(
        out.id,
        Failure::Refused { code: ProblemCode::Internal, log_size: None },
        second(2),
    );
    let alarm = Event::LogAlarm { log: log_id(), reason: LogAlarm::ReceiptRefused };
    assert!(events(&mut machine).contains(&alarm));
    assert_eq!(machine.unsent_events(), 10);
    machine.handle_timeout(second(900));
    let sent = transmits(&mut machine);
    assert!(!sent.iter().any(|out| matches!(out.request, Request::DeliverAudit { .. })), "{sent:?}");
}
