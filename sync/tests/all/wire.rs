//! Fixed forms of what crosses the wire: they hold for ever.

use crate::clinic::{change_id, second};
use records::Drawer;
use records::id::{DeviceId, LogId, PersonId};
use sync::wire::{
    AuditBatch, AuditReceipt, Base64Bytes, ChangeReceipt, Cursor, Directive, DirectiveOrder,
    DirectivesResponse, HistoryMethod, HistoryPage, HistoryWriter, Policy, Problem, ProblemCode, RefusalCode,
    ResourceVersion, SecretText, Standing, audit_batch_json,
};
use uuid::Uuid;

#[test]
fn a_cursor_is_written_and_read_in_one_form_only() {
    let cursor = Cursor { drawer: Drawer::Clinical, after: 123 };
    assert_eq!(cursor.to_string(), "v1.clinical.123");
    assert_eq!("v1.clinical.123".parse(), Ok(cursor));
    for bad in
        ["", "v1.clinical", "v2.clinical.1", "v1.attic.1", "v1.clinical.+1", "v1.clinical.", "v1.clinical.1 "]
    {
        assert!(bad.parse::<Cursor>().is_err(), "{bad:?}");
    }
    assert!("v1.clinical.18446744073709551616".parse::<Cursor>().is_err());
}

#[test]
fn a_history_page_keeps_the_exact_bytes_of_each_resource() {
    let odd = br#"{ "resourceType":"Observation" , "id":"a-1","valueQuantity":{"value":1.50}}"#;
    let mut page = HistoryWriter::with_capacity(200);
    page.put("Observation", "a-1", 3, odd);
    page.delete("Condition", "c-9", 2);
    let next = Cursor { drawer: Drawer::Clinical, after: 9 };
    let last = Cursor { drawer: Drawer::Clinical, after: 40 };
    let body = page.finish(next, Some(last));
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        concat!(
            r#"{"resourceType":"Bundle","type":"history","entry":["#,
            r#"{"resource":{ "resourceType":"Observation" , "id":"a-1","valueQuantity":{"value":1.50}},"#,
            r#""request":{"method":"PUT","url":"Observation/a-1"},"response":{"status":"200","etag":"W/\"3\""}},"#,
            r#"{"request":{"method":"DELETE","url":"Condition/c-9"},"response":{"status":"204","etag":"W/\"2\""}}"#,
            r#"],"identifier":{"system":"urn:chartkeep:cursor","value":"v1.clinical.9"},"#,
            r#""link":[{"relation":"next","url":"/fhir/_history?_cursor=v1.clinical.9"},"#,
            r#"{"relation":"last","url":"/fhir/_history?_cursor=v1.clinical.40"}]}"#
        )
    );
    let read = HistoryPage::parse(&body).unwrap();
    assert_eq!((read.next, read.more, read.last, read.entries.len()), (next, true, Some(last), 2));
    assert_eq!((&*read.entries[0].key, read.entries[0].version), ("Observation/a-1", 3));
    assert!(matches!(read.entries[0].method, HistoryMethod::Put(bytes) if bytes == odd));
    assert!(matches!(read.entries[1].method, HistoryMethod::Delete));
}

#[test]
fn a_page_without_cursor_or_with_a_bodiless_put_is_refused() {
    let no_cursor = br#"{"resourceType":"Bundle","type":"history","entry":[]}"#;
    let no_body =
        br#"{"resourceType":"Bundle","type":"history","identifier":{"value":"v1.clinical.1"},"entry":[
        {"request":{"method":"PUT","url":"A/1"},"response":{"etag":"W/\"1\""}}]}"#;
    let other =
        br#"{"resourceType":"Bundle","type":"searchset","identifier":{"value":"v1.clinical.1"},"entry":[]}"#;
    for body in [&no_cursor[..], no_body, other, b"", b"[]"] {
        assert!(HistoryPage::parse(body).is_err());
    }
}

