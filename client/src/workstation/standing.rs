//! Where the workstation stands: what can be said of it in every state.

use super::Workstation;
use crate::view::{HealthView, Lifecycle, StatusView, WindowHealth};
use crate::{ClientError, health, workstation::LeaseForm};

impl Workstation {
    /// What this workstation stands on; `window` is what only the window knows. Answers in every state.
    pub fn health(&self, window: WindowHealth) -> HealthView {
        // A name under which nothing lies: all that is asked is whether the keyring answers.
        let keyring = self.surroundings.keyring.read("health").err().map(ClientError::from);
        health::health(self.status(), &self.surroundings.settings, keyring, window)
    }

    /// Takes an extension of the offline lease in: seven words, or the text of a file. Each is good once, here, for the number
    /// that the screen shows.
    ///
    /// # Errors
    /// `lease-words-mistyped`, `lease-refused`; `not-enrolled`, `audit-failed`, and what could not be written.
    pub fn extend_lease(&self, form: &LeaseForm) -> Result<StatusView, ClientError> {
        self.station()?.extend_lease(&form.text)?;
        Ok(self.status())
    }

    pub(super) fn without_station(&self, state: Lifecycle, problem: Option<ClientError>) -> StatusView {
        let settings = &self.surroundings.settings;
        StatusView {
            state,
            clinic: String::new(),
            device: String::new(),
            online: false,
            unsent_changes: 0,
            unsent_events: 0,
            last_sync: None,
            parked: Vec::new(),
            person: None,
            problem,
            lease: None,
            notice: None,
            idle_limit_s: u32::try_from(settings.idle_limit().as_secs()).unwrap_or(u32::MAX),
            privacy_cover_s: sync::wire::Policy::default().privacy_cover_s,
            key_due: false,
            demo: settings.demo,
        }
    }
}
