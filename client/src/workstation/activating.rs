//! A person's first day: an activation in two halves.

use std::sync::PoisonError;

use super::{ActivateForm, Workstation};
use crate::view::ActivationView;
use crate::{ClientError, Code, activation};

impl Workstation {
    /// First half of an activation; the seed is shown once.
    ///
    /// # Errors
    /// `passphrase-weak`, `activation-refused`, and the server's.
    pub fn activate(&self, form: ActivateForm) -> Result<ActivationView, ClientError> {
        let (pending, view) = activation::start(&*self.station()?, &form)?;
        *self.pending_activation.lock().unwrap_or_else(PoisonError::into_inner) = Some(pending);
        Ok(view)
    }

    /// Second half: one code proves that the authenticator has the seed.
    ///
    /// # Errors
    /// `proof-refused` for a wrong code: the activation stands, and the next code may be typed. `activation-refused` when
    /// there is nothing to confirm, or no longer: begin again with the first half. And the server's.
    pub fn confirm_activation(&self, code: &str) -> Result<(), ClientError> {
        let station = self.station()?;
        let mut pending = self.pending_activation.lock().unwrap_or_else(PoisonError::into_inner);
        // What was begun stays until it is finished: after a wrong code the next one is tried.
        let waiting = pending.as_ref().ok_or(Code::ActivationRefused)?;
        activation::finish(&station, waiting, code)?;
        *pending = None;
        Ok(())
    }
}
