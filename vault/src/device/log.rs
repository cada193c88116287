//! Reading the audit log, its head and its checkpoints, and checking all of it.

use jiff::Timestamp;
use records::event::{AuditEvent, EventKind};
use records::id::{PatientId, PersonId};
use records::log::{LogPosition, NodeHash, Tree, audit_leaf_hash};
use records::rights::{Action, Permit};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::Device;
use crate::error::{ReadError, StoreError};
use crate::number;

/// How many entries back charts count as opened lately: some days of a busy workstation.
const LATELY: u64 = 2_000;

/// How long the log is, and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// How many entries.
    pub size: u64,
    /// The root over their leaf hashes (RFC 6962).
    pub root: NodeHash,
}

/// A signed head that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The head.
    pub head: LogHead,
    /// The signed note.
    pub note: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its index, from 0.
    pub index: u64,
    /// The event.
    pub event: AuditEvent,
    /// Whether the server holds it.
    pub delivered: bool,
}

/// Which entries to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those about this patient.
    pub patient: Option<PatientId>,
    /// Only those below this index.
    pub before: Option<u64>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// What checking the whole log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCheck {
    /// The head as it was computed anew from the events.
    pub head: LogHead,
    /// The first entry that is missing or does not hash to its leaf, or the size of the first checkpoint or receipt whose
    /// root differs.
    pub first_bad: Option<u64>,
}

impl Device {
    /// The head of the log now.
    #[must_use]
    pub fn log_head(&self) -> LogHead {
        LogHead { size: self.tree.size(), root: self.tree.root() }
    }

    /// The head as it was when the log had `size` entries; `None` if it never had so many.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn head_at(&self, size: u64) -> Result<Option<LogHead>, StoreError> {
        if size >= self.tree.size() {
            return Ok((size == self.tree.size()).then(|| self.log_head()));
        }
        let tree = load_tree_until(&self.conn, size)?;
        Ok(Some(LogHead { size: tree.size(), root: tree.root() }))
    }

    /// Keeps the signed note of the head as it is now.
    ///
    /// # Errors
    /// When `device.db` cannot be written.
    pub fn keep_checkpoint(&mut self, note: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO checkpoint (size, root, tree, note, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (size) DO UPDATE SET note = excluded.note, made_at = excluded.made_at";
        let head = self.log_head();
        let size = number::stored(head.size);
        let values = params![size, head.root.as_bytes(), self.tree.to_bytes(), note, number::millis(now)];
        self.conn.execute(sql, values)?;
        Ok(())
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn last_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let sql = "SELECT size, root, note, made_at FROM checkpoint ORDER BY size DESC LIMIT 1";
        let found = self.conn.query_row(sql, [], |row| {
            let head = LogHead { size: number::unsigned(row, 0)?, root: NodeHash(row.get(1)?) };
            Ok(Checkpoint { head, note: row.get(2)?, made_at: number::time(row, 3)? })
        });
        Ok(found.optional()?)
    }

    /// Entries of the log, newest first. A permit to read only one's own trail shows only what that person did.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to read the trail, or is about another patient.
    pub fn audit_page(&self, permit: &Permit, filter: &AuditFilter) -> Result<Vec<AuditEntry>, ReadError> {
        let own = self.reads_own_trail_only(permit)?;
        if permit.patient().is_some() && permit.patient() != filter.patient.as_ref() {
            return Err(ReadError::NotPermitted);
        }
        let person = own.then(|| permit.actor().person.to_string());
        Ok(self.entries(filter, person.as_deref())?)
    }

    /// What a person was called at their last sign-in here; `None` if they never signed in on this workstation.
    ///
    /// # Errors
    /// [`ReadError::NotPermitted`] if the permit is not one to read the trail, or only one's own and this is somebody else.
    pub fn name_in_trail(&self, permit: &Permit, person: PersonId) -> Result<Option<String>, ReadError> {
        if self.reads_own_trail_only(permit)? && permit.actor().person != person {
            return Err(ReadError::NotPermitted);
        }
        let sql =
            "SELECT event FROM audit_entry WHERE person = ?1 AND act = ?2 ORDER BY position DESC LIMIT 1";
        let values = params![person.to_string(), EventKind::SignedIn.as_str()];
        let event = self.conn.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
        let Some(event) = event else { return Ok(None) };
        let event = AuditEvent::parse(event).map_err(|_| StoreError::Damaged)?;
        Ok(event.summary().person_name.clone())
    }

    fn reads_own_trail_only(&self, permit: &Permit) -> Result<bool, ReadError> {
        let ours = permit.actor().practice == self.identity.practice && self.holds(permit.position());
        let own = permit.action() == Action::ReadOwnAudit;
        if ours && (own || permit.action() == Action::ReadAudit) {
            Ok(own)
        } else {
            Err(ReadError::NotPermitted)
        }
    }

    fn entries(&self, filter: &AuditFilter, person: Option<&str>) -> Result<Vec<AuditEntry>, StoreError> {
        let delivered = self.delivered_size()?;
        let sql = match (&filter.patient, person) {
            (Some(_), _) => {
                "SELECT position, event FROM audit_entry WHERE patient = ?1 AND patient <> '' AND position < ?3
                 AND (?2 IS NULL OR person = ?2) ORDER BY position DESC LIMIT ?4"
            }
            (None, _) => {
                "SELECT position, event FROM audit_entry WHERE ?1 IS NULL AND position < ?3
                 AND (?2 IS NULL OR person = ?2) ORDER BY position DESC LIMIT ?4"
            }
        };
        let patient = filter.patient.as_ref().map(PatientId::as_str);
        let before = filter.before.map_or(i64::MAX, number::stored);
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params![patient, person, before, filter.limit])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let index = number::unsigned(row, 0)?;
            let event = AuditEvent::parse(row.get(1)?).map_err(|_| StoreError::Damaged)?;
            entries.push(AuditEntry { index, event, delivered: index < delivered });
        }
        Ok(entries)
    }

    /// The patients whose charts a person opened here lately, the latest first: ids, for a list of recent charts. Only
    /// the newest 2,000 entries of the log are looked through.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn recently_opened(&self, person: PersonId, limit: u32) -> Result<Vec<PatientId>, StoreError> {
        let sql = "SELECT patient FROM audit_entry
                   WHERE position >= ?5 AND person = ?1 AND act IN (?2, ?3) AND patient <> ''
                   GROUP BY patient ORDER BY max(position) DESC LIMIT ?4";
        let (opened, broken) = (EventKind::ChartOpened, EventKind::EmergencyOpened);
        let mut statement = self.conn.prepare_cached(sql)?;
        let oldest = number::stored(self.tree.size().saturating_sub(LATELY));
        let values = params![person.to_string(), opened.as_str(), broken.as_str(), limit, oldest];
        let patients = statement.query_map(values, |row| number::text(row, 0))?;
        Ok(patients.collect::<Result<_, _>>()?)
    }

    /// Hashes every event anew and compares with the leaves, the running tree, every checkpoint, and the heads that the server
    /// has vouched for.
    ///
    /// # Errors
    /// When `device.db` cannot be read; what it finds wrong in the log is no error but the answer.
    pub fn verify_log(&self, vouched: &[LogHead]) -> Result<LogCheck, StoreError> {
        let mut heads = self.checkpoint_roots()?;
        heads.extend(vouched.iter().map(|head| (head.size, head.root)));
        heads.sort_unstable_by_key(|(size, _)| *size);
        let mut expected = heads.iter().peekable();
        let mut statement =
            self.conn.prepare("SELECT position, leaf_hash, event FROM audit_entry ORDER BY position")?;
        let mut rows = statement.query([])?;
        let mut tree = Tree::new();
        let mut first_bad = None;
        while let Some(row) = rows.next()? {
            let entry = EntryHashes::read(self, row, tree.size())?;
            first_bad = first_bad.or((!entry.good).then_some(tree.size()));
            tree.push(entry.leaf);
            while let Some((_, root)) = expected.next_if(|(size, _)| *size == tree.size()) {
                first_bad = first_bad.or((*root != tree.root()).then_some(tree.size()));
            }
        }
        // A head beyond the end means that entries are gone.
        let cut_off = expected.peek().is_some() || tree != self.tree;
        Ok(LogCheck {
            head: LogHead { size: tree.size(), root: tree.root() },
            first_bad: first_bad.or(cut_off.then_some(tree.size())),
        })
    }

    /// The signed notes of every checkpoint, oldest first.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn checkpoint_notes(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut statement = self.conn.prepare("SELECT note FROM checkpoint WHERE size > 0 ORDER BY size")?;
        let notes = statement.query_map([], |row| row.get(0))?;
        Ok(notes.collect::<Result<_, _>>()?)
    }

    fn checkpoint_roots(&self) -> Result<Vec<(u64, NodeHash)>, StoreError> {
        let sql = "SELECT size, root FROM checkpoint WHERE size > 0 ORDER BY size";
        let mut statement = self.conn.prepare(sql)?;
        let roots = statement.query_map([], |row| Ok((number::unsigned(row, 0)?, NodeHash(row.get(1)?))))?;
        Ok(roots.collect::<Result<_, _>>()?)
    }

    /// The leaf hashes of the log, for proofs.
    ///
    /// # Errors
    /// When `device.db` cannot be read.
    pub fn leaf_hashes(&self) -> Result<Vec<NodeHash>, StoreError> {
        let mut statement = self.conn.prepare("SELECT leaf_hash FROM audit_entry ORDER BY position")?;
        let leaves = statement.query_map([], |row| row.get(0).map(NodeHash))?;
        Ok(leaves.collect::<Result<_, _>>()?)
    }
}

