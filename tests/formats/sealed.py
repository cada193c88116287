"""Readers of the sealed formats, written from docs/formats alone."""

import hmac as hmac_module
import unicodedata
import uuid

from primitives import (Reader, Refused, aes_open, argon2id, hkdf, hmac, hpke_open, key_id, sha256, text, u32, u64, verify,
                        x25519_public)


def totp(seed, step):
    digest = hmac_module.new(seed, u64(step), "sha1").digest()
    at = digest[-1] & 15
    return (int.from_bytes(digest[at:at + 4], "big") & 0x7FFFFFFF) % 1_000_000


def mask(key, step):
    number = int.from_bytes(hmac(key, b"chartkeep/slot/mask-step/v1\0", u64(step))[:16], "big")
    return number % 1_000_000


def mask_key(a, k_slot, salt_n, generation):
    return hkdf(a, k_slot + salt_n, b"chartkeep/slot/mask/v1\0", u64(generation))


def read_anchors(reader):
    found, last = {}, None
    count = reader.number(2)
    if count > 256:
        raise Refused("damaged")
    for _ in range(count):
        name = reader.text()
        if last is not None and name.encode() <= last.encode():
            raise Refused("damaged")
        found[name] = (reader.number(8), reader.raw(32))
        last = name
    return found


def read_cost(reader):
    return reader.number(4), reader.number(4), reader.number(4)


def passphrase_bytes(passphrase):
    return unicodedata.normalize("NFKC", passphrase).encode()


class Slot:
    """A slot file."""

    def __init__(self, data):
        reader = Reader(data).begin(b"CKsl")
        self.kind = reader.number(1)
        self.slot, self.person, self.device = (uuid.UUID(bytes=reader.raw(16)) for _ in range(3))
        self.generation = reader.number(8)
        self.passphrase_cost, self.unlock_cost = read_cost(reader), read_cost(reader)
        self.slot_salt, self.salt_n = reader.raw(32), reader.raw(32)
        self.first, self.steps = reader.number(8), reader.number(4)
        if (self.kind == 1) != (1 <= self.steps <= 259_200) or self.kind not in (1, 2, 3):
            raise Refused("damaged")
        self.table = [reader.number(3) for _ in range(self.steps)]
        if any(entry >= 1_000_000 for entry in self.table):
            raise Refused("damaged")
        if self.kind == 3:
            self.credential = reader.raw(reader.number(2))
            self.with_pin = reader.number(1)
            if not self.credential or len(self.credential) > 1023 or self.with_pin > 1:
                raise Refused("damaged")
            self.salts = reader.raw(32), reader.raw(32)
        self.hash = sha256(reader.so_far())
        self.commitment, self.nonce, self.sealed = reader.raw(32), reader.raw(12), reader.bytes()
        reader.finish()

    def derive_a(self, passphrase):
        return argon2id(passphrase_bytes(passphrase), self.slot_salt, b"", b"", self.passphrase_cost)

    def open_code(self, passphrase, k_slot, code, step):
        a = self.derive_a(passphrase)
        key = mask_key(a, k_slot, self.salt_n, self.generation)
        target = (self.table[step - self.first] + code - mask(key, step)) % 1_000_000
        return self.open(a, k_slot, b"chartkeep/slot/pepper/one-time-code/v1\0", u32(target))

    def open_paper(self, passphrase, k_slot, code):
        a = self.derive_a(passphrase)
        return self.open(a, k_slot, b"chartkeep/slot/pepper/recovery-code/v1\0", code)

    def open_security_key(self, passphrase, k_slot, answer):
        a = self.derive_a(passphrase)
        return self.open(a, k_slot, b"chartkeep/slot/pepper/security-key/v1\0", answer)

    def open(self, a, k_slot, label, factor):
        pepper = hkdf(k_slot, self.salt_n, label, u64(self.generation), factor)
        root = argon2id(a, self.salt_n, pepper, self.hash, self.unlock_cost)
        if hkdf(root, self.hash, b"chartkeep/slot/commitment/v1\0") != self.commitment:
            raise Refused("does not open")
        key = hkdf(root, self.hash, b"chartkeep/slot/contents-key/v1\0")
        contents = SlotContents(aes_open(key, self.nonce, self.hash, self.sealed))
        if contents.person != self.person:
            raise Refused("does not open")
        return contents


class SlotContents:
    """What a slot seals."""

    def __init__(self, data):
        reader = Reader(data)
        if reader.number(1) != 1:
            raise Refused("newer")
        self.person = uuid.UUID(bytes=reader.raw(16))
        self.signing, self.agreement, self.seed = reader.raw(32), reader.raw(32), reader.raw(20)
        self.last_step = reader.number(8)
        self.anchors = read_anchors(reader)
        reader.finish()


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def paper_code(typed):
    number = 0
    letters = [letter for letter in typed.upper() if not letter.isspace() and letter != "-"]
    if len(letters) != 20:
        raise Refused("length")
    for letter in letters:
        number = number << 5 | ALPHABET.index({"O": "0", "I": "1", "L": "1"}.get(letter, letter))
    code = (number >> 4).to_bytes(12, "big")
    if sha256(b"chartkeep/paper-code/v1\0", b"check", code)[0] & 15 != number & 15:
        raise Refused("check digit")
    return code


