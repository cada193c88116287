//! The keys of this computer, in one item of the keyring: they open `device.db`, speak TLS and sign checkpoints with nobody signed in.

use keys::{AgreementSecret, Random, Secret, SecretBytes, SigningKey};
use zeroize::Zeroizing;

use crate::keyring::{Keyring, KeyringProblem, Sight};
use crate::{ClientError, Code};

/// The name of the item.
const ITEM: &str = "workstation";
/// Where an item that belonged to an earlier data folder is kept.
const EARLIER: &str = "workstation.earlier";
/// Where a new TLS key lies until the certificate for it is in use.
const STAGED: &str = "workstation.renewing";
const VERSION: u8 = 1;
const FIXED: usize = 1 + 32 + 32 + 32;

/// The keys of this computer.
pub(crate) struct DeviceKeys {
    /// Opens `device.db`.
    pub(crate) device_file: Secret<32>,
    /// Signs the checkpoints of the audit log.
    pub(crate) checkpoint: SigningKey,
    /// What the server seals for this computer alone is sealed to this.
    pub(crate) agreement: AgreementSecret,
    /// The private key of the device certificate, PKCS #8.
    pub(crate) tls: SecretBytes,
}

impl DeviceKeys {
    /// New keys around a TLS key that was made with its signing request.
    pub(crate) fn make(tls: SecretBytes, random: &mut Random) -> Self {
        Self {
            device_file: Secret::make(random),
            checkpoint: SigningKey::make(random),
            agreement: AgreementSecret::make(random),
            tls,
        }
    }

    /// The keys that the keyring holds, on a computer that was enrolled.
    ///
    /// # Errors
    /// Each state of the keyring in which there are none has a code of its own. Nothing is written in any of them.
    pub(crate) fn of_enrolled(keyring: &dyn Keyring) -> Result<Self, ClientError> {
        let missing = match keyring.read(ITEM) {
            Ok(Some(bytes)) => return Ok(Self::from_bytes(&bytes).ok_or(KeyringProblem::Unreadable)?),
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        Err(match what_is_wrong(keyring, ITEM, missing)? {
            Missing::Gone => Code::KeyMissing.into(),
            Missing::Foreign => Code::KeyringForeign.into(),
        })
    }

    /// The keys that the keyring holds; `None` when it answers and holds none.
    pub(crate) fn read(keyring: &dyn Keyring) -> Result<Option<Self>, KeyringProblem> {
        match keyring.read(ITEM)? {
            None => Ok(None),
            Some(bytes) => Self::from_bytes(&bytes).map(Some).ok_or(KeyringProblem::Unreadable),
        }
    }

    /// Writes the keys and reads them back. What an earlier data folder left there is moved aside, not overwritten.
    pub(crate) fn store(&self, keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        if let Some(earlier) = keyring.read(ITEM)? {
            write_and_check(keyring, EARLIER, &earlier)?;
        }
        write_and_check(keyring, ITEM, &self.to_bytes())
    }

    /// Takes back what [`DeviceKeys::store`] wrote, when the enrolment it was for came to nothing.
    pub(crate) fn take_back(keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        match keyring.read(EARLIER)? {
            Some(earlier) => {
                write_and_check(keyring, ITEM, &earlier)?;
                keyring.delete(EARLIER)
            }
            None => keyring.delete(ITEM),
        }
    }

    /// Destroys the keys of this computer: what they opened opens for nobody. Those of an earlier data folder stay.
    pub(crate) fn destroy(keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
        keyring.delete(STAGED)?;
        keyring.delete(ITEM)
    }

    /// The TLS key that a renewal has put beside the one in use.
    pub(crate) fn staged_tls(keyring: &dyn Keyring) -> Result<Option<SecretBytes>, KeyringProblem> {
        Ok(keyring.read(STAGED)?.map(|key| SecretBytes::new(key.to_vec())))
    }

    /// Puts a new TLS key beside the one in use.
    pub(crate) fn stage_tls(keyring: &dyn Keyring, key: &SecretBytes) -> Result<(), KeyringProblem> {
        // EXPOSE: into the keyring, where the key in use lies too.
        write_and_check(keyring, STAGED, key.expose())
    }

    /// The new TLS key takes the place of the old one, with all other keys as they are.
    pub(crate) fn settle_tls(keyring: &dyn Keyring, key: &SecretBytes) -> Result<(), KeyringProblem> {
        let present = Self::read(keyring)?.ok_or(KeyringProblem::Unreadable)?;
        // EXPOSE: from one secret type into the same.
        let settled = Self { tls: SecretBytes::new(key.expose().to_vec()), ..present };
        write_and_check(keyring, ITEM, &settled.to_bytes())?;
        keyring.delete(STAGED)
    }

    /// `01 · device file key 32 · checkpoint seed 32 · agreement secret 32 · TLS key`
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // EXPOSE: this is the one format in which these keys leave the process, for the keyring.
        let mut bytes = Zeroizing::new(Vec::with_capacity(FIXED + self.tls.expose().len()));
        bytes.push(VERSION);
        bytes.extend_from_slice(self.device_file.expose());
        bytes.extend_from_slice(self.checkpoint.seed().expose());
        bytes.extend_from_slice(self.agreement.expose());
        bytes.extend_from_slice(self.tls.expose());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (device_file, rest) = rest.split_at_checked(32)?;
        let (checkpoint, rest) = rest.split_at_checked(32)?;
        let (agreement, tls) = rest.split_at_checked(32)?;
        (*version == VERSION && !tls.is_empty()).then_some(())?;
        Some(Self {
            device_file: Secret::from_slice(device_file)?,
            checkpoint: SigningKey::from_seed(&Secret::from_slice(checkpoint)?),
            agreement: AgreementSecret::from_secret(Secret::from_slice(agreement)?),
            tls: SecretBytes::new(tls.to_vec()),
        })
    }
}

