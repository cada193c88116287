//! Changes and conflicts in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::sealing::{Place, SealedBy, own_subject};
use crate::store::{ChangeRow, Changes, ConflictRow};
use jiff::Timestamp;
use records::id::{ChangeId, DeviceId, PersonId, RecordKey};
use records::rights::Permit;
use sqlcipher::rusqlite::params;
use uuid::Uuid;

/// A change, and the data key that seals it.
pub(super) const CHANGE: &str =
    "change c LEFT JOIN data_key d ON d.subject = c.subject AND d.generation = c.data_key";
/// What [`sealed_by`] reads.
pub(super) const BY: &str = "c.subject, c.data_key, d.kek, d.wrapped";

impl Changes for Work<'_> {
    fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>, StoreError> {
        let sql = format!(
            "SELECT {BY}, c.device, c.author, c.sequence, c.written_at, c.received_at, c.outcome, c.digest FROM {CHANGE} WHERE c.id = ?1"
        );
        let practice = self.sealer.practice(self)?;
        self.first(&sql, params![id.uuid().into_bytes()], |row| {
            let by = sealed_by(row)?;
            Ok(ChangeRow {
                id,
                device: DeviceId::from_uuid(row.uuid(4)?),
                author: row.maybe_uuid(5)?.map(PersonId::from_uuid),
                sequence: row.number(6)?,
                written_at: row.maybe_time(7)?,
                received_at: row.time(8)?,
                outcome: self.sealer.open_outcome(practice, by, (id, row.blob(9)?))?,
                digest: row.get(10)?,
            })
        })
    }

    fn envelope(&self, id: ChangeId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = format!("SELECT {BY}, c.envelope FROM {CHANGE} WHERE c.id = ?1 AND c.envelope <> x''");
        let practice = self.sealer.practice(self)?;
        self.first(&sql, params![id.uuid().into_bytes()], |row| self.envelope_in(practice, id, row))
    }

    fn insert_change(&self, change: &ChangeRow, envelope: &[u8]) -> Result<(), StoreError> {
        let (practice, now) = (self.sealer.practice(self)?, change.received_at);
        let subject = self.subject_of_change(change.id)?;
        let whose = (practice, subject.as_str());
        let outcome = self.sealer.seal_outcome(self, whose, (change.id, &change.outcome), now)?;
        let (data_key, envelope) = match envelope {
            [] => (0, Vec::new()),
            envelope => self.sealer.seal(self, whose, Place::Envelope(change.id), envelope, now)?,
        };
        self.run(
            "INSERT INTO change (id, device, author, sequence, written_at, received_at, outcome, digest, subject,
                data_key, envelope)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                change.id.uuid().into_bytes(),
                change.device.uuid().into_bytes(),
                change.author.map(|author| author.uuid().into_bytes()),
                count(change.sequence),
                change.written_at.map(millis),
                millis(change.received_at),
                outcome,
                change.digest,
                subject,
                data_key,
                envelope
            ],
        )?;
        Ok(())
    }

    fn insert_conflict(&self, permit: &Permit, conflict: &ConflictRow) -> Result<(), StoreError> {
        let sql = "SELECT subject, received_at FROM change WHERE id = ?1";
        let of = params![conflict.change.uuid().into_bytes()];
        let change = self.first(sql, of, |row| Ok((row.get::<String>(0)?, row.time(1)?)))?;
        let (subject, now) = change.ok_or(StoreError::Unreadable("a conflict without its change"))?;
        let (whose, place) = (
            (permit.actor().practice.uuid(), subject.as_str()),
            Place::Conflict(conflict.change, &conflict.key),
        );
        let body = match conflict.body.as_slice() {
            [] => Vec::new(),
            body => self.sealer.seal(self, whose, place, body, now)?.1,
        };
        self.run(
            "INSERT INTO conflict (change, kind, id, base, standing, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                conflict.change.uuid().into_bytes(),
                conflict.key.kind.as_str(),
                conflict.key.id.as_str(),
                count(conflict.base),
                count(conflict.standing),
                body
            ],
        )?;
        Ok(())
    }

    fn settle_conflict(
        &self,
        _permit: &Permit,
        change: ChangeId,
        key: &RecordKey,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE conflict SET resolved_at = ?4
            WHERE change = ?1 AND kind = ?2 AND id = ?3 AND resolved_at IS NULL";
        let of = params![change.uuid().into_bytes(), key.kind.as_str(), key.id.as_str(), millis(at)];
        self.run(sql, of)?;
        Ok(())
    }

    fn applied_changes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(DISTINCT change) FROM version WHERE change IS NOT NULL";
        Ok(self.first(sql, [], |row| row.number(0))?.unwrap_or(0))
    }

    fn open_conflicts(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM conflict WHERE resolved_at IS NULL";
        Ok(self.first(sql, [], |row| row.number(0))?.unwrap_or(0))
    }

    fn version_of_change(&self, change: ChangeId, key: &RecordKey) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT version FROM version WHERE change = ?1 AND kind = ?2 AND id = ?3 AND gone = 0";
        let row = params![change.uuid().into_bytes(), key.kind.as_str(), key.id.as_str()];
        self.first(sql, row, |row| row.number(0))
    }
}

impl Work<'_> {
    /// Whose data key seals a change: the patient's, where every version that it made is of one.
    fn subject_of_change(&self, change: ChangeId) -> Result<String, StoreError> {
        let sql = "SELECT DISTINCT patient FROM version WHERE change = ?1 LIMIT 2";
        let mut whose =
            self.all(sql, params![change.uuid().into_bytes()], |row| row.get::<Option<String>>(0))?;
        let one = if whose.len() == 1 { whose.pop().flatten() } else { None };
        Ok(one.unwrap_or_else(|| own_subject(change)))
    }

    /// The envelope after [`BY`].
    pub(super) fn envelope_in(
        &self,
        practice: Uuid,
        change: ChangeId,
        row: &Columns<'_, '_>,
    ) -> Result<Vec<u8>, StoreError> {
        self.sealer.open(practice, sealed_by(row)?, Place::Envelope(change), row.blob(4)?)
    }
}

pub(super) fn sealed_by<'a>(row: &Columns<'a, '_>) -> Result<SealedBy<'a>, StoreError> {
    Ok(SealedBy {
        subject: row.text(0)?,
        generation: row.small(1)?,
        kek: row.maybe_uuid(2)?,
        wrapped: row.maybe_blob(3)?,
    })
}
