"""Opens every vector of keys/tests/vectors/v1.txt but those of OPAQUE, and makes again what is made from a seed."""

import base64
import sys
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import sealed
from primitives import (Reader, Refused, Seeded, aes_seal, argon2id, derive_key_pair, ed25519_public, hkdf, hmac, key_id,
                        sha256, text, u16, u32, u64, verify, x25519_public)

NOW = 1_795_341_600
PASSPHRASE = "lantern orchard quietly mended"
TEST_COST = (32, 1, 1), (64, 1, 4)


def uid(number):
    return (0x0190_0000_0000_7000_8000_0000_0000_0000 | number).to_bytes(16, "big")


def read(path):
    lines = (line.rstrip("\n").split(" = ") for line in open(path, encoding="ascii"))
    return {name: bytes.fromhex(value) for name, value in lines}


def same(name, made, kept):
    assert made == kept, f"{name}: {made.hex()} and not {kept.hex()}"


def refuses(name, action):
    try:
        action()
    except Refused:
        return
    raise AssertionError(f"{name} was taken")


def contents_of(random):
    """Signing seed, agreement key, TOTP seed, and the contents that slots of vectors seal."""
    signing, agreement, seed = random.bytes(), derive_key_pair(random.bytes()), random.bytes(20)
    anchors = u16(2)
    for name, sequence in (("clinical", 7), ("demographics", 12)):
        anchors += text(name) + u64(sequence) + bytes([sequence] * 32)
    last = NOW // 30 - 1
    return signing, agreement, seed, b"\1" + uid(3) + signing + agreement + seed + u64(last) + anchors


def header_of(kind, random, first, steps):
    cost = b"".join(u32(number) for cost in TEST_COST for number in cost)
    slot_salt, salt_n = random.bytes(), random.bytes()
    head = b"CKsl\1" + bytes([kind]) + uid(1) + uid(3) + uid(2) + u64(1) + cost + slot_salt + salt_n
    return head + u64(first) + u32(steps), slot_salt, salt_n


def slot_of_codes(vectors):
    random = Seeded(bytes([1] * 32))
    signing, agreement, seed, contents = contents_of(random)
    first = NOW // 30
    head, slot_salt, salt_n = header_of(1, random, first, 2880)
    same("slot.header", head, vectors["slot.header"])
    k_slot, target = random.bytes(), random.below(1_000_000)
    same("slot.k_slot", k_slot, vectors["slot.k_slot"])
    a = argon2id(PASSPHRASE.encode(), slot_salt, b"", b"", TEST_COST[0])
    key = sealed.mask_key(a, k_slot, salt_n, 1)
    table = b"".join(((target - sealed.totp(seed, step) + sealed.mask(key, step)) % 1_000_000).to_bytes(3, "big")
                     for step in range(first, first + 2880))
    h = sha256(head, table)
    pepper = hkdf(k_slot, salt_n, b"chartkeep/slot/pepper/one-time-code/v1\0", u64(1), u32(target))
    root = argon2id(a, salt_n, pepper, h, TEST_COST[1])
    nonce = random.bytes(12)
    inside = aes_seal(hkdf(root, h, b"chartkeep/slot/contents-key/v1\0"), nonce, h, contents)
    tail = hkdf(root, h, b"chartkeep/slot/commitment/v1\0") + nonce + u32(len(inside)) + inside
    same("slot.tail", tail, vectors["slot.tail"])
    file = head + table + tail
    several_workstations(vectors, file, k_slot)
    same("slot.sha256", sha256(file), vectors["slot.sha256"])
    slot = sealed.Slot(file)
    opened = slot.open_code(PASSPHRASE, k_slot, sealed.totp(seed, first), first)
    assert (opened.signing, opened.agreement, opened.seed) == (signing, agreement, seed)
    assert opened.anchors["clinical"] == (7, bytes([7] * 32)) and opened.last_step == first - 1
    refuses("a wrong code", lambda: slot.open_code(PASSPHRASE, k_slot, 0, first))
    refuses("a wrong passphrase", lambda: slot.open_code("another", k_slot, sealed.totp(seed, first), first))
    refuses("a cut file", lambda: sealed.Slot(file[:-1]))
    refuses("a longer file", lambda: sealed.Slot(file + b"\0"))
    back = sealed.open_reentry(vectors["reentry"], PASSPHRASE, bytes([6] * 32))
    assert (back["signing"], back["agreement"], back["session"]) == (signing, agreement, b"grants")
    assert back["anchors"] == opened.anchors and back["until"] == (NOW + 3600) * 1000
    assert back["boot"] == uuid.UUID(bytes=uid(9))


