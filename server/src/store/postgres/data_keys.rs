//! Key-encryption keys and data keys in SQL.

use super::changes::{BY, CHANGE, sealed_by};
use super::column::{Columns, count, millis};
use super::{Params, StoreError, Work};
use crate::store::sealing::{NO_PATIENT, Place, SEALED, SEALED_FROM, SealedBy};
use crate::store::{Anew, DataKeyRow, DataKeys, KekRow};
use jiff::Timestamp;
use records::id::{ChangeId, RecordKey};
use uuid::Uuid;

const KEK: &str = "SELECT id, provider, epoch, incident, made_at, ended_at, destroyed_at FROM kek";

impl DataKeys for Work<'_> {
    fn kek(&self) -> Result<Option<KekRow>, StoreError> {
        self.first(&format!("{KEK} WHERE ended_at IS NULL"), &[], kek)
    }

    fn keks(&self) -> Result<Vec<KekRow>, StoreError> {
        self.all(&format!("{KEK} ORDER BY made_at, epoch"), &[], kek)
    }

    fn insert_kek(&self, kek: &KekRow) -> Result<(), StoreError> {
        self.send("UPDATE kek SET ended_at = $1 WHERE ended_at IS NULL", &[&millis(kek.made_at)])?;
        let sql = "INSERT INTO kek (id, provider, epoch, incident, made_at) VALUES ($1, $2, $3, $4, $5)";
        let row: Params<'_> =
            &[&kek.id, &kek.provider, &count(kek.epoch), &kek.is_incident, &millis(kek.made_at)];
        self.send(sql, row)
    }

    fn next_key_epoch(&self) -> Result<(), StoreError> {
        self.send("UPDATE kek SET epoch = epoch + 1 WHERE ended_at IS NULL", &[])
    }

    fn newest_data_key(&self, subject: &str) -> Result<Option<DataKeyRow>, StoreError> {
        let sql = "SELECT subject, generation, kek, wrapped, made_at FROM data_key WHERE subject = $1
            ORDER BY generation DESC LIMIT 1";
        self.first(sql, &[&subject], data_key)
    }

    fn data_key(&self, subject: &str, generation: u32) -> Result<Option<DataKeyRow>, StoreError> {
        let sql = "SELECT subject, generation, kek, wrapped, made_at FROM data_key
            WHERE subject = $1 AND generation = $2";
        self.first(sql, &[&subject, &i64::from(generation)], data_key)
    }

    fn insert_data_key(&self, key: &DataKeyRow) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO data_key (subject, generation, kek, wrapped, made_at) VALUES ($1, $2, $3, $4, $5)";
        let row: Params<'_> =
            &[&key.subject, &i64::from(key.generation), &key.kek, &key.wrapped, &millis(key.made_at)];
        self.send(sql, row)
    }

    fn count_data_keys(&self) -> Result<Vec<(Uuid, u64)>, StoreError> {
        let sql = "SELECT kek, count(*) FROM data_key GROUP BY kek";
        self.all(sql, &[], |row| Ok((row.uuid(0)?, row.number(1)?)))
    }

    fn data_keys_beside(&self, kek: Uuid, most: u32) -> Result<Vec<DataKeyRow>, StoreError> {
        let sql = "SELECT subject, generation, kek, wrapped, made_at FROM data_key WHERE kek <> $1 LIMIT $2";
        self.all(sql, &[&kek, &i64::from(most)], data_key)
    }

    fn newest_data_keys_beside(&self, kek: Uuid, most: u32) -> Result<Vec<DataKeyRow>, StoreError> {
        let sql = "SELECT subject, generation, kek, wrapped, made_at FROM data_key d
            WHERE kek <> $1 AND NOT EXISTS (SELECT 1 FROM data_key n
                WHERE n.subject = d.subject AND n.generation > d.generation) LIMIT $2";
        self.all(sql, &[&kek, &i64::from(most)], data_key)
    }

    fn wrap_data_key_anew(&self, key: &DataKeyRow) -> Result<(), StoreError> {
        let sql = "UPDATE data_key SET kek = $3, wrapped = $4 WHERE subject = $1 AND generation = $2";
        let row: Params<'_> = &[&key.subject, &i64::from(key.generation), &key.kek, &key.wrapped];
        self.send(sql, row)
    }

    fn count_sealed_beside(&self, kek: Uuid) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {SEALED_FROM} WHERE d.kek <> $1)
                + (SELECT count(*) FROM {CHANGE} WHERE d.kek <> $1)"
        );
        Ok(self.first(&sql, &[&kek], |row| row.number(0))?.unwrap_or(0))
    }

    fn seal_versions_anew(&self, span: Anew, after: u64) -> Result<Option<(u64, u64)>, StoreError> {
        let practice = self.sealer.practice(self)?;
        let sql = format!(
            "SELECT v.seq, {SEALED} FROM {SEALED_FROM} WHERE v.seq > $1 AND d.kek <> $2 ORDER BY v.seq LIMIT $3"
        );
        let rows = self.all(&sql, &[&count(after), &span.kek, &i64::from(span.most)], |row| {
            let place = (row.get::<String>(1)?, row.get::<String>(2)?, row.number(3)?, row.get::<String>(4)?);
            let subject = row.get::<Option<&str>>(5)?.unwrap_or(NO_PATIENT).to_owned();
            Ok((row.number(0)?, place, subject, self.opened(practice, row, 1)?))
        })?;
        for (seq, (kind, id, version, drawer), subject, body) in &rows {
            let place = Place::Version { drawer, kind, id, version: *version };
            let (data_key, body) = self.sealer.seal(self, (practice, subject), place, body, span.now)?;
            let sql = "UPDATE version SET data_key = $2, body = $3 WHERE seq = $1";
            self.send(sql, &[&count(*seq), &i64::from(data_key), &body])?;
        }
        Ok(rows.last().map(|row| (row.0, rows.len() as u64)))
    }

    fn seal_changes_anew(&self, span: Anew) -> Result<u64, StoreError> {
        let practice = self.sealer.practice(self)?;
        let sql =
            format!("SELECT {BY}, c.envelope, c.id, c.outcome FROM {CHANGE} WHERE d.kek <> $1 LIMIT $2");
        let rows = self.all(&sql, &[&span.kek, &i64::from(span.most)], |row| {
            let id = ChangeId::from_uuid(row.uuid(5)?);
            let outcome = self.sealer.open_outcome(practice, sealed_by(row)?, (id, row.get(6)?))?;
            let conflicts = self.conflicts_of(practice, id, sealed_by(row)?)?;
            Ok((id, row.get::<String>(0)?, self.envelope_in(practice, id, row)?, outcome, conflicts))
        })?;
        for (id, subject, envelope, outcome, conflicts) in &rows {
            let (whose, of) = ((practice, subject.as_str()), id.uuid());
            let outcome = self.sealer.seal_outcome(self, whose, (*id, outcome), span.now)?;
            let (data_key, envelope) =
                self.sealer.seal(self, whose, Place::Envelope(*id), envelope, span.now)?;
            let sql = "UPDATE change SET data_key = $2, envelope = $3, outcome = $4 WHERE id = $1";
            self.send(sql, &[&of, &i64::from(data_key), &envelope, &outcome])?;
            for (key, body) in conflicts {
                let body = self.sealer.seal(self, whose, Place::Conflict(*id, key), body, span.now)?.1;
                let sql = "UPDATE conflict SET body = $4 WHERE change = $1 AND kind = $2 AND id = $3";
                self.send(sql, &[&of, &key.kind.as_str(), &key.id.as_str(), &body])?;
            }
        }
        Ok(rows.len() as u64)
    }

    fn delete_data_keys_beside(&self, kek: Uuid) -> Result<(), StoreError> {
        self.send("DELETE FROM data_key WHERE kek <> $1", &[&kek])
    }

    fn kek_is_destroyed(&self, kek: Uuid, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE kek SET destroyed_at = $2 WHERE id = $1 AND ended_at IS NOT NULL";
        self.send(sql, &[&kek, &millis(at)])
    }
}

