//! The index of every change made here: where it stands on its way to the server.

use std::collections::BTreeMap;

use jiff::Timestamp;
use records::Drawer;
use records::event::{AuditEvent, EventKind, EventSummary};
use records::id::{ChangeId, EventId, PatientId, PersonId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Device;
use super::settings::Setting;
use crate::error::StoreError;
use crate::number;
use crate::verdict::Verdict;

/// Where a change stands. The names are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutboxState {
    /// About to be written; if this survives, the save was cut short.
    Intended,
    /// Never written: the save was cut short before anything was.
    Abandoned,
    /// Saved here, and to be sent.
    Waiting,
    /// In the record at the server.
    Applied,
    /// Somebody else changed the same; a person must choose.
    Conflict,
    /// The server will not apply it.
    Refused,
    /// The server holds it for a person to look at.
    Quarantined,
    /// It was in conflict, and a person has decided: what they decided is a change of its own.
    Settled,
}

impl OutboxState {
    const ALL: [Self; 8] = [
        Self::Intended,
        Self::Abandoned,
        Self::Waiting,
        Self::Applied,
        Self::Conflict,
        Self::Refused,
        Self::Quarantined,
        Self::Settled,
    ];

    /// The name used in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Abandoned => "abandoned",
            Self::Waiting => "waiting",
            Self::Applied => "applied",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
            Self::Quarantined => "quarantined",
            Self::Settled => "settled",
        }
    }
}

impl std::str::FromStr for OutboxState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(StoreError::Damaged)
    }
}

/// One change in the index. Opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its place among the envelopes of this workstation, from 1.
    pub sequence: u64,
    /// The change.
    pub change: ChangeId,
    /// Who wrote it.
    pub author: PersonId,
    /// The drawer it is in.
    pub drawer: Drawer,
    /// Whose record it changes.
    pub patient: Option<PatientId>,
    /// The other patient whose record it changes: two charts are joined or separated.
    pub also: Option<PatientId>,
    /// The type of (the first of) its resources.
    pub kind: String,
    /// When it was written.
    pub written_at: Timestamp,
    /// Where it stands.
    pub state: OutboxState,
    /// The changes made here that this one stands on: if one of them is refused, so is this.
    pub depends_on: Vec<ChangeId>,
    /// The server's answer as it came; empty before.
    pub verdict: Vec<u8>,
}

impl OutboxEntry {
    pub(crate) fn patient_column(&self) -> &str {
        self.patient.as_ref().map(PatientId::as_str).unwrap_or_default()
    }

    pub(crate) fn also_column(&self) -> &str {
        self.also.as_ref().map(PatientId::as_str).unwrap_or_default()
    }

    /// Every patient whose record it changes.
    pub fn patients(&self) -> impl Iterator<Item = &PatientId> {
        self.patient.iter().chain(&self.also)
    }

    pub(crate) fn depends_on_column(&self) -> Vec<u8> {
        self.depends_on.iter().flat_map(|id| id.uuid().into_bytes()).collect()
    }
}

/// A save whose result is not in the log yet.
pub(crate) struct OpenIntent {
    pub(crate) entry: OutboxEntry,
    /// What [`crate::save`] needs to write the result event.
    pub(crate) intent: Vec<u8>,
}

/// How many entries of the log may be looked through at an unlock before it is noted how far that came.
const LOOK_BACK: u64 = 1_000;

const COLUMNS: &str =
    "sequence, change, author, drawer, patient, kind, written_at, state, verdict, depends_on, also, intent";

