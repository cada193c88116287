//! What a store had before it was put back, in SQL.

use super::asking::Work;
use super::column::count;
use crate::store::{Lost, StoreError};
use ::records::id::{ChangeId, RecordKey};

impl Lost for Work<'_> {
    fn has_version(&self, key: &RecordKey, version: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM version WHERE kind = $1 AND id = $2 AND version = $3 LIMIT 1";
        let found = self.first(sql, &[&key.kind.as_str(), &key.id.as_str(), &count(version)], |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn lost_version(&self, key: &RecordKey, version: u64) -> Result<Option<ChangeId>, StoreError> {
        let sql = "SELECT change FROM lost_version WHERE kind = $1 AND id = $2 AND version = $3";
        self.first(sql, &[&key.kind.as_str(), &key.id.as_str(), &count(version)], |row| {
            row.get(0).map(ChangeId::from_uuid)
        })
    }

    fn note_lost_version(&self, key: &RecordKey, version: u64, change: ChangeId) -> Result<(), StoreError> {
        let sql = "INSERT INTO lost_version (kind, id, version, change) VALUES ($1, $2, $3, $4)
            ON CONFLICT (kind, id, version) DO NOTHING";
        self.run(sql, &[&key.kind.as_str(), &key.id.as_str(), &count(version), &change.uuid()])?;
        Ok(())
    }

    fn raise_history(&self, above: u64) -> Result<(), StoreError> {
        let sql = "SELECT setval('version_seq_seq', greatest($1, (SELECT last_value FROM version_seq_seq)))";
        self.first(sql, &[&count(above)], |_| Ok(()))?;
        Ok(())
    }
}