def several_workstations(vectors, file, k_slot):
    public = ed25519_public(bytes([19] * 32))
    found = sealed.open_twin(vectors["twin"], public, bytes([21] * 32))
    assert (found["signing"], x25519_public(found["agreement"])) == (bytes([19] * 32), x25519_public(bytes([20] * 32)))
    assert [found[name] for name in ("practice", "person", "of", "on")] == [uid(1), uid(3), uid(2), uid(4)]
    data = vectors["prepared.header"] + file + vectors["prepared.tail"]
    half, slot, number = sealed.open_prepared(data, public, bytes([22] * 32))
    assert (half, slot.slot.bytes, number) == (k_slot, uid(1), 5)


def slot_of_paper(vectors):
    random = Seeded(bytes([3] * 32))
    _, agreement, seed, _ = contents_of(random)
    code, typed = random.bytes(12), vectors["recovery.code"].decode()
    same("recovery.code", sealed.paper_code(typed), code)
    same("the same in small letters", sealed.paper_code(typed.lower().replace("-", " ")), code)
    header_of(2, random, 0, 0)
    opened = sealed.Slot(vectors["recovery.slot"]).open_paper(PASSPHRASE, random.bytes(), code)
    assert (opened.agreement, opened.seed) == (agreement, seed)


def slot_of_security_key(vectors):
    slot, answer = sealed.Slot(vectors["security-key.slot"]), vectors["security-key.answer"]
    opened = slot.open_security_key(PASSPHRASE, vectors["security-key.k_slot"], answer)
    assert opened.agreement == contents_of(Seeded(bytes([4] * 32)))[1] and slot.credential == b"\xc5" * 64
    next_answer = vectors["security-key.next-answer"]
    back = sealed.open_key_reentry(vectors["security-key.reentry"], next_answer, bytes([6] * 32))
    assert (back["agreement"], back["a"]) == (opened.agreement, slot.derive_a(PASSPHRASE))
    assert back["request"][:3] == (b"\xc5" * 64, 1, slot.salts[1])
    assert (back["slot_salt"], back["costs"]) == (slot.slot_salt, (slot.passphrase_cost, slot.unlock_cost))
    kept = sealed.hkdf(next_answer, b"", b"chartkeep/reentry/by-key/v1\0")
    credential, pin, *salts = back["request"]
    same("what a session keeps of a key", back["session"], u16(64) + credential + bytes([pin]) + b"".join(salts) + kept)
    refuses("another answer", lambda: sealed.open_key_reentry(vectors["security-key.reentry"], answer, bytes([6] * 32)))


def records(vectors):
    found = sealed.open_grant(vectors["grant"], ed25519_public(bytes([12] * 32)), bytes([13] * 32))
    assert (found["number"], found["drawer"], found["generation"]) == (17, "clinical", 4)
    private = [bytes([byte] * 32) for byte in (14, 15)]
    author = ed25519_public(bytes([16] * 32))
    opened = [sealed.open_envelope(vectors["envelope"], key, author) for key in private]
    assert opened[0] == opened[1] and opened[0]["sequence"] == 42
    same("key_id", key_id(x25519_public(bytes([7] * 32))), vectors["key_id"])
    random, field = Seeded(bytes([4] * 32)), bytes([5] * 32)
    key = random.bytes()
    row = sealed.open_row(key, uid(1), "clinical", "resource", "Observation/o1", 3, vectors["row"])
    assert row.startswith(b"{"), row
    same("patient_key", sealed.open_patient_key(field, uid(1), "clinical", "p1", 2, vectors["patient_key"]), key)
    refuses("a row in another revision", lambda: sealed.open_row(
        key, uid(1), "clinical", "resource", "Observation/o1", 4, vectors["row"]))
    same("token.mrn", sealed.token(sealed.token_key(field), "mrn", b"12345"), vectors["token.mrn"])
    inbox = derive_key_pair(hkdf(field, b"", b"chartkeep/inbox/key/v1\0"))
    same("inbox.public", x25519_public(inbox), vectors["inbox.public"])
    page = sealed.open_inbox_page(vectors["inbox.page"], ed25519_public(bytes([23] * 32)), inbox)
    assert (page["drawer"], page["generation"], page["from"], page["to"]) == ("clinical", 4, 16, 43), page
    assert (page["more"], page["made_at"], page["bundle"]) == (1, NOW * 1000, b'{"resourceType":"Bundle"}'), page
    server, other = ed25519_public(bytes([23] * 32)), bytes([17] * 32)
    refuses("a page of another drawer", lambda: sealed.open_inbox_page(vectors["inbox.page"], server, other))
    same("draft.key", sealed.draft_key(uid(3), bytes([7] * 32)), vectors["draft.key"])
    assert sealed.open_blob(bytes([11] * 32), b"draft", vectors["blob"]) == b"being typed"
    refuses("a file in another place", lambda: sealed.open_blob(bytes([11] * 32), b"other", vectors["blob"]))
    name = sealed.username_token(bytes([8] * 32), " M.ÖZTÜRK ")
    same("username.token", name, vectors["username.token"])
    plain = sealed.open_parcel(bytes([17] * 32), b"device-key-escrow", b"device", vectors["parcel"])
    assert plain == b"key"


