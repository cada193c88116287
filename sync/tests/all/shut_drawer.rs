//! Drawers that are shut: pages come without a session, sealed, and are handed over to be kept.

use records::Drawer;
use sync::wire::{Cursor, ProblemCode};
use sync::{Answer, Event, Failure, Machine, Request, Transmit};

use crate::clinic::second;
use crate::machine::{events, machine, transmits};

fn at(after: u64) -> Cursor {
    Cursor { drawer: Drawer::Clinical, after }
}

fn page(next: Cursor, more: bool) -> Answer {
    Answer::Page { body: b"sealed".to_vec(), next, more, entries: 1 }
}

/// What is asked for now of drawers that are shut.
fn sealed(machine: &mut Machine) -> Vec<(Transmit, Cursor)> {
    let of = |out: Transmit| {
        let Request::PullSealed { cursor, .. } = out.request else { return None };
        Some((out, cursor))
    };
    transmits(machine).into_iter().filter_map(of).collect()
}

#[test]
fn pages_of_a_shut_drawer_are_asked_for_without_a_session_and_handed_over_to_be_kept() {
    let mut machine = machine();
    machine.handle_shut(vec![at(4)], second(0));
    let (out, cursor) = sealed(&mut machine).remove(0);
    assert_eq!(cursor, at(4));
    machine.handle_answer(out.id, page(at(9), true), second(1));
    let told = events(&mut machine);
    assert!(told.contains(&Event::SealedPage { from: at(4), next: at(9), body: b"sealed".to_vec() }));
    let (out, cursor) = sealed(&mut machine).remove(0);
    assert_eq!(cursor, at(9), "the next is fetched while this one is kept");
    machine.handle_page_applied(at(9), second(2));
    machine.handle_answer(out.id, page(at(9), false), second(2));
    assert!(!events(&mut machine).iter().any(|event| matches!(event, Event::SealedPage { .. })));
    machine.handle_timeout(second(30));
    assert!(sealed(&mut machine).is_empty(), "nothing more is known to be there");
}

#[test]
fn a_page_that_could_not_be_kept_is_asked_for_again() {
    let mut machine = machine();
    machine.handle_shut(vec![at(4)], second(0));
    let (out, _) = sealed(&mut machine).remove(0);
    machine.handle_answer(out.id, page(at(9), false), second(1));
    events(&mut machine);
    machine.handle_page_failed(at(4), second(1));
    machine.handle_timeout(second(100));
    assert_eq!(sealed(&mut machine).remove(0).1, at(4));
}

#[test]
fn of_a_drawer_that_is_opened_no_sealed_page_is_asked_for_nor_handed_over() {
    let mut machine = machine();
    machine.handle_shut(vec![at(4), Cursor::start(Drawer::Billing)], second(0));
    let (out, _) = sealed(&mut machine).remove(0);
    machine.handle_session(vec![at(6)], second(1));
    machine.handle_answer(out.id, page(at(9), true), second(1));
    let told = events(&mut machine);
    assert!(!told.iter().any(|event| matches!(event, Event::SealedPage { .. })), "{told:?}");
    let asked = transmits(&mut machine);
    assert!(asked.iter().any(|out| matches!(out.request, Request::Pull { cursor, .. } if cursor == at(6))));
    // The other drawer stays shut, and what it waits for stays out.
    machine.handle_shut(vec![Cursor::start(Drawer::Billing)], second(2));
    machine.handle_timeout(second(40));
    assert!(sealed(&mut machine).is_empty());
}

#[test]
fn the_end_of_a_session_leaves_shut_drawers_alone() {
    let mut machine = machine();
    machine.handle_session(vec![Cursor::start(Drawer::Demographics)], second(0));
    machine.handle_shut(vec![at(4)], second(0));
    let asked = transmits(&mut machine);
    let is_open = |out: &&Transmit| matches!(out.request, Request::Pull { .. });
    let (open, shut) = (asked.iter().find(is_open).unwrap(), asked.iter().find(|out| !is_open(out)).unwrap());
    let failure = Failure::Refused { code: ProblemCode::SessionRequired, log_size: None };
    machine.handle_failure(open.id, failure, second(1));
    assert!(events(&mut machine).contains(&Event::SessionEnded));
    machine.handle_answer(shut.id, page(at(9), true), second(2));
    assert!(matches!(events(&mut machine)[..], [Event::SealedPage { from, .. }] if from == at(4)));
    assert_eq!(sealed(&mut machine).remove(0).1, at(9));
    machine.handle_shut(Vec::new(), second(3));
    machine.handle_timeout(second(300));
    assert!(sealed(&mut machine).is_empty());
}
