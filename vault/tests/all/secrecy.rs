//! What lies on the disk, with and without the file's key.

use std::fs;
use std::path::{Path, PathBuf};

use records::change::Base;
use records::rights::Action;
use records::{Drawer, Role};
use rusqlite::types::ValueRef;

use crate::clinic::{Clinic, heart_rate, note, now, small_practice};
use crate::opening::raw;

/// Parts of names, texts, numbers and dates of the small practice.
const CANARIES: [&str; 9] =
    ["canary", "Canary", "Trevi", "trevino", "Brien", "548-5300", "5485300", "1945-07-14", "MRN-ada"];

#[test]
fn no_file_shows_a_word_of_what_was_written() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let fresh = note("note-new", "ada", "canarynote written here");
    let permit = clinic.write_permit(&mut vault, Action::Create, "ada", &[&fresh]);
    let change = clinic.change(1, vec![(fresh, Base::None)]);
    vault.save(permit, &change, &clinic.pen(), now()).unwrap();

    // Once with the write-ahead logs beside the files, and once folded in.
    for round in ["open", "closed"] {
        let files = files_under(clinic.path());
        assert!(files.len() >= 6, "{files:?}");
        for path in &files {
            let bytes = fs::read(path).unwrap();
            for canary in CANARIES {
                assert!(!contains(&bytes, canary.as_bytes()), "{canary} in {path:?}, {round}");
                let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
                assert!(!contains(&bytes, &wide), "{canary} in {path:?}, {round}");
            }
            assert!(!contains(path.to_string_lossy().as_bytes(), b"ada"));
        }
        if round == "open" {
            vault = clinic.unlock(vault.close(), &Drawer::ALL);
        }
    }
}

#[test]
fn with_the_file_key_alone_only_name_words_can_be_read() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);

    for drawer in Drawer::ALL {
        let conn = raw(&clinic, drawer);
        for (table, text) in all_cells(&conn) {
            let is_index = table.starts_with("patient_index");
            for canary in CANARIES {
                let name_word = is_index && ["trevino", "Brien"].contains(&canary);
                assert!(name_word || !text.contains(canary), "{canary} in {table} of {drawer}");
            }
        }
    }
}

#[test]
fn a_row_put_in_the_place_of_another_does_not_open() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    let documents = [heart_rate("hr-1", "ada", 60), heart_rate("hr-2", "ada", 180)];
    clinic.load(&mut vault, &small_practice());
    clinic.load(&mut vault, &documents);
    drop(vault);
    raw(&clinic, Drawer::Clinical)
        .execute_batch(
            "UPDATE document SET sealed = (SELECT sealed FROM document WHERE id = 'hr-2') WHERE id = 'hr-1'",
        )
        .unwrap();

    let mut vault = clinic.reopen();
    let permit = clinic.chart_permit(&mut vault, Role::Clinician, "ada");

    assert!(matches!(vault.chart(&permit), Err(vault::ReadError::Store(vault::StoreError::Damaged))));
}

#[test]
fn one_patients_key_does_not_open_another_patients_rows() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    drop(vault);
    raw(&clinic, Drawer::Clinical)
        .execute_batch(
            "UPDATE patient SET wrapped_key = (SELECT wrapped_key FROM patient WHERE id = 'bob') WHERE id = 'ada'",
        )
        .unwrap();

    let mut vault = clinic.reopen();
    let permit = clinic.chart_permit(&mut vault, Role::Clinician, "ada");

    assert!(vault.chart(&permit).is_err());
}

#[test]
fn nothing_shows_itself_in_debug_output() {
    let mut clinic = Clinic::new();
    let mut vault = clinic.open_all();
    clinic.load(&mut vault, &small_practice());
    let permit = clinic.chart_permit(&mut vault, Role::Clinician, "ada");

    let shown = format!("{vault:?} {:?} {:?}", vault.device(), vault.chart(&permit).unwrap());

    assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{shown}");
}

pub(crate) fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_under(&path)) } else { found.push(path) }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Every cell of every table as text.
fn all_cells(conn: &rusqlite::Connection) -> Vec<(String, String)> {
    let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut cells = Vec::new();
    for table in tables {
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let text = match row.get_ref(column).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        String::from_utf8_lossy(bytes).into_owned()
                    }
                    ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => String::new(),
                };
                cells.push((table.clone(), text));
            }
        }
    }
    cells
}