def signed_and_counted(vectors):
    key = ed25519_public(bytes([18] * 32))
    verify(key, b"change", b"message", vectors["signature.change"])
    claim = uid(1) + uid(2) + uid(3) + bytes([19] * 32) + bytes([20] * 32)
    verify(key, b"session-challenge", claim, vectors["session"])
    epoch = hkdf(bytes([9] * 32), b"", b"chartkeep/audit-epoch/next/v1\0")
    same("epoch.key", epoch, vectors["epoch.key"])
    mac_key = hkdf(epoch, b"", b"chartkeep/audit-epoch/mac-key/v1\0")
    entry = b"chartkeep/audit-epoch/entry/v2\0" + u64(1) + u64(11) + bytes([12] * 32) + bytes([10] * 32)
    same("epoch.mark", hmac(mac_key, entry), vectors["epoch.mark"])
    end = b"chartkeep/audit-epoch/end/v1\0" + u64(1) + u64(12) + bytes([13] * 32)
    same("epoch.end", hmac(mac_key, end), vectors["epoch.end"])
    text = base64.urlsafe_b64encode(bytes([9] * 32)).rstrip(b"=")
    same("epoch.start", b"ckm1." + text, vectors["epoch.start"])
    marks(vectors["marks"], vectors["epoch.parcel"])
    random = Seeded(bytes([9] * 32))
    enrolment, bearer, paper = random.bytes(), random.bytes(), random.bytes(12)
    same("enrolment.digest", sha256(b"chartkeep/enrolment-token/v1\0", enrolment), vectors["enrolment.digest"])
    same("bearer.digest", sha256(b"chartkeep/bearer-token/v1\0", bearer), vectors["bearer.digest"])
    same("paper.digest", sha256(b"chartkeep/paper-code/v1\0", paper), vectors["paper.digest"])
    url = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (enrolment, bytes([24] * 32))]
    same("enrolment.token", b".".join([b"ck1"] + url), vectors["enrolment.token"])


def marks(written, parcel):
    """Two entries and the end of the epoch between them, after docs/formats/audit-marks.md."""
    place = uid(1) + uid(2) + u64(3)
    assert sealed.open_parcel(bytes([17] * 32), b"epoch-start", place, parcel) == bytes([9] * 32)
    key, leaf = bytes([9] * 32), bytes([10] * 32)
    later = hkdf(key, b"", b"chartkeep/audit-epoch/next/v1\0")
    mac_keys = [hkdf(each, b"", b"chartkeep/audit-epoch/mac-key/v1\0") for each in (key, later)]
    entry = b"chartkeep/audit-epoch/entry/v2\0"
    first = hmac(mac_keys[0], entry + u64(0) + u64(3) + bytes(32) + leaf)
    second = hmac(mac_keys[1], entry + u64(1) + u64(4) + first + leaf)
    end = hmac(mac_keys[0], b"chartkeep/audit-epoch/end/v1\0" + u64(0) + u64(4) + first)
    start = len(parcel).to_bytes(4, "big") + parcel
    whole = b"CKam\x01" + u64(3) + start + u64(3) + bytes(32) + (2).to_bytes(4, "big")
    whole += u64(0) + first + u64(1) + second + (1).to_bytes(4, "big") + u64(0) + u64(4) + end
    same("marks", whole, written)


def checkpoint(vectors):
    body, lines = vectors["checkpoint"].decode().split("\n\n")
    body += "\n"
    assert body == f"chartkeep/log\n5\n{base64.b64encode(bytes([21] * 32)).decode()}\ntime {NOW}\n"
    own, witness = (line.removeprefix("\u2014 ").split(" ") for line in lines.strip().split("\n"))
    for (name, line), byte, algorithm in ((own, 22, b"\1"), (witness, 23, b"\4")):
        data, public = base64.b64decode(line), ed25519_public(bytes([byte] * 32))
        same("a key id", sha256(name.encode(), b"\n", algorithm, public)[:4], data[:4])
        told = body
        if algorithm == b"\4":
            told = f"cosignature/v1\ntime {int.from_bytes(data[4:12], 'big')}\n{body}"
        Ed25519PublicKey.from_public_bytes(public).verify(data[-64:], told.encode())


