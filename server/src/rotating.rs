//! Rotation of the keys that seal records: by schedule a new key-encryption key wraps every data key anew; after an incident
//! every data key is replaced as well, and what it sealed is sealed anew. Servers go on meanwhile.
//!
//! What is done so far is only ever read from the store: a data key that hangs on an older key-encryption key is still to do.
//! So a rotation that was killed, wherever that was, goes on where it stands.

use crate::error::{Failure, Kind};
use crate::practice::{Practice, make_kek};
use crate::store::{self, AlertKind, Anew, DataKeyRow, KekRow, StoreError, Transaction};
use crate::trail::ServerTrail;
use jiff::{SignedDuration, Timestamp};
use keys::{PatientKey, Random};
use records::AuditEvent;
use records::event::Alert;
use records::rights::Trail as _;
use serde::Serialize;
use uuid::Uuid;

/// The age at which a key-encryption key is due, in days.
pub const DUE_AFTER_DAYS: i64 = 365;
/// The setting with the id of the key that is about to be made.
const PLANNED: &str = "key-planned";
/// Rows of one unit of work: servers that write wait for no longer than these take.
const AT_ONCE: u32 = 200;

/// What a rotation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The key-encryption key that wraps now.
    pub kek: Uuid,
    /// Who keeps it.
    pub provider: String,
    /// Whether it goes on with one that was cut short.
    pub resumed: bool,
    /// Data keys that were wrapped anew, or replaced.
    pub data_keys: u64,
    /// Versions and changes that were sealed anew.
    pub sealed: u64,
    /// Key-encryption keys that were destroyed.
    pub destroyed: Vec<Uuid>,
}

/// How the keys of a practice stand.
#[derive(Clone, Debug, Serialize)]
pub struct KeyState {
    /// Key-encryption keys, oldest first.
    pub keks: Vec<KekState>,
    /// Data keys there are.
    pub data_keys: u64,
    /// Whether a rotation was cut short: `keys rotate` goes on with it.
    pub unfinished: bool,
    /// When the present key-encryption key is due.
    pub due_at: Timestamp,
    /// Whether that has passed.
    pub due: bool,
}

/// One key-encryption key.
#[derive(Clone, Debug, Serialize)]
pub struct KekState {
    /// Its id.
    pub id: Uuid,
    /// Who keeps it.
    pub provider: String,
    /// Data keys that it wraps.
    pub data_keys: u64,
    /// When it was made.
    pub made_at: Timestamp,
    /// Since when another one wraps.
    pub ended_at: Option<Timestamp>,
    /// When it was destroyed.
    pub destroyed_at: Option<Timestamp>,
}

/// How the keys stand.
///
/// # Errors
/// When the store fails.
pub fn state(practice: &Practice) -> Result<KeyState, Failure> {
    let (keks, counts) =
        store::read(practice.store.as_ref(), |tx| Ok::<_, StoreError>((tx.keks()?, tx.count_data_keys()?)))?;
    let of = |kek: Uuid| counts.iter().find(|(id, _)| *id == kek).map_or(0, |(_, count)| *count);
    let made_at = keks.iter().find(|kek| kek.ended_at.is_none()).map(|kek| kek.made_at);
    let made_at = made_at.ok_or_else(|| Failure::internal("There is no key-encryption key."))?;
    let due_at = due_at(made_at);
    Ok(KeyState {
        data_keys: counts.iter().map(|(_, count)| count).sum(),
        unfinished: keks.iter().any(is_unfinished),
        due: practice.clock.now() >= due_at,
        due_at,
        keks: keks
            .into_iter()
            .map(|kek| KekState {
                data_keys: of(kek.id),
                id: kek.id,
                provider: kek.provider,
                made_at: kek.made_at,
                ended_at: kek.ended_at,
                destroyed_at: kek.destroyed_at,
            })
            .collect(),
    })
}

