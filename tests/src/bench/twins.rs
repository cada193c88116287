//! Two files of one schema, that of a drawer: one plain SQLite, one SQLCipher, filled alike.
//!
//! Plain SQLite is the same library: a connection of SQLCipher that was given no key.

use std::ops::Range;
use std::path::Path;

use keys::Random;
use rusqlite::{Connection, params};
use sqlcipher::{Migration, Migrations, Profile, RawKey};
use uuid::Uuid;

use super::BenchResult;

/// The schema of a drawer as it ships.
const SCHEMA: &str = include_str!("../../../vault/migrations/drawer/0001_init.sql");
const MIGRATIONS: Migrations = Migrations::new(&[Migration { number: 1, sql: SCHEMA }]);
/// Page cache of both in MiB.
const CACHE_MIB: u32 = 64;
/// Documents of one patient.
const PER_PATIENT: u32 = 20;

/// What `sqlcipher` sets on a file, save what concerns the cipher (its `README.md` has the reasons).
const PLAIN_SETTINGS: &str = "
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
    PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 16777216;";

pub(super) struct Twins {
    pub(super) plain: Connection,
    pub(super) cipher: Connection,
}

impl Twins {
    pub(super) fn create(folder: &Path, name: &str, random: &mut Random) -> BenchResult<Twins> {
        let plain = Connection::open(folder.join(format!("{name}-plain.db")))?;
        plain.execute_batch(PLAIN_SETTINGS)?;
        plain.execute_batch(SCHEMA)?;
        let path = folder.join(format!("{name}-cipher.db"));
        let cipher = sqlcipher::create_new(
            &path,
            &RawKey::new(random.bytes()),
            &Profile::exclusive(CACHE_MIB),
            &MIGRATIONS,
        )?;
        for conn in [&plain, &cipher] {
            conn.set_prepared_statement_cache_capacity(16);
        }
        Ok(Twins { plain, cipher })
    }
}

/// Inserts the rows of these numbers in one commit; `payload` says what stands in a row.
pub(super) fn insert_documents(
    conn: &mut Connection,
    numbers: Range<u32>,
    mut payload: impl FnMut(u32, &str) -> Vec<u8>,
) -> rusqlite::Result<()> {
    let tx = conn.transaction()?;
    {
        let mut patients = tx.prepare_cached(
            "INSERT INTO patient (number, id, wrapped_key, next_place) VALUES (?1, ?2, zeroblob(61), 20) ON CONFLICT DO NOTHING",
        )?;
        let mut documents = tx.prepare_cached(
            "INSERT INTO document (place, kind, id, patient, class, version, revision, sort_at, sealed)
             VALUES (?1, 'Observation', ?2, ?3, 'clinical-summary', 1, 1, ?4, ?5)",
        )?;
        for number in numbers {
            let patient = i64::from(number / PER_PATIENT) + 1;
            let id = document_id(number);
            if number.is_multiple_of(PER_PATIENT) {
                patients.execute(params![patient, format!("patient-{patient}")])?;
            }
            let place = (patient << 24) | i64::from(number % PER_PATIENT);
            documents.execute(params![place, id, patient, number, payload(number, &id)])?;
        }
    }
    tx.commit()
}

/// Reads documents by their key, as the vault does, and returns how many bytes there were.
pub(super) fn read_documents(conn: &Connection, numbers: &[u32]) -> rusqlite::Result<usize> {
    let mut statement = conn.prepare_cached(
        "SELECT version, revision, sealed FROM document WHERE id = ?1 AND kind = 'Observation'",
    )?;
    let mut bytes = 0;
    for number in numbers {
        bytes += statement.query_row([document_id(*number)], |row| Ok(row.get_ref(2)?.as_blob()?.len()))?;
    }
    Ok(bytes)
}

/// Files patients under the tokens of their names.
pub(super) fn index_patients(conn: &mut Connection, tokens: &[String]) -> rusqlite::Result<()> {
    let tx = conn.transaction()?;
    {
        let mut statement = tx.prepare("INSERT INTO patient_index (rowid, tokens) VALUES (?1, ?2)")?;
        for (number, tokens) in tokens.iter().enumerate() {
            statement.execute(params![i64::try_from(number).unwrap_or(i64::MAX), tokens])?;
        }
    }
    tx.commit()
}

/// Runs expressions against the index as a search does, and returns how many rows came.
pub(super) fn find_patients(conn: &Connection, expressions: &[String]) -> rusqlite::Result<usize> {
    let mut statement =
        conn.prepare_cached("SELECT rowid FROM patient_index WHERE patient_index MATCH ?1 LIMIT 51")?;
    let mut found = 0;
    for expression in expressions {
        let mut rows = statement.query([expression])?;
        while rows.next()?.is_some() {
            found += 1;
        }
    }
    Ok(found)
}

/// An id without order, as ids of records are.
pub(super) fn document_id(number: u32) -> String {
    let mixed = u128::from(number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Uuid::from_u128(mixed).to_string()
}
