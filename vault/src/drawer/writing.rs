//! Writing to a drawer: rows, their seals, the index, care relations and the anchor, all in one commit.

use std::collections::BTreeMap;

use keys::{PatientKey, Random};
use records::id::{PatientId, RecordKey, ResourceKind};
use records::{Document, Versioned, classify};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::anchor::{Digest, row_digest};
use super::counting::Counting;
use super::place;
use super::sealing::{Sealing, Table};
use super::{OpenDrawer, care, index, summary};
use crate::error::StoreError;
use crate::number;

/// A write transaction of a drawer. Everything written in it has the same revision: the drawer's next sequence number.
pub(crate) struct Writing<'a> {
    pub(crate) tx: &'a Transaction<'a>,
    pub(super) sealing: &'a Sealing,
    pub(super) random: &'a mut Random,
    revision: u64,
    digest: Digest,
    counting: Option<Counting>,
    patients: BTreeMap<String, Patient>,
    /// Whether any change waits in this drawer; while none does, a page need not ask for each record.
    pub(super) some_wait: bool,
}

/// A patient's number and data key in this drawer.
struct Patient {
    number: i64,
    key: PatientKey,
}

/// The row of a document, as far as a write needs it.
pub(super) struct Row {
    pub(super) place: i64,
    pub(super) patient: i64,
    pub(super) version: u64,
    pub(super) revision: u64,
}

impl OpenDrawer {
    /// Runs `work` in one commit. If it fails, nothing is written.
    pub(crate) fn write<T, E>(
        &mut self,
        random: &mut Random,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<rusqlite::Error>,
    {
        let Self { conn, sealing, counting } = self;
        let (value, counted) = sqlcipher::immediate(conn, |tx| {
            let (sequence, digest) = tx.query_row("SELECT sequence, digest FROM drawer", [], |row| {
                Ok((number::unsigned(row, 0)?, row.get(1)?))
            })?;
            let mut writing = Writing {
                tx,
                sealing,
                random,
                revision: sequence + 1,
                digest: Digest::from_bytes(digest),
                counting: *counting,
                patients: BTreeMap::new(),
                some_wait: tx.query_row(
                    "SELECT EXISTS (SELECT 1 FROM pending WHERE state = 'waiting')",
                    [],
                    |row| row.get(0),
                )?,
            };
            let value = work(&mut writing)?;
            let (revision, digest) = (number::stored(writing.revision), writing.digest.to_bytes());
            tx.execute("UPDATE drawer SET sequence = ?1, digest = ?2", params![revision, digest])?;
            Ok::<_, E>((value, writing.counting))
        })?;
        *counting = counted;
        Ok(value)
    }
}

impl Writing<'_> {
    /// Puts a document in the place of the one with its key, or as a new one.
    pub(crate) fn put(&mut self, document: &Document, version: u64) -> Result<(), StoreError> {
        let old = self.row(document.key())?;
        self.put_over(old, document, version)
    }

    /// As [`Self::put`], over the row that is known to be there.
    pub(super) fn put_over(
        &mut self,
        old: Option<Row>,
        document: &Document,
        version: u64,
    ) -> Result<(), StoreError> {
        let key = document.key().to_string();
        let owner = document.patient().map(PatientId::as_str).unwrap_or_default();
        let patient = self.patient(owner)?;
        if let Some(row) = old.as_ref().filter(|row| row.patient != patient) {
            // A record that was moved to another patient gets a place among that patient's.
            self.forget(&key, row)?;
        }
        let place = match old.filter(|row| row.patient == patient) {
            Some(row) => {
                self.gone(row.place, &key, row.revision);
                row.place
            }
            None => self.next_place(patient)?,
        };
        let sealed = self.seal(owner, (Table::Document, &key), document.bytes())?;
        self.insert(document, (place, patient), version, &sealed)?;
        self.come(place, &key);
        self.relate(document, place, patient)?;
        if *document.kind() == ResourceKind::PATIENT {
            self.index_patient(document, patient)?;
        }
        Ok(())
    }

    /// Removes a document; one that is not here is no error.
    pub(crate) fn remove(&mut self, key: &RecordKey) -> Result<(), StoreError> {
        if let Some(row) = self.row(key)? {
            self.forget(&key.to_string(), &row)?;
            if key.kind == ResourceKind::PATIENT {
                self.tx.execute("DELETE FROM summary WHERE number = ?1", [row.patient])?;
                self.tx.execute("DELETE FROM patient_index WHERE rowid = ?1", [row.patient])?;
                self.compare_no_more(row.patient)?;
            }
        }
        Ok(())
    }

