//! Records and their history in SQL.

use super::column::{Columns, count, millis};
use super::{Params, StoreError, Work};
use crate::store::{
    NewDeletion, NewVersion, PageLimits, RecordFacts, Records, Searching as _, StoredVersion,
};
use futures_util::TryStreamExt as _;
use records::change::Standing;
use records::id::{PatientId, PersonId, PracticeId, RecordKey};
use records::rights::Permit;
use records::{DataClass, Document, Drawer};
use sync::wire::HistoryWriter;

impl Records for Work<'_> {
    fn facts(&self, key: &RecordKey) -> Result<Option<RecordFacts>, StoreError> {
        let sql = "SELECT version, class, patient, author FROM version
            WHERE kind = $1 AND id = $2 AND NOT gone AND NOT superseded";
        self.first(sql, &[&key.kind.as_str(), &key.id.as_str()], |row| {
            Ok(RecordFacts {
                version: row.number(0)?,
                class: row.parsed(1)?,
                patient: row.get::<Option<String>>(2)?.map(|patient| patient_id(&patient)).transpose()?,
                author: PersonId::from_uuid(row.uuid(3)?),
            })
        })
    }

    fn standing(&self, key: &RecordKey) -> Result<Standing, StoreError> {
        // What left a drawer has the same version as what came into the other.
        let sql = "SELECT version, bool_and(gone) FROM version
            WHERE kind = $1 AND id = $2 GROUP BY version ORDER BY version DESC LIMIT 1";
        let newest = self.first(sql, &[&key.kind.as_str(), &key.id.as_str()], |row| {
            Ok((row.number(0)?, row.get::<bool>(1)?))
        })?;
        Ok(match newest {
            None => Standing::Unknown,
            Some((version, true)) => Standing::Deleted(version),
            Some((version, false)) => Standing::There(version),
        })
    }

    fn has_patient(&self, patient: &PatientId) -> Result<bool, StoreError> {
        Ok(self.facts(&patient.key())?.is_some())
    }

    fn current(&self, permit: &Permit, key: &RecordKey) -> Result<Option<StoredVersion>, StoreError> {
        let sql = "SELECT version, class, author, body FROM version
            WHERE kind = $1 AND id = $2 AND NOT gone AND NOT superseded AND practice = $3";
        let practice = permit.actor().practice.uuid();
        self.first(sql, &[&key.kind.as_str(), &key.id.as_str(), &practice], stored)
    }

    fn at_version(
        &self,
        permit: &Permit,
        key: &RecordKey,
        version: u64,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let sql = "SELECT version, class, author, body FROM version
            WHERE kind = $1 AND id = $2 AND version = $3 AND NOT gone AND practice = $4";
        let practice = permit.actor().practice.uuid();
        let row: Params<'_> = &[&key.kind.as_str(), &key.id.as_str(), &count(version), &practice];
        self.first(sql, row, stored)
    }

    fn insert_version(&self, permit: &Permit, new: &NewVersion<'_>) -> Result<(), StoreError> {
        let key = new.document.key();
        if new.version > 1 {
            self.drop_index(key)?;
            self.supersede(key, new.class.drawer())?;
        }
        if let Some(left) = new.leaves {
            self.supersede(key, left.drawer())?;
            self.insert(permit, new, left, true)?;
        }
        let seq = self.insert(permit, new, new.class, false)?;
        self.set_index(permit, seq, new.index)
    }

    fn insert_deletion(&self, permit: &Permit, deletion: &NewDeletion<'_>) -> Result<(), StoreError> {
        let key = deletion.key;
        let Some(facts) = self.facts(key)? else { return Ok(()) };
        self.drop_index(key)?;
        self.supersede(key, facts.class.drawer())?;
        self.run(
            "INSERT INTO version (practice, kind, id, version, drawer, class, patient, gone, change, author, device,
                written_at, received_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8, $9, $10, $11, $12, '')",
            &[&permit.actor().practice.uuid(), &key.kind.as_str(), &key.id.as_str(), &count(deletion.version), &facts.class.drawer().as_str(), &facts.class.as_str(), &facts.patient.as_ref().map(PatientId::as_str), &deletion.change.map(|change| change.uuid()), &deletion.author.uuid(), &deletion.device.uuid(), &millis(deletion.written_at), &millis(deletion.received_at)],
        )?;
        Ok(())
    }

    fn history(
        &self,
        permit: &Permit,
        drawer: Drawer,
        after: u64,
        limits: PageLimits,
        page: &mut HistoryWriter,
    ) -> Result<(u64, bool), StoreError> {
        let sql = "SELECT seq, kind, id, version, gone, body FROM version
            WHERE drawer = $1 AND seq > $2 AND NOT superseded AND practice = $3 ORDER BY seq LIMIT $4";
        let practice = permit.actor().practice.uuid();
        // One row more than the page holds says whether more follows.
        let most = i64::from(limits.entries) + 1;
        let params: Params<'_> = &[&drawer.as_str(), &count(after), &practice, &most];
        let rows = self.stream(sql, params)?;
        // Row by row as they arrive, so that a page of large records is in memory once.
        let mut rows = std::pin::pin!(rows);
        let mut end = after;
        while let Some(row) = self.wait(rows.try_next())? {
            let is_full = page.len() >= limits.entries as usize || page.byte_len() >= limits.bytes;
            if is_full && !page.is_empty() {
                return Ok((end, true));
            }
            let row = Columns(&row);
            let (kind, id, version) = (row.get(1)?, row.get(2)?, row.number(3)?);
            if row.get(4)? {
                page.delete(kind, id, version);
            } else {
                page.put(kind, id, version, row.get(5)?);
            }
            end = row.number(0)?;
        }
        Ok((end, false))
    }

    fn feed_end(&self, practice: PracticeId, drawer: Drawer) -> Result<u64, StoreError> {
        let sql = "SELECT seq FROM version WHERE drawer = $1 AND NOT superseded AND practice = $2
            ORDER BY seq DESC LIMIT 1";
        let end = self.first(sql, &[&drawer.as_str(), &practice.uuid()], |row| row.number(0))?;
        Ok(end.unwrap_or(0))
    }

    fn count_by_kind(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT kind, count(*) FROM version WHERE NOT superseded AND NOT gone GROUP BY kind ORDER BY kind";
        self.all(sql, &[], |row| Ok((row.get(0)?, row.number(1)?)))
    }
}

