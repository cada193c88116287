//! Who keeps new key-encryption keys, where it is not the data folder: `custody.toml`.

use super::keeping::CustodyError;
use crate::data_dir::DataDir;
use crate::error::{Failure, Kind};
use keys::SecretBytes;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where systemd puts what `LoadCredential=` names.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A token and how it is reached. The PIN is read when it is wanted, from a file or a credential, and kept nowhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenSettings {
    /// The library that speaks to the token.
    pub(super) module: PathBuf,
    /// The label of the token.
    pub(super) token: String,
    pin_file: Option<PathBuf>,
    pin_credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where new keys are made; the other provider still opens what it wrapped.
    #[serde(default)]
    new_keys: NewKeys,
    pkcs11: TokenSettings,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NewKeys {
    File,
    #[default]
    Pkcs11,
}

impl TokenSettings {
    /// The token that `custody.toml` of a data folder names, and whether new keys are made in it; none where keys are files.
    pub(super) fn of(dir: &DataDir) -> Result<Option<(Self, bool)>, Failure> {
        let text = match fs::read_to_string(dir.custody()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::disk("custody.toml cannot be read.", &error)),
        };
        let settings: Result<Settings, _> = toml::from_str(&text);
        let Settings { new_keys, pkcs11 } = settings.map_err(|_| wrong())?;
        if pkcs11.pin_file.is_some() == pkcs11.pin_credential.is_some() {
            return Err(wrong());
        }
        Ok(Some((pkcs11, matches!(new_keys, NewKeys::Pkcs11))))
    }

    /// The PIN, without the line's end.
    pub(super) fn pin(&self) -> Result<SecretBytes, CustodyError> {
        let path = match (&self.pin_file, &self.pin_credential) {
            (Some(file), _) => file.clone(),
            (None, credential) => {
                let folder = env::var_os(CREDENTIALS).ok_or_else(|| {
                    CustodyError::Token("systemd hands over no credential for the PIN".to_owned())
                })?;
                Path::new(&folder).join(credential.as_deref().unwrap_or_default())
            }
        };
        let mut text = fs::read(path).map_err(CustodyError::Disk)?;
        while text.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            text.pop();
        }
        Ok(SecretBytes::new(text))
    }
}

fn wrong() -> Failure {
    let advice = "It holds [pkcs11] with module, token, and one of pin_file and pin_credential.";
    Failure::new(Kind::Usage, "custody.toml is not what it should be.", advice)
}
