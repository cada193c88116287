//! What this workstation stands on, for its people and for whoever looks after it. Nothing about any patient is in it.

mod disk;
mod keyring_file;

use std::path::{Path, PathBuf};

use sync::wire::{DiskState, MachineReport};

use crate::view::{HealthView, StatusView, Storage, WindowHealth};
use crate::{ClientError, Settings};

/// Where GNOME Keyring keeps its files (XDG Base Directory Specification 0.8).
fn keyring_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let share = named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
    share.map(|share| share.join("keyrings"))
}

/// What the server is told of this computer, with how much is unsent.
pub(crate) fn report(settings: &Settings, unsent_changes: u64, unsent_events: u64) -> MachineReport {
    let machine = disk::Machine(Path::new("/"));
    MachineReport {
        system: machine.system(),
        disk: state_of(machine.storage_of(&folder_of(settings))),
        swap: state_of(machine.swap()),
        unsent_changes,
        unsent_events,
    }
}

fn state_of(storage: Storage) -> DiskState {
    match storage {
        Storage::Absent => DiskState::Absent,
        Storage::Memory => DiskState::Memory,
        Storage::Encrypted => DiskState::Encrypted,
        Storage::Plain => DiskState::Plain,
        Storage::Unknown => DiskState::Unknown,
    }
}

fn folder_of(settings: &Settings) -> PathBuf {
    settings.data_dir.canonicalize().unwrap_or_else(|_| settings.data_dir.clone())
}

/// Puts the page together. `keyring` is what stands between us and the keyring now.
pub(crate) fn health(
    status: StatusView,
    settings: &Settings,
    keyring: Option<ClientError>,
    window: WindowHealth,
) -> HealthView {
    let machine = disk::Machine(Path::new("/"));
    let pages = keys::locked_pages();
    HealthView {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        system: machine.system(),
        clinic: status.clinic,
        device: status.device,
        last_contact: status.last_sync,
        lease: status.lease,
        idle_limit_s: status.idle_limit_s,
        keyring,
        keyring_lies_open: keyring_folder()
            .is_some_and(|folder| keyring_file::lies_open(&folder, &settings.keyring_service)),
        disk: machine.storage_of(&folder_of(settings)),
        swap: machine.swap(),
        secrets_in_memory: pages.locked > 0 && pages.refused == 0,
        window,
    }
}