#[test]
fn an_audit_batch_keeps_the_exact_bytes_of_each_event() {
    let events = [br#"{"resourceType":"AuditEvent","id":"1"}"#.to_vec(), br#"{"odd" : [1.0]}"#.to_vec()];
    let body = audit_batch_json(&events, None);
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        concat!(
            r#"{"resourceType":"Bundle","type":"batch","entry":["#,
            r#"{"resource":{"resourceType":"AuditEvent","id":"1"},"request":{"method":"POST","url":"AuditEvent"}},"#,
            r#"{"resource":{"odd" : [1.0]},"request":{"method":"POST","url":"AuditEvent"}}"#,
            "]}"
        )
    );
    assert_eq!(AuditBatch::parse(&body).unwrap().events, [&events[0][..], &events[1][..]]);
    let delete = br#"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{},"request":{"method":"DELETE","url":"AuditEvent"}}]}"#;
    assert!(AuditBatch::parse(delete).is_err());
}

#[test]
fn the_marks_of_a_batch_come_beside_its_events() {
    let events = [br#"{"resourceType":"AuditEvent"}"#.to_vec()];
    let body = audit_batch_json(&events, Some(b"marks"));
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        concat!(
            r#"{"resourceType":"Bundle","meta":{"extension":[{"url":"urn:chartkeep:audit-marks","#,
            r#""valueBase64Binary":"bWFya3M="}]},"type":"batch","entry":["#,
            r#"{"resource":{"resourceType":"AuditEvent"},"request":{"method":"POST","url":"AuditEvent"}}]}"#
        )
    );
    let batch = AuditBatch::parse(&body).unwrap();
    assert_eq!((batch.events, batch.marks.as_deref()), (vec![&events[0][..]], Some(&b"marks"[..])));
    let bent = br#"{"resourceType":"Bundle","type":"batch","meta":{"extension":[{"url":"urn:chartkeep:audit-marks","valueBase64Binary":"?"}]}}"#;
    assert!(AuditBatch::parse(bent).is_err());
    let others = br#"{"resourceType":"Bundle","type":"batch","meta":{"lastUpdated":"x","extension":[{"url":"other","valueCode":"y"}]}}"#;
    assert!(AuditBatch::parse(others).unwrap().marks.is_none());
}

