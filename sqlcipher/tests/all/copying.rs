//! Copies of a whole file, of one moment.

use sqlcipher::{OpenError, Profile, immediate};
use std::fs;

use crate::{ONE, file, key, make, reopen, words};

fn fill(conn: &mut sqlcipher::Connection, rows: usize) {
    immediate(conn, |tx| {
        for _ in 0..rows {
            tx.execute("INSERT INTO thing (word) VALUES (hex(randomblob(400)))", [])?;
        }
        Ok::<_, rusqlite::Error>(())
    })
    .unwrap();
}

#[test]
fn a_copy_is_of_one_moment_though_others_go_on_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    let shared = Profile::shared(4);
    let mut writer = sqlcipher::open(&path, &key(7), &shared, &ONE).unwrap();
    fill(&mut writer, 12_000);
    let reader = sqlcipher::open(&path, &key(7), &shared, &ONE).unwrap();
    let before = words(&writer);
    let to = folder.path().join("copy.db");
    let mut told = Vec::new();

    sqlcipher::copy(&reader, &to, &key(7), &mut |done, total| {
        fill(&mut writer, 50);
        told.push((done, total));
    })
    .unwrap();

    assert!(told.len() > 1 && told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
    assert_eq!(told.last().map(|(done, total)| done == total), Some(true));
    assert!(!folder.path().join("copy.db.new").exists() && !folder.path().join("copy.db-wal").exists());
    let copy = reopen(&to).unwrap();
    assert_eq!((words(&copy), words(&writer) > before), (before, true));
    assert!(!fs::read(&to).unwrap().starts_with(b"SQLite format 3"), "it is sealed");
}

#[test]
fn a_copy_never_takes_the_place_of_a_file_and_needs_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let conn = make(&path);
    let to = folder.path().join("copy.db");
    fs::write(&to, b"somebody's").unwrap();
    let refused = sqlcipher::copy(&conn, &to, &key(7), &mut |_, _| {});
    assert!(matches!(refused, Err(OpenError::Exists)));
    assert_eq!(fs::read(&to).unwrap(), b"somebody's");

    let to = folder.path().join("other.db");
    sqlcipher::copy(&conn, &to, &key(9), &mut |_, _| {}).unwrap();
    assert!(matches!(reopen(&to), Err(OpenError::WrongKeyOrDamaged)));
    let other = sqlcipher::open(&to, &key(9), &Profile::exclusive(4), &ONE).unwrap();
    assert_eq!(words(&other), words(&conn));
}

#[test]
fn a_damaged_file_makes_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut conn = make(&path);
    fill(&mut conn, 2_000);
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let conn = reopen(&path).unwrap();
    let to = folder.path().join("copy.db");

    let refused = sqlcipher::copy(&conn, &to, &key(7), &mut |_, _| {});

    assert!(matches!(refused, Err(OpenError::WrongKeyOrDamaged)), "{refused:?}");
    assert!(!to.exists());
}
