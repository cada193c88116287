//! Charts that are not kept here: what is left of one is who the patient is, what was written here and waits, and the mark that
//! the rest is only at the server.

use jiff::Timestamp;
use records::id::PatientId;
use rusqlite::{OptionalExtension as _, params};

use super::writing::Row;
use super::{OpenDrawer, Writing};
use crate::away::Fetched;
use crate::error::StoreError;
use crate::number;

impl OpenDrawer {
    /// Whether a chart is away, and since when and until when it is here nevertheless.
    pub(crate) fn away(&self, patient: &PatientId) -> Result<Option<Option<Fetched>>, StoreError> {
        let sql = "SELECT a.fetched_at, a.until_at FROM away a JOIN patient p ON p.number = a.patient WHERE p.id = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let found = statement
            .query_row([patient.as_str()], |row| {
                Ok(Fetched { at: number::time(row, 0)?, until: number::time(row, 1)? })
            })
            .optional()?;
        Ok(found.map(|fetched| Some(fetched).filter(|fetched| fetched.until > Timestamp::UNIX_EPOCH)))
    }

    /// Whether a chart that was fetched is to go.
    pub(crate) fn has_overstayed(&self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM away WHERE until_at > 0 AND until_at <= ?1)";
        Ok(self.conn.prepare_cached(sql)?.query_row([number::millis(now)], |row| row.get(0))?)
    }
}

impl Writing<'_> {
    /// Takes in that a chart is kept, and all of it is here; or that it is not, and what is here of it goes.
    pub(crate) fn take_chart(&mut self, patient: &PatientId, is_kept: bool) -> Result<(), StoreError> {
        let number = self.patient(patient.as_str())?;
        if is_kept {
            self.tx.prepare_cached("DELETE FROM away WHERE patient = ?1")?.execute([number])?;
            return Ok(());
        }
        let sql = "INSERT INTO away (patient, fetched_at, until_at) VALUES (?1, 0, 0)
                   ON CONFLICT (patient) DO UPDATE SET fetched_at = 0, until_at = 0";
        self.tx.prepare_cached(sql)?.execute([number])?;
        self.empty_chart(number)
    }

    /// Notes that all of a chart that is away was fetched; one that is kept stays as it is.
    pub(crate) fn note_fetched(&mut self, patient: &PatientId, fetched: Fetched) -> Result<(), StoreError> {
        let number = self.patient(patient.as_str())?;
        let sql = "UPDATE away SET fetched_at = ?2, until_at = ?3 WHERE patient = ?1";
        let (at, until) = (number::millis(fetched.at), number::millis(fetched.until));
        self.tx.prepare_cached(sql)?.execute(params![number, at, until])?;
        Ok(())
    }

    /// Takes out the charts that were fetched and whose time is over.
    pub(crate) fn drop_overstayed(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE away SET fetched_at = 0, until_at = 0 WHERE until_at > 0 AND until_at <= ?1 RETURNING patient";
        let mut statement = self.tx.prepare_cached(sql)?;
        let numbers = statement.query_map([number::millis(now)], |row| row.get(0))?;
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
        drop(statement);
        numbers.into_iter().try_for_each(|number| self.empty_chart(number))
    }

    /// Takes out a patient's documents; what was written here and is not settled stays, and what lies under it.
    fn empty_chart(&mut self, patient: i64) -> Result<(), StoreError> {
        let sql = "SELECT d.kind || '/' || d.id, d.place, d.version, d.revision FROM document d WHERE d.patient = ?1
                   AND NOT EXISTS (SELECT 1 FROM pending p WHERE p.id = d.id AND p.kind = d.kind)";
        let mut statement = self.tx.prepare_cached(sql)?;
        let rows = statement.query_map([patient], |row| {
            let (key, place): (String, i64) = (row.get(0)?, row.get(1)?);
            let (version, revision) = (number::unsigned(row, 2)?, number::unsigned(row, 3)?);
            Ok((key, Row { place, patient, version, revision }))
        })?;
        let rows: Vec<(String, Row)> = rows.collect::<Result<_, _>>()?;
        drop(statement);
        rows.iter().try_for_each(|(key, row)| self.forget(key, row))
    }
}
