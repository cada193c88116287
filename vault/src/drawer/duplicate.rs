//! Copying a drawer into a new file, patient by patient, and proving that the copy is whole.
//!
//! The drawer stays open and in use meanwhile. Whose rows are written while the copy is made is noted by triggers that
//! live in this connection alone, and those patients are copied once more at the end.

use keys::{DrawerKeys, PatientKey, Random};
use records::Document;
use records::id::ResourceKind;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};

use super::anchor::{Anchor, Digest, row_digest};
use super::sealing::{Sealing, Table};
use super::{OpenDrawer, index};
use crate::error::StoreError;
use crate::number;

/// Rows that are copied as they are: table, which of them are a patient's (`?1`), columns.
const ROWS: [(&str, &str, &str); 7] = [
    ("summary", "number = ?1", "number, revision, sealed"),
    ("care_relation", "patient = ?1", "patient, person, source, since_at, until_at"),
    ("pending", "patient = ?1", "ordinal, change, kind, id, patient, state, revision, sealed, base, version"),
    ("server_version", "patient = ?1", "kind, id, patient, version, revision, sealed"),
    ("away", "patient = ?1", "patient, fetched_at, until_at"),
    ("to_compare", "patient = ?1", "patient"),
    ("alike", "patient = ?1", "patient, other, state"),
];
const DOCUMENTS: (&str, &str, &str) = (
    "document",
    "place >= ?1 << 24 AND place < (?1 + 1) << 24",
    "place, kind, id, patient, class, version, revision, sort_at, author, sealed",
);
/// Every table of a drawer but its head, in the order in which a patient's rows may be removed.
const COUNTED: [&str; 11] = [
    "summary",
    "care_relation",
    "pending",
    "server_version",
    "away",
    "to_compare",
    "alike",
    "document",
    "patient",
    "patient_index",
    "envelope",
];

/// A copy that is being made.
pub(crate) struct Duplicate {
    sealing: Sealing,
    /// The digest of the rows that were copied, as the old file counts them.
    old: Digest,
    /// The same as the new file counts them.
    new: Digest,
    envelopes_to: i64,
}

impl Duplicate {
    /// The digest that the new file's rows must have.
    pub(crate) fn digest(&self) -> Digest {
        self.new
    }
}

impl OpenDrawer {
    /// Begins to note whose rows are written from now on.
    pub(crate) fn begin_duplicate(&self, keys: DrawerKeys) -> Result<Duplicate, StoreError> {
        self.end_duplicate()?;
        self.conn.execute_batch("CREATE TEMP TABLE touched (patient INTEGER PRIMARY KEY)")?;
        let watched = [("document", "patient"), ("summary", "number"), ("care_relation", "patient")];
        let waiting = [
            ("pending", "patient"),
            ("server_version", "patient"),
            ("away", "patient"),
            ("patient", "number"),
        ];
        let compared = [("to_compare", "patient"), ("alike", "patient")];
        for (table, column) in watched.into_iter().chain(waiting).chain(compared) {
            // A row may be moved to another patient by an update: both are noted.
            for (name, moment, row) in [
                ("new", "INSERT", "NEW"),
                ("old", "DELETE", "OLD"),
                ("from", "UPDATE", "OLD"),
                ("to", "UPDATE", "NEW"),
            ] {
                self.conn.execute_batch(&format!(
                    "CREATE TEMP TRIGGER touched_{table}_{name} AFTER {moment} ON main.{table} BEGIN
                     INSERT INTO touched SELECT {row}.{column}
                     WHERE NOT EXISTS (SELECT 1 FROM touched WHERE patient = {row}.{column}); END"
                ))?;
            }
        }
        let sealing = Sealing::new(self.sealing.vault, self.sealing.drawer, keys);
        Ok(Duplicate { sealing, old: Digest::default(), new: Digest::default(), envelopes_to: 0 })
    }