/// Rotates the keys, or goes on with a rotation that was cut short. `progress` hears how many rows are done, of how many.
///
/// # Errors
/// When a key cannot be made, had or destroyed, or the store fails; the next call goes on where this one stood.
pub fn rotate(
    practice: &Practice,
    is_incident: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rotated, Failure> {
    let (kek, resumed) = begin(practice, is_incident)?;
    let mut work = Rotation { practice, kek: &kek, done: 0, total: 0, progress };
    work.total = work.left()?;
    let replaced = if kek.is_incident { work.replace_keys()? } else { work.wrap_anew()? };
    let sealed = if kek.is_incident { work.seal_anew()? } else { 0 };
    let destroyed = finish(practice, &kek)?;
    let provider = kek.provider.clone();
    Ok(Rotated { kek: kek.id, provider, resumed, data_keys: replaced, sealed, destroyed })
}

fn is_unfinished(kek: &KekRow) -> bool {
    kek.ended_at.is_some() && kek.destroyed_at.is_none()
}

/// The key-encryption key to come to: of a rotation that was cut short, or a new one.
fn begin(practice: &Practice, is_incident: bool) -> Result<(KekRow, bool), Failure> {
    let now = practice.clock.now();
    let keks = store::read(practice.store.as_ref(), |tx| tx.keks())?;
    let present = keks.iter().find(|kek| kek.ended_at.is_none());
    if let Some(present) = present
        && keks.iter().any(is_unfinished)
        && (present.is_incident || !is_incident)
    {
        return Ok((present.clone(), true));
    }
    let made = make_planned(practice, now)?;
    // An incident that was cut short stays one.
    let is_incident =
        is_incident || present.is_some_and(|kek| kek.is_incident) && keks.iter().any(is_unfinished);
    let epoch = keks.iter().map(|kek| kek.epoch).max().unwrap_or(0) + 1;
    let kek = KekRow { epoch, is_incident, ..made };
    store::write(practice.store.as_ref(), |tx| -> Result<(), StoreError> {
        tx.insert_kek(&kek)?;
        tx.set_server_setting(PLANNED, "")?;
        note(practice, tx, now)
    })?;
    Ok((kek, false))
}

/// A new key-encryption key. Its id is noted first, so that where this is cut short no key is left that nobody knows of.
fn make_planned(practice: &Practice, now: Timestamp) -> Result<KekRow, Failure> {
    let new = Random::from_os().uuid_v7(now);
    let id = store::write(practice.store.as_ref(), |tx| -> Result<Uuid, StoreError> {
        let before = tx.server_setting(PLANNED)?.and_then(|id| id.parse().ok());
        tx.set_server_setting(PLANNED, &before.unwrap_or(new).to_string())?;
        Ok(before.unwrap_or(new))
    })?;
    make_kek(&practice.sealing, id, now)
}

/// A rotation at work.
struct Rotation<'a> {
    practice: &'a Practice,
    kek: &'a KekRow,
    done: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Rotation<'_> {
    fn left(&self) -> Result<u64, StoreError> {
        store::read(self.practice.store.as_ref(), |tx| {
            let beside = tx.count_data_keys()?.into_iter().filter(|(kek, _)| *kek != self.kek.id);
            let keys: u64 = beside.map(|(_, count)| count).sum();
            Ok(keys + if self.kek.is_incident { tx.count_sealed_beside(self.kek.id)? } else { 0 })
        })
    }

    fn did(&mut self, rows: u64) {
        self.done += rows;
        (self.progress)(self.done, self.total.max(self.done));
    }

    /// Runs units of work until one finds nothing more to do.
    fn until_done(
        &mut self,
        mut unit: impl FnMut(&dyn Transaction, Timestamp) -> Result<u64, StoreError>,
    ) -> Result<u64, Failure> {
        let mut sum = 0;
        loop {
            let now = self.practice.clock.now();
            let rows = store::write(self.practice.store.as_ref(), |tx| unit(tx, now))?;
            if rows == 0 {
                return Ok(sum);
            }
            sum += rows;
            self.did(rows);
        }
    }

    fn wrap_anew(&mut self) -> Result<u64, Failure> {
        let (practice, kek) = (self.practice, self.kek.id);
        self.until_done(|tx, _| {
            let rows = tx.data_keys_beside(kek, AT_ONCE)?;
            for row in &rows {
                let key = practice.sealing.unwrap(practice.row.id.uuid(), row)?;
                tx.wrap_data_key_anew(&wrapped(practice, row, row.generation, kek, &key, row.made_at)?)?;
            }
            Ok(rows.len() as u64)
        })
    }

    fn replace_keys(&mut self) -> Result<u64, Failure> {
        let (practice, kek) = (self.practice, self.kek.id);
        self.until_done(|tx, now| {
            let rows = tx.newest_data_keys_beside(kek, AT_ONCE)?;
            for row in &rows {
                let key = PatientKey::make(&mut Random::from_os());
                tx.insert_data_key(&wrapped(practice, row, row.generation + 1, kek, &key, now)?)?;
            }
            tx.next_key_epoch()?;
            Ok(rows.len() as u64)
        })
    }

    /// Nothing is sealed any more by the keys before: whoever writes asks for the newest one.
    fn seal_anew(&mut self) -> Result<u64, Failure> {
        let (kek, mut after) = (self.kek.id, 0);
        let versions = self.until_done(|tx, now| {
            let found = tx.seal_versions_anew(Anew { kek, most: AT_ONCE, now }, after)?;
            Ok(found.map_or(0, |(last, rows)| {
                after = last;
                rows
            }))
        })?;
        let changes = self.until_done(|tx, now| tx.seal_changes_anew(Anew { kek, most: AT_ONCE, now }))?;
        Ok(versions + changes)
    }
}