impl Work<'_> {
    /// What a change has in conflict, with what it would have made of each record.
    fn conflicts_of(
        &self,
        practice: Uuid,
        change: ChangeId,
        by: SealedBy<'_>,
    ) -> Result<Vec<(RecordKey, Vec<u8>)>, StoreError> {
        let sql = "SELECT kind || '/' || id, body FROM conflict WHERE change = $1 AND body <> ''::bytea";
        self.all(sql, &[&change.uuid()], |row| {
            let key: RecordKey = row.parsed(0)?;
            let body = self.sealer.open(practice, by, Place::Conflict(change, &key), row.get(1)?)?;
            Ok((key, body))
        })
    }
}

fn kek(row: &Columns<'_>) -> Result<KekRow, StoreError> {
    Ok(KekRow {
        id: row.uuid(0)?,
        provider: row.get(1)?,
        epoch: row.number(2)?,
        is_incident: row.get(3)?,
        made_at: row.time(4)?,
        ended_at: row.maybe_time(5)?,
        destroyed_at: row.maybe_time(6)?,
    })
}

fn data_key(row: &Columns<'_>) -> Result<DataKeyRow, StoreError> {
    Ok(DataKeyRow {
        subject: row.get(0)?,
        generation: row.small(1)?,
        kek: row.uuid(2)?,
        wrapped: row.get(3)?,
        made_at: row.time(4)?,
    })
}
