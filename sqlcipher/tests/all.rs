//! What can go wrong with an encrypted file, and what the settings are.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "all/copying.rs"]
mod copying;
#[path = "all/opening.rs"]
mod opening;
#[path = "all/settings.rs"]
mod settings;
#[path = "all/starting.rs"]
mod starting;
#[path = "all/upgrading.rs"]
mod upgrading;

use std::path::{Path, PathBuf};

use sqlcipher::{Connection, Migration, Migrations, OpenError, Profile, RawKey};

pub(crate) const ONE: Migrations = Migrations::new(&[Migration {
    number: 1,
    sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
          INSERT INTO thing (word) VALUES ('canary-from-migration');",
}]);

pub(crate) const TWO: Migrations = Migrations::new(&[
    Migration {
        number: 1,
        sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT;
              INSERT INTO thing (word) VALUES ('canary-from-migration');",
    },
    Migration { number: 2, sql: "ALTER TABLE thing ADD COLUMN colour TEXT NOT NULL DEFAULT '';" },
]);

pub(crate) fn key(byte: u8) -> RawKey {
    RawKey::new([byte; 32])
}

pub(crate) fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("thing.db")
}

pub(crate) fn make(path: &Path) -> Connection {
    sqlcipher::create_new(path, &key(7), &Profile::exclusive(4), &ONE).unwrap()
}

pub(crate) fn reopen(path: &Path) -> Result<Connection, OpenError> {
    sqlcipher::open(path, &key(7), &Profile::exclusive(4), &ONE)
}

pub(crate) fn words(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM thing", [], |row| row.get(0)).unwrap()
}