def open_reentry(data, passphrase, k_re):
    reader = Reader(data).begin(b"CKre")
    person, boot, until = reader.raw(16), reader.raw(16), reader.number(8, signed=True)
    salt, cost, _ = reader.raw(32), read_cost(reader), read_cost(reader)
    a = argon2id(passphrase_bytes(passphrase), salt, b"", b"", cost)
    inside = open_behind(reader, a, k_re)
    found = {"person": uuid.UUID(bytes=person), "boot": uuid.UUID(bytes=boot), "until": until}
    found |= read_parked(inside)
    inside.finish()
    return found


def open_key_reentry(data, answer, k_re):
    reader = Reader(data).begin(b"CKrk")
    person, boot, until = reader.raw(16), reader.raw(16), reader.number(8, signed=True)
    credential, with_pin, salts = reader.raw(reader.number(2)), reader.number(1), (reader.raw(32), reader.raw(32))
    inside = open_behind(reader, hkdf(answer, b"", b"chartkeep/reentry/by-key/v1\0"), k_re)
    found = {"person": uuid.UUID(bytes=person), "boot": uuid.UUID(bytes=boot), "until": until,
             "request": (credential, with_pin, *salts)}
    found |= read_parked(inside)
    found |= {"a": inside.raw(32), "slot_salt": inside.raw(32), "costs": (read_cost(inside), read_cost(inside))}
    inside.finish()
    return found


def open_behind(reader, brought, k_re):
    header = sha256(reader.so_far())
    commitment, nonce, sealed = reader.raw(32), reader.raw(12), reader.bytes()
    reader.finish()
    if hkdf(brought, k_re + header, b"chartkeep/reentry/commitment/v1\0") != commitment:
        raise Refused("does not open")
    key = hkdf(brought, k_re + header, b"chartkeep/reentry/key/v1\0")
    return Reader(aes_open(key, nonce, header, sealed))


def read_parked(inside):
    if inside.number(1) != 1:
        raise Refused("newer")
    signing, agreement = inside.raw(32), inside.raw(32)
    return {"signing": signing, "agreement": agreement, "anchors": read_anchors(inside), "session": inside.bytes()}


def open_erasure(data, directive_public):
    reader = Reader(data).begin(b"CKer")
    found = {"number": reader.number(8), "practice": uuid.UUID(bytes=reader.raw(16))}
    found["patient"], found["reason"] = reader.text(), reader.text()
    for name in ("asked", "agreed"):
        found[name] = (uuid.UUID(bytes=reader.raw(16)), reader.number(8, signed=True))
    found["issued_at"] = reader.number(8, signed=True)
    found["records"], found["versions"] = reader.number(8), reader.number(8)
    found["workstations"] = [(uuid.UUID(bytes=reader.raw(16)), reader.number(1), reader.number(8, signed=True))
                             for _ in range(reader.number(2))]
    verify(directive_public, b"erasure", reader.so_far(), reader.raw(64))
    reader.finish()
    return found


def open_grant(data, rights_public, private):
    reader = Reader(data).begin(b"CKgr")
    found = {"number": reader.number(8)}
    for name in ("practice", "device", "person"):
        found[name] = uuid.UUID(bytes=reader.raw(16))
    found["drawer"], found["generation"] = reader.text(), reader.number(4)
    found["not_before"], found["not_after"] = (reader.number(8, signed=True) for _ in range(2))
    info = b"chartkeep/grant/v1\0" + reader.so_far()
    sealed = reader.raw(112)
    signed = reader.so_far()
    verify(rights_public, b"grant", signed, reader.raw(64))
    reader.finish()
    keys = hpke_open(private, info, sealed)
    found["file"], found["field"] = keys[:32], keys[32:]
    return found


def open_inbox_page(data, directive_public, private):
    reader = Reader(data).begin(b"CKip")
    found = {"practice": reader.raw(16), "device": reader.raw(16), "drawer": reader.text(), "generation": reader.number(4)}
    found["from"], found["to"], found["more"] = reader.number(8), reader.number(8), reader.number(1)
    found["made_at"] = reader.number(8, signed=True)
    if found["from"] >= found["to"] or found["more"] > 1:
        raise Refused("damaged")
    context = reader.so_far()
    sealed = reader.bytes()
    verify(directive_public, b"inbox-page", reader.so_far(), reader.raw(64))
    reader.finish()
    found["bundle"] = open_parcel(private, b"inbox-page", context, sealed)
    return found


def open_twin(data, public, private):
    reader = Reader(data).begin(b"CKtw")
    found = {name: reader.raw(16) for name in ("practice", "person", "of", "on")}
    info = b"chartkeep/twin/v1\0" + reader.so_far()
    sealed = reader.raw(112)
    signed = reader.so_far()
    verify(public, b"twin", signed, reader.raw(64))
    reader.finish()
    keys = hpke_open(private, info, sealed)
    found["signing"], found["agreement"] = keys[:32], keys[32:]
    return found


