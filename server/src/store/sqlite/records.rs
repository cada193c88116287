//! Records and their history in SQL.

use super::column::{Columns, count, millis};
use super::{StoreError, Work, failed};
use crate::store::charts::Marks;
use crate::store::sealing::{NO_PATIENT, Place, SEALED, SEALED_FROM, SealedBy, subject_of};
use crate::store::{
    Charts as _, NewDeletion, NewVersion, PageLimits, RecordFacts, Records, Searching as _, StoredVersion,
};
use records::change::Standing;
use records::id::{PatientId, PersonId, PracticeId, RecordKey};
use records::rights::Permit;
use records::{DataClass, Document, Drawer};
use sqlcipher::rusqlite::params;
use sync::wire::HistoryWriter;
use uuid::Uuid;

impl Records for Work<'_> {
    fn facts(&self, key: &RecordKey) -> Result<Option<RecordFacts>, StoreError> {
        let sql = "SELECT version, class, patient, author FROM version
            WHERE kind = ?1 AND id = ?2 AND gone = 0 AND superseded = 0";
        self.first(sql, params![key.kind.as_str(), key.id.as_str()], |row| {
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
        let sql = "SELECT version, min(gone) FROM version
            WHERE kind = ?1 AND id = ?2 GROUP BY version ORDER BY version DESC LIMIT 1";
        let newest = self.first(sql, params![key.kind.as_str(), key.id.as_str()], |row| {
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
        let sql = format!(
            "SELECT v.class, v.author, {SEALED} FROM {SEALED_FROM}
            WHERE v.kind = ?1 AND v.id = ?2 AND v.gone = 0 AND v.superseded = 0 AND v.practice = ?3"
        );
        let practice = permit.actor().practice.uuid();
        let of = params![key.kind.as_str(), key.id.as_str(), practice.into_bytes()];
        self.first(&sql, of, |row| self.stored(practice, row))
    }

    fn at_version(
        &self,
        permit: &Permit,
        key: &RecordKey,
        version: u64,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let sql = format!(
            "SELECT v.class, v.author, {SEALED} FROM {SEALED_FROM}
            WHERE v.kind = ?1 AND v.id = ?2 AND v.version = ?3 AND v.gone = 0 AND v.practice = ?4"
        );
        let practice = permit.actor().practice.uuid();
        let row = params![key.kind.as_str(), key.id.as_str(), count(version), practice.into_bytes()];
        self.first(&sql, row, |row| self.stored(practice, row))
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
        self.insert(permit, new, new.class, false)?;
        // The index is of the row that was inserted last, so before a mark takes the next place.
        let seq = self.connection.last_insert_rowid().unsigned_abs();
        self.set_index(permit, seq, new.index)?;
        self.keep_chart(permit, new.document.patient())
    }

    fn insert_deletion(&self, permit: &Permit, deletion: &NewDeletion<'_>) -> Result<(), StoreError> {
        let key = deletion.key;
        let Some(facts) = self.facts(key)? else { return Ok(()) };
        self.drop_index(key)?;
        self.supersede(key, facts.class.drawer())?;
        self.run(
            "INSERT INTO version (practice, kind, id, version, drawer, class, patient, gone, change, author, device,
                written_at, received_at, data_key, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, ?11, ?12, 0, x'')",
            params![
                permit.actor().practice.uuid().into_bytes(),
                key.kind.as_str(),
                key.id.as_str(),
                count(deletion.version),
                facts.class.drawer().as_str(),
                facts.class.as_str(),
                facts.patient.as_ref().map(PatientId::as_str),
                deletion.change.map(|change| change.uuid().into_bytes()),
                deletion.author.uuid().into_bytes(),
                deletion.device.uuid().into_bytes(),
                millis(deletion.written_at),
                millis(deletion.received_at)
            ],
        )?;
        self.keep_chart(permit, facts.patient.as_ref())
    }

    fn history(
        &self,
        permit: &Permit,
        drawer: Drawer,
        after: u64,
        limits: PageLimits,
        page: &mut HistoryWriter,
    ) -> Result<(u64, bool), StoreError> {
        let sql = format!(
            "SELECT v.seq, v.gone, {SEALED} FROM {SEALED_FROM}
            WHERE v.drawer = ?1 AND v.seq > ?2 AND v.superseded = 0 AND v.practice = ?3 AND v.seq < ?5
            AND NOT EXISTS (SELECT 1 FROM chart_mark m WHERE m.patient = v.patient AND m.drawer = ?1 AND m.away = 1)
            ORDER BY v.seq LIMIT ?4"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let practice = permit.actor().practice;
        // One row more than the page holds says whether more follows.
        let most = limits.entries.saturating_add(1);
        let mut marks = Marks::of(self.marks_after(practice, drawer, after, most)?);
        let practice = practice.uuid();
        let mut rows = statement
            .query(params![drawer.as_str(), count(after), practice.into_bytes(), most, count(marks.end())])
            .map_err(failed)?;
        let mut end = after;
        while let Some(row) = rows.next().map_err(failed)? {
            let row = Columns(row);
            if marks.tell_before(row.number(0)?, limits, page, &mut end) || limits.is_reached(page) {
                return Ok((end, true));
            }
            let (kind, id, version) = (row.text(2)?, row.text(3)?, row.number(4)?);
            if row.get(1)? {
                page.delete(kind, id, version);
            } else {
                page.put(kind, id, version, &self.opened(practice, &row, 2)?);
            }
            end = row.number(0)?;
        }
        if marks.tell_before(marks.end(), limits, page, &mut end) {
            return Ok((end, true));
        }
        let Some(back) = marks.back() else { return Ok((end, false)) };
        self.chart(permit, &back.patient, drawer, page)?;
        page.whole(&back.patient);
        Ok((back.seq, true))
    }

    fn feed_end(&self, practice: PracticeId, drawer: Drawer) -> Result<u64, StoreError> {
        let sql = "SELECT max(coalesce((SELECT seq FROM version WHERE drawer = ?1 AND superseded = 0 AND practice = ?2
                ORDER BY seq DESC LIMIT 1), 0),
            coalesce((SELECT max(seq) FROM chart_mark WHERE drawer = ?1 AND practice = ?2), 0))";
        let end =
            self.first(sql, params![drawer.as_str(), practice.uuid().into_bytes()], |row| row.number(0))?;
        Ok(end.unwrap_or(0))
    }

    fn count_by_kind(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT kind, count(*) FROM version WHERE superseded = 0 AND gone = 0 GROUP BY kind ORDER BY kind";
        self.all(sql, [], |row| Ok((row.get(0)?, row.number(1)?)))
    }
}

