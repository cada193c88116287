//! The day without the phone: signing in with a recovery code, and the sheet of them.

use super::{RecoveryForm, SheetForm, Workstation};
use crate::view::{OpenedView, RecoveryView, SheetView};
use crate::{ClientError, recovery, sign_in};

impl Workstation {
    /// Signs a person in without the phone: passphrase and a recovery code, which is used up by it. Needs no network.
    ///
    /// # Errors
    /// As [`Workstation::sign_in`]; and `recovery-code-mistyped` for what cannot be a code, which is no try.
    pub fn recover(&self, form: RecoveryForm) -> Result<OpenedView, ClientError> {
        sign_in::recover(&self.station()?, &form)
    }

    /// What the person who is signed in has for a day without the phone.
    ///
    /// # Errors
    /// `locked`, and what could not be read.
    pub fn recovery_status(&self) -> Result<RecoveryView, ClientError> {
        recovery::status(&*self.station()?)
    }

    /// Makes a sheet of ten recovery codes; `None` when it was stopped. It counts once it is kept. Takes seconds, and tells
    /// of each code.
    ///
    /// # Errors
    /// `sign-in-refused` for a wrong passphrase or code, `key-refused` for a wrong passphrase or key, which count as a failed
    /// sign-in; what the key says; the waits of one; `locked`; the
    /// states of the keyring and the disk. The sheet of before is good then.
    pub fn make_recovery_sheet(&self, form: SheetForm) -> Result<Option<SheetView>, ClientError> {
        recovery::make(&self.station()?, &form)
    }

    /// The sheet that was just made is written down: it counts, and the one before it is void.
    ///
    /// # Errors
    /// `locked` when there is none of the person who is signed in; `audit-failed`, and what could not be written.
    pub fn keep_recovery_sheet(&self) -> Result<(), ClientError> {
        recovery::keep(&*self.station()?)
    }

    /// Stops the making of a sheet, or throws away the one that was just made; the one before it is good.
    ///
    /// # Errors
    /// The states of the keyring and the disk: then it is removed later, and opens nothing.
    pub fn discard_recovery_sheet(&self) -> Result<(), ClientError> {
        let station = self.station()?;
        station.recovery().stop();
        recovery::discard(&station)
    }
}
