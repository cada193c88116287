//! An open practice: store, keys and clock together, for the routes and for the command line alike.

use crate::clock::Clock;
use crate::custody::ServerKeys;
use crate::data_dir::DataDir;
use crate::error::Failure;
use crate::store::{self, LogRow, PracticeRow, SqliteStore, Store, StoreError};
use jiff::Timestamp;
use keys::Random;
use records::id::{DeviceId, LogId, PracticeId};
use records::log::Tree;
use std::sync::Arc;

/// An open practice.
#[derive(Clone)]
pub struct Practice {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What the server signs, opens and seals with.
    pub keys: Arc<ServerKeys>,
    /// The practice.
    pub row: Arc<PracticeRow>,
    /// What time it is.
    pub clock: Clock,
}

impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Practice({})", self.row.id)
    }
}

impl Practice {
    /// Makes a practice in an empty folder.
    ///
    /// # Errors
    /// When something is there already, a name cannot stand in a certificate, or the disk refuses.
    pub fn make(dir: &DataDir, name: &str, host: &str, clock: Clock) -> Result<Self, Failure> {
        let (now, mut random) = (clock.now(), Random::from_os());
        dir.make()?;
        let id = PracticeId::from_uuid(random.uuid_v7(now));
        let made = ServerKeys::make(dir, id.uuid(), name, host, now, &mut random)?;
        let row = PracticeRow {
            id,
            name: name.to_owned(),
            host: host.to_owned(),
            node: DeviceId::from_uuid(random.uuid_v7(now)),
            log: LogId::from_uuid(random.uuid_v7(now)),
            trust: encode(&made.trust),
            trust_number: 1,
            made_at: now,
        };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::create(&dir.store(), made.store)?);
        store::write(store.as_ref(), |tx| -> Result<(), StoreError> {
            tx.insert_practice(&row)?;
            tx.insert_log(&own_log(&row, now))
        })?;
        Ok(Self { store, keys: Arc::new(made.keys), row: Arc::new(row), clock })
    }

    /// Opens the practice in a folder.
    ///
    /// # Errors
    /// When there is none, or store or keys do not open.
    pub fn open(dir: &DataDir, clock: Clock) -> Result<Self, Failure> {
        dir.check()?;
        let (mut keys, store_key) = ServerKeys::read(dir)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.store(), store_key)?);
        let row = store::read(store.as_ref(), |tx| tx.practice())?;
        keys.renew_server(dir, &row.host, clock.now())?;
        Ok(Self { store, keys: Arc::new(keys), row: Arc::new(row), clock })
    }
}

fn own_log(row: &PracticeRow, now: Timestamp) -> LogRow {
    LogRow { id: row.log, device: None, tree: Tree::new(), checkpoint: None, updated_at: now }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