struct EntryHashes {
    leaf: NodeHash,
    good: bool,
}

impl EntryHashes {
    fn read(device: &Device, row: &Row<'_>, expected_index: u64) -> Result<Self, StoreError> {
        let index = number::unsigned(row, 0)?;
        let kept = NodeHash(row.get(1)?);
        let event = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let leaf = audit_leaf_hash(LogPosition { log: device.identity.log, index: expected_index }, event);
        Ok(Self { leaf, good: index == expected_index && kept == leaf })
    }
}

/// The tree as it stands: that of the newest checkpoint and the leaves since.
pub(super) fn load_tree(conn: &Connection) -> Result<Tree, StoreError> {
    load_tree_until(conn, u64::MAX >> 1)
}

/// The tree over the first `end` entries, or over all if there are fewer.
fn load_tree_until(conn: &Connection, end: u64) -> Result<Tree, StoreError> {
    let sql = "SELECT tree FROM checkpoint WHERE size <= ?1 ORDER BY size DESC LIMIT 1";
    let end = number::stored(end);
    let kept: Option<Vec<u8>> = conn.query_row(sql, [end], |row| row.get(0)).optional()?;
    let mut tree = match kept {
        Some(bytes) => Tree::from_bytes(&bytes).map_err(|_| StoreError::Damaged)?,
        None => Tree::new(),
    };
    let sql = "SELECT leaf_hash FROM audit_entry WHERE position >= ?1 AND position < ?2 ORDER BY position";
    let mut statement = conn.prepare(sql)?;
    let leaves = statement.query_map([number::stored(tree.size()), end], |row| row.get(0).map(NodeHash))?;
    for leaf in leaves {
        tree.push(leaf?);
    }
    Ok(tree)
}
