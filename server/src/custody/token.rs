//! Key-encryption keys in a PKCS #11 token: made there, used there, and never handed out.

use super::keeping::{CustodyError, Provider};
use super::settings::TokenSettings;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use keys::data_key::{self, DataKeyAad};
use keys::{PatientKey, Random, Secret, SecretBytes};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// What the keys are called in the token.
const LABEL: &[u8] = b"chartkeep key-encryption key";
/// Length of a key-encryption key in bytes.
const LENGTH: u64 = 32;

/// A token, and the session in which somebody has signed in to it.
pub(super) struct Token {
    settings: TokenSettings,
    open: Mutex<Option<Open>>,
}

/// One session of one module. A module is loaded and begun once in a process.
struct Open {
    session: Session,
    _module: Pkcs11,
}

impl Token {
    pub(super) fn at(settings: TokenSettings) -> Self {
        Self { settings, open: Mutex::new(None) }
    }

    /// Does something in a session. One that broke (a token that was taken out and is back) is opened anew, once.
    fn ask<T>(&self, work: impl Fn(&Session) -> Result<T, CustodyError>) -> Result<T, CustodyError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.as_ref() {
            match work(&known.session) {
                Err(CustodyError::Token(said)) => {
                    tracing::warn!(said, "the token is asked again in a new session");
                    *open = None;
                }
                answer => return answer,
            }
        }
        work(&open.insert(self.sign_in()?).session)
    }

    fn sign_in(&self) -> Result<Open, CustodyError> {
        let module = Pkcs11::new(&self.settings.module).map_err(said)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => {}
            Err(error) => return Err(said(error)),
        }
        let mut slots = module.get_slots_with_initialized_token().map_err(said)?.into_iter();
        let is_ours = |label: &str| label.trim_end_matches(['\0', ' ']) == self.settings.token;
        let slot = slots
            .find(|slot| module.get_token_info(*slot).is_ok_and(|info| is_ours(info.label())))
            .ok_or_else(|| CustodyError::Token("there is none of that name".to_owned()))?;
        let session = module.open_rw_session(slot).map_err(said)?;
        // Handed to the library that signs in with it.
        let pin = self.settings.pin()?;
        let pin = std::str::from_utf8(pin.expose())
            .map_err(|_| CustodyError::Token("the PIN is no text".to_owned()))?;
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, Function::Login)) => {}
            Err(error) => return Err(said(error)),
        }
        Ok(Open { session, _module: module })
    }
}

impl Provider for Token {
    fn name(&self) -> &'static str {
        "pkcs11"
    }

    fn make(&self, kek: Uuid) -> Result<(), CustodyError> {
        let made = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::ValueLen(LENGTH.into()),
            Attribute::Id(kek.as_bytes().to_vec()),
            Attribute::Label(LABEL.to_vec()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Sign(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ];
        self.ask(|session| session.generate_key(&Mechanism::AesKeyGen, &made).map(drop).map_err(said))
    }

    fn keeps(&self, kek: Uuid) -> Result<bool, CustodyError> {
        self.ask(|session| Ok(find(session, kek)?.is_some()))
    }

    fn destroy(&self, kek: Uuid) -> Result<(), CustodyError> {
        self.ask(|session| match find(session, kek)? {
            Some(key) => session.destroy_object(key).map_err(said),
            None => Ok(()),
        })
    }

    fn wrap(&self, aad: &DataKeyAad<'_>, key: &PatientKey) -> Result<Vec<u8>, CustodyError> {
        let nonce: [u8; data_key::NONCE] = Random::from_os().bytes();
        let bound = aad.bytes();
        self.ask(|session| {
            let kek = find(session, aad.kek)?.ok_or(CustodyError::Away(aad.kek))?;
            let mut used = nonce;
            let gcm = gcm(&mut used, &bound)?;
            // The token seals the key that it is handed.
            let sealed = session.encrypt(&Mechanism::AesGcm(gcm), kek, key.expose()).map_err(said)?;
            // A token that makes its own nonce writes it there.
            Ok(data_key::assemble(&used, &sealed))
        })
    }

    fn unwrap(&self, aad: &DataKeyAad<'_>, wrapped: &[u8]) -> Result<PatientKey, CustodyError> {
        let (nonce, sealed) = data_key::take_apart(wrapped).map_err(|_| CustodyError::Refused)?;
        let bound = aad.bytes();
        self.ask(|session| {
            let kek = find(session, aad.kek)?.ok_or(CustodyError::Away(aad.kek))?;
            let mut nonce = *nonce;
            let gcm = gcm(&mut nonce, &bound)?;
            let opened = match session.decrypt(&Mechanism::AesGcm(gcm), kek, sealed) {
                Ok(opened) => SecretBytes::new(opened),
                Err(Error::Pkcs11(
                    RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::GeneralError,
                    _,
                )) => return Err(CustodyError::Refused),
                Err(error) => return Err(said(error)),
            };
            let secret = Secret::from_slice(opened.expose()).ok_or(CustodyError::Refused)?;
            Ok(PatientKey::from_secret(secret))
        })
    }

    fn forget(&self) {}
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.settings.token)
    }
}

fn find(session: &Session, kek: Uuid) -> Result<Option<ObjectHandle>, CustodyError> {
    let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Id(kek.as_bytes().to_vec())];
    Ok(session.find_objects(&wanted).map_err(said)?.into_iter().next())
}

fn gcm<'a>(nonce: &'a mut [u8], bound: &'a [u8]) -> Result<GcmParams<'a>, CustodyError> {
    let bits = u64::try_from(data_key::TAG * 8).map_err(said)?;
    GcmParams::new(nonce, bound, bits.into()).map_err(said)
}

/// What a library says of a failure; never a PIN or a key, which it does not repeat.
fn said(error: impl fmt::Display) -> CustodyError {
    CustodyError::Token(error.to_string())
}