    /// Notes nothing any more. Harmless when nothing was noted.
    pub(crate) fn end_duplicate(&self) -> Result<(), StoreError> {
        let sql = "SELECT name FROM sqlite_temp_schema WHERE type = 'trigger' AND name LIKE 'touched%'";
        let names: Vec<String> =
            self.conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            self.conn.execute_batch(&format!("DROP TRIGGER temp.{name}"))?;
        }
        Ok(self.conn.execute_batch("DROP TABLE IF EXISTS temp.touched")?)
    }

    /// How many patients the drawer holds.
    pub(crate) fn patients(&self) -> Result<u64, StoreError> {
        count(&self.conn, "patient")
    }

    /// Copies up to `limit` patients after the one with this number, in one commit of the new file. Returns the last
    /// one copied; `None` when there was none.
    pub(crate) fn copy_patients(
        &self,
        duplicate: &mut Duplicate,
        to: &mut Connection,
        (after, limit): (i64, u32),
        random: &mut Random,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT number FROM patient WHERE number > ?1 ORDER BY number LIMIT ?2";
        let numbers = numbers(&self.conn, sql, params![after, limit])?;
        sqlcipher::immediate(to, |tx| {
            numbers.iter().try_for_each(|number| self.copy_patient(duplicate, tx, *number, random))
        })?;
        Ok(numbers.last().copied())
    }

    /// Copies the patients whose rows were written meanwhile, over what was copied of them before. Returns which.
    pub(crate) fn copy_touched(
        &self,
        duplicate: &mut Duplicate,
        to: &mut OpenDrawer,
        random: &mut Random,
    ) -> Result<Vec<i64>, StoreError> {
        let touched = numbers(&self.conn, "SELECT patient FROM temp.touched", [])?;
        sqlcipher::immediate(&mut to.conn, |tx| {
            // All go before any comes: a record may have moved from one of them to another.
            touched.iter().try_for_each(|number| remove_patient(duplicate, &self.sealing, tx, *number))?;
            touched.iter().try_for_each(|number| self.copy_patient(duplicate, tx, *number, random))
        })?;
        self.conn.execute("DELETE FROM temp.touched", [])?;
        Ok(touched)
    }

    fn copy_patient(
        &self,
        duplicate: &mut Duplicate,
        to: &Connection,
        number: i64,
        random: &mut Random,
    ) -> Result<(), StoreError> {
        let sql = "SELECT id, wrapped_key, next_place, vip FROM patient WHERE number = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let found = statement.query_row([number], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, bool>(3)?,
            ))
        });
        // Somebody who was touched may be gone.
        let Some((id, wrapped, next_place, vip)) = found.optional()? else { return Ok(()) };
        let key = self.sealing.unwrap_patient_key(&id, &wrapped)?;
        let wrapped = duplicate.sealing.wrap_patient_key(&id, &key, random);
        let sql =
            "INSERT INTO patient (number, id, wrapped_key, next_place, vip) VALUES (?1, ?2, ?3, ?4, ?5)";
        to.prepare_cached(sql)?.execute(params![number, id, wrapped, next_place, vip])?;
        copy_rows(&self.conn, to, DOCUMENTS, number, |row| {
            let (kind, of, revision) =
                (row.get::<_, String>(1)?, row.get::<_, String>(2)?, number::unsigned(row, 6)?);
            let name = format!("{kind}/{of}");
            duplicate.old.add(row_digest(&self.sealing, &name, revision));
            duplicate.new.add(row_digest(&duplicate.sealing, &name, revision));
            if kind == ResourceKind::PATIENT.as_str() {
                let sealed = row.get_ref(9)?.as_blob().map_err(rusqlite::Error::from)?;
                let opened = self.sealing.open(&key, (Table::Document, &name, revision), sealed)?;
                let tokens = index::tokens_of(&Document::parse(opened)?, &duplicate.sealing);
                let sql = "INSERT INTO patient_index (rowid, tokens) VALUES (?1, ?2)";
                to.prepare_cached(sql)?.execute(params![number, tokens])?;
            }
            Ok(())
        })?;
        ROWS.into_iter().try_for_each(|rows| copy_rows(&self.conn, to, rows, number, |_row| Ok(())))
    }

    /// Proves up to `limit` patients of a copy: each key opens, and with it every row. Returns the last number and adds
    /// the rows to `found`.
    pub(crate) fn prove_patients(
        &self,
        (after, limit): (i64, u32),
        found: &mut Digest,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT number FROM patient WHERE number > ?1 ORDER BY number LIMIT ?2";
        let numbers = numbers(&self.conn, sql, params![after, limit])?;
        for number in &numbers {
            self.prove_patient(*number, found)?;
        }
        Ok(numbers.last().copied())
    }

    /// As [`OpenDrawer::prove_patients`], for one who is there or not.
    pub(crate) fn prove_patient(&self, number: i64, found: &mut Digest) -> Result<(), StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT id, wrapped_key FROM patient WHERE number = ?1")?;
        let row = statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((id, wrapped)): Option<(String, Vec<u8>)> = row else { return Ok(()) };
        let key = self.sealing.unwrap_patient_key(&id, &wrapped)?;
        let of = |table, sql| Opening { drawer: self, key: &key, table, sql, number };
        let documents = format!("SELECT kind, id, revision, sealed FROM document WHERE {}", DOCUMENTS.1);
        of(Table::Document, &documents).each(|name, revision| {
            found.add(row_digest(&self.sealing, name, revision));
        })?;
        let summary =
            "SELECT 'Patient', p.id, s.revision, s.sealed FROM summary s JOIN patient p USING (number)
                       WHERE s.number = ?1";
        of(Table::Summary, summary).each(|_, _| {})?;
        let pending = "SELECT kind, id, revision, sealed FROM pending WHERE patient = ?1";
        of(Table::Pending, pending).each(|_, _| {})?;
        let bases = "SELECT kind, id, revision, base FROM pending WHERE patient = ?1 AND base <> x''";
        of(Table::PendingBase, bases).each(|_, _| {})?;
        let known =
            "SELECT kind, id, revision, sealed FROM server_version WHERE patient = ?1 AND sealed <> x''";
        of(Table::ServerVersion, known).each(|_, _| {})
    }

    /// Writes what belongs to no patient, and the head. Returns whether the copy holds the same rows as this drawer,
    /// no more and no fewer; if not, it is worth nothing.
    pub(crate) fn finish_duplicate(
        &self,
        duplicate: &mut Duplicate,
        to: &mut OpenDrawer,
    ) -> Result<bool, StoreError> {
        sqlcipher::immediate(&mut to.conn, |tx| {
            duplicate.envelopes_to = self.copy_envelopes(tx, duplicate.envelopes_to)?;
            let sql = "SELECT sequence, cursor, pulled_at, held_since, held_for FROM drawer";
            let (sequence, cursor, pulled_at, held_since, held_for): (i64, String, i64, i64, String) =
                self.conn.query_row(sql, [], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })?;
            let sql = "UPDATE drawer SET sequence = ?1, digest = ?2, cursor = ?3, pulled_at = ?4,
                       held_since = ?5, held_for = ?6";
            let digest = duplicate.new.to_bytes();
            tx.execute(sql, params![sequence + 1, digest, cursor, pulled_at, held_since, held_for])?;
            self.copy_ordinals(tx)
        })?;
        let anchor: Anchor = self.anchor()?;
        let same = COUNTED.into_iter().try_fold(true, |same, table| {
            Ok::<_, StoreError>(same && count(&self.conn, table)? == count(&to.conn, table)?)
        })?;
        Ok(same && anchor.digest == duplicate.old.to_bytes())
    }

    fn copy_envelopes(&self, to: &Connection, after: i64) -> Result<i64, StoreError> {
        let columns = "rowid, change, sequence, author, patient, also, kind, written_at, depends_on, bytes";
        let envelopes = ("envelope", "rowid > ?1", columns);
        let mut last = after;
        copy_rows(&self.conn, to, envelopes, after, |row| {
            last = last.max(row.get(0)?);
            Ok(())
        })?;
        Ok(last)
    }

    /// Numbers that were given once are not given again.
    fn copy_ordinals(&self, to: &Connection) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, last): (String, i64) = (row.get(0)?, row.get(1)?);
            to.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [&name])?;
            to.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![name, last])?;
        }
        Ok(())
    }
}

