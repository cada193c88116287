//! Erasing a patient: nothing of them is left on any page, nobody else loses anything, and nothing brings them back.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use keys::Random;
use records::change::Base;
use records::find::Query;
use records::id::ChangeId;
use records::rights::{Action, DeniedReason, Rights, decide};
use records::{Document, Drawer, Role};
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use vault::{HeldFor, OutboxState, SaveError, Vault, Verdict};

use crate::clinic::{
    Clinic, DEVICE_KEY, digest_holds, heart_rate, id, note, now, patient, person_record, small_practice,
};
use crate::opening::{hex, raw};

const OTHERS: u32 = 40;

/// Bob, Ada with a chart that fills pages of its own, and many who are neither.
fn filled() -> (Clinic, Vault) {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let of_ada = (0..60).map(|n| note(&format!("canary-ada-{n}"), "ada", &"canarytext ".repeat(60)));
    let documents: Vec<Document> = (0..OTHERS).flat_map(other).chain(of_ada).collect();
    clinic.load(&mut vault, &documents);
    (clinic, vault)
}

fn other(number: u32) -> [Document; 2] {
    let whose = format!("other-{number}");
    let named = person_record(&whose, &format!("Family{number}"), "Given", "1950-01-01", "555-000-0000");
    [named, heart_rate(&format!("hr-{number}"), &whose, 60)]
}

fn write_note(clinic: &mut Clinic, vault: &mut Vault, number: u128, whose: &str) -> Result<(), SaveError> {
    let fresh = note(&format!("canary-new-{number}"), whose, "written here");
    let permit = clinic.write_permit(vault, Action::Create, whose, &[&fresh]);
    let change = clinic.change(number, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now())
}

fn change(number: u128) -> ChangeId {
    ChangeId::from_uuid(id(1000 + number))
}

fn found(clinic: &mut Clinic, vault: &mut Vault, text: &str) -> usize {
    let permit = clinic.practice_permit(vault, Role::FrontDesk, Action::Search);
    let query = Query::parse(text, jiff::civil::date(2026, 3, 10));
    vault.search(&permit, &query, 50, now()).unwrap().rows.len()
}

fn chart_of(clinic: &mut Clinic, vault: &mut Vault, whose: &str) -> usize {
    let permit = clinic.chart_permit(vault, Role::Clinician, whose);
    vault.chart(&permit).unwrap().len()
}

fn write_anew(vault: &mut Vault) {
    for drawer in vault.erasures_due().unwrap() {
        vault.begin_rewrite(drawer).unwrap();
        while !vault.rewrite_step(7).unwrap().finished {}
    }
}

/// Everything that lies in the drawers of a patient alone: wrapped keys, sealed rows, ids, search words, envelopes.
fn traces(clinic: &Clinic, whose: &str) -> BTreeSet<Vec<u8>> {
    let mut traces = BTreeSet::new();
    for drawer in Drawer::ALL {
        let conn = raw(clinic, drawer);
        let number = conn.query_row("SELECT number FROM patient WHERE id = ?1", [whose], |row| row.get(0));
        let Ok(number): Result<i64, _> = number else { continue };
        for sql in [
            "SELECT wrapped_key FROM patient WHERE number = ?1",
            "SELECT id, sealed FROM document WHERE patient = ?1",
            "SELECT sealed FROM summary WHERE number = ?1",
            "SELECT id, sealed FROM pending WHERE patient = ?1",
            "SELECT e.bytes FROM envelope e JOIN patient p ON p.id = e.patient WHERE p.number = ?1",
        ] {
            let mut statement = conn.prepare(sql).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([number]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                traces.extend((0..columns).filter_map(|column| match row.get_ref(column).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        Some(bytes[..bytes.len().min(64)].to_vec())
                    }
                    ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
                }));
            }
        }
        let words = |sql: &str| {
            let text: String = conn.query_row(sql, [number], |row| row.get(0)).unwrap_or_default();
            text.split(' ').map(|word| word.as_bytes().to_vec()).collect::<BTreeSet<_>>()
        };
        let others: BTreeSet<_> = {
            let mut statement = conn.prepare("SELECT tokens FROM patient_index WHERE rowid <> ?1").unwrap();
            let texts = statement.query_map([number], |row| row.get::<_, String>(0)).unwrap();
            texts.flat_map(|text| text.unwrap().split(' ').map(str::to_owned).collect::<Vec<_>>()).collect()
        };
        let own = words("SELECT tokens FROM patient_index WHERE rowid = ?1");
        traces.extend(
            own.into_iter().filter(|word| !others.contains(&String::from_utf8_lossy(word).into_owned())),
        );
    }
    traces.retain(|trace| trace.len() >= 6);
    traces
}

