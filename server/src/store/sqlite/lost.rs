//! What a store had before it was put back, in SQL.

use super::column::count;
use super::{StoreError, Work};
use crate::store::Lost;
use records::id::{ChangeId, RecordKey};
use sqlcipher::rusqlite::params;

impl Lost for Work<'_> {
    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM version WHERE kind = ?1 AND id = ?2 AND version = ?3 LIMIT 1";
        let found =
            self.first(sql, params![key.kind.as_str(), key.id.as_str(), count(version)], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, StoreError> {
        let sql = "SELECT change FROM lost_version WHERE kind = ?1 AND id = ?2 AND version = ?3";
        self.first(sql, params![key.kind.as_str(), key.id.as_str(), count(version)], |row| {
            row.uuid(0).map(ChangeId::from_uuid)
        })
    }

    fn note_lost_version(&self, key: &RecordKey, version: u64, change: ChangeId) -> Result<(), StoreError> {
        let sql = "INSERT INTO lost_version (kind, id, version, change) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (kind, id, version) DO NOTHING";
        let (kind, id) = (key.kind.as_str(), key.id.as_str());
        self.run(sql, params![kind, id, count(version), change.uuid().into_bytes()])?;
        Ok(())
    }

    fn raise_history(&self, above: u64) -> Result<(), StoreError> {
        let sql = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'version'";
        if self.run(sql, params![count(above)])? == 0 {
            self.run(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('version', ?1)",
                params![count(above)],
            )?;
        }
        Ok(())
    }
}
