//! What most tests start from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keys::recovery::RecoveryCode;
use keys::reentry::ReentryContents;
use keys::slot::{
    self, Anchor, Attempt, MadeSlot, NewRecoverySlot, NewSlot, OpenedSlot, SlotContents, SlotCost,
    SlotRefused,
};
use keys::{AgreementSecret, Passphrase, Random, SecretBytes, SigningKey, TotpSeed, totp};
use uuid::Uuid;

pub(crate) const PASSPHRASE: &str = "lantern orchard quietly mended";
/// 22-Nov-2026 10:00:00 UTC.
pub(crate) const NOW: i64 = 1_795_341_600;

pub(crate) fn random(seed: u8) -> Random {
    Random::from_seed([seed; 32])
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(crate) fn now() -> Timestamp {
    at(NOW)
}

pub(crate) const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::from_typed(text).unwrap()
}

pub(crate) fn contents(random: &mut Random) -> SlotContents {
    let anchor = |sequence| Anchor { sequence, digest: [sequence.to_le_bytes()[0]; 32] };
    SlotContents {
        person: id(3),
        signing: SigningKey::make(random),
        agreement: AgreementSecret::make(random),
        totp_seed: TotpSeed::make(random),
        last_step: totp::step_at(now()) - 1,
        anchors: BTreeMap::from([
            ("clinical".to_owned(), anchor(7)),
            ("demographics".to_owned(), anchor(12)),
        ]),
    }
}

/// A slot whose codes begin at this very step, and what opens it.
pub(crate) struct Desk {
    pub(crate) made: MadeSlot,
    pub(crate) seed: TotpSeed,
    pub(crate) random: Random,
}

impl Desk {
    pub(crate) fn new(seed: u8) -> Self {
        let mut random = random(seed);
        let contents = contents(&mut random);
        let made = slot::create(&new_slot(&contents, &passphrase(PASSPHRASE)), &mut random).unwrap();
        Self { made, seed: contents.totp_seed, random }
    }

    pub(crate) fn code(&self, seconds: i64) -> String {
        totp::code_at(&self.seed, totp::step_at(at(seconds)))
    }

    /// Opens with the right passphrase and keyring half, this code, at this time.
    pub(crate) fn open(&self, code: &str, seconds: i64) -> Result<OpenedSlot, SlotRefused> {
        self.open_after(code, seconds, None)
    }

    pub(crate) fn open_after(
        &self,
        code: &str,
        seconds: i64,
        last_used_step: Option<u64>,
    ) -> Result<OpenedSlot, SlotRefused> {
        let attempt = Attempt {
            passphrase: &passphrase(PASSPHRASE),
            code,
            k_slot: &self.made.k_slot,
            now: at(seconds),
            last_used_step,
        };
        slot::open(&self.made.file, &attempt)
    }
}

pub(crate) fn new_slot<'a>(contents: &'a SlotContents, passphrase: &'a Passphrase) -> NewSlot<'a> {
    NewSlot { slot: id(1), device: id(2), contents, passphrase, window_days: 1, cost: SlotCost::for_tests() }
}

/// A recovery slot beside the slot of these contents.
pub(crate) fn recovery_slot(contents: &SlotContents, code: &RecoveryCode, random: &mut Random) -> MadeSlot {
    let beside = slot::create(&new_slot(contents, &passphrase(PASSPHRASE)), random).unwrap();
    let new = NewRecoverySlot { slot: id(6), device: id(2), contents, share: &beside.share };
    slot::create_recovery(&new, code, random).unwrap()
}

/// What is parked of an open session.
pub(crate) fn to_park(contents: SlotContents) -> ReentryContents {
    ReentryContents {
        person: contents.person,
        signing: contents.signing,
        agreement: contents.agreement,
        anchors: contents.anchors,
        session: SecretBytes::new(b"grants".to_vec()),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// Every byte changed in turn has to be refused. Long inputs are sampled.
pub(crate) fn every_flip_refuses(bytes: &[u8], mut opens: impl FnMut(&[u8]) -> bool) {
    let stride = (bytes.len() / 300).max(1);
    for at in (0..bytes.len()).step_by(stride).chain([bytes.len() - 1]) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        assert!(!opens(&changed), "byte {at} of {} changed, and still it opened", bytes.len());
    }
    for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(!opens(&bytes[..cut]), "cut to {cut} bytes, and still it opened");
    }
    assert!(!opens(&[bytes, b"\0"].concat()), "a byte was added, and still it opened");
}
