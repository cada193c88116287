//! The watch over the trail in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::{Access, Acknowledged, ActivityRow, AlertKind, AlertRow, SeenEvent, Watching};
use jiff::Timestamp;
use records::id::{DeviceId, LogId, PersonId};
use sqlcipher::rusqlite::params;
use sync::wire::AlertOutcome;

impl Watching for Work<'_> {
    fn server_setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.first("SELECT value FROM server_setting WHERE name = ?1", params![name], |row| row.get(0))
    }

    fn set_server_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO server_setting (name, value) VALUES (?1, ?2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.run(sql, params![name, value])?;
        Ok(())
    }

    fn events_after(&self, number: u64, most: u64) -> Result<Vec<SeenEvent>, StoreError> {
        let sql = "SELECT leaf.n, leaf.log, leaf.position, log.device, leaf.event FROM leaf
            JOIN log ON log.id = leaf.log WHERE leaf.n > ?1 AND length(leaf.event) > 0 ORDER BY leaf.n LIMIT ?2";
        self.all(sql, params![count(number), count(most)], |row| {
            Ok(SeenEvent {
                number: row.number(0)?,
                log: LogId::from_uuid(row.uuid(1)?),
                index: row.number(2)?,
                device: row.maybe_uuid(3)?.map(DeviceId::from_uuid),
                event: row.get(4)?,
            })
        })
    }

    fn accesses_of(
        &self,
        person: PersonId,
        (since, until): (Timestamp, Timestamp),
        most: u64,
    ) -> Result<Vec<Access>, StoreError> {
        let sql = "SELECT patient, recorded_at FROM leaf
            WHERE access = 1 AND agent = ?1 AND recorded_at BETWEEN ?2 AND ?3 AND patient IS NOT NULL
            ORDER BY recorded_at DESC LIMIT ?4";
        let agent = format!("Practitioner/{person}");
        self.all(sql, params![agent, millis(since), millis(until), count(most)], |row| {
            Ok(Access { patient: row.get(0)?, at: row.time(1)? })
        })
    }

    fn activity(&self, since: Timestamp, until: Timestamp) -> Result<Vec<ActivityRow>, StoreError> {
        let sql = "SELECT coalesce(type, ''), coalesce(subtype, ''), coalesce(outcome, ''), count(*),
                count(DISTINCT agent), count(DISTINCT patient)
            FROM leaf WHERE recorded_at >= ?1 AND recorded_at < ?2 AND length(event) > 0
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        self.all(sql, params![millis(since), millis(until)], |row| {
            Ok(ActivityRow {
                kind: row.get(0)?,
                subtype: row.get(1)?,
                outcome: row.get(2)?,
                events: row.number(3)?,
                agents: row.number(4)?,
                patients: row.number(5)?,
            })
        })
    }

    fn alerts(&self, after: u64, most: u64) -> Result<Vec<AlertRow>, StoreError> {
        let sql = "SELECT number, at, kind, device, person, detail, seen_by, seen_at, seen_as FROM alert
            WHERE number > ?1 ORDER BY number LIMIT ?2";
        self.all(sql, params![count(after), count(most)], alert)
    }

    fn alerts_before(&self, before: Option<u64>, all: bool, most: u64) -> Result<Vec<AlertRow>, StoreError> {
        let sql = "SELECT number, at, kind, device, person, detail, seen_by, seen_at, seen_as FROM alert
            WHERE (?1 IS NULL OR number < ?1) AND (?2 OR seen_at IS NULL) ORDER BY number DESC LIMIT ?3";
        self.all(sql, params![before.map(count), all, count(most)], alert)
    }

    fn open_alerts(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM alert WHERE seen_at IS NULL";
        Ok(self.first(sql, [], |row| row.number(0))?.unwrap_or(0))
    }

    fn last_alert(
        &self,
        kind: AlertKind,
        device: Option<DeviceId>,
        person: Option<PersonId>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT max(at) FROM alert WHERE kind = ?1 AND device IS ?2 AND person IS ?3";
        let device = device.map(|device| device.uuid().into_bytes());
        let person = person.map(|person| person.uuid().into_bytes());
        Ok(self.first(sql, params![kind.as_str(), device, person], |row| row.maybe_time(0))?.flatten())
    }

    fn acknowledge_alert(&self, number: u64, seen: &Acknowledged) -> Result<bool, StoreError> {
        let sql = "UPDATE alert SET seen_by = ?2, seen_at = ?3, seen_as = ?4
            WHERE number = ?1 AND seen_at IS NULL";
        let by = seen.by.uuid().into_bytes();
        Ok(self.run(sql, params![count(number), by, millis(seen.at), seen.outcome.as_str()])? == 1)
    }
}

fn alert(row: &Columns<'_, '_>) -> Result<AlertRow, StoreError> {
    Ok(AlertRow {
        number: row.number(0)?,
        at: row.time(1)?,
        kind: row.parsed(2)?,
        device: row.maybe_uuid(3)?.map(DeviceId::from_uuid),
        person: row.maybe_uuid(4)?.map(PersonId::from_uuid),
        detail: row.get(5)?,
        acknowledged: seen(row)?,
    })
}

fn seen(row: &Columns<'_, '_>) -> Result<Option<Acknowledged>, StoreError> {
    let (Some(by), Some(at)) = (row.maybe_uuid(6)?, row.maybe_time(7)?) else { return Ok(None) };
    let outcome: Option<String> = row.get(8)?;
    let outcome = outcome.and_then(|text| text.parse().ok()).unwrap_or(AlertOutcome::Seen);
    Ok(Some(Acknowledged { by: PersonId::from_uuid(by), at, outcome }))
}
