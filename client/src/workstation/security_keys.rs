//! Signing in with a security key, and registering one.

use std::sync::Arc;

use super::{KeyReenterForm, KeySignInForm, RegisterKeyForm, SheetForm, Workstation};
use crate::security_key::{self, SecurityKey};
use crate::view::{OpenedView, SecurityKeyView};
use crate::{ClientError, sign_in};

impl Workstation {
    /// The same workstation with this security key in the place of what is plugged in.
    #[must_use]
    pub fn with_security_key(self, key: Arc<dyn SecurityKey>) -> Self {
        self.surroundings.security_key.use_key(key);
        self
    }

    /// Signs a person in with passphrase and security key, with no network needed. Waits for the touch.
    ///
    /// # Errors
    /// `key-refused` alike for a wrong name, passphrase, key or device; what the key itself says (`key-pin`,
    /// `key-not-there` …), which is no try; and as [`Workstation::sign_in`].
    pub fn sign_in_with_key(&self, form: &KeySignInForm) -> Result<OpenedView, ClientError> {
        sign_in::sign_in_with_key(&self.station()?, form)
    }

    /// Signs a parked person in again by a touch of the security key that they signed in with: within hours, five tries
    /// together with those of the passphrase. Waits for the touch.
    ///
    /// # Errors
    /// `key-refused` for another key; what the key itself says, which is no try; and as [`Workstation::reenter`].
    pub fn reenter_with_key(&self, form: &KeyReenterForm) -> Result<OpenedView, ClientError> {
        sign_in::reenter_with_key(&self.station()?, form)
    }

    /// How the security key of the person who is signed in stands here.
    ///
    /// # Errors
    /// `locked`, and what could not be read.
    pub fn security_key_status(&self) -> Result<SecurityKeyView, ClientError> {
        security_key::status(&*self.station()?)
    }

    /// Registers a security key for the person who is signed in, with three touches: one makes a credential, one asks it,
    /// and one proves that the slot opens with it. One that was registered before opens nothing any more.
    ///
    /// # Errors
    /// `sign-in-refused` for a wrong passphrase or code, which counts as a failed sign-in; what the key says; `locked`; the
    /// states of the keyring and the disk. Nothing has changed then.
    pub fn register_security_key(&self, form: &RegisterKeyForm) -> Result<SecurityKeyView, ClientError> {
        security_key::register(&self.station()?, form)
    }

    /// Takes the security key of the person who is signed in away from this workstation.
    ///
    /// # Errors
    /// `sign-in-refused` as for registering, also where no code opens this workstation; `locked`, and the states of the
    /// keyring and the disk.
    pub fn remove_security_key(&self, form: &SheetForm) -> Result<SecurityKeyView, ClientError> {
        security_key::remove(&self.station()?, form)
    }

    /// Nobody waits for the security key any more.
    ///
    /// # Errors
    /// `not-enrolled`, or what blocks the workstation.
    pub fn cancel_security_key(&self) -> Result<(), ClientError> {
        self.station()?.security_key().cancel();
        Ok(())
    }
}
