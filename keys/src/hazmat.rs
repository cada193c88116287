//! The raw calls: easy to use wrongly, therefore private to this crate. Everything public wraps them.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::{Random, Secret};

pub(crate) const NONCE_LENGTH: usize = 12;
pub(crate) const TAG_LENGTH: usize = 16;
/// What HPKE adds: an encapsulated X25519 key and a tag.
pub(crate) const HPKE_OVERHEAD: usize = 32 + TAG_LENGTH;

/// `HKDF-SHA256[salt, info](ikm)` (RFC 5869); `info` is the concatenation of its parts.
pub(crate) fn hkdf<const N: usize>(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Secret<N> {
    let hkdf = Hkdf::<Sha256>::new(Some(salt), ikm);
    Secret::build(|out| {
        hkdf.expand_multi_info(info, out).expect("outputs here are at most 64 bytes, HKDF gives 8160");
    })
}

/// `HMAC-SHA256(key, parts…)` (RFC 2104).
pub(crate) fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = hmac_state(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A keyed state that can be cloned for many messages under one key.
pub(crate) fn hmac_state(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// AES-256-GCM (NIST SP 800-38D): ciphertext ‖ tag. The caller vouches that the nonce is new under this key.
pub(crate) fn aes_seal(key: &[u8; 32], nonce: &[u8; NONCE_LENGTH], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .encrypt(&Nonce::from(*nonce), Payload { msg: plaintext, aad })
        .expect("AES-GCM refuses only messages above 64 GiB")
}

/// Opens what [`aes_seal`] made.
pub(crate) fn aes_open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LENGTH],
    aad: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
        .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad })
        .ok()
}

/// [`aes_seal`] under a new random nonce, which goes first: nonce ‖ ciphertext ‖ tag.
pub(crate) fn aes_seal_with_nonce(
    key: &[u8; 32],
    aad: &[u8],
    plaintext: &[u8],
    random: &mut Random,
) -> Vec<u8> {
    let nonce = random.bytes::<NONCE_LENGTH>();
    let mut sealed = Vec::with_capacity(NONCE_LENGTH + plaintext.len() + TAG_LENGTH);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&aes_seal(key, &nonce, aad, plaintext));
    sealed
}

/// Opens what [`aes_seal_with_nonce`] made.
pub(crate) fn aes_open_with_nonce(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
    aes_open(key, nonce, aad, rest)
}

/// What Argon2id is to spend: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Argon2Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// What goes into one run of Argon2id beside its cost.
pub(crate) struct Argon2Input<'a> {
    pub(crate) password: &'a [u8],
    pub(crate) salt: &'a [u8; 32],
    pub(crate) secret: &'a [u8],
    pub(crate) associated: &'a [u8],
}

/// `Argon2id` version 1.3 (RFC 9106), 32 bytes. `None` only where the machine lacks the memory.
pub(crate) fn argon2id(cost: Argon2Cost, input: &Argon2Input<'_>) -> Option<Secret<32>> {
    let mut builder = ParamsBuilder::new();
    builder.m_cost(cost.memory_kib).t_cost(cost.passes).p_cost(cost.lanes).output_len(32);
    builder.data(AssociatedData::new(input.associated).ok()?);
    let context =
        Argon2::new_with_secret(input.secret, Algorithm::Argon2id, Version::V0x13, builder.build().ok()?)
            .ok()?;
    let mut out = [0; 32];
    let done = context.hash_password_into(input.password, input.salt, &mut out);
    let secret = Secret::build(|place| place.copy_from_slice(&out));
    out.zeroize();
    done.ok().map(|()| secret)
}

/// HPKE base mode (RFC 9180; DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), one message:
/// encapsulated key ‖ ciphertext ‖ tag. `None` if the public key is a point of low order.
pub(crate) fn hpke_seal(
    public: &[u8; 32],
    info: &[u8],
    plaintext: &[u8],
    random: &mut Random,
) -> Option<Vec<u8>> {
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(public).ok()?;
    let (encapsulated, sealed) = hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &public,
        info,
        plaintext,
        &[],
        random,
    )
    .ok()?;
    let mut out = encapsulated.to_bytes().to_vec();
    out.extend_from_slice(&sealed);
    Some(out)
}

/// Opens what [`hpke_seal`] made.
pub(crate) fn hpke_open(secret: &[u8; 32], info: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (encapsulated, rest) = sealed.split_first_chunk::<32>()?;
    let secret = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret).ok()?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret,
        &encapsulated,
        info,
        rest,
        &[],
    )
    .ok()
}

/// `DeriveKeyPair(ikm)` of RFC 9180 §4.1: the secret half.
pub(crate) fn hpke_derive_secret(ikm: &[u8; 32]) -> Secret<32> {
    let (secret, _) = X25519HkdfSha256::derive_keypair(ikm);
    let mut bytes = secret.to_bytes();
    let kept = Secret::build(|place| place.copy_from_slice(&bytes));
    bytes.zeroize();
    kept
}
