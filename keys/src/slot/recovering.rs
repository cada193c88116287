//! Slots that open once, with the passphrase and a recovery code.

use uuid::Uuid;

use super::file::{Header, SlotFile, SlotKind, TableSpan};
use super::making::{FirstFactor, seal_generation};
use super::seal::{self, Factor};
use super::{
    MadeSlot, OpenedSlot, PassphraseShare, SlotContents, SlotKey, SlotNotMade, SlotRefused, derive_a,
};
use crate::recovery::RecoveryCode;
use crate::{Passphrase, Random, totp};

/// What a new recovery slot is made from.
pub struct NewRecoverySlot<'a> {
    /// The slot's id; a new one for each code.
    pub slot: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// What is sealed.
    pub contents: &'a SlotContents,
    /// What the passphrase gave.
    pub share: &'a PassphraseShare,
}

/// Makes a recovery slot: it opens with the passphrase and this code, once. What the passphrase gave to the slot beside
/// it is enough, so that it is made while a person is signed in, without the passphrase being kept.
///
/// # Errors
/// [`SlotNotMade`].
pub fn create_recovery(
    new: &NewRecoverySlot<'_>,
    code: &RecoveryCode,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    let header = Header {
        kind: SlotKind::RecoveryCode,
        slot: new.slot,
        person: new.contents.person,
        device: new.device,
        generation: 1,
        cost: new.share.cost,
        slot_salt: new.share.salt,
        generation_salt: random.bytes(),
        span: TableSpan::NONE,
    };
    seal_generation(&header, new.contents, &new.share.a_key, &FirstFactor::RecoveryCode(code), random)
}

/// Opens a recovery slot with passphrase, recovery code and keyring half. A try that fails costs what a failed
/// [`super::open`] does, so that by the clock the one cannot be told from the other.
///
/// # Errors
/// [`SlotRefused`]; `NotOpened` alike for a wrong passphrase, code or device.
pub fn open_recovery(
    file: &[u8],
    passphrase: &Passphrase,
    code: &RecoveryCode,
    k_slot: &SlotKey,
) -> Result<OpenedSlot, SlotRefused> {
    let file = SlotFile::parse(file)?;
    file.header.cost.check()?;
    let a_key = derive_a(passphrase, &file.header).ok_or(SlotRefused::OutOfMemory)?;
    let usable = file.header.kind == SlotKind::RecoveryCode;
    for _ in totp::candidate_steps(0) {
        let opened = seal::open(&file, &a_key, k_slot, &Factor::RecoveryCode(code))?;
        if let (Some(contents), true) = (opened, usable) {
            return Ok(OpenedSlot { contents, step: 0, a_key, header: file.header, request: None });
        }
    }
    Err(SlotRefused::NotOpened)
}
