//! The trail: an event is durable, at its place in the log, before `append` returns.

use records::event::{AuditEvent, Observer};
use records::id::{LogId, PatientId};
use records::log::{LogPosition, Tree, audit_leaf_hash};
use records::rights::Trail;
use rusqlite::{Connection, params};

use super::Device;
use super::marking::Marker;
use crate::error::StoreError;
use crate::number;

impl Trail for Device {
    type Error = StoreError;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, StoreError> {
        self.append_all(std::slice::from_ref(event))
    }

    fn observer(&self) -> Option<Observer> {
        Some(Observer::Workstation(self.identity.device))
    }
}

impl Device {
    /// Appends events in one commit and returns the position of the first.
    ///
    /// # Errors
    /// When they are not durable; then none of them is in the log.
    pub fn append_all(&mut self, events: &[AuditEvent]) -> Result<LogPosition, StoreError> {
        self.append_with(events, |_conn| Ok(()))
    }

    /// Whether a position is one of this log.
    pub(crate) fn holds(&self, position: LogPosition) -> bool {
        position.log == self.identity.log && position.index < self.tree.size()
    }

    /// Appends events and does `more` in the same commit.
    pub(crate) fn append_with(
        &mut self,
        events: &[AuditEvent],
        more: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<LogPosition, StoreError> {
        let first = LogPosition { log: self.identity.log, index: self.tree.size() };
        let mut tree = self.tree.clone();
        let mut marker = self.marking.marker(first.index);
        sqlcipher::immediate(&mut self.conn, |tx| {
            for event in events {
                insert(tx, &mut tree, first, event, marker.as_mut())?;
            }
            more(tx)
        })?;
        // Only now: a commit that failed must leave the tree as it was.
        self.tree = tree;
        if let Some((next, last)) = marker.map(|marker| marker.end()) {
            self.marking.marked(next, last);
        }
        Ok(first)
    }
}

/// Writes the first events of a new log.
pub(super) fn begin(conn: &Connection, log: LogId, events: &[AuditEvent]) -> rusqlite::Result<()> {
    let mut tree = Tree::new();
    let first = LogPosition { log, index: 0 };
    events.iter().try_for_each(|event| insert(conn, &mut tree, first, event, None))
}

fn insert(
    conn: &Connection,
    tree: &mut Tree,
    first: LogPosition,
    event: &AuditEvent,
    marker: Option<&mut Marker<'_>>,
) -> rusqlite::Result<()> {
    let position = LogPosition { log: first.log, index: tree.size() };
    let leaf = audit_leaf_hash(position, event.bytes());
    let mark = marker.map(|marker| marker.mark(leaf.as_bytes()));
    let summary = event.summary();
    let text = |id: Option<String>| id.unwrap_or_default();
    conn.prepare_cached(
        "INSERT INTO audit_entry (position, leaf_hash, event, patient, person, act, epoch, mark)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        number::stored(position.index),
        leaf.as_bytes(),
        event.bytes(),
        text(summary.patient.as_ref().map(PatientId::to_string)),
        text(summary.person.map(|id| id.to_string())),
        summary.kind.map(|kind| kind.as_str()).unwrap_or_default(),
        mark.map_or(0, |mark| number::stored(mark.epoch)),
        mark.as_ref().map_or(&[] as &[u8], |mark| mark.mark.as_slice()),
    ])?;
    tree.push(leaf);
    Ok(())
}
