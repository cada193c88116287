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
    pub(crate) salt: &'a [u8],
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

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(16)).collect();
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect();
        bytes.try_into().unwrap()
    }

    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        // Appendix A.1, the first 32 of its 42 bytes.
        let salt: [u8; 13] = unhex("000102030405060708090a0b0c");
        let info: [u8; 10] = unhex("f0f1f2f3f4f5f6f7f8f9");
        let out: Secret<32> = hkdf(&[0x0b; 22], &salt, &[&info[..4], &info[4..]]);
        assert_eq!(out.expose(), &unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        // Test case 1; HMAC pads a key of 20 bytes to the same as 20 bytes and 12 zeros.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let mac = hmac(&key, &[b"Hi ", b"There"]);
        assert_eq!(mac, unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    }

    #[test]
    fn aes_gcm_is_that_of_its_specification() {
        // McGrew and Viega, test case 14.
        let sealed = aes_seal(&[0; 32], &[0; 12], &[], &[0; 16]);
        let expected: [u8; 32] = unhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
        assert_eq!(sealed, expected);
        assert_eq!(aes_open(&[0; 32], &[0; 12], &[], &sealed), Some(vec![0; 16]));
    }

    #[test]
    fn argon2id_is_that_of_rfc_9106() {
        // §5.3: 32 KiB, 3 passes, 4 lanes, with secret and associated data.
        let cost = Argon2Cost { memory_kib: 32, passes: 3, lanes: 4 };
        let salt = [2; 16];
        let input = Argon2Input { password: &[1; 32], salt: &salt, secret: &[3; 8], associated: &[4; 12] };
        let out = argon2id(cost, &input).unwrap();
        assert_eq!(out.expose(), &unhex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
    }

    #[test]
    fn hpke_key_pairs_are_those_of_rfc_9180() {
        // Appendix A.1.1, the recipient's.
        let ikm = unhex("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037");
        let public = crate::AgreementSecret::from_secret(hpke_derive_secret(&ikm)).public();
        let expected = unhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
        assert_eq!(public.to_bytes(), expected);
    }

    #[test]
    fn hpke_opens_what_it_sealed_for_the_same_info_alone() {
        let mut random = Random::from_seed([1; 32]);
        let secret = hpke_derive_secret(&random.bytes());
        let public = crate::AgreementSecret::from_secret(secret.duplicate()).public().to_bytes();
        let sealed = hpke_seal(&public, b"info", b"message", &mut random).unwrap();
        assert_eq!(sealed.len(), HPKE_OVERHEAD + 7);
        assert_eq!(hpke_open(secret.expose(), b"info", &sealed).unwrap(), b"message");
        assert!(hpke_open(secret.expose(), b"other", &sealed).is_none());
        assert!(hpke_open(secret.expose(), b"info", &sealed[..31]).is_none());
    }
}
