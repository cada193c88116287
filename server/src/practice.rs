//! An open practice: store, keys and clock together, for the routes and for the command line alike.

use crate::authorities::{Authorities, Named};
use crate::clock::Clock;
use crate::custody::{Custody, ServerKeys};
use crate::data_dir::DataDir;
use crate::database::Database;
use crate::error::{Failure, Kind};
use crate::limits::Limits;
use crate::meters::Meters;
use crate::store::{
    self, KekRow, LogRow, PostgresStore, PracticeRow, Sealing, SqliteStore, Store, StoreError, Transaction,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keys::Random;
use keys::trust::TrustBundle;
use records::id::{DeviceId, LogId, PracticeId};
use records::log::Tree;
use sqlcipher::{OpenError, RawKey};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// An open practice.
#[derive(Clone)]
pub struct Practice {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What seals records in it.
    pub sealing: Arc<Sealing>,
    /// What the server signs, opens and seals with.
    pub keys: Arc<ServerKeys>,
    /// Who signs certificates, and the server's own.
    pub authorities: Arc<Authorities>,
    /// The practice.
    pub row: Arc<PracticeRow>,
    /// What time it is.
    pub clock: Clock,
    /// What is counted while it runs.
    pub meters: Arc<Meters>,
    /// How much one peer may ask for.
    pub limits: Arc<Limits>,
}

impl std::fmt::Debug for Practice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Practice({})", self.row.id)
    }
}

impl Practice {
    /// Makes a practice in an empty folder, with its store in a file there.
    ///
    /// # Errors
    /// When something is there already, a name cannot stand in a certificate, or the disk refuses.
    pub fn make(dir: &DataDir, name: &str, host: &str, clock: Clock) -> Result<Self, Failure> {
        Self::make_in(dir, None, name, host, clock)
    }

    /// Makes a practice in an empty folder, with its store in a database where one is named.
    ///
    /// # Errors
    /// As [`make`](Self::make), or when the database cannot be used or holds a practice already.
    pub fn make_in(
        dir: &DataDir,
        database: Option<&Database>,
        name: &str,
        host: &str,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let (now, mut random) = (clock.now(), Random::from_os());
        let sealing = Sealing::with(Custody::in_files(dir));
        let opened = database.map(|database| PostgresStore::open(database, sealing.clone())).transpose()?;
        if let Some(store) = &opened {
            store::read(store, refuse_a_second)?;
        }
        dir.make()?;
        let id = PracticeId::from_uuid(random.uuid_v7(now));
        let made = ServerKeys::make(dir, id.uuid(), name, host, now, &mut random)?;
        let row = PracticeRow {
            id,
            name: name.to_owned(),
            host: host.to_owned(),
            node: DeviceId::from_uuid(random.uuid_v7(now)),
            log: LogId::from_uuid(random.uuid_v7(now)),
            trust: STANDARD.encode(&made.trust),
            trust_number: 1,
            made_at: now,
        };
        let kek = make_kek(&sealing, random.uuid_v7(now), now)?;
        if let Some(database) = database {
            database.write(dir)?;
        }
        let store: Arc<dyn Store> = match opened {
            Some(store) => Arc::new(store),
            None => Arc::new(SqliteStore::create(&dir.store(), made.store, sealing.clone())?),
        };
        store::write(store.as_ref(), |tx| -> Result<(), Failure> {
            refuse_a_second(tx)?;
            tx.insert_practice(&row)?;
            tx.insert_kek(&kek)?;
            Ok(tx.insert_log(&own_log(&row, now))?)
        })?;
        Self::with((store, sealing), made.keys, row, (dir, false), clock)
    }

    /// Opens the practice in a folder.
    ///
    /// # Errors
    /// When there is none, or store or keys do not open or do not belong to each other.
    pub fn open(dir: &DataDir, clock: Clock) -> Result<Self, Failure> {
        Self::open_store(dir, clock, |store_key, sealing| {
            Ok(match Database::of(dir)? {
                Some(database) => Arc::new(PostgresStore::open(&database, sealing)?),
                None => Arc::new(SqliteStore::open(&dir.store(), store_key, sealing)?),
            })
        })
    }