/// Sealed rows of one patient, to be opened.
struct Opening<'a> {
    drawer: &'a OpenDrawer,
    key: &'a PatientKey,
    table: Table,
    sql: &'a str,
    number: i64,
}

impl Opening<'_> {
    fn each(&self, mut seen: impl FnMut(&str, u64)) -> Result<(), StoreError> {
        let mut statement = self.drawer.conn.prepare_cached(self.sql)?;
        let mut rows = statement.query([self.number])?;
        while let Some(row) = rows.next()? {
            let name = format!("{}/{}", row.get::<_, String>(0)?, row.get::<_, String>(1)?);
            let revision = number::unsigned(row, 2)?;
            let sealed = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
            self.drawer.sealing.open(self.key, (self.table, &name, revision), sealed)?;
            seen(&name, revision);
        }
        Ok(())
    }
}

/// Takes out what was copied of a patient.
fn remove_patient(
    duplicate: &mut Duplicate,
    old: &Sealing,
    to: &Connection,
    number: i64,
) -> Result<(), StoreError> {
    let (table, of, _) = DOCUMENTS;
    let mut statement = to.prepare_cached(&format!("SELECT kind, id, revision FROM {table} WHERE {of}"))?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        let name = format!("{}/{}", row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        let revision = number::unsigned(row, 2)?;
        duplicate.old.subtract(row_digest(old, &name, revision));
        duplicate.new.subtract(row_digest(&duplicate.sealing, &name, revision));
    }
    delete_patient(to, number)
}

