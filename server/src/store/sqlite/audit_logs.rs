//! Audit logs and alerts in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::{AlertKind, AuditLogs, Leaf, LogRow, NewAlert};
use jiff::Timestamp;
use records::id::{DeviceId, LogId};
use records::log::{NodeHash, Tree};
use serde::Deserialize;
use sqlcipher::rusqlite::params;
use std::borrow::Cow;

const LOG: &str = "SELECT id, device, tree, checkpoint, updated_at FROM log";

impl AuditLogs for Work<'_> {
    fn log(&self, id: LogId) -> Result<Option<LogRow>, StoreError> {
        self.first(&format!("{LOG} WHERE id = ?1"), params![id.uuid().into_bytes()], log)
    }

    fn logs(&self) -> Result<Vec<LogRow>, StoreError> {
        self.all(&format!("{LOG} ORDER BY rowid"), [], log)
    }

    fn insert_log(&self, log: &LogRow) -> Result<(), StoreError> {
        let device = log.device.map(|device| device.uuid().into_bytes());
        let sql = "INSERT INTO log (id, device, tree, checkpoint, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let tree = log.tree.to_bytes();
        self.run(
            sql,
            params![log.id.uuid().into_bytes(), device, tree, log.checkpoint, millis(log.updated_at)],
        )?;
        Ok(())
    }

    fn append_leaves(&self, log: &LogRow, leaves: &[Leaf]) -> Result<(), StoreError> {
        let sql = "INSERT INTO leaf (log, position, hash, recorded_at, type, subtype, outcome, agent, patient, odd, event)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        for leaf in leaves {
            let index = Index::of(&leaf.event);
            let row = params![
                log.id.uuid().into_bytes(),
                count(leaf.index),
                leaf.hash.as_bytes(),
                index.recorded_at,
                index.kind,
                index.subtype,
                index.outcome,
                index.agent,
                index.patient,
                index.odd,
                leaf.event
            ];
            self.run(sql, row)?;
        }
        let sql = "UPDATE log SET tree = ?2, checkpoint = ?3, updated_at = ?4 WHERE id = ?1";
        let tree = log.tree.to_bytes();
        self.run(sql, params![log.id.uuid().into_bytes(), tree, log.checkpoint, millis(log.updated_at)])?;
        Ok(())
    }

    fn leaves(&self, log: LogId, first: u64, most: u64) -> Result<Vec<Leaf>, StoreError> {
        let sql = "SELECT position, hash, event FROM leaf WHERE log = ?1 AND position >= ?2 ORDER BY position LIMIT ?3";
        self.all(sql, params![log.uuid().into_bytes(), count(first), count(most)], |row| {
            Ok(Leaf { index: row.number(0)?, hash: NodeHash(row.get(1)?), event: row.get(2)? })
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
    })
}

/// What is read out of an event, so that it can be searched for; an event without any of it is kept all the same.
#[derive(Default)]
struct Index {
    recorded_at: Option<i64>,
    kind: Option<String>,
    subtype: Option<String>,
    outcome: Option<String>,
    agent: Option<String>,
    patient: Option<String>,
    odd: bool,
}

impl Index {
    fn of(event: &[u8]) -> Self {
        let Ok(event) = serde_json::from_slice::<Event<'_>>(event) else {
            return Self { odd: true, ..Self::default() };
        };
        let recorded: Option<Timestamp> = event.recorded.and_then(|at| at.parse().ok());
        let requestor = event.agent.iter().find(|agent| agent.requestor == Some(true));
        let mut subjects =
            event.entity.iter().filter_map(|entity| entity.what.as_ref()?.reference.as_deref());
        let patient = subjects.find_map(|subject| subject.strip_prefix("Patient/"));
        Self {
            recorded_at: recorded.map(millis),
            kind: event.kind.and_then(|kind| kind.code).map(Cow::into_owned),
            subtype: event.subtype.into_iter().next().and_then(|kind| kind.code).map(Cow::into_owned),
            outcome: event.outcome.map(Cow::into_owned),
            agent: requestor.and_then(|agent| agent.who.as_ref()?.name()).map(str::to_owned),
            patient: patient.map(str::to_owned),
            odd: event.resource_type.as_deref() != Some("AuditEvent") || recorded.is_none(),
        }
    }
}

/// The few elements of an `AuditEvent` that are read; whatever else stands in it is stepped over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    resource_type: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Code<'a>>,
    #[serde(borrow, default)]
    subtype: Vec<Code<'a>>,
    #[serde(borrow)]
    recorded: Option<Cow<'a, str>>,
    #[serde(borrow)]
    outcome: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    agent: Vec<Agent<'a>>,
    #[serde(borrow, default)]
    entity: Vec<Entity<'a>>,
}

#[derive(Deserialize)]
struct Code<'a> {
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Agent<'a> {
    requestor: Option<bool>,
    #[serde(borrow)]
    who: Option<Who<'a>>,
}

#[derive(Deserialize)]
struct Entity<'a> {
    #[serde(borrow)]
    what: Option<Who<'a>>,
}

/// A FHIR Reference: by name or by identifier.
#[derive(Deserialize)]
struct Who<'a> {
    #[serde(borrow)]
    reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identifier: Option<Identifier<'a>>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
}

impl Who<'_> {
    fn name(&self) -> Option<&str> {
        let identifier = || self.identifier.as_ref()?.value.as_deref();
        self.reference.as_deref().or_else(identifier)
    }
}
