//! Wrong keys, damage, doubles and strangers.

use std::fs;

use sqlcipher::{OpenError, Profile, immediate};

use crate::{ONE, file, key, make, reopen, words};

#[test]
fn a_file_opens_again_with_its_key_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut conn = make(&path);
    immediate(&mut conn, |tx| tx.execute("INSERT INTO thing (word) VALUES ('second')", [])).unwrap();
    drop(conn);

    assert_eq!(words(&reopen(&path).unwrap()), 2);
}

#[test]
fn a_wrong_key_is_refused_and_leaves_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    let before = fs::read(&path).unwrap();

    let refused = sqlcipher::open(&path, &key(8), &Profile::exclusive(4), &ONE);

    assert!(matches!(refused, Err(OpenError::WrongKeyOrDamaged)));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(reopen(&path).is_ok());
}

#[test]
fn a_damaged_first_page_is_the_same_error_as_a_wrong_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    let mut bytes = fs::read(&path).unwrap();
    bytes[500] ^= 1;
    fs::write(&path, &bytes).unwrap();

    assert!(matches!(reopen(&path), Err(OpenError::WrongKeyOrDamaged)));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_damaged_later_page_is_found_by_the_check_and_refused_when_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let mut conn = make(&path);
    immediate(&mut conn, |tx| {
        for _ in 0..2000 {
            tx.execute("INSERT INTO thing (word) VALUES ('row')", [])?;
        }
        Ok::<_, rusqlite::Error>(())
    })
    .unwrap();
    assert!(sqlcipher::damaged_pages(&conn).unwrap().is_empty());
    drop(conn);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let conn = reopen(&path).unwrap();

    assert!(!sqlcipher::damaged_pages(&conn).unwrap().is_empty());
    let read = conn.query_row("SELECT sum(length(word)) FROM thing", [], |row| row.get::<_, i64>(0));
    assert!(sqlcipher::is_damage(&read.unwrap_err()));
}

#[test]
fn an_empty_file_a_plain_file_and_a_missing_file_are_never_taken_for_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    assert!(matches!(reopen(&path), Err(OpenError::Missing)));
    assert!(!path.exists());

    fs::write(&path, b"").unwrap();
    assert!(matches!(reopen(&path), Err(OpenError::WrongKeyOrDamaged)));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);

    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE thing (id INTEGER)").unwrap();
    assert!(matches!(reopen(&path), Err(OpenError::WrongKeyOrDamaged)));
}

#[test]
fn making_a_file_never_replaces_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    let before = fs::read(&path).unwrap();

    let again = sqlcipher::create_new(&path, &key(9), &Profile::exclusive(4), &ONE);

    assert!(matches!(again, Err(OpenError::Exists)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_half_made_file_of_an_earlier_try_is_not_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    fs::write(folder.path().join("thing.db.new"), b"power went out here").unwrap();

    assert_eq!(words(&make(&path)), 1);
    assert!(!folder.path().join("thing.db.new").exists());
}

#[test]
fn an_exclusive_file_is_busy_for_a_second_opener() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    let _held = make(&path);
    let impatient = Profile { busy_timeout: std::time::Duration::from_millis(20), ..Profile::exclusive(4) };

    let second = sqlcipher::open(&path, &key(7), &impatient, &ONE);

    assert!(matches!(second, Err(OpenError::Busy)), "{second:?}");
}

#[test]
fn a_shared_file_takes_two_openers() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    let mut first = sqlcipher::open(&path, &key(7), &Profile::shared(4), &ONE).unwrap();
    let second = sqlcipher::open(&path, &key(7), &Profile::shared(4), &ONE).unwrap();

    immediate(&mut first, |tx| tx.execute("INSERT INTO thing (word) VALUES ('x')", [])).unwrap();

    assert_eq!(words(&second), 2);
}

#[test]
fn work_that_fails_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut conn = make(&file(&folder));

    let failed: rusqlite::Result<()> = immediate(&mut conn, |tx| {
        tx.execute("INSERT INTO thing (word) VALUES ('never')", [])?;
        Err(rusqlite::Error::QueryReturnedNoRows)
    });

    assert!(failed.is_err());
    assert_eq!(words(&conn), 1);
}
