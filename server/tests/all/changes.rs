//! Changes: applied once, by whom was allowed to when they were written, and never lost.

use crate::clinic::{Clinic, document, observation, patient, take_in};
use crate::workstation::{Person, Workstation};
use chartkeep_server::people;
use chartkeep_server::store::AlertKind;
use keys::{Random, SigningKey};
use records::Role;
use records::change::{Base, Outcome, RefusalCode};
use records::id::ChangeId;
use sync::wire::{OutcomesRequest, OutcomesResponse, Standing, path};

fn applied(standing: &Standing) -> Vec<(String, u64)> {
    let Standing::Applied { versions, .. } = standing else { panic!("{standing:?}") };
    versions.iter().map(|v| (v.key.clone(), v.version)).collect()
}

fn refused(standing: &Standing) -> RefusalCode {
    let Standing::Refused { code } = standing else { panic!("{standing:?}") };
    *code
}

fn with_nurse(run: impl FnOnce(&Clinic, &Workstation<'_>, &Person)) {
    let clinic = Clinic::open();
    take_in(&clinic, &[patient("ada")]);
    let workstation = clinic.enrol();
    let nora = workstation.activate("nora", Role::Nurse);
    run(&clinic, &workstation, &nora);
}

#[test]
fn a_change_is_applied_once_however_often_it_arrives() {
    with_nurse(|clinic, workstation, nora| {
        let (_, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let first = workstation.push(&[&bytes, &bytes]);
        assert_eq!(applied(&first[0]), [("Observation/hr".to_owned(), 1)]);
        assert_eq!(first[0], first[1]);
        assert_eq!(workstation.push(&[&bytes]), &first[..1]);
        let counts = clinic.look(|tx| tx.count_by_kind());
        assert_eq!(counts, [("Observation".to_owned(), 1), ("Patient".to_owned(), 1)]);
    });
}

#[test]
fn edits_chained_offline_arrive_as_versions_one_after_the_other() {
    with_nurse(|_, workstation, nora| {
        let (first, a) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let (second, b) =
            workstation.envelope(nora, vec![(observation("hr", "ada", "73"), Base::Change(first))]);
        let (_, c) = workstation.envelope(nora, vec![(observation("hr", "ada", "74"), Base::Change(second))]);
        let out_of_order = workstation.push(&[&c, &b]);
        assert_eq!(out_of_order[0], Standing::Waiting { missing: second });
        assert_eq!(out_of_order[1], Standing::Waiting { missing: first });
        let in_order = workstation.push(&[&a, &b, &c]);
        let versions: Vec<u64> = in_order.iter().map(|standing| applied(standing)[0].1).collect();
        assert_eq!(versions, [1, 2, 3]);
    });
}

#[test]
fn a_change_from_an_old_version_is_merged_or_kept_beside_what_stands() {
    with_nurse(|clinic, workstation, nora| {
        let (_, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        workstation.push(&[&bytes]);
        let (_, theirs) =
            workstation.envelope(nora, vec![(observation("hr", "ada", "80"), Base::Version(1))]);
        let (id, ours) = workstation.envelope(nora, vec![(observation("hr", "ada", "90"), Base::Version(1))]);
        let standings = workstation.push(&[&theirs, &ours]);
        assert_eq!(applied(&standings[0])[0].1, 2);
        let Standing::Conflict { versions } = &standings[1] else { panic!("{standings:?}") };
        assert_eq!((versions[0].key.as_str(), versions[0].version), ("Observation/hr", 2));
        assert_eq!(clinic.look(|tx| tx.open_conflicts()), 1);
        let (_, after) = workstation.envelope(nora, vec![(observation("hr", "ada", "91"), Base::Change(id))]);
        assert!(
            matches!(workstation.push(&[&after])[0], Standing::Conflict { .. }),
            "what stands on it is kept too"
        );
        assert_eq!(clinic.look(|tx| tx.open_conflicts()), 2);
        let token = &nora.signed_in.session.token;
        let asked = OutcomesRequest { changes: vec![id] };
        let told: OutcomesResponse = workstation.post_as(token, path::OUTCOMES, &asked).json();
        let Outcome::Conflict { fields, .. } = &told.outcomes[0].outcome else { panic!("{told:?}") };
        assert!(!fields.is_empty(), "who may see it is told what differs");
    });
}

#[test]
fn outcomes_are_told_to_their_author_only() {
    with_nurse(|_, workstation, nora| {
        let (id, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        workstation.push(&[&bytes]);
        let felix = workstation.activate("felix", Role::FrontDesk);
        let asked = OutcomesRequest { changes: vec![id] };
        let ask = |person: &Person| -> usize {
            let token = &person.signed_in.session.token;
            workstation.post_as(token, path::OUTCOMES, &asked).json::<OutcomesResponse>().outcomes.len()
        };
        assert_eq!((ask(nora), ask(&felix)), (1, 0));
    });
}

#[test]
fn what_the_role_does_not_allow_is_refused_kept_and_told() {
    with_nurse(|clinic, workstation, _| {
        let felix = workstation.activate("felix", Role::FrontDesk);
        let (id, bytes) = workstation.envelope(&felix, vec![(observation("hr", "ada", "72"), Base::None)]);
        assert_eq!(refused(&workstation.push(&[&bytes])[0]), RefusalCode::NotAllowed);
        assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::ChangeRefused)), 1);
        assert!(clinic.look(|tx| tx.change(id)).is_some());
        let (_, next) =
            workstation.envelope(&felix, vec![(observation("hr", "ada", "73"), Base::Change(id))]);
        assert_eq!(refused(&workstation.push(&[&next])[0]), RefusalCode::Dependency);
    });
}

#[test]
fn a_refusal_does_not_stop_what_does_not_stand_on_it() {
    with_nurse(|_, workstation, nora| {
        let (_, bad) = workstation.envelope(nora, vec![(patient("new"), Base::None)]);
        let (_, good) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let standings = workstation.push(&[&bad, &good]);
        assert_eq!(refused(&standings[0]), RefusalCode::NotAllowed, "a nurse registers nobody");
        assert_eq!(applied(&standings[1])[0].1, 1);
    });
}

#[test]
fn rights_count_as_of_the_time_of_writing() {
    with_nurse(|clinic, workstation, nora| {
        let (_, early) = workstation.envelope(nora, vec![(observation("early", "ada", "72"), Base::None)]);
        clinic.advance(60);
        let now = clinic.now();
        chartkeep_server::store::write(clinic.practice.store.as_ref(), |tx| tx.end_roles(nora.id, now))
            .unwrap();
        clinic.advance(60);
        let (_, late) = workstation.envelope(nora, vec![(observation("late", "ada", "72"), Base::None)]);
        let standings = workstation.push(&[&late, &early]);
        assert_eq!(refused(&standings[0]), RefusalCode::NotAllowed);
        assert_eq!(applied(&standings[1])[0].1, 1);
    });
}

#[test]
fn what_somebody_who_left_has_written_is_put_aside_not_dropped() {
    with_nurse(|clinic, workstation, nora| {
        let (id, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        people::end_person(&clinic.practice, nora.id).unwrap();
        assert_eq!(workstation.push(&[&bytes]), [Standing::Quarantined]);
        assert!(clinic.look(|tx| tx.change(id)).is_some());
        assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::ChangeQuarantined)), 1);
    });
}