/// How many of these are somewhere in the folder: a reader in another language decrypts every page, free ones included.
fn hits(clinic: &Clinic, traces: &BTreeSet<Vec<u8>>) -> u64 {
    let needles = clinic.path().join("needles");
    std::fs::write(&needles, traces.iter().map(|trace| hex(trace)).collect::<Vec<_>>().join("\n")).unwrap();
    let keys = Drawer::ALL
        .map(|drawer| (drawer.as_str().to_owned(), hex(clinic.keys[&drawer].file.expose()).into()));
    let mut keys: serde_json::Map<String, Value> = keys.into_iter().collect();
    keys.insert("device".to_owned(), hex(&DEVICE_KEY).into());
    let asked = json!({ "folder": clinic.folder().root(), "keys": keys, "needles": needles });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats/pages.py");
    let output =
        Command::new("/usr/bin/python3").arg("-B").arg(script).arg(asked.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    told["hits"].as_u64().unwrap()
}

#[test]
fn nothing_of_an_erased_patient_is_on_any_page_and_everybody_else_is_as_before() {
    let (mut clinic, mut vault) = filled();
    write_note(&mut clinic, &mut vault, 1, "ada").unwrap();
    write_note(&mut clinic, &mut vault, 2, "bob").unwrap();
    assert_eq!((found(&mut clinic, &mut vault, "trev"), found(&mut clinic, &mut vault, "smith")), (1, 1));
    let bobs = chart_of(&mut clinic, &mut vault, "bob");
    drop(vault);
    let mut traces = traces(&clinic, "ada");
    // What was written here stands in the log by its opaque id, and the log stays.
    assert!(traces.remove(b"canary-new-1".as_slice()));
    let before = hits(&clinic, &traces);
    assert!(traces.len() > 130 && before >= traces.len() as u64, "{before} hits of {}", traces.len());

    let mut vault = clinic.reopen();
    vault.erase_patient(&patient("ada"), now()).unwrap();

    assert_eq!(found(&mut clinic, &mut vault, "trev"), 0, "at once, before any file is written anew");
    let actor = clinic.actor(Role::Clinician);
    let facts = vault.facts(&actor, &patient("ada"), now()).unwrap();
    let decided = decide(Rights::built_in(), &actor, Action::OpenChart, &facts, now());
    assert!(
        matches!(decided, Err(denied) if denied.reason() == DeniedReason::NotFound),
        "there is no such patient"
    );
    assert_eq!(vault.erasures_due().unwrap(), Drawer::ALL.into_iter().collect());
    write_anew(&mut vault);
    assert!(vault.erasures_due().unwrap().is_empty());
    assert!(!vault.device_mut().is_erasure_done(&patient("ada")).unwrap(), "a change has no answer yet");
    vault.apply_verdict(change(1), &Verdict::Refused { code: "erased".to_owned() }, now()).unwrap();
    assert!(vault.device_mut().is_erasure_done(&patient("ada")).unwrap());

    assert_eq!(hits(&clinic, &traces), 0, "with the files open, their write-ahead logs beside them");
    let mut vault = clinic.unlock(vault.close(), &Drawer::ALL);
    assert_eq!(hits(&clinic, &traces), 0);
    assert_eq!(chart_of(&mut clinic, &mut vault, "bob"), bobs);
    assert_eq!(found(&mut clinic, &mut vault, "smith"), 1);
    assert_eq!(found(&mut clinic, &mut vault, "family"), OTHERS as usize);
    assert!(Drawer::ALL.into_iter().all(|drawer| digest_holds(&mut vault, drawer)));
    for drawer in Drawer::ALL {
        assert_eq!(vault.device().drawer_generation(drawer).unwrap(), Some(1), "the keys are those it had");
    }
    println!("{} traces, {before} hits before, 0 after", traces.len());
}

#[test]
fn an_order_that_comes_while_all_is_shut_is_carried_out_in_each_drawer_when_it_is_opened() {
    let (mut clinic, vault) = filled();
    let mut device = vault.close();
    device.erase_patient(&patient("ada"), now()).unwrap();

    let mut vault = clinic.unlock(device, &[Drawer::Demographics, Drawer::Clinical]);
    assert_eq!(found(&mut clinic, &mut vault, "trev"), 0);
    write_anew(&mut vault);
    let mut device = vault.close();
    assert!(!device.is_erasure_done(&patient("ada")).unwrap(), "nobody has opened the other drawers");

    let mut vault = clinic.unlock(
        {
            device.erase_patient(&patient("ada"), now()).unwrap();
            device
        },
        &Drawer::ALL,
    );
    assert_eq!(vault.erasures_due().unwrap(), [Drawer::Sensitive, Drawer::Billing].into_iter().collect());
    write_anew(&mut vault);
    assert!(vault.device_mut().is_erasure_done(&patient("ada")).unwrap());
}

#[test]
fn neither_a_late_page_nor_an_older_file_nor_somebody_typing_brings_an_erased_patient_back() {
    let (mut clinic, mut vault) = filled();
    let file = clinic.folder().drawer_file(Drawer::Demographics);
    vault = clinic.unlock(vault.close(), &Drawer::ALL);
    drop(vault);
    let older = std::fs::read(&file).unwrap();
    let mut vault = clinic.reopen();
    let typed = note("canary-typed", "ada", "typed while the order came");
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&typed]);
    vault.erase_patient(&patient("ada"), now()).unwrap();
    write_anew(&mut vault);

    let typed = clinic.change(9, vec![(typed, Base::None)]);
    assert!(matches!(vault.save(permit, &typed, &clinic.pen(), now()), Err(SaveError::Erased)));
    clinic.load(&mut vault, &small_practice());
    assert_eq!(found(&mut clinic, &mut vault, "trev"), 0);
    assert!(vault.erasures_due().unwrap().is_empty(), "nothing of the page was written");
    let anchor = vault.anchor(Drawer::Demographics).unwrap().unwrap();
    drop(vault);

    std::fs::write(clinic.folder().drawer_copy(Drawer::Demographics, 2), older).unwrap();
    let mut vault = clinic.reopen();
    assert_eq!(found(&mut clinic, &mut vault, "trev"), 0);
    assert_eq!(vault.erasures_due().unwrap(), [Drawer::Demographics].into_iter().collect());
    vault.hold_back(Drawer::Demographics, HeldFor::OldCopy, Some(&anchor), now()).unwrap();
}

