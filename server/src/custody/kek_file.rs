//! Key-encryption keys as files that only the server's user reads: `keys/kek-<id>.key`.

use super::keeping::{CustodyError, Provider};
use crate::data_dir::{DataDir, replace_private, write_private};
use keys::data_key::{DataKeyAad, KeyEncryptionKey};
use keys::{PatientKey, Random, Secret, SecretBytes};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Files in the data folder, each read once.
#[derive(Debug)]
pub(super) struct KekFiles {
    dir: DataDir,
    read: Mutex<BTreeMap<Uuid, Arc<KeyEncryptionKey>>>,
}

impl KekFiles {
    pub(super) fn of(dir: &DataDir) -> Self {
        Self { dir: dir.clone(), read: Mutex::default() }
    }

    fn path(&self, kek: Uuid) -> PathBuf {
        self.dir.key(&format!("kek-{kek}.key"))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<KeyEncryptionKey>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, kek: Uuid) -> Result<Arc<KeyEncryptionKey>, CustodyError> {
        if let Some(known) = self.known().get(&kek) {
            return Ok(known.clone());
        }
        let bytes = match std::fs::read(self.path(kek)) {
            Ok(bytes) => SecretBytes::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CustodyError::Away(kek)),
            Err(error) => return Err(CustodyError::Disk(error)),
        };
        let secret = Secret::from_slice(bytes.expose()).ok_or(CustodyError::Refused)?;
        let key = Arc::new(KeyEncryptionKey::from_secret(secret));
        self.known().insert(kek, key.clone());
        Ok(key)
    }
}

impl Provider for KekFiles {
    fn name(&self) -> &'static str {
        "file"
    }

    fn make(&self, kek: Uuid) -> Result<(), CustodyError> {
        let key = KeyEncryptionKey::make(&mut Random::from_os());
        // Handed to its own file, which only the server's user reads.
        write_private(&self.path(kek), key.expose()).map_err(CustodyError::Disk)
    }

    fn keeps(&self, kek: Uuid) -> Result<bool, CustodyError> {
        match self.key(kek) {
            Ok(_) => Ok(true),
            Err(CustodyError::Away(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn destroy(&self, kek: Uuid) -> Result<(), CustodyError> {
        self.known().remove(&kek);
        let path = self.path(kek);
        if !path.exists() {
            return Ok(());
        }
        // An older disk writes over the key; any other has at least unlinked it.
        replace_private(&path, &[0; 32]).map_err(CustodyError::Disk)?;
        std::fs::remove_file(&path).map_err(CustodyError::Disk)
    }

    fn wrap(&self, aad: &DataKeyAad<'_>, key: &PatientKey) -> Result<Vec<u8>, CustodyError> {
        Ok(self.key(aad.kek)?.wrap(key, aad, &mut Random::from_os()))
    }

    fn unwrap(&self, aad: &DataKeyAad<'_>, wrapped: &[u8]) -> Result<PatientKey, CustodyError> {
        self.key(aad.kek)?.unwrap(aad, wrapped).map_err(|_| CustodyError::Refused)
    }

    fn forget(&self) {
        self.known().clear();
    }
}
