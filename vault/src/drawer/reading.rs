//! Reading from a drawer. What is out of scope is filtered by SQL, so that it is never read, let alone opened.

use std::fmt::Write as _;

use jiff::Timestamp;
use keys::PatientKey;
use records::id::{PatientId, RecordKey};
use records::rights::ClassScope;
use records::view::PatientSummary;
use records::{ClassSet, DataClass, Document, Versioned, classify};
use rusqlite::{OptionalExtension as _, Row, params};

use super::sealing::Table;
use super::{OpenDrawer, SITE, care, index, place};
use crate::error::StoreError;
use crate::number;

/// What a permit lets a person read.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    /// Of these classes.
    pub(crate) classes: ClassSet,
    /// Counselling notes only of this author.
    pub(crate) person: &'a str,
}

impl Wanted<'_> {
    /// Whether a document is of these classes.
    pub(crate) fn covers(&self, document: &Document) -> bool {
        let class = classify(document);
        let own = class != DataClass::Counselling || care::author(document) == self.person;
        self.classes.contains(class) && own
    }
}

/// Which appointments are asked for: a part of a day's list, so that the first screen need not wait for the last row.
#[derive(Debug, Clone, Copy)]
pub struct DayPart<'a> {
    /// The first moment of the day.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The id of the appointment that stood last in the part before; `None` for the first part.
    pub after: Option<&'a str>,
    /// At most so many; fewer come only at the day's end.
    pub limit: u32,
}

impl OpenDrawer {
    /// A patient's number here.
    pub(crate) fn number_of(&self, patient: &str) -> Result<Option<i64>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT number FROM patient WHERE id = ?1")?;
        Ok(statement.query_row([patient], |row| row.get(0)).optional()?)
    }

    /// All of a patient's documents that the permit covers: one query over neighbouring rows.
    pub(crate) fn chart(
        &self,
        patient: &PatientId,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Versioned>, StoreError> {
        let Some((number, key)) = self.patient_key(patient.as_str())? else { return Ok(Vec::new()) };
        let (first, end) = place::span(number);
        let sql = format!(
            "SELECT kind, id, version, revision, sealed FROM document
             WHERE place >= ?1 AND place < ?2 AND {} ORDER BY place",
            class_filter(wanted, "?3")
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![first, end, wanted.person])?;
        let mut documents = Vec::new();
        while let Some(row) = rows.next()? {
            documents.push(self.open_document(&key, row)?);
        }
        Ok(documents)
    }

    /// One document, if it is here, of this owner (empty: of no patient), and covered by the permit.
    pub(crate) fn one(
        &self,
        owner: &str,
        key: &RecordKey,
        wanted: &Wanted<'_>,
    ) -> Result<Option<Versioned>, StoreError> {
        let Some((number, patient_key)) = self.patient_key(owner)? else { return Ok(None) };
        let sql = format!(
            "SELECT kind, id, version, revision, sealed FROM document
             WHERE id = ?1 AND kind = ?2 AND patient = ?3 AND {}",
            class_filter(wanted, "?4")
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![key.id.as_str(), key.kind.as_str(), number, wanted.person])?;
        let found = rows.next()?.map(|row| self.open_document(&patient_key, row));
        found.transpose()
    }

    /// The appointments that start in a part of a day, in their order, of patients in scope.
    pub(crate) fn appointments(
        &self,
        part: DayPart<'_>,
        scope: Scope<'_>,
    ) -> Result<Vec<(i64, Versioned)>, StoreError> {
        let Some(related) = scope.sql("d.patient", 3) else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT d.kind, d.id, d.version, d.revision, d.sealed, p.id, p.wrapped_key, d.patient
             FROM document d JOIN patient p ON p.number = d.patient
             WHERE d.kind = 'Appointment' AND d.sort_at >= ?1 AND d.sort_at < ?2
             AND (?6 IS NULL OR (d.sort_at, d.place) >
                  (SELECT sort_at, place FROM document WHERE id = ?6 AND kind = 'Appointment'))
             AND d.class = 'scheduling' AND {related} ORDER BY d.sort_at, d.place LIMIT ?7"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![
            number::millis(part.from),
            number::millis(part.to),
            scope.person,
            number::millis(scope.now),
            scope.others,
            part.after,
            part.limit
        ])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let owner: String = row.get(5)?;
            let key = self.sealing.unwrap_patient_key(&owner, &row.get::<_, Vec<u8>>(6)?)?;
            found.push((row.get(7)?, self.open_document(&key, row)?));
        }
        Ok(found)
    }

    /// The patients that an expression finds, at most `limit`, of those in scope. `unless` are left out.
    pub(crate) fn search(
        &self,
        expression: &str,
        scope: Scope<'_>,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let Some(related) = scope.sql("patient_index.rowid", 2) else { return Ok(Vec::new()) };
        let sql =
            format!("SELECT rowid FROM patient_index WHERE patient_index MATCH ?1 AND {related} LIMIT ?5");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![expression, scope.person, number::millis(scope.now), scope.others, limit];
        let numbers = statement.query_map(values, |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    }

    /// The row of a patient in a list.
    pub(crate) fn listed(&self, number: i64) -> Result<Option<PatientSummary>, StoreError> {
        Ok(self.listed_document(number)?.as_ref().and_then(PatientSummary::of))
    }

    /// The small document behind it.
    pub(crate) fn listed_document(&self, number: i64) -> Result<Option<Document>, StoreError> {
        let sql = "SELECT p.id, p.wrapped_key, s.revision, s.sealed FROM summary s
                   JOIN patient p ON p.number = s.number WHERE s.number = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let patient: PatientId = number::text(row, 0)?;
        let key = self.sealing.unwrap_patient_key(patient.as_str(), blob(row, 1)?)?;
        let place = (Table::Summary, patient.key().to_string(), number::unsigned(row, 2)?);
        let small = self.sealing.open(&key, (place.0, &place.1, place.2), blob(row, 3)?)?;
        Ok(Some(Document::parse(small)?))
    }

    /// The chart that is used in place of this one, where it was replaced: both halves of each link are here, and it is in scope.
    /// A circle leads nowhere.
    pub(crate) fn survivor(
        &self,
        of: &PatientSummary,
        scope: Scope<'_>,
    ) -> Result<Option<PatientSummary>, StoreError> {
        let mut seen = vec![of.id.clone()];
        let mut found: Option<PatientSummary> = None;
        loop {
            let at = found.as_ref().unwrap_or(of);
            let [next] = at.links.replaced_by.as_slice() else { return Ok(found) };
            if seen.contains(next) {
                return Ok(None);
            }
            let Some(number) = self.number_of(next.as_str())? else { return Ok(found) };
            let listed = if self.in_scope(number, scope)? { self.listed(number)? } else { None };
            let Some(listed) = listed.filter(|next| next.links.replaces.contains(&at.id)) else {
                return Ok(found);
            };
            seen.push(listed.id.clone());
            found = Some(listed);
        }
    }

    /// Whether a patient's number is within a scope.
    pub(crate) fn in_scope(&self, number: i64, scope: Scope<'_>) -> Result<bool, StoreError> {
        let Some(related) = scope.sql("?1", 2) else { return Ok(false) };
        let mut statement = self.conn.prepare_cached(&format!("SELECT {related}"))?;
        let values = params![number, scope.person, number::millis(scope.now), scope.others];
        Ok(statement.query_row(values, |row| row.get(0))?)
    }

    pub(super) fn patient_key(&self, patient: &str) -> Result<Option<(i64, PatientKey)>, StoreError> {
        let sql = "SELECT number, wrapped_key FROM patient WHERE id = ?1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let found = statement.query_row([patient], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((number, wrapped)) = found.optional()? else { return Ok(None) };
        Ok(Some((number, self.sealing.unwrap_patient_key(patient, &wrapped)?)))
    }

    /// Opens a row of (kind, id, version, revision, sealed).
    fn open_document(&self, key: &PatientKey, row: &Row<'_>) -> Result<Versioned, StoreError> {
        let mut name = String::with_capacity(64);
        let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        let _ = write!(name, "{}/{}", text(0)?, text(1)?);
        let place = (Table::Document, name.as_str(), number::unsigned(row, 3)?);
        let bytes = self.sealing.open(key, place, blob(row, 4)?)?;
        Ok(Versioned { version: number::unsigned(row, 2)?, document: Document::parse(bytes)? })
    }

    /// The keyed tokens of a query.
    pub(crate) fn query_tokens(&self, query: &records::find::Query) -> Vec<u8> {
        index::query_tokens(query, &self.sealing)
    }
}

