//! The keys of an open drawer at work: wrapping, sealing and tokens, each bound to its place.

use keys::row::{self, PatientKey, PatientKeyAad, RowAad};
use keys::{DrawerKeys, Random};
use records::Drawer;
use uuid::Uuid;

use crate::error::StoreError;

/// Where a sealed document lies; part of what it is sealed with. The names are stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Document,
    Summary,
    Pending,
    PendingBase,
    ServerVersion,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Summary => "summary",
            Self::Pending => "pending",
            Self::PendingBase => "pending.base",
            Self::ServerVersion => "server_version",
        }
    }
}

/// Seals and opens what lies in one drawer of one vault.
pub(crate) struct Sealing {
    pub(crate) vault: Uuid,
    pub(crate) drawer: Drawer,
    keys: DrawerKeys,
    tokens: row::TokenKey,
}

impl Sealing {
    pub(crate) fn new(vault: Uuid, drawer: Drawer, keys: DrawerKeys) -> Self {
        let tokens = row::derive_token_key(&keys.field);
        Self { vault, drawer, keys, tokens }
    }

    /// A new data key for a patient, and the same wrapped.
    pub(crate) fn make_patient_key(&self, patient: &str, random: &mut Random) -> (PatientKey, Vec<u8>) {
        let key = PatientKey::make(random);
        let wrapped = self.wrap_patient_key(patient, &key, random);
        (key, wrapped)
    }

    /// A patient's data key, wrapped under these keys.
    pub(crate) fn wrap_patient_key(&self, patient: &str, key: &PatientKey, random: &mut Random) -> Vec<u8> {
        key.wrap(&self.keys.field, &self.patient_aad(patient), random)
    }

    pub(crate) fn keys(&self) -> &DrawerKeys {
        &self.keys
    }

    pub(crate) fn unwrap_patient_key(&self, patient: &str, wrapped: &[u8]) -> Result<PatientKey, StoreError> {
        Ok(PatientKey::unwrap(&self.keys.field, &self.patient_aad(patient), wrapped)?)
    }

    pub(crate) fn seal(
        &self,
        key: &PatientKey,
        place: (Table, &str, u64),
        plaintext: &[u8],
        random: &mut Random,
    ) -> Vec<u8> {
        row::seal_row(key, &self.row_aad(place), plaintext, random)
    }

    pub(crate) fn open(
        &self,
        key: &PatientKey,
        place: (Table, &str, u64),
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        Ok(row::open_row(key, &self.row_aad(place), sealed)?)
    }

    /// A keyed token: equal values have equal tokens, and nobody without the field key can tell the value.
    pub(crate) fn token(&self, label: &str, value: &[u8]) -> [u8; 16] {
        row::token(&self.tokens, label, value)
    }

    fn patient_aad<'a>(&self, patient: &'a str) -> PatientKeyAad<'a> {
        PatientKeyAad {
            vault: self.vault,
            drawer: self.drawer.as_str(),
            patient,
            generation: self.keys.generation,
        }
    }

    fn row_aad<'a>(&self, (table, row, version): (Table, &'a str, u64)) -> RowAad<'a> {
        RowAad { vault: self.vault, drawer: self.drawer.as_str(), table: table.name(), row, version }
    }
}
