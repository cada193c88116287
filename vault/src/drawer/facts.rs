//! What a drawer knows for a decision: classes there are, care relations, labels. It never leaves the crate but inside
//! [`records::rights::Facts`].

use jiff::Timestamp;
use records::DataClass;
use records::id::{PatientId, RecordKey};
use rusqlite::params;

use super::care::Since;
use super::{OpenDrawer, SITE, Writing};
use crate::error::StoreError;
use crate::number;

/// The source of a relation that was stated at opening, and not derived from a document.
const STATED: i64 = -1;

impl OpenDrawer {
    /// The classes of the documents a patient has here.
    pub(crate) fn classes_of(&self, patient: i64) -> Result<Vec<DataClass>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT DISTINCT class FROM document WHERE patient = ?1")?;
        let classes = statement.query_map([patient], |row| number::text(row, 0))?;
        Ok(classes.collect::<Result<_, _>>()?)
    }

    /// Whether the patient's chart is labelled VIP or employee.
    pub(crate) fn is_vip(&self, patient: i64) -> Result<bool, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT vip FROM patient WHERE number = ?1")?;
        Ok(statement.query_row([patient], |row| row.get(0))?)
    }

    /// Until when a person cares for a patient, as far as this drawer knows; `None` if not now.
    pub(crate) fn cared_until(
        &self,
        patient: i64,
        person: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = format!(
            "SELECT coalesce(max(until_at), 0) FROM care_relation
             WHERE patient = ?1 AND person IN (?2, '{SITE}') AND since_at <= ?3 AND until_at > ?3"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let values = params![patient, person, number::millis(now)];
        let until = statement.query_row(values, |row| number::time(row, 0))?;
        Ok((until > now).then_some(until))
    }

    /// The patients a person cares for now, as far as this drawer knows.
    pub(crate) fn related(&self, person: &str, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT p.id FROM care_relation c JOIN patient p ON p.number = c.patient
             WHERE c.person IN (?1, '{SITE}') AND c.since_at <= ?2 AND c.until_at > ?2"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let patients = statement.query_map(params![person, number::millis(now)], |row| row.get(0))?;
        Ok(patients.collect::<Result<_, _>>()?)
    }

    /// Whether a document that is here belongs to an owner (empty: to no patient).
    pub(crate) fn belongs_to(&self, key: &RecordKey, owner: &str) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM document d JOIN patient p ON p.number = d.patient
                   WHERE d.id = ?1 AND d.kind = ?2 AND p.id = ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let values = params![key.id.as_str(), key.kind.as_str(), owner];
        Ok(statement.query_row(values, |row| row.get::<_, i64>(0))? > 0)
    }

    /// Whether a person wrote a document.
    pub(crate) fn is_author(&self, key: &RecordKey, person: &str) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM document WHERE id = ?1 AND kind = ?2 AND author = ?3";
        let mut statement = self.conn.prepare_cached(sql)?;
        let values = params![key.id.as_str(), key.kind.as_str(), person];
        Ok(statement.query_row(values, |row| row.get::<_, i64>(0))? > 0)
    }
}

impl Writing<'_> {
    /// Keeps the relation that a person stated by giving a reason for opening a chart.
    pub(crate) fn state_relation(
        &mut self,
        patient: &PatientId,
        person: &str,
        span: Since,
    ) -> Result<(), StoreError> {
        let number = self.patient(patient.as_str())?;
        self.put_relation(number, person, STATED, span)
    }
}
