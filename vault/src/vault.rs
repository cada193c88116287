//! The open vault: a device with the drawers that one person's grants open.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keys::{DrawerKeys, Random};
use records::event::{AuditEvent, Observer, Stamp};
use records::id::EventId;
use records::log::LogPosition;
use records::rights::{Action, ClassScope, Permit, Trail};
use records::{DataClass, Drawer};

use crate::device::Device;
use crate::drawer::{self, Anchor, Freshness, OpenDrawer, Scope};
use crate::error::{ReadError, StoreError, VaultError};

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
    pub(crate) behind: BTreeSet<Drawer>,
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
    /// crash left open in them.
    ///
    /// # Errors
    /// [`NotOpened`], with the device. A drawer that was made here once and is gone is `Missing`, never made anew.
    pub fn open(
        device: Device,
        grants: Vec<OpenGrant>,
        random: Random,
        now: Timestamp,
    ) -> Result<Self, NotOpened> {
        let mut vault = Self { device, drawers: BTreeMap::new(), random, behind: BTreeSet::new() };
        match vault.open_all(grants, now) {
            Ok(()) => Ok(vault),
            Err(error) => Err(NotOpened { device: Box::new(vault.close()), error }),
        }
    }

    /// Closes the drawers and gives the device back.
    #[must_use]
    pub fn close(self) -> Device {
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

    /// Makes a drawer read-only that turned out to be behind its anchor, until it was pulled to the end again. The
    /// caller records the event.
    pub fn hold_back(&mut self, drawer: Drawer) {
        self.behind.insert(drawer);
    }

    /// Whether the rows of a drawer are those that its digest was kept of. Reads every key; for the background.
    ///
    /// # Errors
    /// When the drawer cannot be read.
    pub fn digest_holds(&self, drawer: Drawer) -> Result<bool, StoreError> {
        self.drawers.get(&drawer).map_or(Ok(true), OpenDrawer::digest_holds)
    }

    fn open_all(&mut self, grants: Vec<OpenGrant>, now: Timestamp) -> Result<(), VaultError> {
        for grant in grants {
            let drawer = grant.drawer;
            let open = self.open_one(grant, now)?;
            self.drawers.insert(drawer, open);
        }
        self.recover(now)?;
        self.take_verdicts()?;
        Ok(())
    }

    fn open_one(&mut self, grant: OpenGrant, now: Timestamp) -> Result<OpenDrawer, VaultError> {
        let OpenGrant { drawer, keys } = grant;
        let generation = keys.generation;
        let path = self.device.folder().drawer_file(drawer);
        let vault = self.device.identity().vault;
        let made_before = self.device.made_drawer(drawer)?.is_some();
        let there = path.try_exists().map_err(StoreError::from)?;
        let open = match (there, made_before) {
            (true, _) => OpenDrawer::open(&path, vault, drawer, keys)?,
            (false, false) => OpenDrawer::create(&path, vault, drawer, keys)?,
            (false, true) => return Err(drawer::missing(drawer)),
        };
        if !made_before {
            self.device.drawer_was_made(drawer, generation)?;
        }
        sqlcipher::backup::remove_old(&path, now.into()).map_err(StoreError::from)?;
        Ok(open)
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