#[test]
fn what_is_unsent_of_an_erased_patient_is_delivered_before_it_goes() {
    let (mut clinic, mut vault) = filled();
    write_note(&mut clinic, &mut vault, 1, "ada").unwrap();
    std::fs::remove_file(clinic.folder().envelope_file(change(1))).unwrap();

    vault.erase_patient(&patient("ada"), now()).unwrap();
    write_anew(&mut vault);
    let mut vault = clinic.unlock(vault.close(), &Drawer::ALL);

    assert!(vault.device().envelope(change(1)).unwrap().is_some(), "the drawer's copy was brought out first");
    assert_eq!(vault.freshness().unwrap().iter().filter(|fresh| fresh.held_since.is_some()).count(), 0);
    assert_eq!(vault.device().unsent().unwrap().len(), 1);
    vault.apply_verdict(change(1), &Verdict::Refused { code: "erased".to_owned() }, now()).unwrap();
    assert!(vault.device_mut().is_erasure_done(&patient("ada")).unwrap());
    assert!(!clinic.folder().envelope_file(change(1)).exists());
    assert_eq!(
        vault.device().outbox_in(OutboxState::Refused).unwrap().len(),
        1,
        "its author still hears of it"
    );
}

#[test]
fn a_patient_who_is_erased_while_a_drawer_is_written_anew_is_not_in_the_new_file() {
    let (clinic, mut vault) = filled();
    vault.erase_patient(&patient("bob"), now()).unwrap();
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    vault.rewrite_step(30).unwrap();
    drop(vault.close());
    let traces = traces(&clinic, "ada");
    let mut vault = clinic.reopen();
    vault.begin_rewrite(Drawer::Clinical).unwrap();
    vault.rewrite_step(30).unwrap();

    vault.erase_patient(&patient("ada"), now()).unwrap();

    assert_eq!(vault.rewriting(), None, "it begins again");
    write_anew(&mut vault);
    drop(vault);
    assert_eq!(hits(&clinic, &traces), 0);
}

#[test]
fn what_was_being_typed_for_an_erased_patient_goes_whoever_typed_it() {
    let clinic = Clinic::new();
    drop(clinic.open_all());
    let mut random = Random::from_seed([8; 32]);
    let drafts = |role| {
        let key = keys::blob::derive_draft_key(
            crate::clinic::person(role).uuid(),
            &keys::AgreementSecret::make(&mut Random::from_seed([7; 32])),
        );
        vault::Drafts::open(&clinic.folder(), crate::clinic::person(role), key).unwrap()
    };
    let draft = |form: &str, whose: &str| vault::Draft {
        form: form.to_owned(),
        patient: Some(patient(whose)),
        content: "begun".to_owned(),
    };
    for role in [Role::Nurse, Role::Clinician] {
        for (form, whose) in [("note", "ada"), ("vitals", "ada"), ("note", "bob")] {
            drafts(role).put(&draft(form, whose), &mut random).unwrap();
        }
    }

    let gone = vault::Drafts::forget_patient(&clinic.folder(), &["note", "vitals"], &patient("ada")).unwrap();

    assert_eq!(gone, 4);
    for role in [Role::Nurse, Role::Clinician] {
        let (left, unreadable) = drafts(role).all().unwrap();
        assert_eq!((left, unreadable), (vec![draft("note", "bob")], 0));
    }
}
