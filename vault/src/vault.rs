//! The open vault: a device with the drawers that one person's grants open.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use keys::{DrawerKeys, Random};
use records::event::{Alert, AuditEvent, Node, Observer, Stamp};
use records::id::{ChangeId, EventId};
use records::log::LogPosition;
use records::rights::{Action, ClassScope, Permit, Trail};
use records::{DataClass, Drawer};
use uuid::Uuid;

use crate::device::Device;
use crate::drawer::{self, Anchor, Count, Freshness, HeldFor, OpenDrawer, Scope};
use crate::error::{ReadError, StoreError, VaultError};
use crate::rewrite::Rewriting;

/// A drawer's keys, out of a grant that was opened.
#[derive(Debug)]
pub struct OpenGrant {
    /// Which drawer.
    pub drawer: Drawer,
    /// Its keys.
    pub keys: DrawerKeys,
}

/// The open vault. One thread has it.
pub struct Vault {
    pub(crate) device: Device,
    pub(crate) drawers: BTreeMap<Drawer, OpenDrawer>,
    pub(crate) random: Random,
    /// The newest keys of drawers whose files are under older ones.
    pub(crate) newer: BTreeMap<Drawer, DrawerKeys>,
    pub(crate) rewriting: Option<Box<Rewriting>>,
    /// Changes that the opening found ready to be sent, and that nobody knew of or could read before.
    pub(crate) recovered: Vec<ChangeId>,
}

/// The vault did not open; here is the device back.
#[derive(Debug, thiserror::Error)]
#[error("the vault did not open")]
pub struct NotOpened {
    /// The device, as it was.
    pub device: Box<Device>,
    /// Why.
    #[source]
    pub error: VaultError,
}

impl Vault {
    /// Opens the drawers that the grants are for, makes those that this workstation never had, and finishes what a
    /// crash left open in them. There may be several grants for a drawer, of different generations: the one of the
    /// drawer's file opens it, and newer ones are for [`Vault::newer_keys`]. With others only, it stays shut.
    ///
    /// # Errors
    /// [`NotOpened`], with the device. A drawer that was made here once and is gone is `Missing`, never made anew.
    pub fn open(
        device: Device,
        grants: Vec<OpenGrant>,
        random: Random,
        now: Timestamp,
    ) -> Result<Self, NotOpened> {
        let mut vault = Self {
            device,
            drawers: BTreeMap::new(),
            random,
            newer: BTreeMap::new(),
            rewriting: None,
            recovered: Vec::new(),
        };
        match vault.open_all(grants, now) {
            Ok(()) => Ok(vault),
            Err(error) => Err(NotOpened { device: Box::new(vault.close()), error }),
        }
    }

    /// The changes that the opening made ready to be sent: saves that were cut short, envelopes that were missing in
    /// `outbox/`, changes that `device.db` did not list. Once.
    pub fn take_recovered(&mut self) -> Vec<ChangeId> {
        std::mem::take(&mut self.recovered)
    }

