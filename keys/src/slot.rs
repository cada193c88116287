//! Slots: what one person unlocks on one workstation, with passphrase, one-time code and the keyring's half.
//!
//! The one-time code is bound into the key rather than compared. Each generation draws a secret `target` number;
//! for each coming step the file holds `target − code + mask`, so whoever has passphrase and keyring half gets from
//! any one right code back to the target, and from a wrong one to another number, whose key opens nothing.
//!
//! ```text
//! A        = Argon2id(passphrase; slot salt)
//! mask key = HKDF-SHA256[K_slot ‖ salt_n, label ‖ n](A)
//! O[i]     = (target − TOTP(seed, i0 + i) + HMAC-SHA256(mask key, label ‖ i0 + i)) mod 10⁶
//! H        = SHA-256(header ‖ O)
//! pepper   = HKDF-SHA256[salt_n, label ‖ n ‖ target](K_slot)
//! root     = Argon2id(A; salt_n, secret = pepper, associated data = H)
//! KEK      = HKDF-SHA256[H, label](root)        commitment = HKDF-SHA256[H, label](root)
//! contents = AES-256-GCM(KEK; AAD = H)
//! ```
//! A recovery slot has no table: the recovery code itself stands where the target does, and its `A` and salt are those
//! of the slot beside which it is made ([`create_recovery`]). So does, in the slot of a
//! security key, the secret that the key computes from a salt of the file ([`by_key`]).

pub mod by_key;
mod contents;
mod cost;
mod file;
mod making;
mod recovering;
mod seal;

use jiff::Timestamp;
use uuid::Uuid;

pub use by_key::{KeyAnswer, KeyRequest};
pub use contents::{Anchor, SlotContents};
pub(crate) use contents::{read_anchors, secret, write_anchors};
#[cfg(feature = "test-cost")]
pub use cost::spent;
pub use cost::{CostRefused, SlotCost};
pub use file::SlotKind;
pub use recovering::{NewRecoverySlot, create_recovery, open_recovery};

use crate::secret::key_type;
use crate::totp;
use crate::{Passphrase, Random, Secret, Unreadable};
use file::{Header, SlotFile, TableSpan};
use making::{FirstFactor, create_generation, seal_generation};
use seal::Factor;

key_type! {
    /// `K_slot`: the half of a slot's key that lives in the OS keyring alone, new in each generation.
    SlotKey
}
key_type! {
    /// `A`: what the passphrase alone gives. Kept while a session is open, for the next generation and re-entry.
    PassphraseKey
}

/// Steps in a day.
const STEPS_PER_DAY: u32 = 24 * 60 * 60 / 30;
/// Bounds of the window policy in days.
pub const WINDOW_DAYS: std::ops::RangeInclusive<u16> = 7..=90;
/// The window unless policy says otherwise, in days.
pub const DEFAULT_WINDOW_DAYS: u16 = 45;

/// A slot cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotNotMade {
    /// The cost is outside what is allowed.
    #[error(transparent)]
    Cost(#[from] CostRefused),
    /// The window is outside [`WINDOW_DAYS`].
    #[error("the window of one-time codes is outside 7 to 90 days")]
    Window,
    /// A recovery slot opens once and has no next generation.
    #[error("a recovery slot is used once")]
    UsedUp,
    /// A next generation needs what the slot was opened with: a code's slot a table, a security key's another answer.
    #[error("this slot is opened with something else")]
    OtherFactor,
    /// The name that the security key gave its credential is longer than CTAP allows (1023 bytes), or empty.
    #[error("the security key's credential has no usable name")]
    Credential,
    /// More anchors, or longer names, than a slot holds.
    #[error("too many anchors")]
    TooManyAnchors,
    /// The machine lacks the memory that the cost asks for.
    #[error("not enough memory to derive the key")]
    OutOfMemory,
}

/// A slot does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotRefused {
    /// Wrong passphrase, code or device; which of them, nobody learns.
    #[error("the slot does not open with these")]
    NotOpened,
    /// The file is no slot, from a newer release, or damaged. Nothing was tried.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The file's cost is below the floor or above the ceiling. Nothing was tried.
    #[error(transparent)]
    Cost(#[from] CostRefused),
    /// The machine lacks the memory that the cost asks for.
    #[error("not enough memory to derive the key")]
    OutOfMemory,
}

