//! Finding records and events in SQL.

use super::column::{Columns, count};
use super::{StoreError, Work};
use crate::store::find_sql::{Bound, Finding};
use crate::store::sealing::{SEALED, SEALED_FROM};
use crate::store::{EventQuery, Events, FoundEvent, FoundVersion, IndexRow, RecordQuery, Searching};
use records::id::{PatientId, RecordKey, ResourceKind};
use records::rights::Permit;
use records::search::VIP;
use records::{DataClass, Document};
use sqlcipher::rusqlite::types::Value;
use sqlcipher::rusqlite::{params, params_from_iter};
use uuid::Uuid;

impl Searching for Work<'_> {
    fn find(&self, permit: &Permit, query: &RecordQuery) -> Result<Vec<FoundVersion>, StoreError> {
        let sql = Finding::versions(permit, query, is_false);
        let practice = permit.actor().practice.uuid();
        self.all(&sql.text, params_from_iter(values(sql.values)), |row| self.found(practice, row))
    }

    fn count_found(&self, permit: &Permit, query: &RecordQuery) -> Result<u64, StoreError> {
        let sql = Finding::count(permit, query, is_false);
        let found = self.first(&sql.text, params_from_iter(values(sql.values)), |row| row.number(0))?;
        Ok(found.unwrap_or(0))
    }

    fn classes_of(
        &self,
        patient: &PatientId,
        kind: Option<&ResourceKind>,
    ) -> Result<Vec<DataClass>, StoreError> {
        let sql = "SELECT DISTINCT class FROM version
            WHERE patient = ?1 AND superseded = 0 AND gone = 0 AND (?2 IS NULL OR kind = ?2)";
        self.all(sql, params![patient.as_str(), kind.map(ResourceKind::as_str)], |row| row.parsed(0))
    }

    fn classes_of_nobody(&self, kind: &ResourceKind) -> Result<Vec<DataClass>, StoreError> {
        let sql = "SELECT DISTINCT class FROM version
            WHERE patient IS NULL AND superseded = 0 AND gone = 0 AND kind = ?1";
        self.all(sql, params![kind.as_str()], |row| row.parsed(0))
    }

    fn is_vip(&self, patient: &PatientId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM search_index s JOIN version v ON v.seq = s.seq
            WHERE s.parameter = ?1 AND v.patient = ?2 LIMIT 1";
        Ok(self.first(sql, params![VIP, patient.as_str()], |_| Ok(()))?.is_some())
    }

    fn classes_of_versions(&self, key: &RecordKey) -> Result<Vec<DataClass>, StoreError> {
        let sql = "SELECT DISTINCT class FROM version WHERE kind = ?1 AND id = ?2 AND gone = 0";
        self.all(sql, params![key.kind.as_str(), key.id.as_str()], |row| row.parsed(0))
    }

    fn patient_of_versions(&self, key: &RecordKey) -> Result<Option<PatientId>, StoreError> {
        let sql = "SELECT patient FROM version
            WHERE kind = ?1 AND id = ?2 AND patient IS NOT NULL ORDER BY version DESC LIMIT 1";
        self.first(sql, params![key.kind.as_str(), key.id.as_str()], |row| row.parsed(0))
    }

    fn current_after(
        &self,
        permit: &Permit,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, Document)>, StoreError> {
        let sql = format!(
            "SELECT v.seq, {SEALED} FROM {SEALED_FROM} WHERE v.seq > ?1 AND v.superseded = 0 AND v.gone = 0
            AND v.practice = ?2 ORDER BY v.seq LIMIT ?3"
        );
        let practice = permit.actor().practice.uuid();
        self.all(&sql, params![count(after), practice.into_bytes(), most], |row| {
            Ok((row.number(0)?, document(self.opened(practice, row, 1)?)?))
        })
    }

    fn set_index(&self, _permit: &Permit, seq: u64, rows: &[IndexRow]) -> Result<(), StoreError> {
        self.run("DELETE FROM search_index WHERE seq = ?1", params![count(seq)])?;
        for row in rows {
            let sql = "INSERT INTO search_index (parameter, value, seq) VALUES (?1, ?2, ?3)";
            self.run(sql, params![row.parameter, row.value, count(seq)])?;
        }
        Ok(())
    }
}

impl Events for Work<'_> {
    fn find_events(&self, query: &EventQuery) -> Result<Vec<FoundEvent>, StoreError> {
        let sql = Finding::events(query, is_false);
        self.all(&sql.text, params_from_iter(values(sql.values)), |row| {
            Ok(FoundEvent {
                number: row.number(0)?,
                recorded_at: row.get(1)?,
                received_at: row.time(2)?,
                is_odd: row.get(3)?,
                event: row.get(4)?,
            })
        })
    }

    fn has_event(&self, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM leaf WHERE event_id = ?1 LIMIT 1";
        Ok(self.first(sql, params![id], |_| Ok(()))?.is_some())
    }
}

impl Work<'_> {
    /// Only what stands is found.
    pub(super) fn drop_index(&self, key: &RecordKey) -> Result<(), StoreError> {
        let sql =
            "DELETE FROM search_index WHERE seq IN (SELECT seq FROM version WHERE kind = ?1 AND id = ?2)";
        self.run(sql, params![key.kind.as_str(), key.id.as_str()])?;
        Ok(())
    }

    fn found(&self, practice: Uuid, row: &Columns<'_, '_>) -> Result<FoundVersion, StoreError> {
        let key =
            |kind: String, id: String| Some(RecordKey { kind: kind.parse().ok()?, id: id.parse().ok()? });
        let patient: Option<String> = row.get(5)?;
        let patient = patient.map(|id| id.parse().map_err(|_| StoreError::Unreadable("a patient id")));
        Ok(FoundVersion {
            seq: row.number(0)?,
            key: key(row.get(1)?, row.get(2)?).ok_or(StoreError::Unreadable("a record's key"))?,
            version: row.number(3)?,
            class: row.parsed(4)?,
            patient: patient.transpose()?,
            received_at: row.time(6)?,
            document: if row.get(7)? { None } else { Some(document(self.opened(practice, row, 8)?)?) },
        })
    }
}

fn document(body: Vec<u8>) -> Result<Document, StoreError> {
    Document::parse(body).map_err(|_| StoreError::Unreadable("a record"))
}

fn is_false(column: &str) -> String {
    format!("{column} = 0")
}

fn values(bound: Vec<Bound>) -> impl Iterator<Item = Value> {
    bound.into_iter().map(|bound| match bound {
        Bound::Number(number) => Value::from(number),
        Bound::Text(text) => Value::from(text),
        Bound::Bytes(bytes) => Value::from(bytes),
        Bound::Id(id) => Value::from(id.as_bytes().to_vec()),
    })
}