#[test]
fn a_signature_of_another_key_and_an_envelope_of_another_workstation_are_refused() {
    with_nurse(|clinic, workstation, nora| {
        let id = ChangeId::from_uuid(Random::from_os().uuid());
        let other = SigningKey::make(&mut Random::from_os());
        let entries = || vec![(observation("hr", "ada", "72"), Base::None)];
        let forged = workstation.envelope_as(id, nora, &other, entries());
        assert_eq!(refused(&workstation.push(&[&forged])[0]), RefusalCode::Signature);
        let (id, good) = workstation.envelope(nora, entries());
        let second = clinic.enrol();
        assert_eq!(refused(&second.push(&[&good])[0]), RefusalCode::Signature);
        assert!(clinic.look(|tx| tx.change(id)).is_none(), "the id is free for who really wrote it");
        assert_eq!(applied(&workstation.push(&[&good])[0])[0].1, 1);
    });
}

#[test]
fn changes_signed_with_an_earlier_key_of_the_person_still_count() {
    with_nurse(|clinic, workstation, nora| {
        let (_, before) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        clinic.advance(60);
        let code = keys::totp::code_at(&nora.seed, keys::totp::step_at(clinic.now()));
        workstation.sign_in(&nora.username, crate::clinic::PASSPHRASE, &code).unwrap();
        assert_eq!(applied(&workstation.push(&[&before])[0])[0].1, 1);
    });
}