/// What a new slot is made from.
pub struct NewSlot<'a> {
    /// The slot's id; a new one per person and workstation.
    pub slot: Uuid,
    /// The workstation.
    pub device: Uuid,
    /// What is sealed.
    pub contents: &'a SlotContents,
    /// The passphrase.
    pub passphrase: &'a Passphrase,
    /// How many days of one-time codes; within [`WINDOW_DAYS`].
    pub window_days: u16,
    /// What guessing costs.
    pub cost: SlotCost,
}

/// A slot file, and the keyring half that belongs to it: written to the keyring first, then the file.
pub struct MadeSlot {
    /// The bytes of the slot file.
    pub file: Vec<u8>,
    /// The keyring half.
    pub k_slot: SlotKey,
    /// The generation of both.
    pub generation: u64,
    /// What the passphrase gave.
    pub share: PassphraseShare,
}

/// What the passphrase alone gave, and how it is derived again. Kept while a session is open, for re-entry.
pub struct PassphraseShare {
    pub(crate) a_key: PassphraseKey,
    pub(crate) salt: [u8; 32],
    pub(crate) cost: SlotCost,
}

/// One try at opening a slot.
pub struct Attempt<'a> {
    /// The passphrase as typed.
    pub passphrase: &'a Passphrase,
    /// The code as typed.
    pub code: &'a str,
    /// The keyring half.
    pub k_slot: &'a SlotKey,
    /// The time now.
    pub now: Timestamp,
    /// The last step that device.db has seen used in this slot; it and all before it are dead.
    pub last_used_step: Option<u64>,
}

/// What the file says in the open. The keyring entry is named after slot and generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotHeader {
    /// One-time codes, a recovery code or a security key.
    pub kind: SlotKind,
    /// The slot.
    pub slot: Uuid,
    /// Whose it is.
    pub person: Uuid,
    /// Where it is.
    pub device: Uuid,
    /// Counts refreshes, from 1.
    pub generation: u64,
    /// The first step whose code opens it; 0 where none does.
    pub first_step: u64,
    /// The step after the last whose code opens it; 0 where none does.
    pub end_step: u64,
    /// What guessing costs.
    pub cost: SlotCost,
}

/// An opened slot.
pub struct OpenedSlot {
    /// What was sealed. The caller may bring the anchors up to date before the next generation is made.
    pub contents: SlotContents,
    /// The step whose code opened it; to be recorded before anything is shown. 0 where no one-time code did.
    pub step: u64,
    a_key: PassphraseKey,
    header: Header,
    /// What the security key was asked, in its slots alone.
    pub(crate) request: Option<KeyRequest>,
}

/// Makes the first generation of a slot for one-time codes. Its codes begin after `contents.last_step`.
///
/// # Errors
/// [`SlotNotMade`].
pub fn create(new: &NewSlot<'_>, random: &mut Random) -> Result<MadeSlot, SlotNotMade> {
    let span =
        TableSpan { first: new.contents.last_step.saturating_add(1), steps: window_steps(new.window_days)? };
    create_generation(new, SlotKind::OneTimeCode, span, &FirstFactor::Codes, random)
}

/// What a slot file says in the open. Nothing vouches for it until the slot opens.
///
/// # Errors
/// [`Unreadable`].
pub fn inspect(file: &[u8]) -> Result<SlotHeader, Unreadable> {
    Ok(SlotFile::parse(file)?.header.public())
}

/// Opens a slot with passphrase, one-time code and keyring half. Steps are tried in the order now, −1, +1; a try
/// that fails has always cost all three.
///
/// # Errors
/// [`SlotRefused`]; `NotOpened` alike for a wrong passphrase, code or device.
pub fn open(file: &[u8], attempt: &Attempt<'_>) -> Result<OpenedSlot, SlotRefused> {
    let file = SlotFile::parse(file)?;
    file.header.cost.check()?;
    let a_key = derive_a(attempt.passphrase, &file.header).ok_or(SlotRefused::OutOfMemory)?;
    let typed = totp::parse_code(attempt.code);
    let mask_key = seal::derive_mask_key(&a_key, attempt.k_slot, &file.header);
    for step in totp::candidate_steps(totp::step_at(attempt.now)) {
        let entry = file.table_entry(step);
        let usable = file.header.kind == SlotKind::OneTimeCode
            && entry.is_some()
            && typed.is_some()
            && attempt.last_used_step.is_none_or(|used| step > used);
        let target = seal::unmask(entry.unwrap_or(0), typed.unwrap_or(0), &mask_key, step);
        let opened = seal::open(&file, &a_key, attempt.k_slot, &Factor::Target(target))?;
        if let (Some(contents), true) = (opened, usable) {
            return Ok(OpenedSlot { contents, step, a_key, header: file.header, request: None });
        }
    }
    Err(SlotRefused::NotOpened)
}

