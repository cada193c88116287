//! The drill's clinic: two administrators, two nurses, a few made-up patients, and the phones that show their codes.

use super::server::{Server, broken};
use crate::failure::Failure;
use client::keyring::MemoryKeyring;
use client::{ActivateForm, Clock as _, EnrolForm, Event, Settings, SignInForm, SystemClock, Workstation};
use keys::{Secret, TotpSeed, totp};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

/// How long anything may take before the drill gives up.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// Somebody of the drill: user name, name, role.
pub(super) struct Staff(&'static str, &'static str, &'static str);

const IT_ADMIN: Staff = Staff("ivo", "Ivo Drill", "it-admin");
const MANAGER: Staff = Staff("mara", "Mara Drill", "practice-manager");
/// Who writes.
pub(super) const NURSE: Staff = Staff("nora", "Nora Drill", "nurse");
/// Who looks afterwards, with codes that nobody has used up.
pub(super) const OTHER_NURSE: Staff = Staff("nils", "Nils Drill", "nurse");

struct Phone {
    seed: TotpSeed,
    last_step: u64,
    activation_code: String,
}

/// The clinic.
pub(super) struct Clinic {
    pub(super) server: Server,
    pub(super) folder: PathBuf,
    phones: BTreeMap<&'static str, Phone>,
    clock: Arc<SystemClock>,
}

impl Clinic {
    /// A practice with records and people, whose server runs; a folder for the mirror is there.
    pub(super) fn make(folder: &Path, mut server: Server, family: &str) -> Result<Self, Failure> {
        let cannot = |error| Failure::disk("The drill's folder cannot be written.", &error);
        server.say(&["init", "--practice", "Rescue drill", "--host", "localhost"])?;
        let records = folder.join("patients.ndjson");
        let lines: Vec<String> =
            (1..=3).flat_map(|number| [patient(number, family), problem(number)]).collect();
        fs::write(&records, lines.join("\n")).map_err(cannot)?;
        server.say(&["import", &records.to_string_lossy()])?;
        fs::create_dir(folder.join("mirror")).map_err(cannot)?;
        server.say(&["policy", "mirror", &folder.join("mirror").to_string_lossy()])?;
        server.start()?;
        let (folder, clock) = (folder.to_owned(), Arc::new(SystemClock::new()));
        let mut clinic = Self { server, folder, phones: BTreeMap::new(), clock };
        for staff in [IT_ADMIN, MANAGER, NURSE, OTHER_NURSE] {
            clinic.add(&staff)?;
        }
        Ok(clinic)
    }

    fn add(&mut self, staff: &Staff) -> Result<(), Failure> {
        let Staff(username, name, role) = *staff;
        let added =
            self.server.say(&["person", "add", "--username", username, "--name", name, "--role", role])?;
        let activation_code = Server::text(&added, "activation_code")?;
        let seed = TotpSeed::from_secret(Secret::from_bytes([0; 20]));
        self.phones.insert(username, Phone { seed, last_step: 0, activation_code });
        Ok(())
    }

    /// A workstation on a folder of this name.
    pub(super) fn workstation(&self, name: &str, keyring: &Arc<MemoryKeyring>) -> Workstation {
        let settings = Settings::standard(self.folder.join(name));
        Workstation::start(settings, keyring.clone(), self.clock.clone(), |_: Event| {})
    }

    /// Enrols a new workstation.
    pub(super) fn enrol(&self, workstation: &Workstation, label: &str) -> Result<(), Failure> {
        let token = self.server.say(&["device", "token", "--label", label])?;
        workstation.enrol(self.form(Server::text(&token, "token")?, label))?;
        Ok(())
    }

    pub(super) fn form(&self, token: String, label: &str) -> EnrolForm {
        EnrolForm { server: self.server.enrolment_address(), token, label: label.to_owned() }
    }

    /// Gives everybody a passphrase and a phone.
    pub(super) fn activate_all(&mut self, workstation: &Workstation) -> Result<(), Failure> {
        for Staff(username, ..) in [IT_ADMIN, MANAGER, NURSE, OTHER_NURSE] {
            let phone = self.phones.get(username).ok_or_else(|| broken("somebody has no phone"))?;
            let shown = workstation.activate(ActivateForm {
                username: username.to_owned(),
                activation_code: phone.activation_code.clone(),
                passphrase: passphrase(username),
            })?;
            let seed = seed_from_base32(&shown.seed).ok_or_else(|| broken("a seed is no seed"))?;
            if let Some(phone) = self.phones.get_mut(username) {
                phone.seed = seed;
            }
            workstation.confirm_activation(&self.next_code(username)?)?;
        }
        Ok(())
    }

    /// Signs somebody in.
    pub(super) fn sign_in(&mut self, workstation: &Workstation, staff: &Staff) -> Result<(), Failure> {
        let Staff(username, ..) = *staff;
        let code = self.next_code(username)?;
        workstation.sign_in(SignInForm {
            username: username.to_owned(),
            passphrase: passphrase(username),
            code,
            phone_time: None,
        })?;
        Ok(())
    }

    /// A rescue token for a workstation: one administrator asks, the other one agrees.
    pub(super) fn rescue_token(&mut self, device: &str) -> Result<String, Failure> {
        let (Staff(asks, ..), Staff(agrees, ..)) = (IT_ADMIN, MANAGER);
        let code = self.next_code(asks)?;
        let asked = self.server.say(&["device", "rescue", "--id", device, "--by", asks, "--code", &code])?;
        let number = asked.get("approval").map(ToString::to_string).unwrap_or_default();
        let code = self.next_code(agrees)?;
        let agreed = self.server.say(&["approval", "approve", &number, "--by", agrees, "--code", &code])?;
        Server::text(&agreed, "token")
    }

    /// The next code that was not used: the server takes the one before, the present and the next one.
    fn next_code(&mut self, username: &str) -> Result<String, Failure> {
        let phone = self.phones.get_mut(username).ok_or_else(|| broken("somebody has no phone"))?;
        let step = (phone.last_step + 1).max(totp::step_at(self.clock.now()) - 1);
        while totp::step_at(self.clock.now()) + 1 < step {
            sleep(LOOK);
        }
        phone.last_step = step;
        Ok(totp::code_at(&phone.seed, step))
    }
}

/// A passphrase for somebody of the drill, whose practice is gone when it ends.
fn passphrase(username: &str) -> String {
    format!("{username} folds nineteen paper lanterns")
}

fn patient(number: u32, family: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"drill-{number}","name":[{{"family":"{family}","given":["Ada{number}"]}}],"gender":"female","birthDate":"1950-02-0{number}"}}"#
    )
}

