//! Changes made here that the server has not answered, and the server's version under them.
//!
//! What is shown is the newest such change; when its answer comes, the record moves to the server's version or back to
//! it. What the server would not take stays here, set apart, until a person has dealt with it.

use records::id::{ChangeId, RecordKey};
use records::{Document, Versioned};
use rusqlite::{OptionalExtension as _, params};

use super::sealing::Table;
use super::{OpenDrawer, Wanted, Writing};
use crate::error::StoreError;
use crate::number;
use crate::verdict::Verdict;

/// The server's version of a record under changes that wait; no document: the server has none.
struct ServerVersion {
    version: u64,
    document: Option<Document>,
}

/// A record as it was written here, which the server would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetApart {
    /// The change that wrote it.
    pub change: ChangeId,
    /// Whether it met another change, so that a person chooses; else it was refused.
    pub in_conflict: bool,
    /// As it was written.
    pub document: Document,
    /// What it was made from; `None` where it was new.
    pub base: Option<Document>,
}

/// One record of a change that waits.
struct PendingRow {
    ordinal: i64,
    key: RecordKey,
    owner: String,
    revision: u64,
    sealed: Vec<u8>,
}

impl OpenDrawer {
    /// The last change of a record that waits for an answer, or for the version that it was merged into.
    pub(crate) fn waiting_change(&self, key: &RecordKey) -> Result<Option<ChangeId>, StoreError> {
        let sql = "SELECT change FROM pending WHERE id = ?1 AND kind = ?2
                   AND state IN ('waiting', 'merged') ORDER BY ordinal DESC LIMIT 1";
        let mut statement = self.conn.prepare_cached(sql)?;
        let found = statement.query_row([key.id.as_str(), key.kind.as_str()], |row| {
            number::uuid(row, 0).map(ChangeId::from_uuid)
        });
        Ok(found.optional()?)
    }

    /// The version of a record that is here; `None` if it is not.
    pub(crate) fn version_of(&self, key: &RecordKey) -> Result<Option<u64>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT version FROM document WHERE id = ?1 AND kind = ?2")?;
        let found = statement.query_row([key.id.as_str(), key.kind.as_str()], |row| number::unsigned(row, 0));
        Ok(found.optional()?)
    }

    /// What the server would not take of a patient's record: each as it was written here, in the order of writing.
    pub(crate) fn set_apart(&self, patient: &str, wanted: &Wanted<'_>) -> Result<Vec<SetApart>, StoreError> {
        let Some((number, patient_key)) = self.patient_key(patient)? else { return Ok(Vec::new()) };
        let sql = "SELECT change, kind, id, revision, sealed, base, state FROM pending
                   WHERE patient = ?1 AND state IN ('conflict', 'refused') ORDER BY ordinal";
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let key = RecordKey { kind: number::text(row, 1)?, id: number::text(row, 2)? }.to_string();
            let revision = number::unsigned(row, 3)?;
            let open = |table, sealed: &[u8]| -> Result<Document, StoreError> {
                Ok(Document::parse(self.sealing.open(&patient_key, (table, &key, revision), sealed)?)?)
            };
            let (sealed, base): (Vec<u8>, Vec<u8>) = (row.get(4)?, row.get(5)?);
            let document = open(Table::Pending, &sealed)?;
            if wanted.covers(&document) {
                let base = if base.is_empty() { None } else { Some(open(Table::PendingBase, &base)?) };
                let change = ChangeId::from_uuid(number::uuid(row, 0)?);
                let in_conflict = row.get::<_, String>(6)? == "conflict";
                found.push(SetApart { change, in_conflict, document, base });
            }
        }
        Ok(found)
    }
}

