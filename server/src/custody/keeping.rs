//! Who keeps key-encryption keys: what every provider can do, and all of them together.

use super::kek_file::KekFiles;
use super::settings::TokenSettings;
use super::token::Token;
use crate::data_dir::DataDir;
use crate::error::{Failure, Kind};
use keys::PatientKey;
use keys::data_key::DataKeyAad;
use std::fmt::Debug;
use uuid::Uuid;

/// Keeps key-encryption keys, and wraps and unwraps data keys with them. Nothing else ever sees such a key.
pub trait Provider: Debug + Send + Sync {
    /// Its name, as it stands in the store.
    fn name(&self) -> &'static str;

    /// Makes a key-encryption key and keeps it durably.
    ///
    /// # Errors
    /// When there is one with this id, or it cannot be kept.
    fn make(&self, kek: Uuid) -> Result<(), CustodyError>;

    /// Whether it keeps this key.
    ///
    /// # Errors
    /// When that cannot be told.
    fn keeps(&self, kek: Uuid) -> Result<bool, CustodyError>;

    /// Destroys a key; one that is not there is no fault.
    ///
    /// # Errors
    /// When it is still there afterwards.
    fn destroy(&self, kek: Uuid) -> Result<(), CustodyError>;

    /// Wraps a data key with the key-encryption key that `aad` names.
    ///
    /// # Errors
    /// When the key is not to be had.
    fn wrap(&self, aad: &DataKeyAad<'_>, key: &PatientKey) -> Result<Vec<u8>, CustodyError>;

    /// Unwraps a data key.
    ///
    /// # Errors
    /// When the key is not to be had, or this was not wrapped by it in this place.
    fn unwrap(&self, aad: &DataKeyAad<'_>, wrapped: &[u8]) -> Result<PatientKey, CustodyError>;

    /// Lets go of what it remembers of keys.
    fn forget(&self);
}

/// Why a data key could not be wrapped or unwrapped.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// Nobody here keeps this key-encryption key.
    #[error("the key-encryption key {0} is not here")]
    Away(Uuid),
    /// What is stored was wrapped for another place or by another key, or was changed.
    #[error("a data key does not open")]
    Refused,
    /// The disk refused.
    #[error("a key file cannot be read or written")]
    Disk(#[source] std::io::Error),
    /// The token refused, or is not there.
    #[error("the token: {0}")]
    Token(String),
}

impl From<CustodyError> for Failure {
    fn from(error: CustodyError) -> Self {
        match error {
            CustodyError::Away(kek) => Self::new(
                Kind::BadKeys,
                format!("The key-encryption key {kek} is not here, and records do not open without it."),
                "Put keys/kek-….key back from a backup of the keys, or connect the token that custody.toml names.",
            ),
            CustodyError::Refused => Self::new(
                Kind::BadKeys,
                "A data key does not open: it belongs to another practice or place, or was changed.",
                "Nothing was changed. Put the table data_key back from a backup that belongs to this store.",
            ),
            CustodyError::Disk(error) => {
                Self::disk("A key-encryption key cannot be read or written.", &error)
            }
            CustodyError::Token(said) => Self::new(
                Kind::BadKeys,
                format!("The token does not do what it was asked: {said}."),
                "Check that it is connected, and module, token and PIN in custody.toml. Nothing was changed.",
            ),
        }
    }
}

/// All who keep key-encryption keys for a practice, and who of them makes new ones.
#[derive(Debug)]
pub struct Custody {
    files: KekFiles,
    token: Option<Token>,
    is_new_in_token: bool,
}

impl Custody {
    /// Keys as files in the data folder.
    #[must_use]
    pub fn in_files(dir: &DataDir) -> Self {
        Self { files: KekFiles::of(dir), token: None, is_new_in_token: false }
    }

    /// Keys as the data folder has them: in files, and from then on in a token where `custody.toml` names one.
    ///
    /// # Errors
    /// When `custody.toml` cannot be read or is not what it should be. The token is not asked yet.
    pub fn of(dir: &DataDir) -> Result<Self, Failure> {
        let Some((token, is_new_in_token)) = TokenSettings::of(dir)? else { return Ok(Self::in_files(dir)) };
        Ok(Self { files: KekFiles::of(dir), token: Some(Token::at(token)), is_new_in_token })
    }

    /// Who makes new keys.
    #[must_use]
    pub fn maker(&self) -> &dyn Provider {
        match &self.token {
            Some(token) if self.is_new_in_token => token,
            Some(_) | None => &self.files,
        }
    }

    /// Who keeps this key.
    ///
    /// # Errors
    /// When nobody here does, or cannot tell.
    pub fn keeper(&self, kek: Uuid) -> Result<&dyn Provider, CustodyError> {
        for provider in self.all() {
            if provider.keeps(kek)? {
                return Ok(provider);
            }
        }
        Err(CustodyError::Away(kek))
    }

    /// Destroys a key, whoever keeps it; one that nobody keeps is no fault.
    ///
    /// # Errors
    /// When it is still there afterwards.
    pub fn destroy(&self, kek: Uuid) -> Result<(), CustodyError> {
        self.all().try_for_each(|provider| provider.destroy(kek))
    }

    /// Lets go of what is remembered of keys: one of them may be there no more.
    pub fn forget(&self) {
        self.all().for_each(Provider::forget);
    }

    fn all(&self) -> impl Iterator<Item = &dyn Provider> {
        let files: &dyn Provider = &self.files;
        std::iter::once(files).chain(self.token.iter().map(|token| token as &dyn Provider))
    }
}
