//! Pages that were asked for from where the vault stands no more.

use records::Drawer;
use sync::wire::Cursor;
use sync::{Answer, Event, Request};

use crate::clinic::second;
use crate::machine::{events, machine, transmits};

#[test]
fn a_session_got_while_pages_are_applied_goes_on_where_the_pages_are() {
    let mut machine = machine();
    let start = Cursor::start(Drawer::Clinical);
    machine.handle_session(vec![start], second(0));
    let mut asked = Vec::new();
    for _ in 0..2 {
        let out = machine.poll_transmit().unwrap();
        let Request::Pull { cursor, count } = out.request else { panic!("{out:?}") };
        asked.push(cursor);
        let next = Cursor { after: cursor.after + u64::from(count), ..cursor };
        let page = Answer::Page { body: Vec::new(), next, more: true, entries: count };
        machine.handle_answer(out.id, page, second(1));
    }
    // The vault has applied the first page; the machine has not been told when the session comes.
    machine.handle_session(vec![asked[1]], second(1));
    assert_eq!(transmits(&mut machine), [], "both pages are here");
    machine.handle_page_applied(asked[1], second(1));
    let next = transmits(&mut machine).pop().unwrap();
    assert!(
        matches!(next.request, Request::Pull { cursor, .. } if cursor.after > asked[1].after),
        "{next:?}"
    );
}

#[test]
fn a_page_from_where_the_vault_stands_no_more_holds_nobody_up() {
    let mut machine = machine();
    let start = Cursor::start(Drawer::Clinical);
    let far = Cursor { after: 1_000, ..start };
    let page = |from: Cursor| Answer::Page {
        body: Vec::new(),
        next: Cursor { after: from.after + 500, ..from },
        more: false,
        entries: 500,
    };
    machine.handle_session(vec![far], second(0));
    let old = machine.poll_transmit().unwrap();
    machine.handle_answer(old.id, page(far), second(1));
    events(&mut machine);
    // The drawer was set back, and the page that was under way did not fit any more.
    machine.handle_session(vec![start], second(1));
    let fresh = transmits(&mut machine).pop().unwrap();
    machine.handle_page_failed(far, second(1));
    machine.handle_answer(fresh.id, page(start), second(2));
    let told = events(&mut machine);
    assert!(told.iter().any(|event| matches!(event, Event::Page { from, .. } if *from == start)), "{told:?}");
}
