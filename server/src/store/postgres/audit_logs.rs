//! Audit logs and alerts in SQL.

use super::column::{Columns, count, millis, plain};
use super::{Params, StoreError, Work};
use crate::store::event_index::Index;
use crate::store::{AlertKind, AuditLogs, Leaf, LogRow, MarksRow, NewAlert};
use records::id::{DeviceId, LogId};
use records::log::{NodeHash, Tree};

/// Events of one question: enough to make it cheap, few enough for the memory of it.
const AT_ONCE: usize = 1_000;

const LOG: &str = "SELECT id, device, tree, checkpoint, updated_at, marks FROM log";

impl AuditLogs for Work<'_> {
    fn log(&self, id: LogId) -> Result<Option<LogRow>, StoreError> {
        self.first(&format!("{LOG} WHERE id = $1"), &[&id.uuid()], log)
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.all(&format!("{LOG} ORDER BY n"), &[], log)
    }

    fn insert_log(&self, log: &LogRow) -> Result<(), StoreError> {
        let device = log.device.map(|device| device.uuid());
        let sql = "INSERT INTO log (id, device, tree, checkpoint, updated_at, marks) VALUES ($1, $2, $3, $4, $5, $6)";
        let tree = log.tree.to_bytes();
        self.send_in(
            log,
            sql,
            &[&log.id.uuid(), &device, &tree, &log.checkpoint, &millis(log.updated_at), &log.marks],
        )
    }

    fn append_leaves(&self, log: &LogRow, leaves: &[Leaf]) -> Result<(), StoreError> {
        for some in leaves.chunks(AT_ONCE) {
            self.insert_leaves(log, some)?;
        }
        let sql = "UPDATE log SET tree = $2, checkpoint = $3, updated_at = $4, marks = $5 WHERE id = $1";
        let tree = log.tree.to_bytes();
        self.send_in(log, sql, &[&log.id.uuid(), &tree, &log.checkpoint, &millis(log.updated_at), &log.marks])
    }

    fn leaves(&self, log: LogId, first: u64, most: u64) -> Result<Vec<Leaf>, StoreError> {
        let sql = "SELECT position, hash, event FROM leaf WHERE log = $1 AND position >= $2 ORDER BY position LIMIT $3";
        self.all(sql, &[&log.uuid(), &count(first), &count(most)], |row| {
            Ok(Leaf { index: row.number(0)?, hash: NodeHash(row.bytes(1)?), event: row.get(2)? })
        })
    }

    fn insert_marks(&self, log: &LogRow, row: &MarksRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO leaf_marks (log, at, marks) VALUES ($1, $2, $3)";
        self.send_in(log, sql, &[&log.id.uuid(), &count(row.at), &row.marks])
    }

    fn marks(&self, log: LogId, first: u64, end: u64) -> Result<Vec<MarksRow>, StoreError> {
        let sql = "SELECT at, marks FROM leaf_marks WHERE log = $1 AND at < $3
            AND at >= coalesce((SELECT max(at) FROM leaf_marks WHERE log = $1 AND at <= $2), 0) ORDER BY at";
        self.all(sql, &[&log.uuid(), &count(first), &count(end)], |row| {
            Ok(MarksRow { at: row.number(0)?, marks: row.get(1)? })
        })
    }

    fn insert_alert(&self, alert: &NewAlert) -> Result<(), StoreError> {
        let sql = "INSERT INTO alert (at, kind, device, person, detail) VALUES ($1, $2, $3, $4, $5)";
        let device = alert.device.map(|device| device.uuid());
        let person = alert.person.map(|person| person.uuid());
        self.send(sql, &[&millis(alert.at), &alert.kind.as_str(), &device, &person, &plain(&alert.detail)])
    }

    fn count_alerts(&self, kind: AlertKind) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM alert WHERE kind = $1";
        Ok(self.first(sql, &[&kind.as_str()], |row| row.number(0))?.unwrap_or(0))
    }
}

impl Work<'_> {
    /// A statement about a log: of a workstation, or the server's own, which every unit of work appends to in its turn.
    fn send_in(&self, log: &LogRow, sql: &str, params: Params<'_>) -> Result<(), StoreError> {
        if log.device.is_some() { self.send_of(sql, params) } else { self.send(sql, params) }
    }

    /// Column by column, so that a batch of events costs one question.
    fn insert_leaves(&self, log: &LogRow, leaves: &[Leaf]) -> Result<(), StoreError> {
        let sql = "INSERT INTO leaf (log, received_at, position, hash, recorded_at, event_id, type, subtype, outcome, agent,
                patient, access, odd, event)
            SELECT $1, $2, * FROM unnest($3::bigint[], $4::bytea[], $5::bigint[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::text[], $12::boolean[], $13::boolean[], $14::bytea[])";
        let received = millis(log.updated_at);
        let index: Vec<Index> = leaves.iter().map(|leaf| Index::of(&leaf.event)).collect();
        let text = |of: fn(&Index) -> Option<&str>| index.iter().map(of).collect::<Vec<_>>();
        let row: Params<'_> = &[
            &log.id.uuid(),
            &received,
            &leaves.iter().map(|leaf| count(leaf.index)).collect::<Vec<_>>(),
            &leaves.iter().map(|leaf| leaf.hash.as_bytes().as_slice()).collect::<Vec<_>>(),
            &index.iter().map(|index| index.recorded_at.unwrap_or(received)).collect::<Vec<_>>(),
            &text(|index| index.event_id.as_deref()),
            &text(|index| index.kind.as_deref()),
            &text(|index| index.subtype.as_deref()),
            &text(|index| index.outcome.as_deref()),
            &text(|index| index.agent.as_deref()),
            &text(|index| index.patient.as_deref()),
            &index.iter().map(|index| index.access).collect::<Vec<_>>(),
            &index.iter().map(|index| index.odd).collect::<Vec<_>>(),
            &leaves.iter().map(|leaf| leaf.event.as_slice()).collect::<Vec<_>>(),
        ];
        self.send_in(log, sql, row)
    }
}

fn log(row: &Columns<'_>) -> Result<LogRow, StoreError> {
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
