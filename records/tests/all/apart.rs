//! Charts that are told apart, and edits of patients that meet meanwhile.

use jiff::Timestamp;
use proptest::prelude::*;
use records::apart::{NotApart, Teller, are_apart, take_back, tell_apart, told_apart};
use records::link::{NotLinked, join};
use records::merge::{Merge, merge};
use records::{Document, PersonId};
use serde_json::json;
use uuid::Uuid;

use super::people::document;

fn patient(id: &str) -> Document {
    document(json!({"resourceType": "Patient", "id": id, "name": [{"family": "Lee"}]}))
}

fn rosa() -> Teller {
    Teller {
        person: PersonId::from_uuid(Uuid::from_u128(2)),
        name: "Rosa Quintanilla".to_owned(),
        at: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

fn others(patient: &Document) -> Vec<String> {
    told_apart(patient).iter().map(|mark| mark.other.to_string()).collect()
}

fn merged(base: &Document, ours: &Document, theirs: &Document) -> Document {
    match merge(base, ours, theirs) {
        Merge::Merged(document) => document,
        Merge::NeedsPerson(fields) => panic!("{fields:?}"),
    }
}

#[test]
fn both_records_say_who_told_them_apart_and_neither_does_once_it_was_taken_back() {
    let (a, b) = tell_apart(&patient("a"), &patient("b"), &rosa()).unwrap();

    assert_eq!((others(&a), others(&b)), (vec!["b".to_owned()], vec!["a".to_owned()]));
    let mark = told_apart(&a).remove(0);
    assert_eq!((mark.by.as_deref(), mark.at), (Some("Rosa Quintanilla"), Some(rosa().at)));
    assert!(are_apart(&a, &patient("b")) && are_apart(&patient("a"), &b), "either half counts");
    assert!(!are_apart(&a, &patient("c")));
    assert_eq!(take_back(&a, &b).unwrap(), (patient("a"), patient("b")));
}

#[test]
fn the_mark_is_written_in_these_words_for_ever() {
    let (a, _) = tell_apart(&patient("a"), &patient("b"), &rosa()).unwrap();

    assert_eq!(
        a.value()["extension"],
        json!([{
            "url": "urn:chartkeep:not-the-same-person",
            "extension": [
                {"url": "patient", "valueReference": {"reference": "Patient/b"}},
                {"url": "author", "valueReference": {
                    "reference": "Practitioner/00000000-0000-0000-0000-000000000002",
                    "display": "Rosa Quintanilla",
                }},
                {"url": "at", "valueDateTime": "2027-01-15T08:00:00Z"},
            ],
        }])
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let (a, b) = tell_apart(&patient("a"), &patient("b"), &rosa()).unwrap();
    let note = document(json!({"resourceType": "Basic", "id": "n", "subject": {"reference": "Patient/a"}}));

    assert_eq!(tell_apart(&a, &b, &rosa()), Err(NotApart::Already));
    assert_eq!(tell_apart(&a, &a, &rosa()), Err(NotApart::Same));
    assert_eq!(tell_apart(&a, &note, &rosa()), Err(NotApart::NotAPatient));
    assert_eq!(take_back(&a, &patient("c")), Err(NotApart::NotTold));
    assert_eq!(join(&a, &b), Err(NotLinked::ToldApart));
    assert_eq!(join(&a, &patient("b")), Err(NotLinked::ToldApart), "half of it is enough");
    let (whole, again) = tell_apart(&a, &patient("b"), &rosa()).unwrap();
    assert_eq!((others(&whole), others(&again)), (vec!["b".to_owned()], vec!["a".to_owned()]));
}

#[test]
fn other_extensions_are_merged_as_ever_and_no_mark_is_lost_by_that() {
    let interpreter = |needed: bool| json!({"url": "urn:x:interpreter", "valueBoolean": needed});
    let base = patient("a").edit(|value| value["extension"] = json!([interpreter(false)])).unwrap();
    let (ours, _) = tell_apart(&base, &patient("b"), &rosa()).unwrap();
    let theirs = base.edit(|value| value["extension"] = json!([interpreter(true)])).unwrap();

    let both = merged(&base, &ours, &theirs);

    assert_eq!(both.value()["extension"][0], interpreter(true));
    assert_eq!(others(&both), ["b"]);
}

proptest! {
    /// Two people who tell charts apart, or take it back, never have to be asked, and both have their way.
    #[test]
    fn marks_of_two_rooms_unite(before in marks(), ours in marks(), theirs in marks()) {
        let base = marked(&before);
        let both = merged(&base, &changed(&base, &ours), &changed(&base, &theirs));
        for id in ["b", "c", "d"] {
            let has = |set: &[&str]| set.contains(&id);
            let expected = if has(&before) { has(&ours) && has(&theirs) } else { has(&ours) || has(&theirs) };
            prop_assert_eq!(others(&both).contains(&id.to_owned()), expected, "{}", id);
        }
    }
}

fn marks() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec!["b", "c", "d"], 0..=3)
}

fn marked(set: &[&str]) -> Document {
    changed(&patient("a"), set)
}

/// The record with exactly these marks; those that stay are not written anew.
fn changed(from: &Document, set: &[&str]) -> Document {
    let mut record = from.clone();
    for id in ["b", "c", "d"] {
        let is_there = others(&record).contains(&id.to_owned());
        record = match (is_there, set.contains(&id)) {
            (false, true) => tell_apart(&record, &patient(id), &rosa()).unwrap().0,
            (true, false) => take_back(&record, &patient(id)).unwrap().0,
            (true, true) | (false, false) => record,
        };
    }
    record
}
