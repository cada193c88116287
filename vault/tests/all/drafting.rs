//! Drafts: kept for their author, and for nobody else.

use std::fs;

use keys::blob::derive_draft_key;
use keys::{AgreementSecret, Random};
use records::Role;
use vault::{Draft, DraftError, Drafts, Folder};

use crate::clinic::{patient, person};
use crate::secrecy::files_under;

fn draft(content: &str) -> Draft {
    Draft { form: "note".into(), patient: Some(patient("ada")), content: content.into() }
}

fn drafts(folder: &Folder, role: Role, seed: u8) -> Drafts {
    let secret = AgreementSecret::make(&mut Random::from_seed([seed; 32]));
    Drafts::open(folder, person(role), derive_draft_key(person(role).uuid(), &secret)).unwrap()
}

#[test]
fn a_draft_comes_back_as_it_was_left_and_the_latest_counts() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let mut random = Random::from_seed([1; 32]);
    let nurse = drafts(&folder, Role::Nurse, 1);
    nurse.put(&draft("first"), &mut random).unwrap();
    nurse.put(&draft("canary second"), &mut random).unwrap();

    let again = drafts(&folder, Role::Nurse, 1);

    assert_eq!(again.get("note", Some(&patient("ada"))).unwrap(), Some(draft("canary second")));
    assert_eq!(again.all().unwrap(), (vec![draft("canary second")], 0));
    again.remove("note", Some(&patient("ada"))).unwrap();
    assert_eq!(again.all().unwrap(), (vec![], 0));
    again.remove("note", Some(&patient("ada"))).unwrap();
}

#[test]
fn a_draft_is_sealed_and_its_file_name_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    drafts(&folder, Role::Nurse, 1).put(&draft("canary text"), &mut Random::from_seed([1; 32])).unwrap();

    for path in files_under(dir.path()) {
        assert!(!String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("canary"));
        assert!(!path.to_string_lossy().contains("note"), "{path:?}");
        assert!(!path.file_name().unwrap().to_string_lossy().contains("ada.draft"), "{path:?}");
    }
}

#[test]
fn a_draft_does_not_open_for_somebody_else_even_when_it_is_moved() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let mut random = Random::from_seed([1; 32]);
    drafts(&folder, Role::Nurse, 1).put(&draft("mine"), &mut random).unwrap();
    let clinician = drafts(&folder, Role::Clinician, 2);
    clinician.put(&draft("other"), &mut random).unwrap();
    let of = |role| files_under(&folder.drafts_of(person(role))).remove(0);
    fs::copy(of(Role::Nurse), of(Role::Clinician)).unwrap();

    assert!(matches!(clinician.get("note", Some(&patient("ada"))), Err(DraftError::Unreadable)));
    assert_eq!(clinician.all().unwrap(), (vec![], 1));
    assert!(of(Role::Clinician).exists(), "it is left where it is");
}

#[test]
fn a_half_written_draft_is_not_taken_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path());
    let nurse = drafts(&folder, Role::Nurse, 1);
    nurse.put(&draft("whole"), &mut Random::from_seed([1; 32])).unwrap();
    let path = files_under(&folder.drafts_of(person(Role::Nurse))).remove(0);
    fs::write(path.with_extension("draft.new"), b"half").unwrap();

    assert_eq!(nurse.all().unwrap(), (vec![draft("whole")], 0));
}