    /// Closes the drawers and gives the device back.
    #[must_use]
    pub fn close(mut self) -> Device {
        self.note_cursors();
        self.device
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The device, to write to.
    pub fn device_mut(&mut self) -> &mut Device {
        &mut self.device
    }

    /// The drawers that are open.
    #[must_use]
    pub fn open_drawers(&self) -> Vec<Drawer> {
        self.drawers.keys().copied().collect()
    }

    /// How fresh each open drawer is.
    ///
    /// # Errors
    /// When a drawer cannot be read.
    pub fn freshness(&self) -> Result<Vec<Freshness>, StoreError> {
        self.drawers.values().map(OpenDrawer::freshness).collect()
    }

    /// The pull cursor of a drawer; `None` before the first page, or when the drawer is not open.
    ///
    /// # Errors
    /// When the drawer cannot be read.
    pub fn cursor(&self, drawer: Drawer) -> Result<Option<String>, StoreError> {
        match self.drawers.get(&drawer) {
            Some(open) => Ok(open.freshness()?.cursor),
            None => Ok(None),
        }
    }

    /// How far a drawer has come, to be noted elsewhere; `None` when it is not open.
    ///
    /// # Errors
    /// When the drawer cannot be read.
    pub fn anchor(&self, drawer: Drawer) -> Result<Option<Anchor>, StoreError> {
        self.drawers.get(&drawer).map(OpenDrawer::anchor).transpose()
    }

    /// Makes a drawer read-only that turned out not to be what was `noted` of it, until it was pulled to the end again.
    /// It stays so when it is closed and opened again. Answers of the server that the file had taken in and does not know
    /// any more are taken in again. Says whether it is news; then there is an event of it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn hold_back(
        &mut self,
        drawer: Drawer,
        why: HeldFor,
        noted: Option<&Anchor>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Self { drawers, random, device, .. } = self;
        let Some(open) = drawers.get_mut(&drawer) else { return Ok(false) };
        let is_news = open.held_for()?.is_none_or(|held| held < why);
        if is_news {
            let identity = device.identity();
            let observer = Observer::Workstation(identity.device);
            let stamp = Stamp { id: EventId::from_uuid(random.uuid_v7(now)), at: now, observer };
            let node = Node { practice: identity.practice, device: identity.device };
            device.append(&AuditEvent::security_alert(stamp, node, Alert::RolledBack))?;
        }
        open.write(random, |writing| writing.hold(why, noted, now))?;
        for entry in open.changes_here()? {
            device.unsettle(entry.change)?;
        }
        self.take_verdicts()?;
        Ok(is_news)
    }

    /// Counts at most so many rows of a drawer more, to see whether they are those that were written. For the
    /// background, again and again until the answer is there; `Right` when the drawer is not open.
    ///
    /// # Errors
    /// When the drawer cannot be read.
    pub fn count_part(&mut self, drawer: Drawer, most_rows: u32) -> Result<Count, StoreError> {
        self.drawers.get_mut(&drawer).map_or(Ok(Count::Right), |open| open.count_part(most_rows))
    }

    fn open_all(&mut self, grants: Vec<OpenGrant>, now: Timestamp) -> Result<(), VaultError> {
        let mut keys: BTreeMap<Drawer, Vec<DrawerKeys>> = BTreeMap::new();
        for grant in grants {
            keys.entry(grant.drawer).or_default().push(grant.keys);
        }
        for (drawer, mut keys) in keys {
            keys.sort_by_key(|keys| std::cmp::Reverse(keys.generation));
            self.open_one(drawer, &keys, now)?;
        }
        self.recover(now)?;
        self.take_verdicts()?;
        self.take_out_erased()?;
        self.note_cursors();
        Ok(())
    }

    /// Opens a drawer with those of the keys that are its file's. The newest come first.
    fn open_one(&mut self, drawer: Drawer, keys: &[DrawerKeys], now: Timestamp) -> Result<(), VaultError> {
        let Some(made) = self.device.made_drawer(drawer)? else {
            return self.open_unlisted(drawer, keys);
        };
        let path = self.device.folder().drawer_copy(drawer, made.copy);
        if !path.try_exists().map_err(StoreError::from)? {
            return self.open_moved(drawer, keys, made.copy);
        }
        let Some(fitting) = keys.iter().find(|keys| keys.generation == made.generation) else {
            return Ok(());
        };
        let vault = self.device.identity().vault;
        self.drawers.insert(drawer, OpenDrawer::open(&path, vault, drawer, fitting.duplicate())?);
        self.remove_other_copies(drawer)?;
        if let Some(newest) = keys.first().filter(|newest| newest.generation > made.generation) {
            self.newer.insert(drawer, newest.duplicate());
        }
        sqlcipher::backup::remove_old(&path, now.into()).map_err(StoreError::from)?;
        Ok(())
    }

    /// Makes a drawer that this workstation never had. A crash may have come between its making and its listing.
    fn open_unlisted(&mut self, drawer: Drawer, keys: &[DrawerKeys]) -> Result<(), VaultError> {
        let Some(newest) = keys.first() else { return Ok(()) };
        let path = self.device.folder().drawer_file(drawer);
        let open = match path.try_exists().map_err(StoreError::from)? {
            true => open_with_any(&path, self.device.identity().vault, drawer, keys)?,
            false => OpenDrawer::create(&path, self.device.identity().vault, drawer, newest.duplicate())?,
        };
        self.device.drawer_was_made(drawer, open.sealing().keys().generation)?;
        self.drawers.insert(drawer, open);
        Ok(())
    }

