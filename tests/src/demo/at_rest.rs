//! What the server's store holds while the server does not run, for looks that no door of it offers.

use chartkeep_server::clock::Clock as ServerClock;
use chartkeep_server::data_dir::DataDir;
use chartkeep_server::practice::Practice as ServerPractice;
use chartkeep_server::store::{self, StoreError};
use keys::SecretBytes;
use keys::row::DrawerKeys;
use records::Drawer;
use serde_json::Value;

use super::DemoError;
use super::clinic::Clinic;

impl Clinic {
    /// The keys of every drawer of the workstation, from the store of the server, which must not run meanwhile.
    ///
    /// # Errors
    /// Where the store or a key in it does not open.
    pub(crate) fn drawer_keys(&self) -> Result<Vec<SecretBytes>, DemoError> {
        let failed = || DemoError::step("read the drawers' keys from the server's store");
        let practice = self.at_rest().ok_or_else(failed)?;
        let mut keys = Vec::new();
        store::read::<_, StoreError>(practice.store.as_ref(), |tx| {
            for device in tx.devices()? {
                for drawer in Drawer::ALL {
                    for (generation, sealed) in tx.drawer_keys(device.id, drawer)? {
                        let id = device.id.uuid();
                        keys.extend(practice.keys.open_drawer(id, drawer.as_str(), generation, &sealed));
                    }
                }
            }
            Ok(())
        })
        .map_err(|_| failed())?;
        // EXPOSE: the demo's made-up clinic; they are what is looked for.
        let both = |key: &DrawerKeys| [key.file.expose().to_vec(), key.field.expose().to_vec()];
        let keys: Vec<_> = keys.iter().flat_map(both).map(SecretBytes::new).collect();
        if keys.is_empty() { Err(failed()) } else { Ok(keys) }
    }

    /// Every event of this workstation that the server holds, oldest first; it must not run meanwhile, and there must be no
    /// second workstation yet.
    ///
    /// # Errors
    /// Where the store does not open, or an event in it cannot be read.
    pub(crate) fn events_of_the_workstation(&self) -> Result<Vec<Value>, DemoError> {
        let failed = || DemoError::step("read the workstation's log from the server's store");
        let practice = self.at_rest().ok_or_else(failed)?;
        let leaves = store::read::<_, StoreError>(practice.store.as_ref(), |tx| {
            let log = tx.logs()?.into_iter().find(|log| log.device.is_some());
            log.map_or(Ok(Vec::new()), |log| tx.leaves(log.id, 0, log.tree.size()))
        });
        let leaves = leaves.map_err(|_| failed())?;
        leaves.iter().map(|leaf| serde_json::from_slice(&leaf.event).map_err(|_| failed())).collect()
    }

    fn at_rest(&self) -> Option<ServerPractice> {
        ServerPractice::open(&DataDir::at(&self.folder.join("server")), ServerClock::System).ok()
    }
}