    /// Gives the document that is here another version, and leaves its content.
    pub(crate) fn set_version(&mut self, key: &RecordKey, version: u64) -> Result<(), StoreError> {
        let sql = "UPDATE document SET version = ?3 WHERE id = ?1 AND kind = ?2";
        let values = params![key.id.as_str(), key.kind.as_str(), number::stored(version)];
        self.tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    /// The document that is here, opened.
    pub(crate) fn current(&mut self, key: &RecordKey) -> Result<Option<Versioned>, StoreError> {
        let sql = "SELECT d.version, d.revision, d.sealed, p.id FROM document d
                   JOIN patient p ON p.number = d.patient WHERE d.id = ?1 AND d.kind = ?2";
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row([key.id.as_str(), key.kind.as_str()], |row| {
            Ok((number::unsigned(row, 0)?, number::unsigned(row, 1)?, row.get(2)?, row.get(3)?))
        });
        let Some((version, revision, sealed, owner)) = found.optional()? else { return Ok(None) };
        let (sealed, owner): (Vec<u8>, String) = (sealed, owner);
        let document = self.open(&owner, (Table::Document, &key.to_string(), revision), &sealed)?;
        Ok(Some(Versioned { version, document }))
    }

    /// Seals bytes for a row of this transaction.
    pub(crate) fn seal(
        &mut self,
        owner: &str,
        (table, row): (Table, &str),
        plaintext: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.patient(owner)?;
        let patient = self.patients.get(owner).ok_or(StoreError::Damaged)?;
        Ok(self.sealing.seal(&patient.key, (table, row, self.revision), plaintext, self.random))
    }

    /// Opens a row.
    pub(crate) fn open(
        &mut self,
        owner: &str,
        place: (Table, &str, u64),
        sealed: &[u8],
    ) -> Result<Document, StoreError> {
        self.patient(owner)?;
        let patient = self.patients.get(owner).ok_or(StoreError::Damaged)?;
        Ok(Document::parse(self.sealing.open(&patient.key, place, sealed)?)?)
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The patient's number here; a patient who is new gets one, and a data key.
    pub(crate) fn patient(&mut self, id: &str) -> Result<i64, StoreError> {
        if let Some(patient) = self.patients.get(id) {
            return Ok(patient.number);
        }
        let sql = "SELECT number, wrapped_key FROM patient WHERE id = ?1";
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row([id], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let patient = match found.optional()? {
            Some((number, wrapped)) => {
                Patient { number, key: self.sealing.unwrap_patient_key(id, &wrapped)? }
            }
            None => self.new_patient(id)?,
        };
        let number = patient.number;
        self.patients.insert(id.to_owned(), patient);
        Ok(number)
    }

    fn new_patient(&mut self, id: &str) -> Result<Patient, StoreError> {
        let number = if id.is_empty() {
            0
        } else {
            let sql = "SELECT coalesce(max(number), 0) + 1 FROM patient";
            self.tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?
        };
        let (key, wrapped) = self.sealing.make_patient_key(id, self.random);
        let sql = "INSERT INTO patient (number, id, wrapped_key, next_place) VALUES (?1, ?2, ?3, 0)";
        self.tx.prepare_cached(sql)?.execute(params![number, id, wrapped])?;
        Ok(Patient { number, key })
    }

    fn next_place(&mut self, patient: i64) -> Result<i64, StoreError> {
        let sql = "UPDATE patient SET next_place = next_place + 1 WHERE number = ?1 RETURNING next_place - 1";
        let count: i64 = self.tx.prepare_cached(sql)?.query_row([patient], |row| row.get(0))?;
        Ok(place::place(patient, count))
    }

    pub(super) fn row(&self, key: &RecordKey) -> Result<Option<Row>, StoreError> {
        let sql = "SELECT place, patient, version, revision FROM document WHERE id = ?1 AND kind = ?2";
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row([key.id.as_str(), key.kind.as_str()], |row| {
            Ok(Row {
                place: row.get(0)?,
                patient: row.get(1)?,
                version: number::unsigned(row, 2)?,
                revision: number::unsigned(row, 3)?,
            })
        });
        Ok(found.optional()?)
    }

    fn insert(
        &self,
        document: &Document,
        (place, patient): (i64, i64),
        version: u64,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO document (place, kind, id, patient, class, version, revision, sort_at, author, sealed)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (place) DO UPDATE SET class = excluded.class, version = excluded.version,
                   revision = excluded.revision, sort_at = excluded.sort_at, author = excluded.author,
                   sealed = excluded.sealed";
        self.tx.prepare_cached(sql)?.execute(params![
            place,
            document.kind().as_str(),
            document.id().as_str(),
            patient,
            classify(document).as_str(),
            number::stored(version),
            number::stored(self.revision),
            place::sort_at(document),
            care::author(document),
            sealed,
        ])?;
        Ok(())
    }

    pub(super) fn forget(&mut self, key: &str, row: &Row) -> Result<(), StoreError> {
        self.tx.prepare_cached("DELETE FROM care_relation WHERE source = ?1")?.execute([row.place])?;
        self.tx.prepare_cached("DELETE FROM document WHERE place = ?1")?.execute([row.place])?;
        self.gone(row.place, key, row.revision);
        Ok(())
    }

    /// Keeps the digest, and a count that is going on, in step with a row that went.
    pub(super) fn gone(&mut self, place: i64, key: &str, revision: u64) {
        let row = row_digest(self.sealing, key, revision);
        self.digest.subtract(row);
        if let Some(counting) = &mut self.counting {
            counting.gone(place, row);
        }
    }

    /// The same with a row of this transaction.
    fn come(&mut self, place: i64, key: &str) {
        let row = row_digest(self.sealing, key, self.revision);
        self.digest.add(row);
        if let Some(counting) = &mut self.counting {
            counting.come(place, row);
        }
    }

    /// Makes this commit's sequence number a higher one than this.
    pub(super) fn go_beyond(&mut self, sequence: u64) {
        self.revision = self.revision.max(sequence.saturating_add(1));
    }

    pub(super) fn set_digest(&mut self, digest: Digest) {
        self.digest = digest;
        self.counting = None;
    }

    fn relate(&self, document: &Document, place: i64, patient: i64) -> Result<(), StoreError> {
        if !care::may_relate(document.kind()) {
            return Ok(());
        }
        self.tx.prepare_cached("DELETE FROM care_relation WHERE source = ?1")?.execute([place])?;
        for (person, span) in care::relations(document) {
            self.put_relation(patient, &person, place, span)?;
        }
        Ok(())
    }

    pub(super) fn put_relation(
        &self,
        patient: i64,
        person: &str,
        source: i64,
        span: care::Since,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO care_relation (patient, person, source, since_at, until_at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET since_at = min(since_at, excluded.since_at),
                   until_at = max(until_at, excluded.until_at)";
        let (since, until) = (number::millis(span.since), number::millis(span.until));
        self.tx.prepare_cached(sql)?.execute(params![patient, person, source, since, until])?;
        Ok(())
    }

    fn index_patient(&mut self, document: &Document, patient: i64) -> Result<(), StoreError> {
        let vip = document.labels().vip;
        self.tx
            .prepare_cached("UPDATE patient SET vip = ?2 WHERE number = ?1 AND vip <> ?2")?
            .execute(params![patient, vip])?;
        let tokens = index::tokens_of(document, self.sealing);
        let sql = "SELECT tokens FROM patient_index WHERE rowid = ?1";
        let old: Option<String> =
            self.tx.prepare_cached(sql)?.query_row([patient], |row| row.get(0)).optional()?;
        match old {
            Some(old) if old == tokens => {}
            Some(_) => {
                let sql = "UPDATE patient_index SET tokens = ?2 WHERE rowid = ?1";
                self.tx.prepare_cached(sql)?.execute(params![patient, tokens])?;
            }
            None => {
                let sql = "INSERT INTO patient_index (rowid, tokens) VALUES (?1, ?2)";
                self.tx.prepare_cached(sql)?.execute(params![patient, tokens])?;
            }
        }
        let small = summary::small(document).ok_or(StoreError::Damaged)?;
        let (owner, key) = (document.id().as_str(), document.key().to_string());
        let sealed = self.seal(owner, (Table::Summary, &key), small.bytes())?;
        let sql = "INSERT INTO summary (number, revision, sealed) VALUES (?1, ?2, ?3)
                   ON CONFLICT (number) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed";
        self.tx.prepare_cached(sql)?.execute(params![patient, number::stored(self.revision), sealed])?;
        self.compare_again(patient)
    }
}