/// Deletes every row of a patient.
pub(super) fn delete_patient(from: &Connection, number: i64) -> Result<(), StoreError> {
    let head = [("patient_index", "rowid = ?1"), ("patient", "number = ?1")];
    let rows = ROWS.into_iter().chain([DOCUMENTS]).map(|(table, of, _)| (table, of));
    for (table, of) in rows.chain(head) {
        from.prepare_cached(&format!("DELETE FROM {table} WHERE {of}"))?.execute([number])?;
    }
    Ok(())
}

/// Copies rows value by value, and shows each to `seen`.
fn copy_rows(
    from: &Connection,
    to: &Connection,
    (table, of, columns): (&str, &str, &str),
    number: i64,
    mut seen: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut read = from.prepare_cached(&format!("SELECT {columns} FROM {table} WHERE {of}"))?;
    let width = read.column_count();
    let places: Vec<String> = (1..=width).map(|place| format!("?{place}")).collect();
    let sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", places.join(", "));
    let mut write = to.prepare_cached(&sql)?;
    let mut rows = read.query([number])?;
    while let Some(row) = rows.next()? {
        write_row(&mut write, row, width)?;
        seen(row)?;
    }
    Ok(())
}

fn write_row(write: &mut Statement<'_>, row: &Row<'_>, width: usize) -> rusqlite::Result<()> {
    for place in 0..width {
        write.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(row.get_ref(place)?))?;
    }
    write.raw_execute()?;
    Ok(())
}

fn numbers(conn: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<i64>, StoreError> {
    Ok(conn.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn count(conn: &Connection, table: &str) -> Result<u64, StoreError> {
    Ok(conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| number::unsigned(row, 0))?)
}
