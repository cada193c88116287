//! Migrations: forward, with a copy kept, and never onto a newer file.

use std::fs;
use std::time::{Duration, SystemTime};

use sqlcipher::{Migration, Migrations, OpenError, Profile, backup};

use crate::{ONE, TWO, file, key, make, reopen, words};

#[test]
fn an_old_file_is_brought_up_to_date_and_kept_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));

    let conn = sqlcipher::open(&path, &key(7), &Profile::exclusive(4), &TWO).unwrap();

    let colour: String = conn.query_row("SELECT colour FROM thing", [], |row| row.get(0)).unwrap();
    assert_eq!(colour, "");
    let kept = folder.path().join("thing.db.schema-1");
    assert_eq!(words(&reopen(&kept).unwrap()), 1);
}

#[test]
fn a_file_from_a_newer_program_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(sqlcipher::create_new(&path, &key(7), &Profile::exclusive(4), &TWO).unwrap());
    let before = fs::read(&path).unwrap();

    let refused = reopen(&path);

    assert!(matches!(refused, Err(OpenError::NewerVersion { found: 2, known: 1 })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_migration_that_fails_leaves_the_schema_before_it() {
    const BROKEN: Migrations = Migrations::new(&[
        Migration { number: 1, sql: "SELECT 1;" },
        Migration { number: 2, sql: "DROP TABLE thing; CREATE TABLE nonsense (;" },
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));

    let failed = sqlcipher::open(&path, &key(7), &Profile::exclusive(4), &BROKEN);

    assert!(matches!(failed, Err(OpenError::Sql(_))));
    assert_eq!(words(&reopen(&path).unwrap()), 1);
}

#[test]
fn copies_go_after_seven_days_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder);
    drop(make(&path));
    drop(sqlcipher::open(&path, &key(7), &Profile::exclusive(4), &TWO).unwrap());
    let kept = folder.path().join("thing.db.schema-1");
    let written = fs::metadata(&kept).unwrap().modified().unwrap();

    assert_eq!(backup::remove_old(&path, written + Duration::from_secs(6 * 86_400)).unwrap(), 0);
    assert_eq!(backup::remove_old(&path, written + Duration::from_secs(8 * 86_400)).unwrap(), 1);

    assert!(!kept.exists());
    assert!(path.exists());
    assert_eq!(backup::remove_old(&path, SystemTime::UNIX_EPOCH).unwrap(), 0);
    assert_eq!(ONE.newest(), 1);
}
