"""Primitives of docs/formats/README.md, from libraries that Chartkeep does not use."""

import hashlib
import hmac as hmac_module

from argon2.low_level import Type, core, ffi
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand


class Refused(Exception):
    """The bytes are not what they should be."""


class Reader:
    """Takes a format apart, strictly."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def begin(self, magic):
        if self.raw(4) != magic:
            raise Refused("other format")
        version = self.number(1)
        if version != 1:
            raise Refused("newer" if version > 1 else "damaged")
        return self

    def raw(self, length):
        taken = self.data[self.at:self.at + length]
        if len(taken) != length:
            raise Refused("damaged")
        self.at += length
        return taken

    def number(self, length, signed=False):
        return int.from_bytes(self.raw(length), "big", signed=signed)

    def text(self):
        return self.raw(self.number(2)).decode()

    def bytes(self):
        return self.raw(self.number(4))

    def so_far(self):
        return self.data[:self.at]

    def finish(self):
        if self.at != len(self.data):
            raise Refused("damaged")


def u16(number):
    return number.to_bytes(2, "big")


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def text(words):
    return u16(len(words.encode())) + words.encode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def hmac(key, *parts):
    return hmac_module.new(key, b"".join(parts), "sha256").digest()


def hkdf(ikm, salt, *info, length=32):
    return HKDF(hashes.SHA256(), length, salt, b"".join(info)).derive(ikm)


def argon2id(password, salt, secret, ad, cost):
    memory, passes, lanes = cost
    out = ffi.new("uint8_t[]", 32)
    held = [ffi.new("uint8_t[]", part) for part in (password, salt, secret, ad)]
    pwd, salt_place, secret_place, ad_place = held
    context = ffi.new("argon2_context *", {
        "version": 0x13, "out": out, "outlen": 32,
        "pwd": pwd, "pwdlen": len(password), "salt": salt_place, "saltlen": len(salt),
        "secret": secret_place, "secretlen": len(secret), "ad": ad_place, "adlen": len(ad),
        "t_cost": passes, "m_cost": memory, "lanes": lanes, "threads": lanes,
        "allocate_cbk": ffi.NULL, "free_cbk": ffi.NULL, "flags": 0,
    })
    if core(context, Type.ID.value) != 0:
        raise Refused("argon2")
    return bytes(ffi.buffer(out, 32))


def aes_open(key, nonce, aad, sealed):
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag as wrong:
        raise Refused("does not open") from wrong


def aes_seal(key, nonce, aad, plaintext):
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def raw_public(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def x25519_public(private):
    return raw_public(X25519PrivateKey.from_private_bytes(private))


def ed25519_public(seed):
    return raw_public(Ed25519PrivateKey.from_private_bytes(seed))


def verify(public, purpose, message, signature):
    label = b"chartkeep/sign/" + purpose + b"/v1\0"
    Ed25519PublicKey.from_public_bytes(public).verify(signature, label + message)


def key_id(public):
    return sha256(b"chartkeep/key-id/v1\0", public)[:16]


# HPKE, RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode.

KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"


def labelled_extract(suite, salt, label, ikm):
    return hmac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def labelled_expand(suite, key, label, info, length):
    info = u16(length) + b"HPKE-v1" + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


def derive_key_pair(ikm):
    """DeriveKeyPair of RFC 9180 section 7.1.3: the private half, clamped."""
    key = bytearray(labelled_expand(KEM, labelled_extract(KEM, b"", b"dkp_prk", ikm), b"sk", b"", 32))
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)


def hpke_open(private, info, sealed):
    encapsulated, ciphertext = sealed[:32], sealed[32:]
    own = X25519PrivateKey.from_private_bytes(private)
    shared = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    eae = labelled_extract(KEM, b"", b"eae_prk", shared)
    shared = labelled_expand(KEM, eae, b"shared_secret", encapsulated + x25519_public(private), 32)
    context = (b"\0" + labelled_extract(SUITE, b"", b"psk_id_hash", b"")
               + labelled_extract(SUITE, b"", b"info_hash", info))
    secret = labelled_extract(SUITE, shared, b"secret", b"")
    key = labelled_expand(SUITE, secret, b"key", context, 32)
    nonce = labelled_expand(SUITE, secret, b"base_nonce", context, 12)
    return aes_open(key, nonce, b"", ciphertext)


def cbc_decrypt(key, iv, ciphertext):
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


class Seeded:
    """The randomness of vectors: SHA-256(label ‖ seed ‖ block number), a fresh block for each part."""

    def __init__(self, seed):
        self.seed, self.block = seed, 0

    def bytes(self, length=32):
        out = sha256(b"chartkeep/seeded-random/v1\0", self.seed, u64(self.block))
        self.block += 1
        return out[:length]

    def below(self, limit):
        while True:
            drawn = int.from_bytes(self.bytes(4), "big")
            if drawn < (2**32 - 1) // limit * limit:
                return drawn % limit
