//! Records from files: what is understood comes in, the rest is named and counted.

use crate::clinic::{Clinic, observation, patient};
use chartkeep_server::error::Kind;
use chartkeep_server::importing::{Report, import};
use records::Role;
use std::fs;
use sync::wire::{HistoryMethod, HistoryPage, path};

fn run(clinic: &Clinic, files: &[(&str, &str)]) -> Report {
    let folder = clinic.dir.path().join("import");
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    import(&clinic.practice, &[folder], &mut |_, _| {}).unwrap()
}

fn text(document: &records::Document) -> String {
    String::from_utf8(document.bytes().to_vec()).unwrap()
}

#[test]
fn bundles_lines_and_single_resources_come_in_and_bad_ones_are_named() {
    let clinic = Clinic::open();
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{}}},{{"resource":{}}},{{"resource":{{"resourceType":"Observation"}}}}]}}"#,
        text(&patient("ada")),
        text(&observation("hr", "ada", "72"))
    );
    let lines = format!("{}\nnot json\n{}", text(&patient("bert")), text(&observation("bp", "bert", "1")));
    let files = [
        ("a.json", bundle.as_str()),
        ("b.ndjson", &lines),
        ("c.json", "{broken"),
        ("d.json", r#"{"resourceType":"Spaceship","id":"1"}"#),
        ("ignored.txt", "x"),
    ];
    let report = run(&clinic, &files);
    assert_eq!((report.files, report.taken, report.left_out), (4, 4, 4));
    let named = |file: &str| report.problems.iter().filter(|problem| problem.file == file).count();
    assert_eq!((named("a.json"), named("b.ndjson"), named("c.json"), named("d.json")), (1, 1, 1, 1));
    assert!(report.problems.iter().all(|problem| !problem.reason.is_empty() && !problem.resource.is_empty()));
    let counts = clinic.look(|tx| tx.count_by_kind());
    assert_eq!(counts, [("Observation".to_owned(), 2), ("Patient".to_owned(), 2)]);
}

#[test]
fn the_same_files_again_change_nothing_and_an_edited_one_makes_a_version() {
    let clinic = Clinic::open();
    let (ada, hr) = (text(&patient("ada")), text(&observation("hr", "ada", "72")));
    run(&clinic, &[("a.json", &ada), ("b.json", &hr)]);
    let again = run(&clinic, &[]);
    assert_eq!((again.taken, again.unchanged, again.updated), (2, 2, 0));
    let edited = run(&clinic, &[("b.json", &text(&observation("hr", "ada", "73")))]);
    assert_eq!((edited.unchanged, edited.updated), (1, 1));
    let facts = clinic.look(|tx| tx.facts(&"Observation/hr".parse().unwrap())).unwrap();
    assert_eq!(facts.version, 2);
}

#[test]
fn a_patient_known_only_by_a_uuid_gets_a_short_number_and_keeps_it() {
    const SYSTEM: &str = "urn:chartkeep:mrn";
    let clinic = Clinic::open();
    let given = |family: &str| {
        format!(
            r#"{{"resourceType":"Patient","id":"eve","name":[{{"family":"{family}"}}],"identifier":[{{"type":{{"coding":[{{
            "system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}}]}},"value":"0c6b1f3d-edb2-422b-a0af-a262fb90ed07"}}]}}"#
        )
    };
    let workstation = clinic.enrol();
    let dana = workstation.activate("dana", Role::FrontDesk);
    let number = || {
        let path = format!("{}?_cursor=v1.demographics.0", path::HISTORY);
        let answer = workstation.get_as(&dana.signed_in.session.token, &path);
        let page = HistoryPage::parse(&answer.body).unwrap();
        let eve = page.entries.iter().rfind(|entry| entry.key == "Patient/eve").unwrap();
        let HistoryMethod::Put(bytes) = eve.method else { panic!("it was not deleted") };
        let stored: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let identifiers = stored["identifier"].as_array().unwrap();
        assert_eq!(identifiers.len(), 2, "the source's own number stays");
        let own = identifiers.iter().find(|identifier| identifier["system"] == SYSTEM).unwrap();
        own["value"].as_str().unwrap().to_owned()
    };
    run(&clinic, &[("a.json", &given("Evans"))]);
    let first = number();
    assert_eq!(first.len(), 7);
    assert_eq!(run(&clinic, &[]).unchanged, 1);
    assert_eq!(run(&clinic, &[("a.json", &given("Evans-Ito"))]).updated, 1);
    assert_eq!(number(), first);
}

#[test]
fn an_import_is_one_event_a_file_in_the_trail() {
    let clinic = Clinic::open();
    let log = clinic.practice.row.log;
    let size = || clinic.look(|tx| tx.log(log)).unwrap().tree.size();
    let before = size();
    run(&clinic, &[("a.json", &text(&patient("ada"))), ("b.json", &text(&patient("bert")))]);
    assert_eq!(size() - before, 2);
}

#[test]
fn a_path_that_is_not_there_is_a_sentence_and_takes_nothing_in() {
    let clinic = Clinic::open();
    let error = import(&clinic.practice, &[clinic.dir.path().join("missing")], &mut |_, _| {}).err().unwrap();
    assert_eq!(error.kind, Kind::Usage);
    assert!(clinic.look(|tx| tx.count_by_kind()).is_empty());
}