impl Writing<'_> {
    /// Writes one record of a change made here; what the server has is kept under it.
    pub(crate) fn write_pending(&mut self, change: ChangeId, document: &Document) -> Result<(), StoreError> {
        let key = document.key();
        let current = self.current(key)?;
        if !self.is_waiting(key)? {
            self.keep_server_version(key, document, current.as_ref())?;
        }
        let owner = document.patient().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let patient = self.patient(&owner)?;
        let sealed = self.seal(&owner, (Table::Pending, &key.to_string()), document.bytes())?;
        let base = match &current {
            Some(current) => {
                self.seal(&owner, (Table::PendingBase, &key.to_string()), current.document.bytes())?
            }
            None => Vec::new(),
        };
        let sql = "INSERT INTO pending (change, kind, id, patient, state, revision, sealed, base)
                   VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6, ?7)";
        self.tx.prepare_cached(sql)?.execute(params![
            change.uuid().into_bytes(),
            key.kind.as_str(),
            key.id.as_str(),
            patient,
            number::stored(self.revision()),
            sealed,
            base
        ])?;
        self.some_wait = true;
        self.put(document, current.map_or(0, |current| current.version))
    }

    /// Takes in what the server has of a record now; no document: it has none any more.
    pub(crate) fn receive(
        &mut self,
        key: &RecordKey,
        version: u64,
        document: Option<&Document>,
    ) -> Result<(), StoreError> {
        self.drop_merged(key, version)?;
        if self.is_waiting(key)? {
            let known = self.server_version(key)?.map_or(0, |known| known.version);
            if version >= known {
                self.set_server_version(key, version, document)?;
            }
            return Ok(());
        }
        match document {
            Some(document) => {
                let here = self.row(key)?;
                if here.as_ref().is_none_or(|row| row.version <= version) {
                    self.put_over(here, document, version)?;
                }
            }
            None => {
                if self.row(key)?.is_some_and(|row| row.version <= version) {
                    self.remove(key)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in the server's answer to a change made here. Taking it in twice is harmless.
    pub(crate) fn take_verdict(&mut self, change: ChangeId, verdict: &Verdict) -> Result<(), StoreError> {
        if let Verdict::Applied { .. } = verdict {
            // It met another change once, at a server that was put back since.
            self.drop_set_apart(change)?;
        }
        for row in self.waiting_rows(change)? {
            match verdict {
                Verdict::Applied { versions, merged } => {
                    let version = versions.iter().find(|(key, _)| *key == row.key).map_or(0, |(_, v)| *v);
                    self.applied(&row, version, *merged)?;
                }
                Verdict::Conflict { .. } => self.not_applied(&row, "conflict")?,
                Verdict::Refused { .. } => self.not_applied(&row, "refused")?,
                Verdict::Quarantined => {}
            }
        }
        Ok(())
    }

    /// Takes out what was set apart of a change: a person has decided.
    pub(crate) fn drop_set_apart(&mut self, change: ChangeId) -> Result<(), StoreError> {
        let sql = "DELETE FROM pending WHERE change = ?1 AND state IN ('conflict', 'refused')";
        self.tx.prepare_cached(sql)?.execute([change.uuid().into_bytes()])?;
        Ok(())
    }

    fn applied(&mut self, row: &PendingRow, version: u64, merged: bool) -> Result<(), StoreError> {
        let known = self.server_version(&row.key)?;
        let newer = known.filter(|known| known.version >= version);
        if merged && newer.is_none() {
            return self.wait_for_merged(row, version);
        }
        let place = (Table::Pending, row.key.to_string(), row.revision);
        let written = self.open(&row.owner, (place.0, &place.1, place.2), &row.sealed)?;
        self.tx.prepare_cached("DELETE FROM pending WHERE ordinal = ?1")?.execute([row.ordinal])?;
        if self.is_waiting(&row.key)? {
            // A later change stands on this one: what this one made is the server's version now.
            if newer.is_none() {
                self.set_server_version(&row.key, version, Some(&written))?;
                self.set_version(&row.key, version)?;
            }
            return Ok(());
        }
        self.drop_server_version(&row.key)?;
        match newer {
            Some(ServerVersion { version, document: Some(document) }) => self.put(&document, version),
            Some(ServerVersion { document: None, .. }) => self.remove(&row.key),
            None => self.set_version(&row.key, version),
        }
    }

    /// What stands here is not the united version, and must not pass for it: an edit of it names the change it stands on.
    fn wait_for_merged(&mut self, row: &PendingRow, version: u64) -> Result<(), StoreError> {
        let sql = "UPDATE pending SET state = 'merged', version = ?2 WHERE ordinal = ?1";
        self.tx.prepare_cached(sql)?.execute(params![row.ordinal, number::stored(version)])?;
        if !self.is_waiting(&row.key)? {
            self.drop_server_version(&row.key)?;
        }
        Ok(())
    }

    /// Forgets the changes that are in a version which has come.
    fn drop_merged(&mut self, key: &RecordKey, version: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM pending WHERE id = ?1 AND kind = ?2 AND state = 'merged' AND version <= ?3";
        let mut statement = self.tx.prepare_cached(sql)?;
        statement.execute(params![key.id.as_str(), key.kind.as_str(), number::stored(version)])?;
        Ok(())
    }

    fn not_applied(&mut self, row: &PendingRow, state: &str) -> Result<(), StoreError> {
        let sql = "UPDATE pending SET state = ?2 WHERE ordinal = ?1";
        self.tx.prepare_cached(sql)?.execute(params![row.ordinal, state])?;
        if self.is_waiting(&row.key)? {
            return Ok(());
        }
        let Some(known) = self.server_version(&row.key)? else { return Ok(()) };
        self.drop_server_version(&row.key)?;
        match known.document {
            Some(document) => self.put(&document, known.version),
            None => self.remove(&row.key),
        }
    }

    fn is_waiting(&self, key: &RecordKey) -> Result<bool, StoreError> {
        if !self.some_wait {
            return Ok(false);
        }
        let sql = "SELECT EXISTS (SELECT 1 FROM pending WHERE id = ?1 AND kind = ?2 AND state = 'waiting')";
        let mut statement = self.tx.prepare_cached(sql)?;
        Ok(statement.query_row([key.id.as_str(), key.kind.as_str()], |row| row.get(0))?)
    }

    fn waiting_rows(&self, change: ChangeId) -> Result<Vec<PendingRow>, StoreError> {
        let sql = "SELECT p.ordinal, p.kind, p.id, o.id, p.revision, p.sealed FROM pending p
                   JOIN patient o ON o.number = p.patient
                   WHERE p.change = ?1 AND p.state = 'waiting' ORDER BY p.ordinal";
        let mut statement = self.tx.prepare_cached(sql)?;
        let rows = statement.query_map([change.uuid().into_bytes()], |row| {
            Ok(PendingRow {
                ordinal: row.get(0)?,
                key: RecordKey { kind: number::text(row, 1)?, id: number::text(row, 2)? },
                owner: row.get(3)?,
                revision: number::unsigned(row, 4)?,
                sealed: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn keep_server_version(
        &mut self,
        key: &RecordKey,
        written: &Document,
        current: Option<&Versioned>,
    ) -> Result<(), StoreError> {
        let version = current.map_or(0, |current| current.version);
        // The owner of a record that is new is the one it was written for.
        let owner = current.map_or(written, |current| &current.document).patient();
        let owner = owner.map(|id| id.as_str().to_owned()).unwrap_or_default();
        self.insert_server_version(key, &owner, version, current.map(|current| &current.document))
    }

    fn set_server_version(
        &mut self,
        key: &RecordKey,
        version: u64,
        document: Option<&Document>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT o.id FROM pending p JOIN patient o ON o.number = p.patient
                   WHERE p.id = ?1 AND p.kind = ?2 ORDER BY p.ordinal LIMIT 1";
        let mut statement = self.tx.prepare_cached(sql)?;
        let owner: Option<String> =
            statement.query_row([key.id.as_str(), key.kind.as_str()], |row| row.get(0)).optional()?;
        drop(statement);
        let named = document.and_then(Document::patient).map(|id| id.as_str().to_owned());
        let owner = named.or(owner).unwrap_or_default();
        self.insert_server_version(key, &owner, version, document)
    }

    fn insert_server_version(
        &mut self,
        key: &RecordKey,
        owner: &str,
        version: u64,
        document: Option<&Document>,
    ) -> Result<(), StoreError> {
        let patient = self.patient(owner)?;
        let sealed = match document {
            Some(document) => self.seal(owner, (Table::ServerVersion, &key.to_string()), document.bytes())?,
            None => Vec::new(),
        };
        let sql = "INSERT INTO server_version (kind, id, patient, version, revision, sealed)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id, kind) DO UPDATE SET
                   patient = excluded.patient, version = excluded.version, revision = excluded.revision,
                   sealed = excluded.sealed";
        self.tx.prepare_cached(sql)?.execute(params![
            key.kind.as_str(),
            key.id.as_str(),
            patient,
            number::stored(version),
            number::stored(self.revision()),
            sealed
        ])?;
        Ok(())
    }

    fn drop_server_version(&self, key: &RecordKey) -> Result<(), StoreError> {
        let sql = "DELETE FROM server_version WHERE id = ?1 AND kind = ?2";
        self.tx.prepare_cached(sql)?.execute([key.id.as_str(), key.kind.as_str()])?;
        Ok(())
    }

    fn server_version(&mut self, key: &RecordKey) -> Result<Option<ServerVersion>, StoreError> {
        let sql = "SELECT v.version, v.revision, v.sealed, o.id FROM server_version v
                   JOIN patient o ON o.number = v.patient WHERE v.id = ?1 AND v.kind = ?2";
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row([key.id.as_str(), key.kind.as_str()], |row| {
            Ok((number::unsigned(row, 0)?, number::unsigned(row, 1)?, row.get(2)?, row.get(3)?))
        });
        let Some((version, revision, sealed, owner)) = found.optional()? else { return Ok(None) };
        drop(statement);
        let (sealed, owner): (Vec<u8>, String) = (sealed, owner);
        let document = match sealed.is_empty() {
            true => None,
            false => Some(self.open(&owner, (Table::ServerVersion, &key.to_string(), revision), &sealed)?),
        };
        Ok(Some(ServerVersion { version, document }))
    }
}