/// Whether a keyring that is to get a key can keep one at all.
pub(crate) fn prove_that_it_works(keyring: &dyn Keyring) -> Result<(), KeyringProblem> {
    write_and_check(keyring, "probe", &[1])?;
    keyring.delete("probe")
}

/// How an item is missing from a keyring that is open and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Other items of ours are there.
    Gone,
    /// Nothing of ours is there.
    Foreign,
}

/// Looks closer at an item that a read did not bring, without writing: a keyring that is shut, or whose items lie in
/// another collection, may say just as well that it has none.
pub(crate) fn what_is_wrong(
    keyring: &dyn Keyring,
    name: &str,
    read: Result<(), KeyringProblem>,
) -> Result<Missing, KeyringProblem> {
    match read {
        Ok(()) | Err(KeyringProblem::Locked) => {}
        Err(problem) => return Err(problem),
    }
    match (keyring.look(name)?, read) {
        (Sight::Elsewhere, _) => Err(KeyringProblem::Elsewhere),
        (_, Err(problem)) => Err(problem),
        // It says both that it has the item and that it has not.
        (Sight::Here, Ok(())) => Err(KeyringProblem::Failed),
        (Sight::Gone, Ok(())) => Ok(Missing::Gone),
        (Sight::Foreign, Ok(())) => Ok(Missing::Foreign),
    }
}

/// A keyring that forgets what it was told must be found out now, and not at the next start.
pub(crate) fn write_and_check(
    keyring: &dyn Keyring,
    name: &str,
    secret: &[u8],
) -> Result<(), KeyringProblem> {
    keyring.write(name, secret)?;
    match keyring.read(name)? {
        Some(kept) if kept.as_slice() == secret => Ok(()),
        Some(_) | None => Err(KeyringProblem::NotKept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::MemoryKeyring;

    fn keys(seed: u8) -> DeviceKeys {
        DeviceKeys::make(SecretBytes::new(vec![seed; 80]), &mut Random::from_seed([seed; 32]))
    }

    #[test]
    fn what_is_stored_comes_back() {
        let keyring = MemoryKeyring::default();
        assert!(DeviceKeys::read(&keyring).unwrap().is_none());
        keys(1).store(&keyring).unwrap();
        let read = DeviceKeys::read(&keyring).unwrap().unwrap();
        assert_eq!(read.to_bytes(), keys(1).to_bytes());
    }

    #[test]
    fn the_keys_of_an_earlier_folder_are_moved_aside_and_come_back_when_the_enrolment_fails() {
        let keyring = MemoryKeyring::default();
        keys(1).store(&keyring).unwrap();
        keys(2).store(&keyring).unwrap();
        assert_eq!(keyring.names(), ["workstation", "workstation.earlier"]);
        DeviceKeys::take_back(&keyring).unwrap();
        assert_eq!(DeviceKeys::read(&keyring).unwrap().unwrap().to_bytes(), keys(1).to_bytes());
        DeviceKeys::take_back(&keyring).unwrap();
        assert!(keyring.names().is_empty());
    }

    #[test]
    fn a_new_tls_key_lies_beside_the_old_one_and_then_takes_its_place_alone() {
        let keyring = MemoryKeyring::default();
        keys(1).store(&keyring).unwrap();
        let new = SecretBytes::new(vec![9; 70]);
        DeviceKeys::stage_tls(&keyring, &new).unwrap();
        assert_eq!(DeviceKeys::read(&keyring).unwrap().unwrap().to_bytes(), keys(1).to_bytes());
        assert!(DeviceKeys::staged_tls(&keyring).unwrap().as_ref() == Some(&new));
        DeviceKeys::settle_tls(&keyring, &new).unwrap();
        let settled = DeviceKeys { tls: new, ..keys(1) };
        assert_eq!(DeviceKeys::read(&keyring).unwrap().unwrap().to_bytes(), settled.to_bytes());
        assert_eq!(keyring.names(), ["workstation"]);
    }

    #[test]
    fn nothing_is_written_over_what_could_not_be_read() {
        let keyring = MemoryKeyring::default();
        keys(1).store(&keyring).unwrap();
        keyring.set_problem(Some(KeyringProblem::Locked));
        assert_eq!(keys(2).store(&keyring), Err(KeyringProblem::Locked));
        keyring.set_problem(None);
        assert_eq!(DeviceKeys::read(&keyring).unwrap().unwrap().to_bytes(), keys(1).to_bytes());
    }

    #[test]
    fn an_item_of_another_format_is_a_failure_and_not_an_absent_key() {
        let keyring = MemoryKeyring::default();
        keyring.write("workstation", b"\x02 something else").unwrap();
        assert_eq!(DeviceKeys::read(&keyring).err(), Some(KeyringProblem::Unreadable));
    }
}
