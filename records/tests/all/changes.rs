//! Changes as bundles, and what a store does with them.

use std::collections::BTreeMap;

use records::change::{
    Base, Change, ChangeError, Decision, Deletion, Entry, History, Origin, Outcome, RefusalCode, Standing,
    StoredVersion, apply,
};
use records::{ChangeId, Document, RecordKey, Versioned};
use serde_json::json;
use uuid::Uuid;

use super::people::{DEVICE, PERSON, PRACTICE, document, now};

fn id(n: u128) -> ChangeId {
    ChangeId::from_uuid(Uuid::from_u128(n))
}

fn origin(n: u128) -> Origin {
    Origin { id: id(n), author: PERSON, device: DEVICE, practice: PRACTICE, written_at: now() }
}

fn note(text: &str) -> Document {
    document(
        json!({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "note": text}),
    )
}

fn change(n: u128, base: Base, document: Document) -> Change {
    Change::new(origin(n), vec![Entry { document, base }]).unwrap()
}

fn deletion(n: u128, base: Base) -> Change {
    let deletion = Deletion { key: "Condition/c".parse().unwrap(), base };
    Change::with_deletions(origin(n), Vec::new(), vec![deletion]).unwrap()
}

/// A store in memory: every version, none where it is a deletion, and which change made it.
#[derive(Default)]
struct Store {
    versions: BTreeMap<RecordKey, Vec<Option<Document>>>,
    made: BTreeMap<(ChangeId, RecordKey), u64>,
    written: BTreeMap<(ChangeId, RecordKey), Document>,
}

impl History for Store {
    type Error = std::convert::Infallible;

    fn standing(&self, key: &RecordKey) -> Result<Standing, Self::Error> {
        Ok(match self.versions.get(key) {
            None => Standing::Unknown,
            Some(versions) if versions.last().unwrap().is_some() => Standing::There(versions.len() as u64),
            Some(versions) => Standing::Deleted(versions.len() as u64),
        })
    }

    fn current(&self, key: &RecordKey) -> Result<Option<Versioned>, Self::Error> {
        let Some(versions) = self.versions.get(key) else { return Ok(None) };
        let version = versions.len() as u64;
        Ok(versions.last().unwrap().clone().map(|document| Versioned { version, document }))
    }

    fn at(&self, key: &RecordKey, version: u64) -> Result<Option<Document>, Self::Error> {
        let index = usize::try_from(version - 1).unwrap_or(usize::MAX);
        Ok(self.versions.get(key).and_then(|versions| versions.get(index)).cloned().flatten())
    }

    fn made_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, Self::Error> {
        Ok(self.made.get(&(change, key.clone())).copied())
    }

    fn written_by(&self, change: ChangeId, key: &RecordKey) -> Result<Option<Document>, Self::Error> {
        Ok(self.written.get(&(change, key.clone())).cloned())
    }
}

impl Store {
    fn take(&mut self, change: &Change) -> Outcome {
        let decision = apply(change, self).unwrap();
        if let Decision::Store(stored) = &decision {
            for entry in change.entries() {
                let key = entry.document.key().clone();
                self.written.insert((change.id(), key), entry.document.clone());
            }
            for one in stored {
                self.made.insert((change.id(), one.key.clone()), one.version);
                let versions = self.versions.entry(one.key.clone()).or_default();
                versions.push(one.document.clone());
                assert_eq!(versions.len() as u64, one.version);
            }
        }
        decision.outcome()
    }
}

fn applied(version: u64, merged: bool) -> Outcome {
    Outcome::Applied { stored: vec![StoredVersion { key: "Condition/c".parse().unwrap(), version, merged }] }
}