    /// The file that is listed is gone. A later one is there only when the drawer was moved into it for good, and
    /// `device.db` was put back since.
    fn open_moved(&mut self, drawer: Drawer, keys: &[DrawerKeys], listed: u32) -> Result<(), VaultError> {
        let newest = self.device.folder().newest_copy(drawer).map_err(StoreError::from)?;
        let copy = newest.filter(|newest| *newest > listed).ok_or_else(|| drawer::missing(drawer))?;
        let path = self.device.folder().drawer_copy(drawer, copy);
        let open = open_with_any(&path, self.device.identity().vault, drawer, keys)?;
        self.device.drawer_moved(drawer, open.sealing().keys().generation, copy)?;
        self.drawers.insert(drawer, open);
        Ok(())
    }

    /// Refuses a permit that is not for one of these actions, not for this practice, or whose event is not in this
    /// device's log.
    pub(crate) fn check(&self, permit: &Permit, actions: &[Action]) -> Result<(), ReadError> {
        let ours = permit.scope().practice() == self.device.identity().practice;
        let logged = self.device.holds(permit.position());
        if ours && logged && actions.contains(&permit.action()) {
            Ok(())
        } else {
            Err(ReadError::NotPermitted)
        }
    }

    /// What of a class a permit's list may be made of.
    pub(crate) fn class_scope(&self, permit: &Permit, class: DataClass) -> ClassScope {
        permit.scope().class(class)
    }

    /// The patients to whom a person is related by records of drawers other than `this`, as a JSON list.
    pub(crate) fn related_elsewhere(
        &self,
        scope: ClassScope,
        this: Drawer,
        person: &str,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let mut patients = Vec::new();
        if scope == ClassScope::Related {
            for (_, open) in self.drawers.iter().filter(|(drawer, _)| **drawer != this) {
                patients.extend(open.related(person, now)?);
            }
        }
        Ok(serde_json::Value::from(patients).to_string())
    }

    /// A new event's id, time and observer.
    pub(crate) fn stamp(&mut self, now: Timestamp) -> Stamp {
        let observer = Observer::Workstation(self.device.identity().device);
        Stamp { id: EventId::from_uuid(self.random.uuid_v7(now)), at: now, observer }
    }

    /// An open drawer.
    pub(crate) fn drawer(&self, drawer: Drawer) -> Result<&OpenDrawer, ReadError> {
        self.drawers.get(&drawer).ok_or(ReadError::NotFound)
    }
}

/// Opens a file with the first of the keys that is its own.
fn open_with_any(
    path: &Path,
    vault: Uuid,
    drawer: Drawer,
    keys: &[DrawerKeys],
) -> Result<OpenDrawer, VaultError> {
    let mut failed = drawer::missing(drawer);
    for keys in keys {
        match OpenDrawer::open(path, vault, drawer, keys.duplicate()) {
            Ok(open) => return Ok(open),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The scope of a list, with what it borrows.
pub(crate) struct OwnedScope {
    pub(crate) class: ClassScope,
    pub(crate) person: String,
    pub(crate) now: Timestamp,
    pub(crate) others: String,
}

impl OwnedScope {
    pub(crate) fn of(
        vault: &Vault,
        permit: &Permit,
        class: DataClass,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let scope = vault.class_scope(permit, class);
        let person = permit.scope().person().to_string();
        let others = vault.related_elsewhere(scope, class.drawer(), &person, now)?;
        Ok(Self { class: scope, person, now, others })
    }

    pub(crate) fn borrow(&self) -> Scope<'_> {
        Scope { class: self.class, person: &self.person, now: self.now, others: &self.others }
    }
}

impl Trail for Vault {
    type Error = StoreError;

    fn append(&mut self, event: &AuditEvent) -> Result<LogPosition, StoreError> {
        self.device.append(event)
    }

    fn observer(&self) -> Option<Observer> {
        self.device.observer()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({:?})", self.open_drawers())
    }
}