def open_prepared(data, public, device_private):
    """The half for the keyring, the slot and its number."""
    reader = Reader(data).begin(b"CKps")
    ids = [uuid.UUID(bytes=reader.raw(16)) for _ in range(3)]
    number, file = reader.number(8), reader.bytes()
    context = reader.so_far()
    parcel = reader.raw(81)
    signed = reader.so_far()
    verify(public, b"prepared-slot", signed, reader.raw(64))
    reader.finish()
    slot = Slot(file)
    if slot.kind != 1 or [slot.device, slot.person] != ids[1:]:
        raise Refused("another place")
    return open_parcel(device_private, b"prepared-slot-key", context, parcel), slot, number


def open_envelope(data, private, author_public):
    reader = Reader(data).begin(b"CKen")
    found = {"practice": uuid.UUID(bytes=reader.raw(16)), "device": uuid.UUID(bytes=reader.raw(16)),
             "sequence": reader.number(8), "change": uuid.UUID(bytes=reader.raw(16))}
    ids = reader.raw(16), reader.raw(16)
    header = reader.so_far()
    keys, nonce, aad = (reader.raw(80), reader.raw(80)), reader.raw(12), reader.so_far()
    payload = reader.bytes()
    reader.finish()
    which = ids.index(key_id(x25519_public(private)))
    cek = hpke_open(private, b"chartkeep/envelope/content-key/v1\0" + header, keys[which])
    plain = aes_open(cek, nonce, aad, payload)
    author, written, signature, transaction = plain[:16], plain[16:24], plain[24:88], plain[88:]
    verify(author_public, b"change", header + author + written + transaction, signature)
    found.update(author=uuid.UUID(bytes=author), written_at=int.from_bytes(written, "big", signed=True),
                 transaction=transaction)
    return found


def open_sealed(key, aad, sealed):
    if sealed[0] != 1:
        raise Refused("newer" if sealed[0] > 1 else "damaged")
    return aes_open(key, sealed[1:13], aad, sealed[13:])


def open_patient_key(field, vault, drawer, patient, generation, wrapped):
    aad = b"chartkeep/patient-key/v1\0" + vault + text(drawer) + text(patient) + u32(generation)
    return open_sealed(field, aad, wrapped)


def open_row(key, vault, drawer, table, row, revision, sealed):
    aad = b"chartkeep/row/v1\0" + vault + text(drawer) + text(table) + text(row) + u64(revision)
    return open_sealed(key, aad, sealed)


def token_key(field):
    return hkdf(field, b"", b"chartkeep/search-token/key/v1\0")


def token(key, label, value):
    return hmac(key, text(label), value)[:16]


def open_blob(key, context, data):
    reader = Reader(data).begin(b"CKbl")
    salt, size = reader.raw(32), reader.number(4)
    if size != 65_536:
        raise Refused("damaged")
    header, body = reader.so_far(), data[reader.at:]
    file_key = hkdf(key, salt, b"chartkeep/blob/key/v1\0", sha256(context))
    chunks = [body[at:at + size + 16] for at in range(0, len(body), size + 16)]
    if not chunks:
        raise Refused("damaged")
    plain = [aes_open(file_key, u64(i) + bytes(3) + bytes([i + 1 == len(chunks)]), header, chunk)
             for i, chunk in enumerate(chunks)]
    if len(plain) > 1 and not plain[-1]:
        raise Refused("damaged")
    return b"".join(plain)


def draft_key(person, agreement):
    return hkdf(agreement, b"", b"chartkeep/draft/key/v1\0", person)


def username_token(key, name):
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).lower())
    return hmac(key, b"chartkeep/username/v1\0", folded.encode())[:16]


def open_parcel(private, kind, context, data):
    if data[0] != 1:
        raise Refused("newer")
    return hpke_open(private, b"chartkeep/parcel/" + kind + b"/v1\0" + sha256(context), data[1:])


def courier_item(data):
    reader = Reader(data).begin(b"CKci")
    found = {"kind": reader.number(1), "practice": reader.raw(16), "device": reader.raw(16), "name": reader.raw(16),
             "first": reader.number(8), "count": reader.number(4), "sealed_to": reader.raw(16)}
    found["context"] = reader.so_far()
    found["body"] = reader.bytes()
    if sha256(reader.so_far()) != reader.raw(32):
        raise Refused("damaged")
    reader.finish()
    return found


def export_parts(data, key):
    reader = Reader(data).begin(b"CKax")
    export, parts = reader.raw(16), []
    while not parts or parts[-1][0] != 255:
        kind = reader.number(1)
        context = b"chartkeep/export/v1\0" + export + u64(len(parts)) + bytes([kind])
        parts.append((kind, open_blob(key, context, reader.bytes())))
    reader.finish()
    return parts