fn wrapped(
    practice: &Practice,
    row: &DataKeyRow,
    generation: u32,
    kek: Uuid,
    key: &PatientKey,
    made_at: Timestamp,
) -> Result<DataKeyRow, StoreError> {
    let of = (row.subject.as_str(), generation);
    Ok(practice.sealing.wrap(practice.row.id.uuid(), of, kek, key, made_at)?)
}

/// Takes out the data keys that seal nothing any more, and destroys the key-encryption keys before.
fn finish(practice: &Practice, kek: &KekRow) -> Result<Vec<Uuid>, Failure> {
    let store = practice.store.as_ref();
    let left = store::read(store, |tx| tx.count_sealed_beside(kek.id))?;
    if left > 0 {
        return Err(Failure::internal("Rows are left that a key from before seals; no key was destroyed."));
    }
    store::write(store, |tx| -> Result<(), StoreError> {
        tx.delete_data_keys_beside(kek.id)?;
        tx.next_key_epoch()
    })?;
    let before = store::read(store, |tx| tx.keks())?.into_iter().filter(is_unfinished);
    let mut destroyed = Vec::new();
    for old in before {
        practice.sealing.custody().destroy(old.id)?;
        let now = practice.clock.now();
        store::write(store, |tx| -> Result<(), StoreError> {
            tx.kek_is_destroyed(old.id, now)?;
            note(practice, tx, now)
        })?;
        destroyed.push(old.id);
    }
    practice.sealing.custody().forget();
    // What was deleted leaves the log of older pages as well, where that can be.
    practice.store.empty_log()?;
    Ok(destroyed)
}

/// The trail says that keys were rotated: once when the new one wraps, once for each that was destroyed.
fn note(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let mut trail = ServerTrail::new(practice, tx, now);
    let event = AuditEvent::security_alert(trail.stamp(), trail.node(), Alert::KeysRotated);
    trail.append(&event)?;
    Ok(())
}

/// Whether something has to be done about the keys, as a failure that says what.
///
/// # Errors
/// When the present key is due, or a rotation was cut short.
pub fn complain(state: &KeyState) -> Result<(), Failure> {
    if state.unfinished {
        let advice = "Give `keys rotate` again: it goes on where it stood.";
        return Err(Failure::new(Kind::Incomplete, "A rotation of the keys was cut short.", advice));
    }
    if state.due {
        let advice = "Run `keys rotate`; servers go on meanwhile.";
        return Err(Failure::new(Kind::Incomplete, "The key-encryption key is due.", advice));
    }
    Ok(())
}

/// Tells once of a key-encryption key that is due.
pub(crate) fn watch_age(practice: &Practice, tx: &dyn Transaction, now: Timestamp) -> Result<(), StoreError> {
    let Some(kek) = tx.kek()?.filter(|kek| due_at(kek.made_at) <= now) else { return Ok(()) };
    let told = tx.last_alert(AlertKind::KeyDue, None, None)?;
    if told.is_none_or(|told| told < kek.made_at) {
        let detail = format!("key-encryption key {} is older than {DUE_AFTER_DAYS} days", kek.id);
        ServerTrail::new(practice, tx, now).alert(AlertKind::KeyDue, None, None, detail)?;
    }
    Ok(())
}

fn due_at(made_at: Timestamp) -> Timestamp {
    made_at + SignedDuration::from_hours(24 * DUE_AFTER_DAYS)
}