#[test]
fn receipts_have_a_fixed_form() {
    let versions = vec![ResourceVersion { key: "Observation/o1".into(), version: 2 }];
    let check = |standing: Standing, json: &str| {
        let receipt = ChangeReceipt { change: Some(change_id(0)), received_at: second(0), standing };
        let head = r#"{"change":"00000000-0000-0000-0000-000000000001","received_at":"2027-01-15T08:00:00Z","standing":"#;
        let text = serde_json::to_string(&receipt).unwrap();
        assert_eq!(text, format!("{head}{json}}}"));
        assert_eq!(serde_json::from_str::<ChangeReceipt>(&text).unwrap(), receipt);
    };
    let applied = r#"{"state":"applied","versions":[{"key":"Observation/o1","version":2}],"merged":true}"#;
    check(Standing::Applied { versions: versions.clone(), merged: true }, applied);
    check(
        Standing::Conflict { versions },
        r#"{"state":"conflict","versions":[{"key":"Observation/o1","version":2}]}"#,
    );
    check(Standing::Refused { code: RefusalCode::Dependency }, r#"{"state":"refused","code":"dependency"}"#);
    check(
        Standing::Waiting { missing: change_id(1) },
        r#"{"state":"waiting","missing":"00000000-0000-0000-0000-000000000002"}"#,
    );
    check(Standing::Quarantined, r#"{"state":"quarantined"}"#);
}

#[test]
fn a_problem_survives_the_way_through_an_operation_outcome() {
    let problem = Problem {
        code: ProblemCode::LogGap,
        sentence: "Events are missing.".into(),
        advice: "Send them first.".into(),
    };
    let json = problem.to_json();
    assert_eq!(json["resourceType"], "OperationOutcome");
    assert_eq!(json["issue"][0]["code"], "conflict");
    assert_eq!(json["issue"][0]["details"]["coding"][0]["code"], "log-gap");
    assert_eq!(Problem::from_json(json.to_string().as_bytes()), Some(problem));
    assert_eq!(Problem::from_json(b"<html>"), None);
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", SecretText::new("hunter2")), "SecretText(..)");
    assert_eq!(format!("{:?}", Base64Bytes(vec![1, 2, 3])), "Base64Bytes(3 bytes)");
    assert_eq!(serde_json::to_string(&Base64Bytes(vec![1, 2, 3])).unwrap(), r#""AQID""#);
}

/// The vectors of signatures, which `keys` makes and holds: what is signed of each order.
const SIGNED: &str = include_str!("../../../keys/tests/vectors/v1.txt");

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

#[test]
fn what_is_signed_of_every_order_is_fixed_and_reads_back() {
    let orders = [
        ("lock", DirectiveOrder::Lock),
        ("wipe", DirectiveOrder::Wipe { deliver_first: true }),
        ("wipe-at-once", DirectiveOrder::Wipe { deliver_first: false }),
        ("re-key", DirectiveOrder::ReKey { drawer: Drawer::Clinical, generation: 2 }),
        ("drop-person", DirectiveOrder::DropPerson { person: PersonId::from_uuid(id(3)), before: None }),
        ("erase-patient", DirectiveOrder::ErasePatient { patient: "0190-ada".parse().unwrap() }),
    ];
    for (name, order) in orders {
        let signed = Directive::signed_bytes(DeviceId::from_uuid(id(2)), 7, &order);
        let hex: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("directive.{name}.signed = {hex}");
        assert!(SIGNED.lines().any(|frozen| frozen == line), "{line}");
        let back: DirectiveOrder = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
        assert_eq!(back, order, "an order that is known is not taken for one of a later version");
    }
}

#[test]
fn an_order_of_a_later_version_is_kept_as_it_was_signed() {
    let text = r#"{"order":"sing","tune":{"key":1.50,"b":[true,null]},"a":18446744073709551615}"#;
    let order: DirectiveOrder = serde_json::from_str(text).unwrap();
    assert!(matches!(order, DirectiveOrder::Unknown(_)));
    let signed = Directive::signed_bytes(DeviceId::from_uuid(id(2)), 7, &order);
    assert!(String::from_utf8(signed).unwrap().ends_with(text), "its signature verifies");
    let answer = format!(
        r#"{{"now":"2027-01-15T08:00:00Z","policy":{},"directives":[{{"number":1,"issued_at":"2027-01-15T08:00:00Z","order":{text},"signature":"AAAA"}}],"log":null,"trust_bundle":null,"renewal":null}}"#,
        serde_json::to_string(&Policy::default()).unwrap()
    );
    let answer: DirectivesResponse = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer.directives[0].order, order, "the rest of the answer is read all the same");
}

#[test]
fn a_receipt_is_written_like_this_for_ever() {
    let receipt = AuditReceipt {
        log: LogId::from_uuid(id(7)),
        size: 5,
        root: "ab".to_owned(),
        received_at: "2027-01-15T08:00:00Z".parse().unwrap(),
        note: "o\n5\n".to_owned(),
        trust_bundle: 2,
    };
    let text = r#"{"log":"01900000-0000-7000-8000-000000000007","size":5,"root":"ab","received_at":"2027-01-15T08:00:00Z","note":"o\n5\n","trust_bundle":2}"#;
    assert_eq!(serde_json::to_string(&receipt).unwrap(), text);
    assert_eq!(serde_json::from_str::<AuditReceipt>(text).unwrap(), receipt);
}

#[test]
fn a_policy_from_before_there_was_a_calendar_has_the_usual_one() {
    let mut policy = serde_json::to_value(Policy::default()).unwrap();
    policy.as_object_mut().unwrap().remove("rekey_days");
    assert_eq!(serde_json::from_value::<Policy>(policy).unwrap(), Policy::default());
}
