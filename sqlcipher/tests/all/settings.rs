//! The settings stand, and nothing readable is on disk.

use std::fs;

use rusqlite::types::Value;
use sqlcipher::{Connection, immediate};

use crate::{file, key, make};

#[test]
fn the_settings_of_the_design_stand() {
    let folder = tempfile::tempdir().unwrap();
    let conn = make(&file(&folder));
    for (name, expected) in [
        ("locking_mode", "exclusive"),
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("temp_store", "2"),
        ("secure_delete", "1"),
        ("page_size", "4096"),
        ("cache_size", "-4096"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("trusted_schema", "0"),
        ("cell_size_check", "1"),
        ("mmap_size", "0"),
    ] {
        assert_eq!(pragma(&conn, name), expected, "{name}");
    }
    assert!(pragma(&conn, "cipher_version").starts_with("4."));
}

#[test]
fn extensions_cannot_be_loaded_and_files_cannot_be_attached() {
    let folder = tempfile::tempdir().unwrap();
    let conn = make(&file(&folder));
    let other = folder.path().join("other.db");

    assert!(conn.execute_batch("SELECT load_extension('mod_spatialite')").is_err());
    assert!(conn.execute("ATTACH ?1 AS other", [other.to_str().unwrap()]).is_err());
    assert!(!other.exists());
}

#[test]
fn no_file_shows_a_word_of_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut conn = make(&file(&folder));
    immediate(&mut conn, |tx| {
        for round in 0..500 {
            tx.execute("INSERT INTO thing (word) VALUES ('canary-' || ?1)", [round])?;
        }
        tx.execute("DELETE FROM thing WHERE id > 100", [])
    })
    .unwrap();

    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();

    assert!(files.iter().any(|path| path.extension().is_some_and(|end| end == "db-wal")), "{files:?}");
    for path in files {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"), "{path:?}");
        assert!(!bytes.starts_with(b"SQLite format 3"), "{path:?}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let _conn = make(&file(&folder));

    for entry in fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn a_key_shows_nothing_of_itself() {
    assert_eq!(format!("{:?}", key(0x41)), "RawKey(..)");
}

/// The setting as text: some of SQLCipher's pragmas answer numbers as text.
fn pragma(conn: &Connection, name: &str) -> String {
    match conn.pragma_query_value(None, name, |row| row.get::<_, Value>(0)).unwrap() {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other @ (Value::Null | Value::Real(_) | Value::Blob(_)) => panic!("{name}: {other:?}"),
    }
}
