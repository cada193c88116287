//! The keyring of the desktop, spoken to over the Secret Service interface of D-Bus.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use secret_service::EncryptionType;
use secret_service::blocking::{Item, SecretService};
use zbus_secret_service_keyring_store::Store;
use zeroize::Zeroizing;

use super::{Keyring, KeyringProblem, KeyringSecret, Limiter, Sight};
use crate::settings::KEYRING_LIMIT;

/// The keyring of the operating system. Every call runs on a thread of its own and is given up after two seconds.
pub struct OsKeyring {
    service: String,
    limiter: Limiter,
    connection: Connection,
}

/// A connection that worked is used again; one that failed is made anew.
type Connection = Arc<Mutex<Option<Arc<Store>>>>;

impl OsKeyring {
    /// A keyring whose items all bear the service name `service`.
    #[must_use]
    pub fn new(service: &str) -> Self {
        Self { service: service.to_owned(), limiter: Limiter::new(KEYRING_LIMIT), connection: Arc::default() }
    }

    fn with<T: Send + 'static>(
        &self,
        name: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KeyringProblem> {
        let (service, name, connection) = (self.service.clone(), name.to_owned(), self.connection.clone());
        self.limiter.run(move || {
            let store = connect(&connection)?;
            let entry = store.build(&service, &name, None).map_err(|error| problem_of(&error))?;
            let answer = act(&entry).map_err(|error| problem_of(&error));
            if answer.is_err() {
                connection.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            answer
        })
    }
}

impl Keyring for OsKeyring {
    fn read(&self, name: &str) -> Result<Option<KeyringSecret>, KeyringProblem> {
        let text = self.with(name, |entry| match entry.get_secret() {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(other) => Err(other),
        })?;
        text.map(|text| from_hex(&text).ok_or(KeyringProblem::Unreadable)).transpose()
    }

    fn write(&self, name: &str, secret: &[u8]) -> Result<(), KeyringProblem> {
        let text = to_hex(secret);
        self.with(name, move |entry| entry.set_secret(&text))
    }

    fn delete(&self, name: &str) -> Result<(), KeyringProblem> {
        self.with(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(other) => Err(other),
        })
    }

    fn look(&self, name: &str) -> Result<Sight, KeyringProblem> {
        let (service, name) = (self.service.clone(), name.to_owned());
        self.limiter.run(move || look(&service, &name).map_err(|error| sight_problem(&error)))
    }
}

/// Goes past `keyring-core`, whose searches open what they find and so put a question to the person.
fn look(service: &str, name: &str) -> Result<Sight, secret_service::Error> {
    // Attributes and states are not secret: the session needs no key.
    let secrets = SecretService::connect(EncryptionType::Plain)?;
    let default = match secrets.get_default_collection() {
        Ok(collection) => Some(collection),
        Err(secret_service::Error::NoResult) => None,
        Err(other) => return Err(other),
    };
    let found = secrets.search_items(HashMap::from([("service", service), ("username", name)]))?;
    let ours: Vec<&Item<'_>> = found.unlocked.iter().chain(&found.locked).collect();
    let Some(default) = default else {
        return Ok(if ours.is_empty() { Sight::Foreign } else { Sight::Elsewhere });
    };
    let in_use = format!("{}/", default.collection_path.as_str());
    if ours.iter().any(|item| item.item_path.as_str().starts_with(&in_use)) {
        return if default.is_locked()? { Err(secret_service::Error::Locked) } else { Ok(Sight::Here) };
    }
    if !ours.is_empty() {
        return Ok(Sight::Elsewhere);
    }
    // A shut collection may hide what it holds.
    default.ensure_unlocked()?;
    let all = secrets.search_items(HashMap::from([("service", service)]))?;
    let is_empty = all.unlocked.is_empty() && all.locked.is_empty();
    Ok(if is_empty { Sight::Foreign } else { Sight::Gone })
}

fn sight_problem(error: &secret_service::Error) -> KeyringProblem {
    use secret_service::Error;
    if matches!(error, Error::Locked | Error::Prompt | Error::PromptDisconnected) {
        KeyringProblem::Locked
    } else if matches!(error, Error::Unavailable) {
        KeyringProblem::Absent
    } else {
        KeyringProblem::Failed
    }
}

fn connect(connection: &Connection) -> Result<Arc<Store>, KeyringProblem> {
    let kept = connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(store) = kept {
        return Ok(store);
    }
    // Without a session bus, or with nobody behind the name, the store cannot be made at all.
    let store = Store::new()
        .map_err(|error| if is_locked(&error) { KeyringProblem::Locked } else { KeyringProblem::Absent })?;
    *connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(store.clone());
    Ok(store)
}

fn problem_of(error: &Error) -> KeyringProblem {
    if matches!(error, Error::Ambiguous(_)) {
        KeyringProblem::Twice
    } else if is_locked(error) {
        KeyringProblem::Locked
    } else {
        KeyringProblem::Failed
    }
}

fn is_locked(error: &Error) -> bool {
    matches!(error, Error::NoStorageAccess(_))
}

/// Values are hexadecimal ASCII on one line: a version of gnome-keyring drops the whole collection over a newline.
fn to_hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    for byte in bytes {
        text.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}

fn from_hex(text: &[u8]) -> Option<KeyringSecret> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks_exact(2) {
        bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_as_hexadecimal_ascii_without_a_newline() {
        assert_eq!(to_hex(b"\x00\x0a\xffA").as_slice(), b"000aff41");
        assert_eq!(from_hex(b"000aff41").map(|bytes| bytes.to_vec()), Some(b"\x00\x0a\xffA".to_vec()));
    }

    #[test]
    fn a_value_that_is_not_ours_is_a_failure_and_not_an_empty_key() {
        assert!(from_hex(b"0").is_none());
        assert!(from_hex(b"zz").is_none());
    }
}
