//! Orders to workstations, and what else they ask for in passing.

use crate::clinic::Clinic;
use crate::workstation::Workstation;
use chartkeep_server::{directing, people};
use keys::{Purpose, Random, Signature, grant};
use records::id::{DeviceId, PersonId};
use records::{Drawer, Role};
use sync::wire::{
    Base64Bytes, Directive, DirectiveOrder, DirectivesRequest, DirectivesResponse, DiskState, GrantsRequest,
    GrantsResponse, MachineReport, Policy, path,
};

pub(crate) fn ask(workstation: &Workstation<'_>, done: u64) -> DirectivesResponse {
    let request = DirectivesRequest { done, trust_bundle: 1, ..DirectivesRequest::default() };
    workstation.post(path::DIRECTIVES, &request).json()
}

#[test]
fn a_workstation_without_orders_hears_the_time_and_the_policy() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let answer = ask(&workstation, 0);
    assert_eq!((answer.now, answer.policy, answer.directives.len()), (clinic.now(), Policy::default(), 0));
    assert!(answer.trust_bundle.is_none() && answer.renewal.is_none());
}

#[test]
fn orders_come_in_their_order_signed_for_this_workstation_until_they_are_done() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let wipe = DirectiveOrder::Wipe { deliver_first: true };
    assert_eq!(directing::order(&clinic.practice, workstation.id, &DirectiveOrder::Lock).unwrap(), 1);
    assert_eq!(directing::order(&clinic.practice, workstation.id, &wipe).unwrap(), 2);
    let given = ask(&workstation, 0).directives;
    let orders: Vec<_> = given.iter().map(|directive| (directive.number, directive.order.clone())).collect();
    assert_eq!(orders, [(1, DirectiveOrder::Lock), (2, wipe)]);
    let key = &workstation.trust.directive_key;
    for directive in &given {
        let signature = Signature::from_bytes(directive.signature.to_array().unwrap());
        let signed = |device| Directive::signed_bytes(device, directive.number, &directive.order);
        assert!(key.verify(Purpose::Directive, &signed(workstation.id), &signature).is_ok());
        assert!(key.verify(Purpose::Directive, &signed(other.id), &signature).is_err());
    }
    assert_eq!(ask(&workstation, 1).directives.len(), 1);
    assert_eq!(ask(&workstation, 2).directives.len(), 0);
    assert_eq!(ask(&other, 0).directives.len(), 0);
}

#[test]
fn when_somebody_leaves_the_workstations_that_knew_them_are_told_to_forget_them() {
    let clinic = Clinic::open();
    let (workstation, other) = (clinic.enrol(), clinic.enrol());
    let nora = workstation.activate("nora", Role::Nurse);
    people::end_person(&clinic.practice, nora.id).unwrap();
    let orders: Vec<_> =
        ask(&workstation, 0).directives.into_iter().map(|directive| directive.order).collect();
    let re_key = |drawer| DirectiveOrder::ReKey { drawer, generation: 2 };
    let expected = [
        DirectiveOrder::DropPerson { person: nora.id, before: None },
        re_key(Drawer::Demographics),
        re_key(Drawer::Clinical),
    ];
    assert_eq!(orders, expected);
    assert_eq!(ask(&other, 0).directives.len(), 0);
}

#[test]
fn a_re_key_hands_out_both_generations_until_the_workstation_has_done_it() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    workstation.activate("nora", Role::Nurse);
    let generations = || {
        let answer: GrantsResponse = workstation.post(path::GRANTS, &GrantsRequest {}).json();
        let header =
            |grant: &Base64Bytes| grant::verify(grant.as_slice(), &workstation.trust.rights_key).unwrap();
        let mut found: Vec<_> = answer.grants.iter().map(header).map(|h| (h.drawer, h.generation)).collect();
        found.sort();
        found
    };
    let both = |clinical: &[u32]| {
        let mut expected: Vec<_> = clinical.iter().map(|number| ("clinical".to_owned(), *number)).collect();
        expected.push(("demographics".to_owned(), 1));
        expected
    };
    assert_eq!(generations(), both(&[1]));
    assert_eq!(directing::re_key(&clinic.practice, workstation.id, Drawer::Clinical).unwrap(), (1, 2));
    assert_eq!(generations(), both(&[1, 2]));
    assert_eq!(directing::re_key(&clinic.practice, workstation.id, Drawer::Clinical).unwrap(), (2, 3));
    assert_eq!(generations(), both(&[1, 2, 3]));
    ask(&workstation, 2);
    assert_eq!(generations(), both(&[3]), "what was replaced is not handed out any more");
}

#[test]
fn an_order_to_a_workstation_nobody_knows_is_refused_with_an_advice() {
    let clinic = Clinic::open();
    let nobody = DeviceId::from_uuid(Random::from_os().uuid());
    let failure = directing::order(&clinic.practice, nobody, &DirectiveOrder::Lock).unwrap_err();
    assert!(!failure.advice.is_empty());
}