#[test]
fn the_bundle_of_a_change_is_frozen() {
    let entries = vec![
        Entry { document: document(json!({"resourceType": "Patient", "id": "a"})), base: Base::None },
        Entry { document: document(json!({"resourceType": "Patient", "id": "b"})), base: Base::Version(3) },
        Entry {
            document: document(json!({"resourceType": "Patient", "id": "c"})),
            base: Base::Change(id(9)),
        },
    ];
    let gone = |id: &str, base| Deletion { key: format!("Patient/{id}").parse().unwrap(), base };
    let deletions = vec![gone("d", Base::Version(2)), gone("e", Base::Change(id(9)))];
    let change = Change::with_deletions(origin(1), entries, deletions).unwrap();
    let frozen = r#"{"resourceType":"Bundle","id":"00000000-0000-0000-0000-000000000001","type":"transaction","timestamp":"2026-03-02T09:30:00.000Z","entry":[
{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a","ifNoneMatch":"*"}},
{"resource":{"resourceType":"Patient","id":"b"},"request":{"method":"PUT","url":"Patient/b","ifMatch":"W/\"3\""}},
{"resource":{"resourceType":"Patient","id":"c"},"request":{"extension":[{"url":"urn:chartkeep:base-change","valueUuid":"urn:uuid:00000000-0000-0000-0000-000000000009"}],"method":"PUT","url":"Patient/c"}},
{"request":{"method":"DELETE","url":"Patient/d","ifMatch":"W/\"2\""}},
{"request":{"extension":[{"url":"urn:chartkeep:base-change","valueUuid":"urn:uuid:00000000-0000-0000-0000-000000000009"}],"method":"DELETE","url":"Patient/e"}}]}"#;
    assert_eq!(std::str::from_utf8(change.bundle()).unwrap(), frozen.replace('\n', ""));
    assert_eq!(Change::parse(origin(1), change.bundle().to_vec()).unwrap(), change);
    assert_eq!(change.depends_on().collect::<Vec<_>>(), [id(9), id(9)]);
}

#[test]
fn what_is_deleted_comes_back_as_its_next_version_and_keeps_its_history() {
    let mut store = Store::default();
    store.take(&change(1, Base::None, note("a")));
    assert_eq!(store.take(&deletion(2, Base::Change(id(1)))), applied(2, false));
    assert_eq!(store.take(&deletion(3, Base::Version(1))), Outcome::Applied { stored: Vec::new() });
    assert_eq!(store.take(&change(4, Base::None, note("b"))), applied(3, false));
    let key = "Condition/c".parse().unwrap();
    assert_eq!(store.at(&key, 1).unwrap(), Some(note("a")));
    assert_eq!(store.at(&key, 2).unwrap(), None);
}

#[test]
fn an_edit_and_a_deletion_at_once_are_for_a_person_in_either_order() {
    let conflict =
        |current| Outcome::Conflict { key: "Condition/c".parse().unwrap(), current, fields: Vec::new() };
    let mut store = Store::default();
    store.take(&change(1, Base::None, note("a")));
    store.take(&change(2, Base::Version(1), note("b")));
    assert_eq!(store.take(&deletion(3, Base::Version(1))), conflict(2));
    assert_eq!(store.take(&deletion(4, Base::Version(2))), applied(3, false));
    assert_eq!(store.take(&change(5, Base::Version(2), note("c"))), conflict(3));
}

#[test]
fn a_deletion_says_what_it_deletes() {
    let unknown = Outcome::Refused { code: RefusalCode::UnknownBase };
    let mut store = Store::default();
    assert_eq!(store.take(&deletion(1, Base::Version(1))), unknown);
    store.take(&change(2, Base::None, note("a")));
    assert_eq!(store.take(&deletion(3, Base::Version(7))), unknown);
    assert_eq!(store.take(&deletion(4, Base::Change(id(99)))), unknown);
    let nothing = Deletion { key: "Condition/c".parse().unwrap(), base: Base::None };
    let made = Change::with_deletions(origin(5), Vec::new(), vec![nothing]);
    assert_eq!(made.unwrap_err(), ChangeError::Request(0));
    let named = |request: &str, resource: &str| {
        let bundle = format!(
            r#"{{"resourceType":"Bundle","id":"{}","type":"transaction","entry":[{{{resource}"request":{request}}}]}}"#,
            id(6)
        );
        Change::parse(origin(6), bundle.into_bytes()).map(|change| change.deletions().len())
    };
    let request = r#"{"method":"DELETE","url":"Condition/c","ifMatch":"W/\"1\""}"#;
    assert_eq!(named(request, ""), Ok(1));
    let resource = r#""resource":{"resourceType":"Condition","id":"c"},"#;
    assert_eq!(named(request, resource), Err(ChangeError::Request(0)));
    assert_eq!(named(&request.replace("Condition/c", "Condition"), ""), Err(ChangeError::Request(0)));
    assert_eq!(named(&request.replace("DELETE", "PUT"), ""), Err(ChangeError::Request(0)));
}