impl Work<'_> {
    /// What a version says, from the columns [`SEALED`] that begin at `from`.
    pub(super) fn opened(
        &self,
        practice: Uuid,
        row: &Columns<'_, '_>,
        from: usize,
    ) -> Result<Vec<u8>, StoreError> {
        let (kind, id, version) = (row.text(from)?, row.text(from + 1)?, row.number(from + 2)?);
        let place = Place::Version { drawer: row.text(from + 3)?, kind, id, version };
        let by = SealedBy {
            subject: row.maybe_text(from + 4)?.unwrap_or(NO_PATIENT),
            generation: row.small(from + 5)?,
            kek: row.maybe_uuid(from + 6)?,
            wrapped: row.maybe_blob(from + 7)?,
        };
        self.sealer.open(practice, by, place, row.blob(from + 8)?)
    }

    fn stored(&self, practice: Uuid, row: &Columns<'_, '_>) -> Result<StoredVersion, StoreError> {
        let document = Document::parse(self.opened(practice, row, 2)?);
        Ok(StoredVersion {
            version: row.number(4)?,
            class: row.parsed(0)?,
            author: PersonId::from_uuid(row.uuid(1)?),
            document: document.map_err(|_| StoreError::Unreadable("a record"))?,
        })
    }

    /// Where something comes into a chart, workstations keep it.
    fn keep_chart(&self, permit: &Permit, patient: Option<&PatientId>) -> Result<(), StoreError> {
        patient.map_or(Ok(()), |patient| self.bring_back(permit.actor().practice, patient))
    }

    /// Takes what a drawer says of a record out of its feed. What another drawer says stays: whoever has only that one still
    /// has to hear that the record left it.
    fn supersede(&self, key: &RecordKey, drawer: Drawer) -> Result<(), StoreError> {
        let sql = "UPDATE version SET superseded = 1
            WHERE kind = ?1 AND id = ?2 AND drawer = ?3 AND superseded = 0";
        self.run(sql, params![key.kind.as_str(), key.id.as_str(), drawer.as_str()])?;
        Ok(())
    }

    fn insert(
        &self,
        permit: &Permit,
        new: &NewVersion<'_>,
        class: DataClass,
        gone: bool,
    ) -> Result<(), StoreError> {
        let key = new.document.key();
        let change = new.change.map(|change| change.uuid().into_bytes());
        let (practice, patient) = (permit.actor().practice.uuid(), new.document.patient());
        let (kind, id) = (key.kind.as_str(), key.id.as_str());
        let (data_key, body) = if gone {
            (0, Vec::new())
        } else {
            let place = Place::Version { drawer: class.drawer().as_str(), kind, id, version: new.version };
            let whose = (practice, subject_of(patient));
            self.sealer.seal(self, whose, place, new.document.bytes(), new.received_at)?
        };
        self.run(
            "INSERT INTO version (practice, kind, id, version, drawer, class, patient, gone, change, author, device,
                written_at, received_at, data_key, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                practice.into_bytes(),
                kind,
                id,
                count(new.version),
                class.drawer().as_str(),
                class.as_str(),
                patient.map(PatientId::as_str),
                gone,
                change,
                new.author.uuid().into_bytes(),
                new.device.uuid().into_bytes(),
                millis(new.written_at),
                millis(new.received_at),
                data_key,
                body
            ],
        )?;
        Ok(())
    }
}

fn patient_id(text: &str) -> Result<PatientId, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("a patient id"))
}
