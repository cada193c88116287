//! Audit logs and alerts in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::event_index::Index;
use crate::store::{AlertKind, AuditLogs, Leaf, LogRow, MarksRow, NewAlert};
use records::id::{DeviceId, LogId};
use records::log::{NodeHash, Tree};
use sqlcipher::rusqlite::params;

const LOG: &str = "SELECT id, device, tree, checkpoint, updated_at, marks FROM log";

impl AuditLogs for Work<'_> {
    fn log(&self, id: LogId) -> Result<Option<LogRow>, StoreError> {
        self.first(&format!("{LOG} WHERE id = ?1"), params![id.uuid().into_bytes()], log)
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.all(&format!("{LOG} ORDER BY rowid"), [], log)
    }

    fn insert_log(&self, log: &LogRow) -> Result<(), StoreError> {
        let device = log.device.map(|device| device.uuid().into_bytes());
        let sql = "INSERT INTO log (id, device, tree, checkpoint, updated_at, marks) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let tree = log.tree.to_bytes();
        self.run(
            sql,
            params![
                log.id.uuid().into_bytes(),
                device,
                tree,
                log.checkpoint,
                millis(log.updated_at),
                log.marks
            ],
        )?;
        Ok(())
    }

    fn append_leaves(&self, log: &LogRow, leaves: &[Leaf]) -> Result<(), StoreError> {
        let sql = "INSERT INTO leaf (log, position, hash, received_at, recorded_at, event_id, type, subtype, outcome, agent,
                patient, access, odd, event)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let received = millis(log.updated_at);
        for leaf in leaves {
            let index = Index::of(&leaf.event);
            let row = params![
                log.id.uuid().into_bytes(),
                count(leaf.index),
                leaf.hash.as_bytes(),
                received,
                index.recorded_at.unwrap_or(received),
                index.event_id,
                index.kind,
                index.subtype,
                index.outcome,
                index.agent,
                index.patient,
                index.access,
                index.odd,
                leaf.event
            ];
            self.run(sql, row)?;
        }
        let sql = "UPDATE log SET tree = ?2, checkpoint = ?3, updated_at = ?4, marks = ?5 WHERE id = ?1";
        let tree = log.tree.to_bytes();
        self.run(
            sql,
            params![log.id.uuid().into_bytes(), tree, log.checkpoint, millis(log.updated_at), log.marks],
        )?;
        Ok(())
    }

    fn leaves(&self, log: LogId, first: u64, most: u64) -> Result<Vec<Leaf>, StoreError> {
        let sql = "SELECT position, hash, event FROM leaf WHERE log = ?1 AND position >= ?2 ORDER BY position LIMIT ?3";
        self.all(sql, params![log.uuid().into_bytes(), count(first), count(most)], |row| {
            Ok(Leaf { index: row.number(0)?, hash: NodeHash(row.get(1)?), event: row.get(2)? })
        })
    }

    fn insert_marks(&self, log: &LogRow, row: &MarksRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO leaf_marks (log, at, marks) VALUES (?1, ?2, ?3)";
        self.run(sql, params![log.id.uuid().into_bytes(), count(row.at), row.marks])?;
        Ok(())
    }

    fn marks(&self, log: LogId, first: u64, end: u64) -> Result<Vec<MarksRow>, StoreError> {
        let sql = "SELECT at, marks FROM leaf_marks WHERE log = ?1 AND at < ?3
            AND at >= coalesce((SELECT max(at) FROM leaf_marks WHERE log = ?1 AND at <= ?2), 0) ORDER BY at";
        self.all(sql, params![log.uuid().into_bytes(), count(first), count(end)], |row| {
            Ok(MarksRow { at: row.number(0)?, marks: row.get(1)? })
        })
    }

    fn insert_alert(&self, alert: &NewAlert) -> Result<(), StoreError> {
        let sql = "INSERT INTO alert (at, kind, device, person, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
        let device = alert.device.map(|device| device.uuid().into_bytes());
        let person = alert.person.map(|person| person.uuid().into_bytes());
        self.run(sql, params![millis(alert.at), alert.kind.as_str(), device, person, alert.detail])?;
        Ok(())
    }

    fn count_alerts(&self, kind: AlertKind) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM alert WHERE kind = ?1";
        Ok(self.first(sql, params![kind.as_str()], |row| row.number(0))?.unwrap_or(0))
    }
}

fn log(row: &Columns<'_, '_>) -> Result<LogRow, StoreError> {
    let tree = Tree::from_bytes(&row.get::<Vec<u8>>(2)?);
    Ok(LogRow {
        id: LogId::from_uuid(row.uuid(0)?),
        device: row.maybe_uuid(1)?.map(DeviceId::from_uuid),
        tree: tree.map_err(|_| StoreError::Unreadable("a log's tree"))?,
        checkpoint: row.get(3)?,
        updated_at: row.time(4)?,
        marks: row.get(5)?,
    })
}
