//! Joins the demo's workstation and activates its people, through the client as a person would.

use std::fs;
use std::sync::Arc;

use client::keyring::OsKeyring;
use client::{ActivateForm, Clock, EnrolForm, Settings, SystemClock, Workstation};

use super::DemoError;
use super::cli::Join;
use super::clinic::Invitations;
use super::state::Phones;
use crate::practice::people::DEMO_PEOPLE;

/// Enrols, and gives every demo person a passphrase and a phone.
///
/// # Errors
/// The sentence and advice of the client's error.
pub(crate) fn join(plan: &Join) -> Result<(), DemoError> {
    let invitations: Invitations = serde_json::from_slice(&fs::read(&plan.invitations)?)
        .map_err(|_| DemoError::step("read the invitations"))?;
    let mut settings = Settings::standard(plan.data_dir.clone());
    settings.keyring_service.clone_from(&plan.keyring_service);
    let clock = Arc::new(SystemClock::new());
    let keyring = Arc::new(OsKeyring::new(&plan.keyring_service));
    let workstation = Workstation::start(settings, keyring, clock.clone(), |_| {});
    workstation
        .enrol(EnrolForm {
            server: plan.address.clone(),
            token: invitations.token,
            label: "Front room".to_owned(),
        })
        .map_err(told)?;
    let mut phones = Phones::default();
    for (username, activation_code) in invitations.people {
        activate(&workstation, &mut phones, &username, activation_code, clock.as_ref())?;
    }
    phones.save(&plan.folder)?;
    workstation.stop();
    Ok(())
}

fn activate(
    workstation: &Workstation,
    phones: &mut Phones,
    username: &str,
    activation_code: String,
    clock: &dyn Clock,
) -> Result<(), DemoError> {
    let person = DEMO_PEOPLE.iter().find(|person| person.username == username);
    let person = person.ok_or_else(|| DemoError::step("know who was invited"))?;
    let form = ActivateForm {
        username: username.to_owned(),
        activation_code,
        passphrase: person.passphrase.to_owned(),
    };
    let shown = workstation.activate(form).map_err(told)?;
    phones.enrol(username, &shown.seed);
    let next = phones.next_code(username, clock.now())?;
    workstation.confirm_activation(&next.code).map_err(told)
}

fn told(error: client::ClientError) -> DemoError {
    DemoError::Step(format!("join the workstation: {error}"))
}
