//! Starting on a data folder that is there: keyring, `device.db`, trust, the way to the server, the sync driver.

use std::sync::Arc;

use keys::Random;
use records::event::AuditEvent;
use tokio::task::JoinHandle;
use vault::{Device, Folder, RawKey, Setting};

use crate::client_state::ClientState;
use crate::device_keys::DeviceKeys;
use crate::https::PinnedRoot;
use crate::keyring::Keyring;
use crate::station::wiping::{self, Found};
use crate::station::{About, Parts, Station, Surroundings, Trust, Way, kept_text};
use crate::syncing::{Driver, DriverHandle};
use crate::{ClientError, Code};

/// A workstation that runs.
pub(super) struct Running {
    /// What it is.
    pub(super) station: Arc<Station>,
    /// Its sync driver.
    pub(super) driver: JoinHandle<()>,
}

/// Opens what is in the data folder; `None` when this computer belongs to no clinic yet.
pub(super) fn open(surroundings: &Surroundings) -> Result<Option<Running>, ClientError> {
    let folder = Folder::new(&surroundings.settings.data_dir);
    match wiping::finish(surroundings, &folder)? {
        Found::Wiped => return Err(wiping::wiped()),
        Found::Nothing => {}
    }
    if !folder.device_file().try_exists()? {
        return Ok(None);
    }
    let keys = DeviceKeys::of_enrolled(surroundings.keyring.as_ref())?;
    // EXPOSE: SQLCipher needs the raw bytes to open the file.
    let device = Device::open(folder, &RawKey::new(*keys.device_file.expose()))?;
    let (told, hear) = DriverHandle::pair();
    let station = Arc::new(assemble(surroundings, device, keys, told)?);
    let started = AuditEvent::app_started(station.stamp(), station.node(), env!("CARGO_PKG_VERSION"));
    station.record(&[started])?;
    // A wipe or a lock that the end of the program cut short goes on before anything else.
    station.carry_out_orders();
    if station.is_wiped() {
        return Err(wiping::wiped());
    }
    station.note_anchors();
    let seed = u64::from_be_bytes(Random::from_os().bytes());
    let driver = Driver::new(station.clone(), station.machine(seed)?, hear);
    let driver = surroundings.runtime.spawn(driver.run());
    Ok(Some(Running { station, driver }))
}

/// What an open `device.db` says of the practice: whom to believe, and the way to its server.
pub(crate) struct Ground {
    pub(crate) trust: Trust,
    pub(crate) way: Way,
    state: ClientState,
}

/// Reads what was kept at enrolment, and checks that it fits itself.
pub(crate) fn ground(
    device: &Device,
    keys: &DeviceKeys,
    keyring: &dyn Keyring,
) -> Result<Ground, ClientError> {
    let state = device.setting(Setting::Client)?.ok_or(Code::VaultDamaged)?;
    let state = ClientState::from_bytes(&state).map_err(|_| Code::VaultNewer)?;
    let fingerprint = state.root_fingerprint().ok_or(Code::VaultDamaged)?;
    let chain_pem = kept_text(device, Setting::CertificateChain)?;
    let bundle = kept_text(device, Setting::TrustBundle)?;
    let earlier = String::from_utf8(device.setting(Setting::EarlierTrustBundles)?.unwrap_or_default());
    let earlier = earlier.map_err(|_| Code::VaultDamaged)?;
    let trust = Trust::verify(fingerprint, &chain_pem, &bundle, &earlier, device.identity().practice)
        .map_err(|_| Code::VaultDamaged)?;
    let way = Way::of(device, keys, keyring, PinnedRoot::from_fingerprint(fingerprint))?;
    Ok(Ground { trust, way, state })
}

fn assemble(
    surroundings: &Surroundings,
    device: Device,
    keys: DeviceKeys,
    driver: DriverHandle,
) -> Result<Station, ClientError> {
    let Ground { trust, way, state } = ground(&device, &keys, surroundings.keyring.as_ref())?;
    let about = About {
        practice: kept_text(&device, Setting::PracticeName)?,
        label: kept_text(&device, Setting::DeviceLabel)?,
    };
    Ok(Station::new(Parts {
        surroundings: surroundings.clone(),
        device,
        keys,
        state,
        about,
        trust,
        way,
        driver,
    }))
}
