//! Purges in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::{PurgeRow, Purges};
use jiff::Timestamp;
use keys::purge::PurgedRun;
use records::id::PersonId;
use sqlcipher::rusqlite::params;

/// Runs of positions that follow on one another, log by log.
const PURGEABLE: &str = "SELECT log, min(position), max(position) + 1 FROM (
        SELECT log, position, position - row_number() OVER (PARTITION BY log ORDER BY position) AS island
        FROM leaf WHERE received_at < ?1 AND length(event) > 0 AND odd = 0 AND (patient IS NULL OR (
            NOT EXISTS (SELECT 1 FROM version v WHERE v.patient = leaf.patient)
            AND NOT EXISTS (SELECT 1 FROM legal_hold h WHERE h.patient = leaf.patient AND h.ended_at IS NULL)))
    ) AS due GROUP BY log, island ORDER BY log, min(position)";

impl Purges for Work<'_> {
    fn purgeable(&self, before: Timestamp) -> Result<Vec<PurgedRun>, StoreError> {
        self.all(PURGEABLE, params![millis(before)], |row| {
            Ok(PurgedRun { log: row.uuid(0)?, from: row.number(1)?, until: row.number(2)? })
        })
    }

    fn next_purge(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(number), 0) + 1 FROM purge";
        self.first(sql, [], |row| row.number(0))?.ok_or(StoreError::Unreadable("the purges"))
    }

    fn insert_purge(&self, purge: &PurgeRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO purge (number, approval, before, asked_by, asked_at, agreed_by, agreed_at, purged_at, entries,
                certificate, trust)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let row = params![
            count(purge.number),
            count(purge.approval),
            millis(purge.before),
            purge.asked.0.uuid().into_bytes(),
            millis(purge.asked.1),
            purge.agreed.0.uuid().into_bytes(),
            millis(purge.agreed.1),
            millis(purge.purged_at),
            count(purge.entries),
            purge.certificate,
            purge.trust
        ];
        self.run(sql, row)?;
        Ok(())
    }

    fn empty_leaves(&self, run: &PurgedRun) -> Result<u64, StoreError> {
        let sql = "UPDATE leaf SET event = x'', event_id = NULL, type = NULL, subtype = NULL, outcome = NULL, agent = NULL,
                patient = NULL, access = 0, odd = 0
            WHERE log = ?1 AND position >= ?2 AND position < ?3";
        let emptied = self.run(sql, params![run.log.into_bytes(), count(run.from), count(run.until)])?;
        Ok(emptied as u64)
    }

    fn purges(&self) -> Result<Vec<PurgeRow>, StoreError> {
        let sql = "SELECT number, approval, before, asked_by, asked_at, agreed_by, agreed_at, purged_at, entries, certificate,
                trust
            FROM purge ORDER BY number";
        self.all(sql, [], purge)
    }
}

fn purge(row: &Columns<'_, '_>) -> Result<PurgeRow, StoreError> {
    Ok(PurgeRow {
        number: row.number(0)?,
        approval: row.number(1)?,
        before: row.time(2)?,
        asked: (PersonId::from_uuid(row.uuid(3)?), row.time(4)?),
        agreed: (PersonId::from_uuid(row.uuid(5)?), row.time(6)?),
        purged_at: row.time(7)?,
        entries: row.number(8)?,
        certificate: row.get(9)?,
        trust: row.get(10)?,
    })
}