impl Device {
    /// The changes that the server has not answered, in the order they were written.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn unsent(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        self.outbox_in(OutboxState::Waiting)
    }

    /// The changes in one state, in the order they were written.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn outbox_in(&self, state: OutboxState) -> Result<Vec<OutboxEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE state = ?1 ORDER BY sequence");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let entries = statement.query_map([state.as_str()], entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// One change.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn outbox_entry(&self, change: ChangeId) -> Result<Option<OutboxEntry>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE change = ?1");
        let mut statement = self.conn.prepare_cached(&sql)?;
        Ok(statement.query_row([change.uuid().into_bytes()], entry).optional()?)
    }

    /// The envelope of a change as it is to be sent; `None` when `outbox/` has no copy, or one that is damaged: the next
    /// opening of its drawer puts a whole one there.
    ///
    /// # Errors
    /// When `device.db` cannot be read, or the operating system refuses.
    pub fn envelope(&self, change: ChangeId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(copy) = crate::durable::read(&self.folder.envelope_file(change))? else { return Ok(None) };
        let mut statement = self.conn.prepare_cached("SELECT digest FROM outbox WHERE change = ?1")?;
        let digest: Option<Vec<u8>> =
            statement.query_row([change.uuid().into_bytes()], |row| row.get(0)).optional()?;
        let is_whole = digest.is_none_or(|kept| kept.is_empty() || kept == Sha256::digest(&copy).as_slice());
        Ok(is_whole.then_some(copy))
    }

    /// Keeps the server's answers to changes, durably, all of them or none, with one commit. The copies in `outbox/` stay: the
    /// server may be put back. A drawer takes the answers in when it is open ([`crate::Vault::take_verdicts`]). Returns the
    /// changes of those that are news.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn record_verdicts(
        &mut self,
        answers: &[(ChangeId, Verdict, Timestamp)],
    ) -> Result<Vec<ChangeId>, StoreError> {
        let sql = "UPDATE outbox SET state = ?2, verdict = ?3, settled = 0, answered_at = ?4
                   WHERE change = ?1 AND state IN ('waiting', 'conflict', 'quarantined') AND state <> ?2";
        sqlcipher::immediate(&mut self.conn, |tx| {
            let mut statement = tx.prepare_cached(sql)?;
            let mut news = Vec::new();
            for (change, verdict, received_at) in answers {
                let (state, bytes) = (verdict.state().as_str(), verdict.to_bytes());
                let values = params![change.uuid().into_bytes(), state, bytes, number::millis(*received_at)];
                if statement.execute(values)? == 1 {
                    news.push(*change);
                }
            }
            Ok(news)
        })
    }

    /// Answers that the drawer of their change has not taken in.
    pub(crate) fn unsettled(&self, drawer: Drawer) -> Result<Vec<OutboxEntry>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE drawer = ?1 AND settled = 0
             AND state IN ('applied', 'conflict', 'refused', 'settled') ORDER BY sequence"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let entries = statement.query_map([drawer.as_str()], entry)?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// The drawer has taken the answers to these in.
    pub(crate) fn settled(&mut self, changes: &[OutboxEntry]) -> Result<(), StoreError> {
        sqlcipher::immediate(&mut self.conn, |tx| {
            let mut statement = tx.prepare_cached("UPDATE outbox SET settled = 1 WHERE change = ?1")?;
            for entry in changes {
                statement.execute([entry.change.uuid().into_bytes()])?;
            }
            Ok(())
        })
    }

    /// The drawer of this change does not know the answer any more: an older copy of it was put back.
    pub(crate) fn unsettle(&mut self, change: ChangeId) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET settled = 0 WHERE change = ?1";
        self.conn.execute(sql, [change.uuid().into_bytes()])?;
        Ok(())
    }

    /// Takes the next number for a change that is about to be written.
    pub(crate) fn intend(&mut self, entry: &OutboxEntry, intent: &[u8]) -> Result<u64, StoreError> {
        let sql = "INSERT INTO outbox
                   (change, author, drawer, patient, also, kind, written_at, depends_on, intent, state)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.conn.prepare_cached(sql)?.execute(params![
            entry.change.uuid().into_bytes(),
            entry.author.uuid().into_bytes(),
            entry.drawer.as_str(),
            entry.patient_column(),
            entry.also_column(),
            entry.kind,
            number::millis(entry.written_at),
            entry.depends_on_column(),
            intent,
            OutboxState::Intended.as_str(),
        ])?;
        Ok(u64::try_from(self.conn.last_insert_rowid()).unwrap_or_default())
    }

    /// Lists a change again that a drawer holds and this index, an older copy, does not. It keeps its number, unless another
    /// change has taken it since.
    pub(crate) fn list_again(&mut self, entry: &OutboxEntry, envelope: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT INTO outbox
                   (sequence, change, author, drawer, patient, also, kind, written_at, depends_on, intent, state, digest)
                   VALUES ((SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE sequence = ?1)),
                           ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, x'', ?10, ?11)";
        self.conn.prepare_cached(sql)?.execute(params![
            number::stored(entry.sequence),
            entry.change.uuid().into_bytes(),
            entry.author.uuid().into_bytes(),
            entry.drawer.as_str(),
            entry.patient_column(),
            entry.also_column(),
            entry.kind,
            number::millis(entry.written_at),
            entry.depends_on_column(),
            OutboxState::Waiting.as_str(),
            Sha256::digest(envelope).as_slice(),
        ])?;
        Ok(())
    }

    /// Closes a save: its result events and its state in one commit. It waits to be sent if an envelope was written, and the
    /// conflicts that it `settles` are no more.
    pub(crate) fn close_intent(
        &mut self,
        change: ChangeId,
        written: Option<&[u8]>,
        settles: &[ChangeId],
        results: &[AuditEvent],
    ) -> Result<(), StoreError> {
        let settles = if written.is_some() { settles } else { &[] };
        self.append_with(results, |conn| {
            set_state(conn, change, written)?;
            settles.iter().try_for_each(|settled| settle(conn, *settled))
        })?;
        for settled in settles {
            crate::durable::remove(&self.folder.envelope_file(*settled))?;
        }
        Ok(())
    }

    /// Saves that were cut short in this drawer.
    pub(crate) fn open_intents(&self, drawer: Drawer) -> Result<Vec<OpenIntent>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE state = 'intended' AND drawer = ?1 ORDER BY sequence"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let intents = statement.query_map([drawer.as_str()], |row| {
            Ok(OpenIntent { entry: entry(row)?, intent: row.get(11)? })
        })?;
        Ok(intents.collect::<Result<_, _>>()?)
    }
}

