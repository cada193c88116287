//! What comes by file: taken in once, whoever brings it, and a bad item costs only itself.

use crate::clinic::{Clinic, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::carrying::take_items;
use chartkeep_server::people;
use keys::courier::{EventsFrom, Item, OpenedEvents};
use keys::{AgreementSecret, Random};
use records::change::Base;
use records::event::{Node, Observer, Stamp};
use records::id::EventId;
use records::{AuditEvent, Document, Role};
use sync::wire::{self, CourierRequest, CourierResponse, ItemStanding, audit_batch_json};

fn event(workstation: &Workstation<'_>) -> Vec<u8> {
    let stamp = Stamp {
        id: EventId::from_uuid(Random::from_os().uuid()),
        at: workstation.clinic.now(),
        observer: Observer::Workstation(workstation.id),
    };
    let node = Node { practice: workstation.enrolled.practice_id, device: workstation.id };
    AuditEvent::app_started(stamp, node, "1").into_bytes()
}

fn events_item(workstation: &Workstation<'_>, before: &[Vec<u8>], events: &[Vec<u8>]) -> Vec<u8> {
    let tree = workstation.tree(workstation.log, &[before, events].concat());
    let opened = OpenedEvents {
        note: workstation.note(workstation.log, &tree, &workstation.checkpoint_key),
        batch: audit_batch_json(events, None),
    };
    let from = EventsFrom {
        practice: workstation.enrolled.practice_id.uuid(),
        device: workstation.id.uuid(),
        log: workstation.log.uuid(),
        first: before.len() as u64,
        count: u32::try_from(events.len()).unwrap(),
    };
    let item = Item::of_events(&from, &opened, &workstation.trust.sealing_key, &mut Random::from_os());
    item.unwrap().to_bytes()
}

fn change_item(workstation: &Workstation<'_>, person: &Person, entries: Vec<(Document, Base)>) -> Vec<u8> {
    Item::of_envelope(workstation.envelope(person, entries).1).unwrap().to_bytes()
}

fn standings(response: &CourierResponse) -> Vec<ItemStanding> {
    response.results.iter().map(|result| result.standing).collect()
}

/// A nurse at a workstation, a patient, and a second workstation that reaches the server.
fn scene(clinic: &Clinic) -> (Workstation<'_>, Person, Workstation<'_>) {
    take_in(clinic, &[patient("p1")]);
    let (away, near) = (clinic.enrol(), clinic.enrol());
    let nora = away.activate("nora", Role::Nurse);
    people::add_relation(&clinic.practice, nora.id, "p1".parse().unwrap(), 1).unwrap();
    (away, nora, near)
}

#[test]
fn another_workstation_brings_changes_and_events_and_twice_is_as_once() {
    let clinic = Clinic::open();
    let (away, nora, near) = scene(&clinic);
    let first = change_item(&away, &nora, vec![(observation("o1", "p1", "70"), Base::None)]);
    let second = change_item(&away, &nora, vec![(observation("o2", "p1", "71"), Base::None)]);
    let events = [event(&away), event(&away)];
    let items = [
        second,
        events_item(&away, &events[..1], &events[1..]),
        first,
        events_item(&away, &[], &events[..1]),
    ];
    let request = CourierRequest { items: items.iter().map(|item| item.as_slice().into()).collect() };
    for _ in 0..2 {
        let response: CourierResponse = near.post(wire::path::COURIER, &request).json();
        assert_eq!(standings(&response), [ItemStanding::Held; 4]);
        assert_eq!(clinic.look(|tx| tx.applied_changes()), 2);
        assert_eq!(clinic.look(|tx| tx.log(away.log)).unwrap().tree.size(), 2);
        let answer = Item::parse(response.answers[0].as_slice()).unwrap();
        assert_eq!((response.answers.len(), answer.header.device), (1, away.id.uuid()));
        // The key of this test's workstation was thrown away; that it opens for its own key is shown in `keys`.
        let stranger = AgreementSecret::make(&mut Random::from_os());
        assert!(answer.open_answers(&stranger, &away.trust.directive_key).is_err());
    }
    assert_eq!(away.deliver(&events, &[event(&away)]).status, 200, "the log goes on over the wire");
}

#[test]
fn bad_items_are_refused_one_by_one_and_what_waits_is_said() {
    let clinic = Clinic::open();
    let (away, nora, _near) = scene(&clinic);
    let good = change_item(&away, &nora, vec![(observation("o1", "p1", "70"), Base::None)]);
    let mut damaged = good.clone();
    damaged[200] ^= 1;
    let (missing, _never_brought) = away.envelope(&nora, vec![(observation("o2", "p1", "71"), Base::None)]);
    let waits = change_item(&away, &nora, vec![(observation("o2", "p1", "72"), Base::Change(missing))]);
    let events = [event(&away), event(&away)];
    let gap = events_item(&away, &events[..1], &events[1..]);
    let response = take_items(&clinic.practice, &[damaged, good, waits, gap]).unwrap();
    let expected = [ItemStanding::Refused, ItemStanding::Held, ItemStanding::Waits, ItemStanding::Waits];
    assert_eq!(standings(&response), expected);
    assert_eq!(response.results[0].name, "item");
}

#[test]
fn items_of_another_practice_or_an_unknown_workstation_are_refused() {
    let (clinic, other) = (Clinic::open(), Clinic::open());
    let (away, nora, _near) = scene(&clinic);
    let item = change_item(&away, &nora, vec![(observation("o1", "p1", "70"), Base::None)]);
    let response = take_items(&other.practice, &[item]).unwrap();
    assert_eq!(standings(&response), [ItemStanding::Refused]);
    assert!(response.answers.is_empty());
}

#[test]
fn what_a_revoked_workstation_wrote_is_put_aside_and_not_dropped() {
    let clinic = Clinic::open();
    let (away, nora, _near) = scene(&clinic);
    let item = change_item(&away, &nora, vec![(observation("o1", "p1", "70"), Base::None)]);
    people::revoke_device(&clinic.practice, away.id).unwrap();
    let response = take_items(&clinic.practice, &[item]).unwrap();
    assert_eq!(standings(&response), [ItemStanding::Held]);
    assert_eq!(clinic.look(|tx| tx.applied_changes()), 0);
    assert_eq!(clinic.look(|tx| tx.count_alerts(chartkeep_server::store::AlertKind::ChangeQuarantined)), 1);
}

#[test]
fn events_that_a_lost_workstation_left_in_a_mirror_are_taken_into_its_old_log() {
    let clinic = Clinic::open();
    let (away, _nora, _near) = scene(&clinic);
    let events = [event(&away), event(&away)];
    assert_eq!(away.deliver(&[], &events[..1]).status, 200);
    let left = events_item(&away, &events[..1], &events[1..]);
    // Enrolled again by hand: what two people do for it is shown in `rescue`.
    let row = clinic.look(|tx| tx.device(away.id)).unwrap();
    let again = chartkeep_server::store::NewDevice {
        id: row.id,
        practice: row.practice,
        label: row.label,
        certificate: chartkeep_server::store::CertificateRow { fingerprint: [1; 32], until: clinic.now() },
        checkpoint_key: keys::SigningKey::make(&mut Random::from_os()).verifying_key(),
        agreement_key: row.agreement_key,
        escrow: None,
        enrolled_at: clinic.now(),
    };
    chartkeep_server::store::write(clinic.practice.store.as_ref(), |tx| tx.enrol_again(&again)).unwrap();
    let response = take_items(&clinic.practice, &[left]).unwrap();
    assert_eq!(standings(&response), [ItemStanding::Held], "signed by the key it had then");
    assert_eq!(clinic.look(|tx| tx.log(away.log)).unwrap().tree.size(), 2);
    assert!(chartkeep_server::verifying::verify(&clinic.practice).unwrap().ok);
}
