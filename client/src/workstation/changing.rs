//! A passphrase or phone of one's own, changed while signed in, for all of the person's workstations.

use super::{PassphraseForm, SheetForm, Workstation};
use crate::view::{ActivationView, CredentialView};
use crate::{ClientError, credentials};

impl Workstation {
    /// Changes the passphrase of the person who is signed in. Needs the network, and takes a second for each of their
    /// workstations. Recovery codes are void from then on.
    ///
    /// # Errors
    /// `passphrase-weak`, also for the one they have; `sign-in-refused` for a wrong passphrase or code, which counts as a
    /// failed sign-in, and the waits of one; `credential-over`, `locked`, and the server's. The passphrase is the one before
    /// then, unless `server-away` says that this is not known.
    pub fn change_passphrase(&self, form: PassphraseForm) -> Result<CredentialView, ClientError> {
        credentials::change_passphrase(&self.station()?, &form)
    }

    /// First half of a new phone for the person who is signed in; the seed is shown once.
    ///
    /// # Errors
    /// As [`Workstation::change_passphrase`].
    pub fn begin_new_phone(&self, form: SheetForm) -> Result<ActivationView, ClientError> {
        credentials::begin_phone(&self.station()?, &form)
    }

    /// Second half: one code proves that the new phone has the seed. From then on it counts and the one before does not.
    ///
    /// # Errors
    /// `proof-refused` for a wrong code: the next one may be typed. `credential-over` when there is nothing to confirm, or no
    /// longer. And as [`Workstation::change_passphrase`].
    pub fn confirm_new_phone(&self, code: &str) -> Result<CredentialView, ClientError> {
        credentials::confirm_phone(&self.station()?, code)
    }

    /// Gives up a new phone that was begun: the present one stays.
    ///
    /// # Errors
    /// `not-enrolled`, or what blocks the workstation.
    pub fn discard_new_phone(&self) -> Result<(), ClientError> {
        credentials::discard_phone(&*self.station()?);
        Ok(())
    }
}
