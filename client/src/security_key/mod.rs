//! FIDO2 security keys: what a workstation asks of one, and how it waits for a touch.
//!
//! A key is asked for two things: to make a credential of ours, and to answer the salts that a slot file names
//! ([`keys::slot::by_key`]). Every credential is made and asked with the key's PIN (or its fingerprint reader): a key
//! answers otherwise without, and one that lies about must open nothing.

mod desk;
#[cfg(test)]
pub(crate) mod double;
mod registering;
mod usb;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use keys::slot::{KeyAnswer, KeyRequest};
use zeroize::Zeroizing;

use crate::{ClientError, Code};

pub(crate) use desk::KeyDesk;
pub(crate) use registering::{register, remove, status};
pub use usb::UsbSecurityKey;

/// Under which name our credentials lie in a key. A name, not an address: nothing ever connects to it.
pub const RELYING_PARTY: &str = "org.chartkeep.vault";

/// A security key, or the place where one may be plugged in. Calls wait for a person, until `wait` is cancelled.
pub trait SecurityKey: Send + Sync {
    /// Makes a credential that answers salts, for the one who holds the key; returns the key's name for it. `user` is
    /// random and says nothing of a person.
    ///
    /// # Errors
    /// [`KeyProblem`].
    fn enrol(&self, user: [u8; 32], pin: &KeyPin, wait: &Wait) -> Result<Vec<u8>, KeyProblem>;

    /// The answers to both salts of a request, with one touch.
    ///
    /// # Errors
    /// [`KeyProblem`].
    fn answer(&self, request: &KeyRequest, pin: &KeyPin, wait: &Wait) -> Result<[KeyAnswer; 2], KeyProblem>;
}

/// The PIN of a security key, as typed: wiped when dropped, never printed.
pub struct KeyPin(Zeroizing<String>);

impl KeyPin {
    /// Takes what was typed.
    #[must_use]
    pub fn from_typed(typed: &str) -> Self {
        Self(Zeroizing::new(typed.to_owned()))
    }

    /// The PIN. Whoever calls this says in a comment why.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPin(…)")
    }
}

/// What a person is to do with the key now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStep {
    /// Plug it in.
    PlugIn,
    /// Touch it.
    Touch,
    /// Several are plugged in: touch the one that is meant.
    Choose,
}

/// One wait for a person with a key.
pub struct Wait {
    cancelled: AtomicBool,
    tell: Box<dyn Fn(KeyStep) + Send + Sync>,
}

impl Wait {
    /// A wait that tells what the person is to do.
    pub fn telling(tell: impl Fn(KeyStep) + Send + Sync + 'static) -> Self {
        Self { cancelled: AtomicBool::new(false), tell: Box::new(tell) }
    }

    /// Ends the wait soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Whether nobody waits any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Tells what the person is to do now.
    pub fn tell(&self, step: KeyStep) {
        (self.tell)(step);
    }
}

/// Why a security key gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// None was plugged in.
    #[error("no security key is plugged in")]
    NonePluggedIn,
    /// It is another key than the one that made the credential.
    #[error("the security key does not know the credential")]
    WrongKey,
    /// It wants a PIN, and none was given.
    #[error("the security key wants its PIN")]
    PinNeeded,
    /// No PIN was ever set in it.
    #[error("the security key has no PIN")]
    NoPin,
    /// The PIN is wrong; so many tries are left, where the key says so.
    #[error("the PIN of the security key is wrong")]
    PinWrong(Option<u8>),
    /// Wrong PINs in a row: it has to be plugged in again.
    #[error("the security key wants to be plugged in again")]
    PinPaused,
    /// Too many wrong PINs: it is of no use any more until it is reset, which forgets every credential.
    #[error("the security key is blocked")]
    PinBlocked,
    /// Nobody touched it.
    #[error("nobody touched the security key")]
    TimedOut,
    /// The wait was ended.
    #[error("the wait for the security key was cancelled")]
    Cancelled,
    /// It cannot do what a slot needs.
    #[error("the security key lacks hmac-secret or a PIN")]
    Unfit,
    /// It failed, or was pulled out.
    #[error("the security key failed")]
    Failed,
}

impl From<KeyProblem> for ClientError {
    fn from(problem: KeyProblem) -> Self {
        let code = match problem {
            KeyProblem::NonePluggedIn => Code::KeyNotThere,
            KeyProblem::WrongKey => Code::KeyRefused,
            KeyProblem::PinNeeded => Code::KeyPin,
            KeyProblem::NoPin => Code::KeyNoPin,
            KeyProblem::PinWrong(Some(left)) => return Self::saying(Code::KeyPin, pin_wrong(left)),
            KeyProblem::PinWrong(None) => Code::KeyPin,
            KeyProblem::PinPaused => Code::KeyPinPaused,
            KeyProblem::PinBlocked => Code::KeyPinBlocked,
            KeyProblem::TimedOut => Code::KeyTimedOut,
            KeyProblem::Cancelled => Code::KeyCancelled,
            KeyProblem::Unfit => Code::KeyUnfit,
            KeyProblem::Failed => Code::KeyFailed,
        };
        code.into()
    }
}

fn pin_wrong(left: u8) -> String {
    let tries = if left == 1 { "1 try is".to_owned() } else { format!("{left} tries are") };
    format!("The PIN of the security key is not right; {tries} left.")
}