impl Device {
    /// Intents in the log that have neither a result nor a number: cut short between the two commits.
    pub(crate) fn unlisted_intents(&self) -> Result<Vec<EventSummary>, StoreError> {
        let sql = "SELECT event FROM audit_entry WHERE position >= ?1 AND act IN (?2, ?3) ORDER BY position";
        let mut statement = self.conn.prepare_cached(sql)?;
        let kinds = [EventKind::WriteIntent.as_str(), EventKind::Written.as_str()];
        let mut rows = statement.query(params![number::stored(self.closed_until()?), kinds[0], kinds[1]])?;
        let mut open: BTreeMap<EventId, EventSummary> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let event = AuditEvent::parse(row.get(0)?).map_err(|_| StoreError::Damaged)?;
            let summary = event.summary();
            match (summary.id, summary.intent) {
                (_, Some(closed)) => drop(open.remove(&closed)),
                (Some(id), None) => drop(open.insert(id, summary.clone())),
                (None, None) => {}
            }
        }
        for intended in self.all_open_intents()? {
            for event in crate::save::intent_events(&intended)? {
                open.remove(&event);
            }
        }
        Ok(open.into_values().collect())
    }

    /// Appends the results of [`Device::unlisted_intents`], and does not look at them again.
    pub(crate) fn close_unlisted(&mut self, results: &[AuditEvent]) -> Result<(), StoreError> {
        let until = self.log_head().size + results.len() as u64;
        if results.is_empty() && until < self.closed_until()? + LOOK_BACK {
            return Ok(());
        }
        self.append_with(results, |conn| {
            Ok(super::settings::write_all(conn, &[(Setting::ClosedUntil, &until.to_be_bytes())])?)
        })?;
        Ok(())
    }

    fn closed_until(&self) -> Result<u64, StoreError> {
        let kept = self.setting(Setting::ClosedUntil)?;
        kept.map_or(Ok(0), |bytes| bytes.try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Damaged))
    }

    fn all_open_intents(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT intent FROM outbox WHERE state = 'intended'";
        let mut statement = self.conn.prepare_cached(sql)?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

fn set_state(conn: &Connection, change: ChangeId, written: Option<&[u8]>) -> Result<(), StoreError> {
    let state = if written.is_some() { OutboxState::Waiting } else { OutboxState::Abandoned };
    let digest = written.map(|envelope| Sha256::digest(envelope).to_vec()).unwrap_or_default();
    let sql =
        "UPDATE outbox SET state = ?2, digest = ?3, intent = x'' WHERE change = ?1 AND state = 'intended'";
    conn.execute(sql, params![change.uuid().into_bytes(), state.as_str(), digest])?;
    Ok(())
}

fn settle(conn: &Connection, change: ChangeId) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = ?2 WHERE change = ?1 AND state = 'conflict'";
    conn.execute(sql, params![change.uuid().into_bytes(), OutboxState::Settled.as_str()])?;
    Ok(())
}

/// The first eleven of [`COLUMNS`].
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    let named = |column| -> rusqlite::Result<Option<PatientId>> {
        let is_empty = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?.is_empty();
        if is_empty { Ok(None) } else { number::text(row, column).map(Some) }
    };
    let depends_on: Vec<u8> = row.get(9)?;
    Ok(OutboxEntry {
        sequence: number::unsigned(row, 0)?,
        change: ChangeId::from_uuid(number::uuid(row, 1)?),
        author: PersonId::from_uuid(number::uuid(row, 2)?),
        drawer: number::text(row, 3)?,
        patient: named(4)?,
        also: named(10)?,
        kind: row.get(5)?,
        written_at: number::time(row, 6)?,
        state: number::text(row, 7)?,
        verdict: row.get(8)?,
        depends_on: depends_on
            .as_chunks()
            .0
            .iter()
            .map(|id| ChangeId::from_uuid(Uuid::from_bytes(*id)))
            .collect(),
    })
}