/// Makes the next generation of an opened slot: new target, salts and keyring half, codes from the step after the
/// one that was used, for as many days as policy gives. The passphrase is not needed, and the slot's `A` stays.
///
/// # Errors
/// [`SlotNotMade`].
pub fn refresh(
    opened: &mut OpenedSlot,
    window_days: u16,
    random: &mut Random,
) -> Result<MadeSlot, SlotNotMade> {
    match opened.header.kind {
        SlotKind::OneTimeCode => {}
        SlotKind::RecoveryCode => return Err(SlotNotMade::UsedUp),
        SlotKind::SecurityKey => return Err(SlotNotMade::OtherFactor),
    }
    let steps = window_steps(window_days)?;
    let last_step = opened.contents.last_step.max(opened.step);
    let header =
        opened.header.next_generation(TableSpan { first: last_step.saturating_add(1), steps }, random);
    opened.contents.last_step = last_step;
    let made = seal_generation(&header, &opened.contents, &opened.a_key, &FirstFactor::Codes, random)?;
    opened.header = header;
    Ok(made)
}

/// Spends what a failed [`open`] costs: for a name that has no slot here, so that this cannot be told by the clock.
///
/// # Errors
/// [`SlotRefused::NotOpened`], always, unless the cost is refused or memory lacks.
pub fn refuse_without_slot(passphrase: &Passphrase, cost: SlotCost) -> SlotRefused {
    let refused = || -> Result<(), SlotRefused> {
        cost.check()?;
        let a_key = cost.derive_a(passphrase, &[0; 32]).ok_or(SlotRefused::OutOfMemory)?;
        for _ in totp::candidate_steps(0) {
            cost.derive_root(&a_key, &[0; 32], &[0; 32], &[0; 32]).ok_or(SlotRefused::OutOfMemory)?;
        }
        Ok(())
    };
    refused().err().unwrap_or(SlotRefused::NotOpened)
}

impl OpenedSlot {
    /// What the file said in the open, vouched for now.
    #[must_use]
    pub fn header(&self) -> SlotHeader {
        self.header.public()
    }

    /// What the passphrase gave, for sealing what re-entry needs.
    #[must_use]
    pub fn passphrase_share(&self) -> PassphraseShare {
        PassphraseShare::of(&self.a_key, &self.header)
    }

    /// Takes another cost from the next generation on, after measuring this machine. The passphrase's share stays,
    /// because the passphrase is not at hand.
    ///
    /// # Errors
    /// [`CostRefused`].
    pub fn set_unlock_cost(&mut self, cost: SlotCost) -> Result<(), CostRefused> {
        self.header.cost = self.header.cost.with_unlock_share_of(cost)?;
        Ok(())
    }
}

impl PassphraseShare {
    /// A second copy, for the few places that need one.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { a_key: self.a_key.duplicate(), salt: self.salt, cost: self.cost }
    }

    fn of(a_key: &PassphraseKey, header: &Header) -> Self {
        Self { a_key: a_key.duplicate(), salt: header.slot_salt, cost: header.cost }
    }
}

impl std::fmt::Debug for PassphraseShare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassphraseShare(…)")
    }
}

impl std::fmt::Debug for OpenedSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedSlot({}, generation {})", self.header.slot, self.header.generation)
    }
}

impl std::fmt::Debug for MadeSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeSlot(generation {}, {} bytes)", self.generation, self.file.len())
    }
}

fn derive_a(passphrase: &Passphrase, header: &Header) -> Option<PassphraseKey> {
    header.cost.derive_a(passphrase, &header.slot_salt)
}

fn window_steps(days: u16) -> Result<u32, SlotNotMade> {
    // A test's window may be as short as a day; a real one may not, or a long weekend locks everybody out.
    let short = cfg!(feature = "test-cost") && days == 1;
    if WINDOW_DAYS.contains(&days) || short {
        Ok(u32::from(days) * STEPS_PER_DAY)
    } else {
        Err(SlotNotMade::Window)
    }
}

/// What the contents' key is made of beside the passphrase; a `Secret` so that it is wiped.
type Root = Secret<32>;

#[cfg(test)]
mod tests;