impl Work<'_> {
    /// Takes what a drawer says of a record out of its feed. What another drawer says stays: whoever has only that one still
    /// has to hear that the record left it.
    fn supersede(&self, key: &RecordKey, drawer: Drawer) -> Result<(), StoreError> {
        let sql = "UPDATE version SET superseded = true
            WHERE kind = $1 AND id = $2 AND drawer = $3 AND NOT superseded";
        self.send(sql, &[&key.kind.as_str(), &key.id.as_str(), &drawer.as_str()])
    }

    fn insert(
        &self,
        permit: &Permit,
        new: &NewVersion<'_>,
        class: DataClass,
        gone: bool,
    ) -> Result<u64, StoreError> {
        let key = new.document.key();
        let change = new.change.map(|change| change.uuid());
        let body: &[u8] = if gone { &[] } else { new.document.bytes() };
        let seq = self.run_first(
            "INSERT INTO version (practice, kind, id, version, drawer, class, patient, gone, change, author, device,
                written_at, received_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING seq",
            &[&permit.actor().practice.uuid(), &key.kind.as_str(), &key.id.as_str(), &count(new.version), &class.drawer().as_str(), &class.as_str(), &new.document.patient().map(PatientId::as_str), &gone, &change, &new.author.uuid(), &new.device.uuid(), &millis(new.written_at), &millis(new.received_at), &body],
            |row| row.number(0),
        )?;
        seq.ok_or(StoreError::Unreadable("a version without a number"))
    }
}

fn stored(row: &Columns<'_>) -> Result<StoredVersion, StoreError> {
    Ok(StoredVersion {
        version: row.number(0)?,
        class: row.parsed(1)?,
        author: PersonId::from_uuid(row.uuid(2)?),
        document: Document::parse(row.get(3)?).map_err(|_| StoreError::Unreadable("a record"))?,
    })
}

fn patient_id(text: &str) -> Result<PatientId, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("a patient id"))
}
