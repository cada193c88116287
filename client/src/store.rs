//! `device.db`, alone while nobody is signed in, and with the open drawers while somebody is.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use std::collections::BTreeMap;

use jiff::Timestamp;
use keys::Random;
use records::Drawer;
use records::id::ChangeId;
use vault::{Anchor, Device, NotOpened, OpenGrant, Vault, WaitingPage};

use crate::{ClientError, Code};

/// The one place where the files of this workstation are open.
pub(crate) struct Store {
    held: Mutex<Held>,
    /// How far the drawers had come that were open last.
    closed_at: Mutex<BTreeMap<Drawer, Anchor>>,
}

enum Held {
    Shut(Device),
    Open(Vault),
    /// Between the two, while the guard is held: nobody else sees it.
    Moving,
}

impl Store {
    /// A store with nobody signed in.
    pub(crate) fn shut(device: Device) -> Self {
        Self { held: Mutex::new(Held::Shut(device)), closed_at: Mutex::default() }
    }

    /// `device.db`, for as long as the guard lives.
    pub(crate) fn device(&self) -> DeviceGuard<'_> {
        DeviceGuard(self.held())
    }

    /// The open vault, for as long as the guard lives.
    ///
    /// # Errors
    /// `locked` when it is not open.
    pub(crate) fn vault(&self) -> Result<VaultGuard<'_>, ClientError> {
        let held = self.held();
        match &*held {
            Held::Open(_) => Ok(VaultGuard(held)),
            Held::Shut(_) | Held::Moving => Err(Code::Locked.into()),
        }
    }

    /// Opens the drawers that the grants are for. Returns the changes that this made ready to be sent.
    ///
    /// # Errors
    /// The code of what did not open; `device.db` is as it was.
    pub(crate) fn open(&self, grants: Vec<OpenGrant>, now: Timestamp) -> Result<Vec<ChangeId>, ClientError> {
        let mut held = self.held();
        match std::mem::replace(&mut *held, Held::Moving) {
            Held::Shut(device) => match Vault::open(device, grants, Random::from_os(), now) {
                Ok(mut vault) => {
                    let recovered = vault.take_recovered();
                    *held = Held::Open(vault);
                    Ok(recovered)
                }
                Err(NotOpened { device, error }) => {
                    *held = Held::Shut(*device);
                    Err(error.into())
                }
            },
            other @ (Held::Open(_) | Held::Moving) => {
                *held = other;
                Err(Code::InUse.into())
            }
        }
    }

    /// Closes the drawers; `device.db` stays open.
    pub(crate) fn close(&self) {
        let mut held = self.held();
        if let Held::Open(vault) = &*held {
            self.closed_at().extend(anchors_of(vault));
        }
        *held = match std::mem::replace(&mut *held, Held::Moving) {
            Held::Open(vault) => Held::Shut(vault.close()),
            other @ (Held::Shut(_) | Held::Moving) => other,
        };
    }

    /// Keeps a page for a drawer that is shut.
    ///
    /// # Errors
    /// `in-use` when it is open by now; and when the page cannot be kept.
    pub(crate) fn keep_page(&self, page: &WaitingPage, bytes: &[u8]) -> Result<(), ClientError> {
        let mut held = self.held();
        let device = match &mut *held {
            Held::Shut(device) => device,
            Held::Open(vault) if vault.open_drawers().contains(&page.drawer) => {
                return Err(Code::InUse.into());
            }
            Held::Open(vault) => vault.device_mut(),
            Held::Moving => unreachable!("{MOVING}"),
        };
        Ok(device.keep_page(page, bytes)?)
    }

    /// How far each drawer has come that is open, or was since the start.
    pub(crate) fn anchors(&self) -> BTreeMap<Drawer, Anchor> {
        let mut anchors = self.closed_at().clone();
        if let Ok(vault) = self.vault() {
            anchors.extend(anchors_of(&vault));
        }
        anchors
    }

    fn closed_at(&self) -> MutexGuard<'_, BTreeMap<Drawer, Anchor>> {
        self.closed_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic in a reader leaves the files as they were; the next one may go on.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn anchors_of(vault: &Vault) -> Vec<(Drawer, Anchor)> {
    let anchor = |drawer: Drawer| Some((drawer, vault.anchor(drawer).ok()??));
    vault.open_drawers().into_iter().filter_map(anchor).collect()
}

const MOVING: &str = "the store moves only while its guard is held";

/// `device.db` while the guard lives.
pub(crate) struct DeviceGuard<'a>(MutexGuard<'a, Held>);

impl Deref for DeviceGuard<'_> {
    type Target = Device;

    fn deref(&self) -> &Device {
        match &*self.0 {
            Held::Shut(device) => device,
            Held::Open(vault) => vault.device(),
            Held::Moving => unreachable!("{MOVING}"),
        }
    }
}

impl DerefMut for DeviceGuard<'_> {
    fn deref_mut(&mut self) -> &mut Device {
        match &mut *self.0 {
            Held::Shut(device) => device,
            Held::Open(vault) => vault.device_mut(),
            Held::Moving => unreachable!("{MOVING}"),
        }
    }
}

/// The open vault while the guard lives.
pub(crate) struct VaultGuard<'a>(MutexGuard<'a, Held>);

impl Deref for VaultGuard<'_> {
    type Target = Vault;

    fn deref(&self) -> &Vault {
        match &*self.0 {
            Held::Open(vault) => vault,
            Held::Shut(_) | Held::Moving => unreachable!("{MOVING}"),
        }
    }
}

impl DerefMut for VaultGuard<'_> {
    fn deref_mut(&mut self) -> &mut Vault {
        match &mut *self.0 {
            Held::Open(vault) => vault,
            Held::Shut(_) | Held::Moving => unreachable!("{MOVING}"),
        }
    }
}
