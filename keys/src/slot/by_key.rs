//! Slots that open with a FIDO2 security key: passphrase, keyring half, and the key's answer to a salt of the file.
//!
//! The key computes `answer = HMAC-SHA256(secret of the credential, salt)` inside itself, after a touch (CTAP 2.1 §12.5,
//! extension `hmac-secret`). It takes two salts at once: the file names the salt of its own generation and the one
//! of the next, so that one touch opens a generation and makes the one after it.
//!
//! ```text
//! pepper = HKDF-SHA256[salt_n, label ‖ n ‖ answer](K_slot)        the rest as in a slot of one-time codes
//! ```

use std::fmt;

use super::file::{SlotFile, SlotKind, TableSpan};
use super::making::{FirstFactor, create_generation, seal_generation};
use super::seal::{self, Factor};
use super::{MadeSlot, NewSlot, OpenedSlot, SlotKey, SlotNotMade, SlotRefused, derive_a};
use crate::layout::{Reader, Writer};
use crate::secret::key_type;
use crate::{Passphrase, Random, Unreadable, totp};

/// The longest name of a credential that CTAP 2.1 allows, in bytes.
const CREDENTIAL_LIMIT: usize = 1023;

key_type! {
    /// What a security key answers to one salt.
    KeyAnswer
}

/// What a security key is asked. Nothing of it is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// The key's own name of the credential.
    pub credential: Vec<u8>,
    /// Whether the key is given its PIN: it answers otherwise with the PIN than without (CTAP 2.1 §12.5).
    pub with_pin: bool,
    /// The salt of this generation, and the salt of the next.
    pub salts: [[u8; 32]; 2],
}

impl KeyRequest {
    /// The first request of a credential that was just made.
    #[must_use]
    pub fn make(credential: Vec<u8>, with_pin: bool, random: &mut Random) -> Self {
        Self { credential, with_pin, salts: [random.bytes(), random.bytes()] }
    }

    /// The request of the generation after: its salt is the one that was answered beforehand.
    pub(crate) fn next(&self, random: &mut Random) -> Self {
        let [_, next] = self.salts;
        Self { credential: self.credential.clone(), with_pin: self.with_pin, salts: [next, random.bytes()] }
    }

    fn check(&self) -> Result<(), SlotNotMade> {
        let fits = (1..=CREDENTIAL_LIMIT).contains(&self.credential.len());
        if fits { Ok(()) } else { Err(SlotNotMade::Credential) }
    }

    pub(crate) const fn length(&self) -> usize {
        2 + self.credential.len() + 1 + 64
    }

    pub(crate) fn write(&self, writer: Writer) -> Writer {
        let [now, next] = &self.salts;
        let length = u16::try_from(self.credential.len()).expect("the name of a credential was checked");
        writer.u16(length).raw(&self.credential).u8(self.with_pin.into()).raw(now).raw(next)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let length = usize::from(reader.u16()?);
        if !(1..=CREDENTIAL_LIMIT).contains(&length) {
            return Err(Unreadable::Damaged);
        }
        let credential = reader.raw(length)?.to_vec();
        let with_pin = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(Unreadable::Damaged),
        };
        Ok(Self { credential, with_pin, salts: [reader.array()?, reader.array()?] })
    }
}

impl fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRequest(credential of {} bytes)", self.credential.len())
    }
}

/// Makes the first generation of a security key's slot. `answer` is the key's to the first salt of `request`.
///
/// # Errors
/// [`SlotNotMade`].
pub fn create(
    new: &NewSlot<'_>,
    request: &KeyRequest,
    answer: &KeyAnswer,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    request.check()?;
    let factor = FirstFactor::SecurityKey(request, answer);
    create_generation(new, SlotKind::SecurityKey, TableSpan::NONE, &factor, random)
}

/// What the security key of a slot is to be asked; `None` if it opens with something else. Nothing vouches for the file
/// until it opens: a key that is asked with a foreign salt answers nothing that opens anything.
///
/// # Errors
/// [`Unreadable`].
pub fn request(file: &[u8]) -> Result<Option<KeyRequest>, Unreadable> {
    Ok(SlotFile::parse(file)?.request)
}

/// Opens a security key's slot. `answer` is the key's to the first salt of the file's request.
///
/// # Errors
/// [`SlotRefused`]; `NotOpened` alike, and at one price, for a wrong passphrase, key or device.
pub fn open(
    file: &[u8],
    passphrase: &Passphrase,
    answer: &KeyAnswer,
    k_slot: &SlotKey,
) -> Result<OpenedSlot, SlotRefused> {
    let file = SlotFile::parse(file)?;
    file.header.cost.check()?;
    let a_key = derive_a(passphrase, &file.header).ok_or(SlotRefused::OutOfMemory)?;
    // As many as there are steps of a code, so that a failure costs the same at every kind of slot.
    for _ in totp::candidate_steps(0) {
        let opened = seal::open(&file, &a_key, k_slot, &Factor::KeyAnswer(answer))?;
        if let (Some(contents), Some(request)) = (opened, &file.request) {
            let request = Some(request.clone());
            return Ok(OpenedSlot { contents, step: 0, a_key, header: file.header, request });
        }
    }
    Err(SlotRefused::NotOpened)
}

/// Makes the next generation: new salts and keyring half. `next` is the key's answer to the second salt of the request
/// that opened this one. The passphrase is not needed.
///
/// # Errors
/// [`SlotNotMade`]; `OtherFactor` for a slot that no security key opened.
pub fn refresh(
    opened: &mut OpenedSlot,
    next: &KeyAnswer,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    let request = opened.request.as_ref().ok_or(SlotNotMade::OtherFactor)?.next(random);
    let header = opened.header.next_generation(TableSpan::NONE, random);
    let factor = FirstFactor::SecurityKey(&request, next);
    let made = seal_generation(&header, &opened.contents, &opened.a_key, &factor, random)?;
    opened.header = header;
    opened.request = Some(request);
    Ok(made)
}
