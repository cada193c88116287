//! The cryptography of a slot: masks, pepper, key, commitment.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::hazmat::NONCE_LENGTH;
use crate::recovery::RecoveryCode;
use crate::slot::file::{Header, Part, SlotFile, TableSpan};
use crate::slot::{KeyAnswer, PassphraseKey, SlotContents, SlotKey, SlotRefused};
use crate::totp::CODES;
use crate::{Random, Secret, SecretBytes, TotpSeed, hazmat, label};

/// What stands for the possession of a phone, a sheet of paper or a security key.
pub(crate) enum Factor<'a> {
    /// The number to which each right code leads.
    Target(u32),
    /// The code on paper, or of the telephone.
    RecoveryCode(&'a RecoveryCode),
    /// What the security key answered.
    KeyAnswer(&'a KeyAnswer),
}

/// The masks of one generation; keyed once, cloned for each step.
pub(crate) struct MaskKey(Hmac<Sha256>);

/// `mask key = HKDF-SHA256[K_slot ‖ salt_n, label ‖ n](A)`
pub(crate) fn derive_mask_key(a_key: &PassphraseKey, k_slot: &SlotKey, header: &Header) -> MaskKey {
    let salt = Secret::<64>::build(|salt| {
        let (first, second) = salt.split_at_mut(32);
        first.copy_from_slice(k_slot.expose());
        second.copy_from_slice(&header.generation_salt);
    });
    let key: Secret<32> =
        hazmat::hkdf(a_key.expose(), salt.expose(), &[label::SLOT_MASK, &header.generation.to_be_bytes()]);
    MaskKey(hazmat::hmac_state(key.expose()))
}

impl MaskKey {
    /// `HMAC-SHA256(mask key, label ‖ step)`, the first 16 bytes as a number, mod `codes` (bias below 2⁻¹⁰⁰).
    pub(super) fn mask(&self, step: u64, codes: u32) -> u32 {
        let mut mac = self.0.clone();
        mac.update(label::SLOT_MASK_STEP);
        mac.update(&step.to_be_bytes());
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let number = u128::from_be_bytes(crate::row::first_half(hash));
        u32::try_from(number % u128::from(codes)).expect("a remainder is below what it remains from")
    }
}

/// `O[i] = (target − code + mask) mod 10⁶` for every step of the span.
pub(crate) fn mask_table(target: u32, seed: &TotpSeed, key: &MaskKey, span: TableSpan) -> Vec<u32> {
    let generator = seed.generator();
    span.all().map(|step| mask_entry(target, generator.code_at(step), key.mask(step, CODES), CODES)).collect()
}

/// One entry, for codes below `codes`: a million of them, fewer where a test shows what guessing takes.
pub(super) fn mask_entry(target: u32, code: u32, mask: u32, codes: u32) -> u32 {
    (target + codes - code + mask) % codes
}

/// `target = (O[i] + code − mask) mod 10⁶`
pub(crate) fn unmask(entry: u32, code: u32, key: &MaskKey, step: u64) -> u32 {
    unmask_entry(entry, code, key.mask(step, CODES), CODES)
}

/// What [`mask_entry`] hid.
pub(super) fn unmask_entry(entry: u32, code: u32, mask: u32, codes: u32) -> u32 {
    (entry + code + codes - mask) % codes
}

/// Seals contents as one generation of a slot. `None` only where the machine lacks the memory.
pub(crate) fn seal(
    header: &Header,
    part: &Part<'_>,
    contents: &SlotContents,
    a_key: &PassphraseKey,
    k_slot: &SlotKey,
    factor: &Factor<'_>,
    random: &mut Random,
) -> Option<Vec<u8>> {
    let (writer, hash) = header.write(part);
    let keys = derive_keys(header, &hash, a_key, k_slot, factor)?;
    let nonce = random.bytes::<NONCE_LENGTH>();
    let sealed = hazmat::aes_seal(keys.key.expose(), &nonce, &hash, contents.to_bytes().expose());
    Some(writer.raw(keys.commitment.expose()).raw(&nonce).bytes(&sealed).into_vec())
}

/// Tries one factor. `Ok(None)` if it does not open the contents.
pub(crate) fn open(
    file: &SlotFile<'_>,
    a_key: &PassphraseKey,
    k_slot: &SlotKey,
    factor: &Factor<'_>,
) -> Result<Option<SlotContents>, SlotRefused> {
    let keys =
        derive_keys(&file.header, &file.hash, a_key, k_slot, factor).ok_or(SlotRefused::OutOfMemory)?;
    let committed = keys.commitment.expose().ct_eq(&file.commitment);
    let opened =
        hazmat::aes_open(keys.key.expose(), &file.nonce, &file.hash, file.sealed).map(SecretBytes::new);
    let Some(opened) = opened.filter(|_| bool::from(committed)) else { return Ok(None) };
    let contents = SlotContents::from_bytes(opened.expose())?;
    Ok((contents.person == file.header.person).then_some(contents))
}

struct Keys {
    key: Secret<32>,
    commitment: Secret<32>,
}

/// Pepper, root, and from the root the key and the commitment to it (AES-GCM alone does not commit to its key).
fn derive_keys(
    header: &Header,
    hash: &[u8; 32],
    a_key: &PassphraseKey,
    k_slot: &SlotKey,
    factor: &Factor<'_>,
) -> Option<Keys> {
    let generation = header.generation.to_be_bytes();
    let pepper: Secret<32> = match factor {
        Factor::Target(target) => hazmat::hkdf(
            k_slot.expose(),
            &header.generation_salt,
            &[label::SLOT_PEPPER_CODE, &generation, &target.to_be_bytes()],
        ),
        Factor::RecoveryCode(RecoveryCode::Paper(code)) => hazmat::hkdf(
            k_slot.expose(),
            &header.generation_salt,
            &[label::SLOT_PEPPER_RECOVERY, &generation, code.expose()],
        ),
        Factor::RecoveryCode(RecoveryCode::Spoken(code)) => hazmat::hkdf(
            k_slot.expose(),
            &header.generation_salt,
            &[label::SLOT_PEPPER_SPOKEN, &generation, code.expose()],
        ),
        Factor::KeyAnswer(answer) => hazmat::hkdf(
            k_slot.expose(),
            &header.generation_salt,
            &[label::SLOT_PEPPER_SECURITY_KEY, &generation, answer.expose()],
        ),
    };
    let root = header.cost.derive_root(a_key, &header.generation_salt, pepper.expose(), hash)?;
    Some(Keys {
        key: hazmat::hkdf(root.expose(), hash, &[label::SLOT_CONTENTS_KEY]),
        commitment: hazmat::hkdf(root.expose(), hash, &[label::SLOT_COMMITMENT]),
    })
}
