//! What the demo remembers in its own folder: where everything is, and the authenticators of its people.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use keys::TotpSeed;
use keys::totp;
use serde::{Deserialize, Serialize};

use super::DemoError;

/// The demo's folder, relative to the clone; pictures and the report go here.
pub(crate) const FOLDER: &str = "target/demo";

/// The authenticator app of each demo person: what a phone would hold.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Phones {
    phones: BTreeMap<String, Phone>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Phone {
    seed_base32: String,
    last_step: u64,
}

/// A code, and how long it takes until the workstation accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NextCode {
    /// Six digits.
    pub(crate) code: String,
    /// Seconds to wait first; 0 nearly always.
    pub(crate) wait_s: u64,
}

impl Phones {
    /// The phones of a clinic in `folder`.
    ///
    /// # Errors
    /// Where there is no demo clinic.
    pub(crate) fn load(folder: &Path) -> Result<Phones, DemoError> {
        let text =
            fs::read(file(folder)).map_err(|_| DemoError::step("find a demo clinic; start one first"))?;
        serde_json::from_slice(&text).map_err(|_| DemoError::step("read the demo's phones"))
    }

    /// Writes them back, readable by this account only.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), DemoError> {
        let text = serde_json::to_vec_pretty(self).map_err(|_| DemoError::step("write the demo's phones"))?;
        fs::create_dir_all(folder)?;
        fs::write(file(folder), text)?;
        fs::set_permissions(file(folder), fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    /// Puts a seed on a person's phone.
    pub(crate) fn enrol(&mut self, username: &str, seed_base32: &str) {
        self.phones.insert(username.to_owned(), Phone { seed_base32: seed_base32.to_owned(), last_step: 0 });
    }

    /// The person's next code that was not given out before. One step ahead is accepted, so that two sign-ins
    /// within 30 s do not wait; a third does.
    ///
    /// # Errors
    /// Where nobody of that name has a phone here.
    pub(crate) fn next_code(&mut self, username: &str, now: Timestamp) -> Result<NextCode, DemoError> {
        let phone = self.phones.get_mut(username).ok_or_else(|| {
            DemoError::Step(format!("find {username}; the demo people are named when the demo starts"))
        })?;
        let current = totp::step_at(now);
        let step = current.max(phone.last_step + 1);
        phone.last_step = step;
        let seed = TotpSeed::from_base32(&phone.seed_base32).ok_or_else(|| DemoError::step("read a seed"))?;
        let second = u64::try_from(now.as_second()).unwrap_or_default();
        let wait_s = ((step - 1).saturating_mul(totp::STEP_SECONDS)).saturating_sub(second);
        Ok(NextCode { code: totp::code_at(&seed, step), wait_s })
    }

    /// The seeds of all of them, to look for where they must not be.
    ///
    /// # Errors
    /// Where one is none.
    pub(crate) fn seeds(&self) -> Result<Vec<TotpSeed>, DemoError> {
        let seeds: Option<Vec<_>> =
            self.phones.values().map(|phone| TotpSeed::from_base32(&phone.seed_base32)).collect();
        seeds.ok_or_else(|| DemoError::step("read a seed"))
    }

    /// Six digits that are no code of this person's anywhere near `now`.
    ///
    /// # Errors
    /// As [`Phones::next_code`].
    pub(crate) fn wrong_code(&self, username: &str, now: Timestamp) -> Result<String, DemoError> {
        let seed = self.phones.get(username).and_then(|phone| TotpSeed::from_base32(&phone.seed_base32));
        let seed = seed.ok_or_else(|| DemoError::step("read a seed"))?;
        let step = totp::step_at(now);
        let near: Vec<String> = (step - 3..step + 5).map(|step| totp::code_at(&seed, step)).collect();
        let other = (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code));
        other.ok_or_else(|| DemoError::step("find a wrong code"))
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("phones.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_given_twice_and_only_the_third_within_a_step_waits() {
        let mut phones = Phones::default();
        phones.enrol("nurse", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let now = Timestamp::from_second(1_800_000_010).expect("a valid time");
        let codes: Vec<_> =
            (0..3).map(|_| phones.next_code("nurse", now).expect("she has a phone")).collect();
        assert_eq!(codes.iter().map(|code| code.wait_s).collect::<Vec<_>>(), [0, 0, 20]);
        assert!(codes[0] != codes[1] && codes[1] != codes[2]);
        assert!(phones.next_code("nobody", now).is_err());
    }
}
