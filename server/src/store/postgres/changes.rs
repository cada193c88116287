//! Changes and conflicts in SQL.

use super::column::{count, millis};
use super::{Params, StoreError, Work};
use crate::store::{ChangeRow, Changes, ConflictRow};
use jiff::Timestamp;
use records::id::{ChangeId, DeviceId, PersonId, RecordKey};
use records::rights::Permit;

impl Changes for Work<'_> {
    fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        let sql = "SELECT device, author, sequence, written_at, received_at, outcome, digest FROM change WHERE id = $1";
        self.first(sql, &[&id.uuid()], |row| {
            let outcome = serde_json::from_str(&row.get::<String>(5)?);
            Ok(ChangeRow {
                id,
                device: DeviceId::from_uuid(row.uuid(0)?),
                author: row.maybe_uuid(1)?.map(PersonId::from_uuid),
                sequence: row.number(2)?,
                written_at: row.maybe_time(3)?,
                received_at: row.time(4)?,
                outcome: outcome.map_err(|_| StoreError::Unreadable("a change's outcome"))?,
                digest: row.bytes(6)?,
            })
        })
    }

    fn envelope(&self, id: ChangeId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT envelope FROM change WHERE id = $1 AND length(envelope) > 0";
        self.first(sql, &[&id.uuid()], |row| row.get(0))
    }

    fn insert_change(&self, change: &ChangeRow, envelope: &[u8]) -> Result<(), StoreError> {
        let outcome = serde_json::to_string(&change.outcome).map_err(|e| StoreError::Failed(Box::new(e)))?;
        self.send(
            "INSERT INTO change (id, device, author, sequence, written_at, received_at, outcome, digest, envelope)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[&change.id.uuid(), &change.device.uuid(), &change.author.map(|author| author.uuid()), &count(change.sequence), &change.written_at.map(millis), &millis(change.received_at), &outcome, &change.digest, &envelope],
        )
    }

    fn insert_conflict(&self, _permit: &Permit, conflict: &ConflictRow) -> Result<(), StoreError> {
        self.send(
            "INSERT INTO conflict (change, kind, id, base, standing, body) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &conflict.change.uuid(),
                &conflict.key.kind.as_str(),
                &conflict.key.id.as_str(),
                &count(conflict.base),
                &count(conflict.standing),
                &conflict.body,
            ],
        )
    }

    fn settle_conflict(
        &self,
        _permit: &Permit,
        change: ChangeId,
        key: &RecordKey,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE conflict SET resolved_at = $4
            WHERE change = $1 AND kind = $2 AND id = $3 AND resolved_at IS NULL";
        self.send(sql, &[&change.uuid(), &key.kind.as_str(), &key.id.as_str(), &millis(at)])
    }

    fn applied_changes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT change) FROM version WHERE change IS NOT NULL";
        Ok(self.first(sql, &[], |row| row.number(0))?.unwrap_or(0))
    }

    fn open_conflicts(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM conflict WHERE resolved_at IS NULL";
        Ok(self.first(sql, &[], |row| row.number(0))?.unwrap_or(0))
    }

    fn version_of_change(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT version FROM version WHERE change = $1 AND kind = $2 AND id = $3 AND NOT gone";
        let row: Params<'_> = &[&change.uuid(), &key.kind.as_str(), &key.id.as_str()];
        self.first(sql, row, |row| row.number(0))
    }
}