fn problem(number: u32) -> String {
    format!(
        r#"{{"resourceType":"Condition","id":"problem-{number}","subject":{{"reference":"Patient/drill-{number}"}},"code":{{"text":"Made-up cough"}}}}"#
    )
}

/// What an authenticator app does with the letters on the screen (RFC 4648 §6).
fn seed_from_base32(text: &str) -> Option<TotpSeed> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in text.bytes().filter(|byte| *byte != b'=') {
        let place = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|letter| *letter == character)?;
        bits = (bits << 5) | u32::try_from(place).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Secret::from_slice(&bytes).map(TotpSeed::from_secret)
}

/// Waits until something in the background has come true.
pub(super) fn until(what: &str, mut is_true: impl FnMut() -> bool) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let began = clock.monotonic();
    while !is_true() {
        if clock.monotonic().saturating_sub(began) > PATIENCE {
            return Err(broken(&format!("still not so after two minutes: {what}")));
        }
        sleep(LOOK);
    }
    Ok(())
}

/// Waits until the server has everything.
pub(super) fn all_sent(workstation: &Workstation) -> Result<(), Failure> {
    until("everything is sent", || {
        let status = workstation.status();
        status.online && status.unsent_changes == 0 && status.unsent_events == 0
    })
}

/// Waits until both drawers of a nurse were pulled.
pub(super) fn pulled(workstation: &Workstation) -> Result<(), Failure> {
    until("the records are here", || {
        workstation.sync_status().is_ok_and(|sync| {
            sync.last_pull.len() == 2 && sync.last_pull.iter().all(|pull| pull.at.is_some())
        })
    })
}
