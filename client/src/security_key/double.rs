//! A security key in memory, for tests: it computes what a real one computes, and counts its PINs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use keys::Secret;
use keys::slot::{KeyAnswer, KeyRequest};
use sha2::Sha256;

use super::{KeyPin, KeyProblem, KeyStep, SecurityKey, Wait};

/// The PIN of every double.
pub(crate) const PIN: &str = "482913";

/// A security key.
#[derive(Default)]
pub(crate) struct DoubleKey(Mutex<State>);

#[derive(Default)]
struct State {
    /// The secret of each credential, by its name.
    secrets: BTreeMap<Vec<u8>, [u8; 32]>,
    wrong_pins: u8,
    /// How often it was touched.
    touches: u32,
    /// What goes wrong from the touch with this number on.
    problem: Option<(u32, KeyProblem)>,
    /// Nobody touches it.
    is_ignored: bool,
    /// Whether it answers another thing each time.
    is_fickle: bool,
}

impl DoubleKey {
    pub(crate) fn touches(&self) -> u32 {
        self.state().touches
    }

    /// From the touch with this number on the key has this problem; `None` mends it.
    pub(crate) fn set_problem(&self, problem: Option<(u32, KeyProblem)>) {
        self.state().problem = problem;
    }

    /// Whoever is there does not touch it.
    pub(crate) fn ignore(&self, is_ignored: bool) {
        self.state().is_ignored = is_ignored;
    }

    pub(crate) fn be_fickle(&self) {
        self.state().is_fickle = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// What each call begins with, as CTAP has it: the PIN, then the touch.
    fn begin(&self, pin: &KeyPin, wait: &Wait) -> Result<MutexGuard<'_, State>, KeyProblem> {
        wait.tell(KeyStep::PlugIn);
        let mut state = self.state();
        if state.wrong_pins >= 8 {
            return Err(KeyProblem::PinBlocked);
        }
        match pin.expose() {
            "" => return Err(KeyProblem::PinNeeded),
            PIN => state.wrong_pins = 0,
            _ => {
                state.wrong_pins += 1;
                return Err(KeyProblem::PinWrong(Some(8 - state.wrong_pins)));
            }
        }
        wait.tell(KeyStep::Touch);
        while state.is_ignored {
            drop(state);
            if wait.is_cancelled() {
                return Err(KeyProblem::Cancelled);
            }
            thread::sleep(Duration::from_millis(2));
            state = self.state();
        }
        state.touches += 1;
        match state.problem {
            Some((from, problem)) if state.touches >= from => Err(problem),
            Some(_) | None => Ok(state),
        }
    }
}

impl SecurityKey for DoubleKey {
    fn enrol(&self, user: [u8; 32], pin: &KeyPin, wait: &Wait) -> Result<Vec<u8>, KeyProblem> {
        let mut state = self.begin(pin, wait)?;
        let credential = [&[7; 16], user.as_slice()].concat();
        state.secrets.insert(credential.clone(), user.map(|byte| byte ^ 0x5a));
        Ok(credential)
    }

    fn answer(&self, request: &KeyRequest, pin: &KeyPin, wait: &Wait) -> Result<[KeyAnswer; 2], KeyProblem> {
        let state = self.begin(pin, wait)?;
        let mut secret = *state.secrets.get(&request.credential).ok_or(KeyProblem::WrongKey)?;
        secret[0] ^= u8::from(request.with_pin);
        if state.is_fickle {
            secret[1] ^= state.touches.to_le_bytes()[0];
        }
        Ok(request.salts.map(|salt| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(&salt);
            KeyAnswer::from_secret(Secret::from_bytes(mac.finalize().into_bytes().into()))
        }))
    }
}
