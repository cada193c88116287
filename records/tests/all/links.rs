//! Charts that are joined and separated, and edits of patients that meet.

use proptest::prelude::*;
use records::Document;
use records::link::{Links, NotLinked, join, keeps_links_whole, separate};
use records::merge::{Merge, merge};
use serde_json::{Value, json};

use super::people::document;

fn patient(id: &str) -> Document {
    document(json!({"resourceType": "Patient", "id": id, "name": [{"family": "Lee"}]}))
}

fn links(patient: &Document) -> (Vec<&'static str>, Vec<&'static str>) {
    let known = |list: &[records::PatientId]| {
        list.iter().map(|id| ["a", "b", "c"].into_iter().find(|name| *name == id.as_str()).unwrap()).collect()
    };
    let found = Links::of(patient);
    (known(&found.replaced_by), known(&found.replaces))
}

fn merged(base: &Document, ours: &Document, theirs: &Document) -> Result<Document, Vec<String>> {
    match merge(base, ours, theirs) {
        Merge::Merged(document) => Ok(document),
        Merge::NeedsPerson(fields) => Err(fields.into_iter().map(|field| field.element).collect()),
    }
}

#[test]
fn joining_links_both_records_and_separating_leaves_neither_linked() {
    let (a, b) = join(&patient("a"), &patient("b")).unwrap();

    assert_eq!(a.value()["link"], json!([{"other": {"reference": "Patient/b"}, "type": "replaces"}]));
    assert_eq!(b.value()["link"], json!([{"other": {"reference": "Patient/a"}, "type": "replaced-by"}]));
    assert_eq!((a.value().get("active"), &b.value()["active"]), (None, &json!(false)));
    let (a, b) = separate(&a, &b).unwrap();
    assert_eq!(a, patient("a"));
    assert_eq!((b.value().get("link"), &b.value()["active"]), (None, &json!(true)));
}

#[test]
fn links_that_were_there_before_stay() {
    let with_link = patient("a").edit(|value| {
        value["link"] = json!([{"other": {"reference": "RelatedPerson/r"}, "type": "seealso"}]);
    });
    let (a, b) = join(&with_link.unwrap(), &patient("b")).unwrap();
    let (a, c) = join(&a, &patient("c")).unwrap();
    assert_eq!(links(&a), (vec![], vec!["b", "c"]));

    let (a, _) = separate(&a, &b).unwrap();

    assert_eq!(links(&a), (vec![], vec!["c"]));
    assert_eq!(a.value()["link"][0]["type"], "seealso");
    assert_eq!(links(&c), (vec!["a"], vec![]));
}

#[test]
fn what_cannot_be_is_refused() {
    let (a, b) = join(&patient("a"), &patient("b")).unwrap();
    let refused = |survivor: &Document, superseded: &Document| join(survivor, superseded).unwrap_err();
    let practitioner = document(json!({"resourceType": "Practitioner", "id": "x"}));
    assert_eq!(refused(&a, &patient("a")), NotLinked::Same);
    assert_eq!(refused(&a, &practitioner), NotLinked::NotAPatient);
    assert_eq!(refused(&patient("c"), &b), NotLinked::AlreadyReplaced);
    assert_eq!(refused(&b, &patient("c")), NotLinked::SurvivorReplaced);
    assert_eq!(refused(&b, &a), NotLinked::Circle);
    assert_eq!(separate(&a, &patient("c")).unwrap_err(), NotLinked::NotJoined);
}

#[test]
fn a_name_corrected_in_one_room_and_a_chart_joined_in_another_come_together() {
    let base = patient("b");
    let (_, joined) = join(&patient("a"), &base).unwrap();
    let renamed = base.edit(|value| value["name"][0]["family"] = "Leigh".into()).unwrap();

    for (ours, theirs) in [(&joined, &renamed), (&renamed, &joined)] {
        let both = merged(&base, ours, theirs).unwrap();
        assert_eq!(both.value()["name"][0]["family"], "Leigh");
        assert_eq!((links(&both), &both.value()["active"]), ((vec!["a"], vec![]), &json!(false)));
    }
}