    /// Opens the practice in a folder, whose store is a database, as the owner of its tables: for what the role that serves must
    /// not be able to do.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_as_owner(dir: &DataDir, owner: &Database, clock: Clock) -> Result<Self, Failure> {
        Self::open_store(dir, clock, |_, sealing| Ok(Arc::new(PostgresStore::open_as_owner(owner, sealing)?)))
    }

    fn open_store(
        dir: &DataDir,
        clock: Clock,
        open: impl FnOnce(RawKey, Arc<Sealing>) -> Result<Arc<dyn Store>, Failure>,
    ) -> Result<Self, Failure> {
        dir.check()?;
        let (keys, store_key) = ServerKeys::read(dir)?;
        let sealing = Sealing::with(Custody::of(dir)?);
        let store = open(store_key, sealing.clone())?;
        let (row, kek) = store::read(store.as_ref(), |tx| Ok::<_, StoreError>((tx.practice()?, tx.kek()?)))?;
        // Told at the start, and not when the first record is opened.
        if let Some(kek) = kek {
            sealing.custody().keeper(kek.id)?;
        }
        Self::with((store, sealing), keys, row, (dir, false), clock)
    }

    /// Opens a copy of a practice's store, which lies elsewhere, with the keys of the folder, once every page of it was read.
    /// Nothing of the folder changes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn open_copy(dir: &DataDir, copy: &Path, clock: Clock) -> Result<Self, Failure> {
        let (keys, store_key) = ServerKeys::read(dir)?;
        let sealing = Sealing::with(Custody::of(dir)?);
        let store = SqliteStore::open(copy, store_key, sealing.clone())?;
        if !store.is_whole()? {
            return Err(OpenError::WrongKeyOrDamaged.into());
        }
        let store: Arc<dyn Store> = Arc::new(store);
        let row = store::read(store.as_ref(), |tx| tx.practice())?;
        Self::with((store, sealing), keys, row, (dir, true), clock)
    }

    /// The trust bundle that workstations hold.
    ///
    /// # Errors
    /// When it is not this practice's.
    pub(crate) fn trust(&self) -> Result<TrustBundle, Failure> {
        trust_of(&self.keys, &self.row).ok_or_else(other_keys)
    }

    /// The trust bundle as the store has it now; a server that runs goes on with the one of its start.
    ///
    /// # Errors
    /// When it is not this practice's, or the store fails.
    pub(crate) fn stored_trust(&self) -> Result<TrustBundle, Failure> {
        let row = store::read(self.store.as_ref(), |tx| tx.practice())?;
        trust_of(&self.keys, &row).ok_or_else(other_keys)
    }

    /// Takes in what the store says of issuing CAs now.
    ///
    /// # Errors
    /// When the trust bundle is not this practice's, or the store fails.
    pub(crate) fn hear_of_authorities(&self) -> Result<(), Failure> {
        let bundle = self.stored_trust()?;
        self.authorities.hear(store::read(self.store.as_ref(), |tx| Named::of(&bundle, tx))?);
        Ok(())
    }

    fn with(
        (store, sealing): (Arc<dyn Store>, Arc<Sealing>),
        keys: ServerKeys,
        row: PracticeRow,
        (dir, is_only_looked_at): (&DataDir, bool),
        clock: Clock,
    ) -> Result<Self, Failure> {
        // A database may be another practice's than the keys in the folder.
        let bundle = trust_of(&keys, &row).ok_or_else(other_keys)?;
        let named = store::read(store.as_ref(), |tx| Named::of(&bundle, tx))?;
        let place = (dir, row.host.as_str());
        let authorities = Authorities::open(place, &keys.root, named, clock.clone(), is_only_looked_at)?;
        let (meters, limits) = (Arc::new(Meters::new()), Arc::new(Limits::new()));
        let (keys, authorities, row) = (Arc::new(keys), Arc::new(authorities), Arc::new(row));
        Ok(Self { store, sealing, keys, authorities, row, clock, meters, limits })
    }
}

/// Makes a key-encryption key with whoever makes new ones; it counts once its row is stored.
pub(crate) fn make_kek(sealing: &Sealing, id: Uuid, now: Timestamp) -> Result<KekRow, Failure> {
    let (custody, maker) = (sealing.custody(), sealing.custody().maker());
    // One that was made and not noted any more is taken: it wraps nothing yet.
    if !maker.keeps(id)? {
        custody.destroy(id)?;
        maker.make(id)?;
    }
    let (provider, made_at) = (maker.name().to_owned(), now);
    Ok(KekRow { id, provider, epoch: 1, is_incident: false, made_at, ended_at: None, destroyed_at: None })
}

fn refuse_a_second(tx: &dyn Transaction) -> Result<(), Failure> {
    if tx.practice().is_err() {
        return Ok(());
    }
    let advice = "Use another database, or go on with the folder that belongs to this one.";
    Err(Failure::new(Kind::AlreadyThere, "The database holds a practice already.", advice))
}

fn trust_of(keys: &ServerKeys, row: &PracticeRow) -> Option<TrustBundle> {
    let bundle = STANDARD.decode(&row.trust).ok()?;
    TrustBundle::verify(&bundle, &keys.root, row.id.uuid(), None).ok()
}

fn other_keys() -> Failure {
    let advice =
        "Nothing was changed. Put back the folder keys, or the address in database.toml, that belongs to it.";
    Failure::new(Kind::BadKeys, "The keys in this folder are another practice's than the store.", advice)
}

fn own_log(row: &PracticeRow, now: Timestamp) -> LogRow {
    LogRow {
        id: row.log,
        device: None,
        tree: Tree::new(),
        checkpoint: None,
        marks: Vec::new(),
        updated_at: now,
    }
}
