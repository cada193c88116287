//! A workstation with somebody at it: the client as the app has it, and a person with a phone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use client::keyring::MemoryKeyring;
use client::{ActivateForm, Clock as _, EnrolForm, Event, Settings, SignInForm, SystemClock, Workstation};
use keys::{TotpSeed, totp};

use super::{Outcome, Served};
use crate::practice::people::DemoPerson;

/// How long anything may take that is not measured.
const PATIENCE: Duration = Duration::from_secs(900);

/// A workstation, and the person who has been activated at it.
pub(crate) struct Desk {
    /// The client, whose door is the one that the window uses.
    pub(crate) workstation: Workstation,
    person: DemoPerson,
    phone: TotpSeed,
    /// The step of the last code that was typed.
    last_step: u64,
}

impl Desk {
    /// Enrols a new workstation in `folder` and activates the person at it.
    pub(crate) fn join(served: &Served, folder: &Path, person: &DemoPerson) -> Outcome<Desk> {
        let clock = Arc::new(SystemClock::new());
        let mut settings = Settings::standard(folder.to_owned());
        settings.idle_limit = client::IDLE_CEILING;
        let keyring = Arc::new(MemoryKeyring::default());
        let workstation = Workstation::start(settings, keyring, clock.clone(), |_: Event| {});
        let (server, token) = (served.enrolment_address(), served.token("Bench")?);
        workstation.enrol(EnrolForm { server, token, label: "Bench".to_owned() })?;
        let shown = workstation.activate(ActivateForm {
            username: person.username.to_owned(),
            activation_code: served.add(person)?,
            passphrase: person.passphrase.to_owned(),
        })?;
        let phone = TotpSeed::from_base32(&shown.seed).ok_or("the seed on the screen cannot be read")?;
        let last_step = totp::step_at(clock.now());
        workstation.confirm_activation(&totp::code_at(&phone, last_step))?;
        Ok(Desk { workstation, person: *person, phone, last_step })
    }

    /// Signs the person in with the next code of the phone.
    pub(crate) fn sign_in(&mut self) -> Outcome<()> {
        let clock = SystemClock::new();
        // A code counts once; the one after the present is taken too.
        while totp::step_at(clock.now()) < self.last_step {
            std::thread::sleep(Duration::from_millis(200));
        }
        self.last_step = totp::step_at(clock.now()).max(self.last_step + 1);
        self.workstation.sign_in(SignInForm {
            username: self.person.username.to_owned(),
            passphrase: self.person.passphrase.to_owned(),
            code: totp::code_at(&self.phone, self.last_step),
            phone_time: None,
        })?;
        Ok(())
    }
}

/// Looks again and again until something in the background has come true; says how long that took.
pub(crate) fn until(mut is_true: impl FnMut() -> Outcome<bool>) -> Outcome<Duration> {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    while !is_true()? {
        if clock.monotonic() - begun > PATIENCE {
            return Err("what was waited for does not come".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(clock.monotonic() - begun)
}