#[test]
fn two_rooms_that_join_a_chart_to_two_others_need_a_person() {
    let base = patient("c");
    let (_, to_a) = join(&patient("a"), &base).unwrap();
    let (_, to_b) = join(&patient("b"), &base).unwrap();
    assert_eq!(merged(&base, &to_a, &to_b), Err(vec!["link".to_owned()]));
    assert_eq!(merged(&base, &to_a, &to_a), Ok(to_a));
}

#[test]
fn two_rooms_that_join_the_same_charts_the_other_way_round_need_a_person() {
    let base = patient("b");
    let (_, replaced) = join(&patient("a"), &base).unwrap();
    let (stays, _) = join(&base, &patient("a")).unwrap();
    assert_eq!(merged(&base, &replaced, &stays), Err(vec!["link".to_owned()]));
}

#[test]
fn a_link_is_stored_only_with_its_other_half() {
    let (before_a, before_b) = (patient("a"), patient("b"));
    let (a, b) = join(&before_a, &before_b).unwrap();
    let whole = |pairs: &[(&Document, &Document)]| {
        keeps_links_whole(pairs.iter().map(|(before, after)| (Some(*before), *after)))
    };
    assert!(whole(&[(&before_a, &a), (&before_b, &b)]));
    assert!(whole(&[(&b, &before_b), (&a, &before_a)]));
    assert!(whole(&[(&b, &b.edit(|value| value["gender"] = "male".into()).unwrap())]), "no link moved");
    for alone in [(&before_a, &a), (&before_b, &b), (&a, &before_a), (&b, &before_b)] {
        assert!(!whole(&[alone]));
    }
    assert!(!keeps_links_whole([(None, &a)]), "nor with a new record");
    assert!(keeps_links_whole([(None, &before_a)]));
}

#[test]
fn a_circle_of_three_is_not_stored() {
    let (b, c) = join(&patient("b"), &patient("c")).unwrap();
    let (_, replaced) = join(&patient("a"), &patient("b")).unwrap();
    let b_in_between = merged(&patient("b"), &b, &replaced).unwrap();
    let (a, _) = join(&patient("a"), &patient("b")).unwrap();
    let chain = [(Some(&a), &a), (Some(&replaced), &b_in_between), (Some(&patient("c")), &c)];
    assert!(keeps_links_whole(chain), "c to b to a is no circle");
    let c_over_a = with(&c, &[("a", "replaces")]);
    let a_under_c = with(&a, &[("c", "replaced-by")]);
    assert!(!keeps_links_whole([(Some(&c), &c_over_a), (Some(&a), &a_under_c)]));
}

/// A patient with more links.
fn with(patient: &Document, more: &[(&str, &str)]) -> Document {
    let add = |value: &mut Value| {
        let mut links = value.get("link").and_then(Value::as_array).cloned().unwrap_or_default();
        links.extend(
            more.iter()
                .map(|(id, kind)| json!({"other": {"reference": format!("Patient/{id}")}, "type": kind})),
        );
        value["link"] = Value::Array(links);
    };
    patient.edit(add).unwrap()
}

fn some_links() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::btree_set(0_u8..6, 0..4).prop_map(|set| set.into_iter().collect())
}

fn replacing(ids: &[u8]) -> Document {
    let names: Vec<String> = ids.iter().map(|id| format!("p{id}")).collect();
    let links: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "replaces")).collect();
    with(&patient("a"), &links)
}

proptest! {
    #[test]
    fn no_link_is_lost_that_nobody_took_away(base in some_links(), ours in some_links(), theirs in some_links()) {
        let both = merged(&replacing(&base), &replacing(&ours), &replacing(&theirs)).unwrap();
        let found: Vec<String> = Links::of(&both).replaces.iter().map(|id| id.as_str().to_owned()).collect();
        for id in 0..6_u8 {
            let (was, we, they) = (base.contains(&id), ours.contains(&id), theirs.contains(&id));
            let expected = if was { we && they } else { we || they };
            prop_assert_eq!(found.contains(&format!("p{id}")), expected, "{}", id);
        }
    }
}