#[test]
fn documents_go_through_a_bundle_byte_for_byte() {
    let bytes =
        b"{ \"resourceType\":\"Observation\",\"id\":\"o\", \"valueQuantity\":{\"value\":1.50} }".to_vec();
    let change = change(1, Base::None, Document::parse(bytes.clone()).unwrap());
    let read = Change::parse(origin(1), change.bundle().to_vec()).unwrap();
    assert_eq!(read.entries()[0].document.bytes(), bytes);
}

#[test]
fn what_is_no_change_is_refused() {
    let twice = vec![
        Entry { document: note("a"), base: Base::None },
        Entry { document: note("b"), base: Base::None },
    ];
    assert_eq!(Change::new(origin(1), twice).unwrap_err(), ChangeError::Twice);
    assert_eq!(Change::new(origin(1), Vec::new()).unwrap_err(), ChangeError::Empty);
    let good = change(1, Base::None, note("a"));
    assert_eq!(Change::parse(origin(2), good.bundle().to_vec()).unwrap_err(), ChangeError::AnotherChange);
    let text = std::str::from_utf8(good.bundle()).unwrap();
    let bent =
        |from: &str, to: &str| Change::parse(origin(1), text.replace(from, to).into_bytes()).unwrap_err();
    assert_eq!(bent("transaction", "batch"), ChangeError::NotATransaction);
    assert_eq!(bent("\"PUT\"", "\"POST\""), ChangeError::Request(0));
    assert_eq!(bent(r#","ifNoneMatch":"*""#, ""), ChangeError::Request(0));
    assert_eq!(bent("\"url\":\"Condition/c\"", "\"url\":\"Condition/d\""), ChangeError::Request(0));
    assert!(matches!(bent("\"id\":\"c\"", "\"id\":\"c d\""), ChangeError::Document(0, _)));
}

#[test]
fn a_create_an_update_and_a_chain_of_edits_made_offline_apply_in_order() {
    let mut store = Store::default();
    assert_eq!(store.take(&change(1, Base::None, note("a"))), applied(1, false));
    assert_eq!(store.take(&change(2, Base::Change(id(1)), note("b"))), applied(2, false));
    assert_eq!(store.take(&change(3, Base::Change(id(2)), note("c"))), applied(3, false));
    assert_eq!(store.take(&change(4, Base::Version(3), note("d"))), applied(4, false));
}

#[test]
fn a_second_create_and_an_unknown_base_are_refused() {
    let mut store = Store::default();
    let refused = |code| Outcome::Refused { code };
    assert_eq!(store.take(&change(1, Base::Version(1), note("a"))), refused(RefusalCode::UnknownBase));
    store.take(&change(2, Base::None, note("a")));
    assert_eq!(store.take(&change(3, Base::None, note("b"))), refused(RefusalCode::Exists));
    assert_eq!(store.take(&change(4, Base::Version(2), note("b"))), refused(RefusalCode::UnknownBase));
    assert_eq!(store.take(&change(5, Base::Change(id(99)), note("b"))), refused(RefusalCode::UnknownBase));
    let moved =
        document(json!({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/q"}}));
    assert_eq!(store.take(&change(6, Base::Version(1), moved)), refused(RefusalCode::AnotherPatient));
}

#[test]
fn a_stale_edit_merges_or_goes_to_a_person() {
    let mut store = Store::default();
    store.take(&change(1, Base::None, note("a")));
    let severe = note("a").edit(|value| value["severity"] = json!({"text": "Severe"})).unwrap();
    store.take(&change(2, Base::Version(1), severe));
    assert_eq!(store.take(&change(3, Base::Version(1), note("b"))), applied(3, true));
    let both = store.current(&"Condition/c".parse().unwrap()).unwrap().unwrap().document;
    assert_eq!((&both.value()["note"], &both.value()["severity"]["text"]), (&json!("b"), &json!("Severe")));
    let outcome = store.take(&change(4, Base::Version(1), note("c")));
    let Outcome::Conflict { current: 3, fields, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(fields[0].element, "note");
    assert_eq!(store.versions.values().next().unwrap().len(), 3, "a conflict stores nothing");
}

#[test]
fn of_a_change_with_one_conflict_nothing_is_stored() {
    let mut store = Store::default();
    store.take(&change(1, Base::None, note("a")));
    store.take(&change(2, Base::Version(1), note("b")));
    let other = document(json!({"resourceType": "Goal", "id": "g", "subject": {"reference": "Patient/p"}}));
    let entries = vec![
        Entry { document: other, base: Base::None },
        Entry { document: note("c"), base: Base::Version(1) },
    ];
    assert!(matches!(store.take(&Change::new(origin(3), entries).unwrap()), Outcome::Conflict { .. }));
    assert_eq!(store.versions.len(), 1);
}

#[test]
fn outcomes_read_back_from_their_json() {
    let text = serde_json::to_string(&applied(2, true)).unwrap();
    assert_eq!(text, r#"{"outcome":"applied","stored":[{"key":"Condition/c","version":2,"merged":true}]}"#);
    assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), applied(2, true));
    let refused = Outcome::Refused { code: RefusalCode::NotAllowed };
    assert_eq!(serde_json::to_string(&refused).unwrap(), r#"{"outcome":"refused","code":"not-allowed"}"#);
}

fn noted(notes: &[&str]) -> Document {
    let notes: Vec<_> = notes.iter().map(|text| json!({ "text": text })).collect();
    document(json!({
        "resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "note": notes,
    }))
}

#[test]
fn an_edit_on_a_change_that_was_merged_meanwhile_keeps_what_was_merged_into_it() {
    let mut store = Store::default();
    store.take(&change(1, Base::None, noted(&["first"])));
    store.take(&change(2, Base::Version(1), noted(&["first", "elsewhere"])));

    // Both were written offline, one on the other, by somebody who knew the first version alone.
    let here = store.take(&change(3, Base::Version(1), noted(&["first", "here"])));
    let on_it = store.take(&change(4, Base::Change(id(3)), noted(&["first", "here", "and on"])));

    assert_eq!((here, on_it), (applied(3, true), applied(4, true)));
    let key = "Condition/c".parse().unwrap();
    let current = store.current(&key).unwrap().unwrap().document;
    let texts: Vec<_> =
        current.value()["note"].as_array().unwrap().iter().map(|n| n["text"].as_str().unwrap()).collect();
    assert!(["first", "elsewhere", "here", "and on"].iter().all(|text| texts.contains(text)), "{texts:?}");
}

#[test]
fn a_deletion_on_a_change_that_was_merged_meanwhile_waits_for_a_person() {
    let mut store = Store::default();
    store.take(&change(1, Base::None, noted(&["first"])));
    store.take(&change(2, Base::Version(1), noted(&["first", "elsewhere"])));
    store.take(&change(3, Base::Version(1), noted(&["first", "here"])));
    let Outcome::Conflict { current, .. } = store.take(&deletion(4, Base::Change(id(3)))) else { panic!() };
    assert_eq!(current, 3, "who deletes it has not seen what was written elsewhere");

    store.take(&change(5, Base::Version(3), noted(&["second"])));
    assert_eq!(store.take(&deletion(6, Base::Change(id(5)))), applied(5, false));
}
