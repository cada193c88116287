//! A drawer of which the server has nothing.

use records::Drawer;
use sync::wire::Cursor;
use sync::{Answer, Event, Request};

use crate::clinic::second;
use crate::machine::{events, machine, transmits};

#[test]
fn that_a_drawer_is_empty_is_handed_over_once() {
    let mut machine = machine();
    let start = Cursor::start(Drawer::Sensitive);
    machine.handle_session(vec![start], second(0));
    let nothing = || Answer::Page { body: Vec::new(), next: start, more: false, entries: 0 };
    let out = machine.poll_transmit().unwrap();
    machine.handle_answer(out.id, nothing(), second(1));
    assert!(
        matches!(events(&mut machine)[..], [Event::Page { from, next, .. }] if from == start && next == start)
    );
    machine.handle_page_applied(start, second(1));

    machine.handle_timeout(second(600));
    let again = transmits(&mut machine);
    let pull = again.iter().find(|out| matches!(out.request, Request::Pull { .. })).unwrap();
    machine.handle_answer(pull.id, nothing(), second(601));
    assert!(!events(&mut machine).iter().any(|event| matches!(event, Event::Page { .. })));
}