#[test]
fn the_wire_form_of_orders_is_fixed() {
    let check = |order: DirectiveOrder, json: &str| assert_eq!(serde_json::to_string(&order).unwrap(), json);
    check(DirectiveOrder::Lock, r#"{"order":"lock"}"#);
    check(DirectiveOrder::Wipe { deliver_first: true }, r#"{"order":"wipe","deliver_first":true}"#);
    let person: PersonId = "01900000-0000-7000-8000-000000000001".parse().unwrap();
    let json = r#"{"order":"drop-person","person":"01900000-0000-7000-8000-000000000001""#;
    check(DirectiveOrder::DropPerson { person, before: None }, &format!("{json}}}"));
    check(DirectiveOrder::DropPerson { person, before: Some(2) }, &format!("{json},\"before\":2}}"));
    let rekey = DirectiveOrder::ReKey { drawer: Drawer::Clinical, generation: 2 };
    check(rekey, r#"{"order":"re-key","drawer":"clinical","generation":2}"#);
}

#[test]
fn keys_older_than_the_policy_says_are_replaced_by_themselves_once() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let re_keys = |done: u64| {
        let orders = ask(&workstation, done).directives.into_iter().map(|directive| directive.order);
        orders.filter(|order| matches!(order, DirectiveOrder::ReKey { .. })).count()
    };
    let days = |days: i64| clinic.advance(days * 24 * 3600);
    people::set_rekey_days(&clinic.practice, 30).unwrap();
    days(29);
    assert_eq!(re_keys(0), 0);
    days(1);
    assert_eq!(re_keys(0), Drawer::ALL.len());
    days(40);
    assert_eq!(re_keys(0), Drawer::ALL.len(), "what is under way is not ordered again");
    assert_eq!(re_keys(4), Drawer::ALL.len(), "the newest keys were forty days old when the old ones went");
    assert_eq!(re_keys(8), 0);
    people::set_rekey_days(&clinic.practice, 0).unwrap();
    days(5);
    assert_eq!(re_keys(8), 0, "never");
}

#[test]
fn whether_keys_are_due_is_a_matter_of_their_age_alone() {
    let now = jiff::Timestamp::from_second(2_000_000_000).unwrap();
    let ago = |hours: i64| now.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap();
    let due = |made: &[jiff::Timestamp], days| directing::is_re_key_due(made, days, now);
    assert!(due(&[ago(24 * 365)], 365) && !due(&[ago(24 * 365 - 1)], 365));
    assert!(!due(&[ago(24 * 365)], 0), "no calendar");
    assert!(!due(&[ago(1), ago(24 * 400)], 365), "newer keys are on their way");
    assert!(!due(&[], 365) && !due(&[now], u32::MAX));
}

#[test]
fn the_device_list_shows_what_a_workstation_says_of_itself_and_what_deserves_a_look() {
    let clinic = Clinic::open();
    let workstation = clinic.enrol();
    let list = |stale| chartkeep_server::inventory::list(&clinic.practice, stale).unwrap();
    assert_eq!((list(None)[0].disk.as_str(), list(None)[0].look_at.len()), ("unknown", 0));
    let machine = MachineReport {
        system: "Debian GNU/Linux 12\u{7}".to_owned(),
        disk: DiskState::Plain,
        swap: DiskState::Absent,
        unsent_changes: 3,
        unsent_events: 40,
    };
    let report = DirectivesRequest {
        program: "0.1.0".to_owned(),
        machine: Some(machine),
        ..DirectivesRequest::default()
    };
    let _heard: DirectivesResponse = workstation.post(path::DIRECTIVES, &report).json();
    let entry = list(None).remove(0);
    assert_eq!(
        (entry.system.as_str(), entry.disk.as_str(), entry.swap.as_str()),
        ("Debian GNU/Linux 12", "plain", "absent")
    );
    assert_eq!((entry.unsent_changes, entry.unsent_events, entry.days_away), (3, 40, 0));
    assert_eq!(entry.look_at, ["disk-plain"]);
    // An older program says less; what was said before stays.
    let less = DirectivesRequest { program: "0.1.1".to_owned(), ..DirectivesRequest::default() };
    let _heard: DirectivesResponse = workstation.post(path::DIRECTIVES, &less).json();
    assert_eq!((list(None)[0].program.as_str(), list(None)[0].disk.as_str()), ("0.1.1", "plain"));
    clinic.advance(80 * 24 * 3600);
    assert_eq!(list(None)[0].look_at, ["lease-ended", "certificate-ends-soon", "disk-plain"]);
    assert_eq!((list(Some(80)).len(), list(Some(81)).len()), (1, 0));
    let table = chartkeep_server::inventory::csv(&list(None));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    people::revoke_device(&clinic.practice, workstation.id).unwrap();
    assert_eq!((list(Some(80)).len(), list(None)[0].look_at.len()), (0, 0));
}