#[test]
fn damaged_envelopes_are_refused_and_those_beside_them_are_not() {
    with_nurse(|_, workstation, nora| {
        let (_, good) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let (_, mut damaged) = workstation.envelope(nora, vec![(observation("bp", "ada", "72"), Base::None)]);
        *damaged.last_mut().unwrap() ^= 1;
        let standings = workstation.push(&[b"nothing", &damaged, &good]);
        assert_eq!(refused(&standings[0]), RefusalCode::Unreadable);
        assert_eq!(refused(&standings[1]), RefusalCode::Unreadable);
        assert_eq!(applied(&standings[2])[0].1, 1);
    });
}

#[test]
fn a_record_does_not_move_to_another_patient_and_is_not_made_twice() {
    with_nurse(|clinic, workstation, nora| {
        take_in(clinic, &[patient("bert")]);
        let (_, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let (_, twice) = workstation.envelope(nora, vec![(observation("hr", "ada", "73"), Base::None)]);
        let (_, moved) =
            workstation.envelope(nora, vec![(observation("hr", "bert", "72"), Base::Version(1))]);
        let standings = workstation.push(&[&bytes, &twice, &moved]);
        assert_eq!(refused(&standings[1]), RefusalCode::Exists);
        assert_eq!(refused(&standings[2]), RefusalCode::AnotherPatient);
    });
}

#[test]
fn a_change_of_several_records_is_applied_whole_or_not_at_all() {
    with_nurse(|clinic, workstation, nora| {
        let (_, first) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let both = vec![
            (observation("spo2", "ada", "97"), Base::None),
            (observation("hr", "ada", "73"), Base::None),
        ];
        let (_, second) = workstation.envelope(nora, both);
        let standings = workstation.push(&[&first, &second]);
        assert_eq!(refused(&standings[1]), RefusalCode::Exists);
        assert_eq!(clinic.look(|tx| tx.count_by_kind())[0], ("Observation".to_owned(), 1));
    });
}

#[test]
fn the_other_content_under_a_known_id_changes_nothing_and_is_told() {
    with_nurse(|clinic, workstation, nora| {
        let (id, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72"), Base::None)]);
        let other = workstation.envelope_as(
            id,
            nora,
            &nora.signing,
            vec![(observation("x", "ada", "1"), Base::None)],
        );
        let first = workstation.push(&[&bytes]);
        assert_eq!(workstation.push(&[&other]), first);
        assert_eq!(clinic.look(|tx| tx.count_alerts(AlertKind::ChangeRefused)), 1);
    });
}

#[test]
fn every_applied_change_leaves_intent_and_result_in_the_servers_own_trail() {
    with_nurse(|clinic, workstation, nora| {
        let log = clinic.practice.row.log;
        let before = clinic.look(|tx| tx.log(log)).unwrap().tree.size();
        let (id, bytes) = workstation.envelope(nora, vec![(observation("hr", "ada", "72.8125"), Base::None)]);
        workstation.push(&[&bytes]);
        let events = clinic.look(|tx| tx.leaves(log, before, 100));
        assert_eq!(events.len(), 2);
        for event in events {
            let text = String::from_utf8(event.event).unwrap();
            assert!(text.contains("Patient/ada") && text.contains(&id.to_string()), "{text}");
            assert!(!text.contains("8125"), "values stay out of the trail");
        }
    });
}

const SENSITIVE: &str =
    r#""meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"#;

fn condition(meta: &str, notes: &[&str]) -> records::Document {
    let notes: Vec<String> = notes.iter().map(|text| format!(r#"{{"text":"{text}"}}"#)).collect();
    let notes = notes.join(",");
    document(&format!(
        r#"{{"resourceType":"Condition","id":"c",{meta}"subject":{{"reference":"Patient/ada"}},"note":[{notes}]}}"#
    ))
}

fn page(workstation: &Workstation<'_>, person: &Person, drawer: &str) -> String {
    let path = format!("{}?_cursor=v1.{drawer}.0", path::HISTORY);
    String::from_utf8(workstation.get_as(&person.signed_in.session.token, &path).body).unwrap()
}

#[test]
fn an_edit_on_a_change_that_was_merged_meanwhile_keeps_what_was_merged_into_it() {
    with_nurse(|clinic, workstation, nora| {
        let (first, a) = workstation.envelope(nora, vec![(condition("", &["first"]), Base::None)]);
        let second = clinic.enrol();
        let cora = second.activate("cora", Role::Clinician);
        let (_, b) = second.envelope(&cora, vec![(condition("", &["first", "elsewhere"]), Base::Version(1))]);
        let (here, c) =
            workstation.envelope(nora, vec![(condition("", &["first", "here"]), Base::Change(first))]);
        let on_it = condition("", &["first", "here", "and on"]);
        let (_, d) = workstation.envelope(nora, vec![(on_it, Base::Change(here))]);
        workstation.push(&[&a]);
        second.push(&[&b]);
        workstation.push(&[&c]);
        let Standing::Applied { merged, .. } = &workstation.push(&[&d])[0] else { panic!() };
        assert!(merged);
        let stands = page(workstation, nora, "clinical");
        assert!(["elsewhere", "here", "and on"].iter().all(|text| stands.contains(text)), "{stands}");
    });
}

#[test]
fn a_drawer_that_a_record_left_hears_of_it_whatever_becomes_of_the_record() {
    with_nurse(|_, workstation, nora| {
        let cora = workstation.activate("cora", Role::Clinician);
        let (first, a) = workstation.envelope(&cora, vec![(condition("", &["first"]), Base::None)]);
        let (moved, b) =
            workstation.envelope(&cora, vec![(condition(SENSITIVE, &["first"]), Base::Change(first))]);
        let next = condition(SENSITIVE, &["first", "next"]);
        let (_, c) = workstation.envelope(&cora, vec![(next, Base::Change(moved))]);
        let standings = workstation.push(&[&a, &b, &c]);
        assert_eq!(applied(&standings[2])[0].1, 3);
        let gone = r#""method":"DELETE","url":"Condition/c"},"response":{"status":"204","etag":"W/\"2\"""#;
        let left = page(workstation, nora, "clinical");
        assert!(left.contains(gone), "{left}");
    });
}

#[test]
fn a_record_whose_class_moves_leaves_its_old_drawer() {
    with_nurse(|_, workstation, _| {
        let cora = workstation.activate("cora", Role::Clinician);
        let plain = r#"{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/ada"}}"#;
        let labelled = r#"{"resourceType":"Condition","id":"c","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"subject":{"reference":"Patient/ada"}}"#;
        let (first, a) = workstation.envelope(&cora, vec![(document(plain), Base::None)]);
        let (_, b) = workstation.envelope(&cora, vec![(document(labelled), Base::Change(first))]);
        let standings = workstation.push(&[&a, &b]);
        assert_eq!(applied(&standings[1]), [("Condition/c".to_owned(), 2)]);
        let page = |drawer: &str| {
            let path = format!("{}?_cursor=v1.{drawer}.0", path::HISTORY);
            String::from_utf8(workstation.get_as(&cora.signed_in.session.token, &path).body).unwrap()
        };
        assert!(page("clinical").contains(r#""method":"DELETE","url":"Condition/c""#));
        assert!(page("sensitive").contains(r#""method":"PUT","url":"Condition/c""#));
    });
}
