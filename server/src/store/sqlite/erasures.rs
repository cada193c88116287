//! Erasures and holds in SQL.

use super::changes::{BY, CHANGE};
use super::column::{Columns, count, millis};
use super::{StoreError, Work};
use crate::store::sealing::own_subject;
use crate::store::{DataKeys as _, ErasureDeviceRow, ErasureRow, Erasures, Gone, HoldRow};
use jiff::Timestamp;
use records::change::{Outcome, RefusalCode};
use records::id::{ChangeId, DeviceId, PatientId, PersonId};
use sqlcipher::rusqlite::params;

const ERASURE: &str =
    "SELECT number, patient, reason, asked_by, asked_at, agreed_by, erased_at, records, versions,
    settled, certificate FROM erasure";

impl Erasures for Work<'_> {
    fn unapplied_envelopes(&self) -> Result<Vec<(ChangeId, Vec<u8>)>, StoreError> {
        let sql = format!(
            "SELECT {BY}, c.envelope, c.id FROM {CHANGE} WHERE c.envelope <> x''
            AND NOT EXISTS (SELECT 1 FROM version v WHERE v.change = c.id)"
        );
        let practice = self.sealer.practice(self)?;
        self.all(&sql, [], |row| {
            let change = ChangeId::from_uuid(row.uuid(5)?);
            Ok((change, self.envelope_in(practice, change, row)?))
        })
    }

    fn erase_records(&self, patient: &PatientId, also: &[ChangeId]) -> Result<Gone, StoreError> {
        let id = patient.as_str();
        let sql = "SELECT count(DISTINCT kind || '/' || id), count(*) FROM version WHERE patient = ?1";
        let gone = self
            .first(sql, params![id], |row| Ok(Gone { records: row.number(0)?, versions: row.number(1)? }))?;
        let sql = "SELECT DISTINCT change FROM version WHERE patient = ?1 AND change IS NOT NULL";
        let mut changes = self.all(sql, params![id], |row| Ok(ChangeId::from_uuid(row.uuid(0)?)))?;
        changes.extend(also);
        // What a conflict says of values goes with the conflict.
        let outcome = serde_json::to_vec(&Outcome::Refused { code: RefusalCode::Erased });
        let outcome = outcome.map_err(|error| StoreError::Failed(Box::new(error)))?;
        for change in changes {
            self.run("DELETE FROM conflict WHERE change = ?1", params![change.uuid().into_bytes()])?;
            let sql = "UPDATE change SET envelope = x'', data_key = 0, outcome = ?2 WHERE id = ?1";
            self.run(sql, params![change.uuid().into_bytes(), outcome])?;
            self.destroy_data_keys(&own_subject(change))?;
        }
        let sql = "DELETE FROM conflict WHERE EXISTS (SELECT 1 FROM version v
            WHERE v.kind = conflict.kind AND v.id = conflict.id AND v.patient = ?1)";
        self.run(sql, params![id])?;
        let sql = "DELETE FROM search_index WHERE seq IN (SELECT seq FROM version WHERE patient = ?1)";
        self.run(sql, params![id])?;
        self.run("DELETE FROM version WHERE patient = ?1", params![id])?;
        self.run("DELETE FROM relation WHERE patient = ?1", params![id])?;
        self.run("DELETE FROM chart_mark WHERE patient = ?1", params![id])?;
        self.destroy_data_keys(id)?;
        self.next_key_epoch()?;
        Ok(gone.unwrap_or_default())
    }

    fn insert_erasure(&self, erasure: &ErasureRow) -> Result<u64, StoreError> {
        let sql = "INSERT INTO erasure (patient, reason, asked_by, asked_at, agreed_by, erased_at, records, versions)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING number";
        let row = params![
            erasure.patient.as_str(),
            erasure.reason.as_str(),
            erasure.asked.0.uuid().into_bytes(),
            millis(erasure.asked.1),
            erasure.agreed.0.uuid().into_bytes(),
            millis(erasure.agreed.1),
            count(erasure.records),
            count(erasure.versions)
        ];
        self.first(sql, row, |row| row.number(0))?
            .ok_or(StoreError::Unreadable("an erasure without a number"))
    }

    fn erasure(&self, patient: &PatientId) -> Result<Option<ErasureRow>, StoreError> {
        self.first(&format!("{ERASURE} WHERE patient = ?1"), params![patient.as_str()], erasure)
    }

    fn erasures(&self) -> Result<Vec<ErasureRow>, StoreError> {
        self.all(&format!("{ERASURE} ORDER BY number"), [], erasure)
    }

    fn settle_erasures(&self) -> Result<(), StoreError> {
        self.run("UPDATE erasure SET settled = 1 WHERE settled = 0", [])?;
        Ok(())
    }

    fn certify_erasure(&self, patient: &PatientId, certificate: &[u8]) -> Result<(), StoreError> {
        let sql = "UPDATE erasure SET certificate = ?2 WHERE patient = ?1 AND certificate IS NULL";
        self.run(sql, params![patient.as_str(), certificate])?;
        Ok(())
    }

    fn insert_erasure_device(
        &self,
        patient: &PatientId,
        device: DeviceId,
        directive: u64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO erasure_device (patient, device, directive) VALUES (?1, ?2, ?3)";
        self.run(sql, params![patient.as_str(), device.uuid().into_bytes(), count(directive)])?;
        Ok(())
    }

    fn confirm_erasure(
        &self,
        patient: &PatientId,
        device: DeviceId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE erasure_device SET confirmed_at = ?3
            WHERE patient = ?1 AND device = ?2 AND confirmed_at IS NULL";
        self.run(sql, params![patient.as_str(), device.uuid().into_bytes(), millis(at)])?;
        Ok(())
    }

    fn erasure_devices(&self, patient: &PatientId) -> Result<Vec<ErasureDeviceRow>, StoreError> {
        let sql = "SELECT e.device, e.directive, e.confirmed_at, d.revoked_at FROM erasure_device e
            JOIN device d ON d.id = e.device WHERE e.patient = ?1 ORDER BY d.enrolled_at, e.device";
        self.all(sql, params![patient.as_str()], |row| {
            Ok(ErasureDeviceRow {
                device: DeviceId::from_uuid(row.uuid(0)?),
                directive: row.number(1)?,
                confirmed_at: row.maybe_time(2)?,
                revoked_at: row.maybe_time(3)?,
            })
        })
    }

    fn patients_without_news_since(
        &self,
        since: Timestamp,
        (passed, most): (u32, u32),
    ) -> Result<Vec<(PatientId, Timestamp)>, StoreError> {
        let sql = "SELECT patient, max(received_at) FROM version WHERE patient IS NOT NULL
            GROUP BY patient HAVING max(received_at) < ?1 ORDER BY max(received_at), patient
            LIMIT ?2 OFFSET ?3";
        self.all(sql, params![millis(since), most, passed], |row| Ok((row.parsed(0)?, row.time(1)?)))
    }

    fn last_news(&self, patient: &PatientId) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT received_at FROM version WHERE patient = ?1 ORDER BY received_at DESC LIMIT 1";
        self.first(sql, params![patient.as_str()], |row| row.time(0))
    }

    fn count_events_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM leaf WHERE received_at < ?1 AND length(event) > 0";
        Ok(self.first(sql, params![millis(before)], |row| row.number(0))?.unwrap_or(0))
    }

    fn set_hold(&self, hold: &HoldRow) -> Result<bool, StoreError> {
        let sql = "INSERT INTO legal_hold (patient, reason, set_by, set_at) SELECT ?1, ?2, ?3, ?4
            WHERE NOT EXISTS (SELECT 1 FROM legal_hold WHERE patient = ?1 AND ended_at IS NULL)";
        let by = hold.set.0.uuid().into_bytes();
        Ok(self.run(sql, params![hold.patient.as_str(), hold.reason, by, millis(hold.set.1)])? == 1)
    }

    fn end_hold(&self, patient: &PatientId, by: PersonId, at: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "UPDATE legal_hold SET ended_by = ?2, ended_at = ?3 WHERE patient = ?1 AND ended_at IS NULL";
        Ok(self.run(sql, params![patient.as_str(), by.uuid().into_bytes(), millis(at)])? == 1)
    }

    fn holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        let sql =
            "SELECT patient, reason, set_by, set_at FROM legal_hold WHERE ended_at IS NULL ORDER BY number";
        self.all(sql, [], |row| {
            Ok(HoldRow {
                patient: row.parsed(0)?,
                reason: row.get(1)?,
                set: (PersonId::from_uuid(row.uuid(2)?), row.time(3)?),
            })
        })
    }
}

impl Work<'_> {
    fn destroy_data_keys(&self, subject: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM data_key WHERE subject = ?1", params![subject])?;
        self.sealer.forget(subject);
        Ok(())
    }
}

fn erasure(row: &Columns<'_, '_>) -> Result<ErasureRow, StoreError> {
    Ok(ErasureRow {
        number: row.number(0)?,
        patient: row.parsed(1)?,
        reason: row.parsed(2)?,
        asked: (PersonId::from_uuid(row.uuid(3)?), row.time(4)?),
        agreed: (PersonId::from_uuid(row.uuid(5)?), row.time(6)?),
        records: row.number(7)?,
        versions: row.number(8)?,
        is_settled: row.get(9)?,
        certificate: row.get(10)?,
    })
}