/// A row scope, ready to be compiled into SQL: which patients a list may be made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) class: ClassScope,
    pub(crate) person: &'a str,
    pub(crate) now: Timestamp,
    /// Patients to whom the person is related by records of other drawers, as a JSON list of ids.
    pub(crate) others: &'a str,
}

impl Scope<'_> {
    /// The condition on a patient number; the parameters from `first` on are person, now and others. `None`: no row.
    fn sql(self, number: &str, first: usize) -> Option<String> {
        let (person, now, others) = (first, first + 1, first + 2);
        match self.class {
            ClassScope::None => None,
            // The parameters are named so that both forms take the same ones.
            ClassScope::All => Some(format!("(?{person} IS NOT NULL OR ?{now} OR ?{others})")),
            ClassScope::Related => Some(format!(
                "({number} IN (SELECT patient FROM care_relation WHERE person IN (?{person}, '{SITE}')
                               AND since_at <= ?{now} AND until_at > ?{now})
                  OR {number} IN (SELECT number FROM patient WHERE id IN (SELECT value FROM json_each(?{others}))))"
            )),
        }
    }
}

/// The classes as an SQL condition; the names are constants of ours. Counselling notes are for their author alone.
fn class_filter(wanted: &Wanted<'_>, person: &str) -> String {
    let mut names = String::new();
    for class in wanted.classes.iter().filter(|class| *class != DataClass::Counselling) {
        let _ = write!(names, "{}'{class}'", if names.is_empty() { "" } else { ", " });
    }
    let own =
        if wanted.classes.contains(DataClass::Counselling) { DataClass::Counselling.as_str() } else { "" };
    format!("(class IN ({names}) OR (class = '{own}' AND author = {person}))")
}

fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    Ok(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?)
}