def courier(vectors):
    events = sealed.courier_item(vectors["courier.events"])
    plain = Reader(sealed.open_parcel(bytes([14] * 32), b"courier-events", events["context"], events["body"]))
    assert (events["kind"], events["first"], events["count"]) == (2, 7, 2)
    assert (plain.bytes(), plain.data[plain.at:]) == (b"note", b"{}")
    answers = sealed.courier_item(vectors["courier.answers"])
    plain = sealed.open_parcel(bytes([17] * 32), b"courier-answers", answers["context"], answers["body"])
    verify(ed25519_public(bytes([18] * 32)), b"receipt", answers["context"] + plain[64:], plain[:64])
    assert plain[64:] == b"[]"
    envelope = sealed.courier_item(vectors["courier.envelope"])
    assert (envelope["body"], envelope["first"]) == (vectors["envelope"], 42)
    part = sealed.courier_item(vectors["courier.file"])
    assert (part["kind"], part["name"], part["first"], part["count"], part["sealed_to"]) == (4, uid(5), 3, 12, uid(6))
    body = Reader(part["body"])
    about, signature = body.raw(8 + 32), body.raw(64)
    assert about == u64(1000) + bytes([28] * 32) and part["body"][104:] == b"sealed bytes"
    verify(ed25519_public(bytes([22] * 32)), b"courier-file", part["context"] + about + b"sealed bytes", signature)


def export(vectors):
    key, data = vectors["export.key"].decode(), vectors["export"]
    assert base64.urlsafe_b64decode(key.removeprefix("ckx1.") + "=") == bytes([25] * 32)
    head, entries, end = sealed.export_parts(data, bytes([25] * 32))
    assert (head, entries) == ((0, b"{}"), (1, u64(7) + bytes([26] * 32) + u32(2) + b"{}"))
    parts = b"".join(bytes([kind]) + u64(len(text)) + text for kind, text in (head, entries))
    verify(ed25519_public(bytes([27] * 32)), b"export", uid(8) + u64(2) + sha256(parts), end[1])


def trust(vectors):
    data = vectors["trust.bundle"]
    reader = Reader(data).begin(b"CKtb")
    assert (reader.raw(16), reader.number(8), reader.number(8)) == (uid(1), 3, NOW * 1000)
    reader.raw(5 * 32)
    issuing = [x509.load_der_x509_certificate(reader.bytes()) for _ in range(reader.number(2))]
    signed = b"chartkeep/trust-bundle/v1\0" + reader.so_far()
    signature = reader.raw(reader.number(2))
    reader.finish()
    root = x509.load_der_x509_certificate(vectors["trust.root"])
    root.public_key().verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    for certificate in issuing:
        root.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))


ORDERS = {
    "lock": '{"order":"lock"}',
    "wipe": '{"order":"wipe","deliver_first":true}',
    "wipe-at-once": '{"order":"wipe","deliver_first":false}',
    "re-key": '{"order":"re-key","drawer":"clinical","generation":2}',
    "drop-person": '{"order":"drop-person","person":"01900000-0000-7000-8000-000000000003"}',
    "erase-patient": '{"order":"erase-patient","patient":"0190-ada"}',
}


def directives(vectors):
    key = ed25519_public(bytes([23] * 32))
    for name, order in ORDERS.items():
        signed = f"{uuid.UUID(bytes=uid(2))}\n7\n{order}".encode()
        same(f"directive.{name}.signed", signed, vectors[f"directive.{name}.signed"])
        verify(key, b"directive", signed, vectors[f"directive.{name}.signature"])


def erasure(vectors):
    found = sealed.open_erasure(vectors["erasure"], ed25519_public(bytes([24] * 32)))
    assert (found["number"], found["patient"], found["reason"]) == (5, "0190-ada", "patient-request")
    assert found["asked"] == (uuid.UUID(bytes=uid(3)), (NOW - 60) * 1000)
    assert found["agreed"] == (uuid.UUID(bytes=uid(4)), NOW * 1000) and found["issued_at"] == (NOW + 90) * 1000
    assert (found["records"], found["versions"]) == (42, 43)
    assert found["workstations"] == [(uuid.UUID(bytes=uid(2)), 1, (NOW + 30) * 1000),
                                     (uuid.UUID(bytes=uid(6)), 2, (NOW + 90) * 1000)]


def main():
    vectors = read(sys.argv[1])
    for part in (slot_of_codes, slot_of_paper, slot_of_security_key, records, signed_and_counted,
                 checkpoint, courier, export, trust, directives, erasure):
        part(vectors)
    print("every vector opens")


main()
