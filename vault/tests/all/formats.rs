//! A second implementation, written in another language from `docs/formats`, reads a whole data folder.

use std::path::Path;
use std::process::{Command, Output};

use keys::{AgreementSecret, blob};
use records::change::Base;
use records::rights::Action;
use records::{Drawer, Role};
use serde_json::{Value, json};
use vault::{Draft, Drafts};

use crate::clinic::{Clinic, DEVICE_KEY, note, now, patient, person, small_practice};

#[test]
fn a_reader_written_from_the_documents_reads_the_whole_folder() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let fresh = note("note-new", "ada", "written here, and waiting");
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(1, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();
    drop(vault.close());
    let (nurse, agreement) = (person(Role::Nurse), AgreementSecret::make(&mut clinic.random));
    let key = blob::derive_draft_key(nurse.uuid(), &agreement);
    let drafts = Drafts::open(&clinic.folder(), nurse, key).unwrap();
    let draft = Draft { form: "note".to_owned(), patient: Some(patient("ada")), content: "begun".to_owned() };
    drafts.put(&draft, &mut clinic.random).unwrap();

    let found = read(&keys_of(&clinic, &json!({ nurse.to_string(): hex(agreement.expose()) })));

    let documents = |drawer: Drawer| found[drawer.as_str()]["documents"].as_u64().unwrap();
    assert_eq!(Drawer::ALL.map(documents).iter().sum::<u64>(), small_practice().len() as u64 + 1);
    assert_eq!(found["demographics"]["filed"], 2);
    assert_eq!(found["envelopes"], 1);
    assert_eq!(found["drafts"], json!(["begun"]));
    assert!(found["events"].as_u64().unwrap() >= 6, "{found}");
}

#[test]
fn the_same_reader_refuses_a_folder_in_which_one_bit_was_changed() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault.close());
    let file = clinic.folder().drawer_file(Drawer::Clinical);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let output = run(&keys_of(&clinic, &json!({})));

    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("page 2 of clinical.db"), "{told}");
}

/// All keys of the folder, as the reader takes them.
fn keys_of(clinic: &Clinic, drafts: &Value) -> Value {
    let of_drawer = |drawer: Drawer| {
        let keys = &clinic.keys[&drawer];
        let own = json!({
            "file": hex(keys.file.expose()), "field": hex(keys.field.expose()), "generation": keys.generation,
        });
        (drawer.as_str().to_owned(), own)
    };
    json!({
        "folder": clinic.path().join("data"),
        "device": hex(&DEVICE_KEY),
        "drawers": Drawer::ALL.into_iter().map(of_drawer).collect::<serde_json::Map<_, _>>(),
        "author": hex(clinic.author_key.seed().expose()),
        "sealing": hex(clinic.sealing.expose()),
        "drafts": drafts,
    })
}

fn read(keys: &Value) -> Value {
    let output = run(keys);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs the reader with the system's Python, which has the libraries from the system's packages.
fn run(keys: &Value) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/formats/folder.py");
    let output = Command::new("/usr/bin/python3").arg("-B").arg(script).arg(keys.to_string()).output();
    output.expect("python3-cryptography and python3-argon2 are installed")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
