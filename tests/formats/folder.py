"""Reads a whole data folder, written from docs/formats alone: argument 1 is JSON with the keys, in hex.

Every page, row, token, envelope and draft is opened and checked; what was found is printed as JSON.
"""

import hashlib
import hmac as hmac_module
import json
import pathlib
import sqlite3
import sys
import tempfile
import unicodedata
import uuid

import sealed
from primitives import Refused, cbc_decrypt, ed25519_public, sha256, u64, x25519_public

PAGE, RESERVED = 4096, 80


def decrypted(path, key):
    """The plain SQLite database in an SQLCipher file whose write-ahead log was folded in."""
    data = path.read_bytes()
    salt = data[:16]
    mac_salt = bytes(byte ^ 0x3A for byte in salt)
    mac_key = hashlib.pbkdf2_hmac("sha512", key, mac_salt, 2, 32)
    pages = []
    for number in range(1, len(data) // PAGE + 1):
        page = data[(number - 1) * PAGE:number * PAGE]
        start = 16 if number == 1 else 0
        ciphertext, iv, mac = page[start:-RESERVED], page[-RESERVED:-64], page[-64:]
        expected = hmac_module.new(mac_key, ciphertext + iv + number.to_bytes(4, "little"), "sha512").digest()
        if expected != mac:
            raise Refused(f"page {number} of {path.name}")
        plain = cbc_decrypt(key, iv, ciphertext)
        pages.append((b"SQLite format 3\0" if number == 1 else b"") + plain + bytes(RESERVED))
    return b"".join(pages)


def connect(path, key, place):
    plain = pathlib.Path(place) / path.name
    plain.write_bytes(decrypted(path, key))
    return sqlite3.connect(plain)


# Search tokens.

APOSTROPHES = "'\u2019\u02bc`\u00b4"
SPELT = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l",
         "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th", "ı": "i"}


def fold(name):
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.category(c).startswith("M"))
    return "".join(SPELT.get(c, c.lower()) for c in letters)


def alphanumeric(word):
    return "".join(c for c in word if c.isalnum())


def name_words(name):
    words = set()
    for word in fold(name).split():
        halves = "".join(c if c.isalnum() or c in APOSTROPHES else " " for c in word).split(" ")
        for half in halves:
            words.update("".join(" " if c in APOSTROPHES else c for c in half).split(" "))
            words.add(alphanumeric(half))
        words.add(alphanumeric(word))
    return {alphanumeric(word)[:40] for word in words} - {""}


def endings(word):
    parts = (word[at:] for at in range(1, len(word)))
    return {"~" + part for part in parts if not part.isascii() or len(part) >= 2}


def keyed(key, label, value):
    number = int.from_bytes(sealed.token(key, label, value.encode())[:10], "big")
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "#" + "".join(letters[number >> (5 * place) & 31] for place in reversed(range(16)))


def search_tokens(key, patient):
    tokens = set()
    for name in patient.get("name", []):
        for part in [name.get("family", "")] + name.get("given", []):
            for word in name_words(part):
                tokens |= {word} | endings(word)
    for label, part in zip(("birth-year", "birth-month", "birth-day"), patient.get("birthDate", "").split("-")):
        if part:
            tokens.add(keyed(key, label, str(int(part))))
    for identifier in patient.get("identifier", []):
        number = "".join(c for c in identifier["value"] if c.isascii() and c.isalnum()).upper()
        if len(number) >= 3 and any(c.isdigit() for c in number):
            tokens.add(keyed(key, "number", number))
    for contact in patient.get("telecom", []):
        digits = "".join(c for c in contact["value"] if c.isascii() and c.isdigit())
        ends = {digits[-length:] for length in (10, 7, 4) if len(digits) >= length}
        tokens |= {keyed(key, "phone", end) for end in ends}
    return " ".join(sorted(tokens, key=str.encode))


def row_digest(key, row, revision):
    value = row.encode() + u64(revision)
    whole = sealed.token(key, "anchor-low", value) + sealed.token(key, "anchor-high", value)
    return int.from_bytes(whole, "little")


# The files.


def read_drawer(path, name, keys, place):
    file, field = bytes.fromhex(keys["file"]), bytes.fromhex(keys["field"])
    db = connect(path, file, place)
    vault, own, generation, sequence, digest = db.execute(
        "SELECT vault, name, generation, sequence, digest FROM drawer").fetchone()
    assert (own, generation) == (name, keys["generation"])
    patients = {number: (who, sealed.open_patient_key(field, vault, name, who, generation, wrapped))
                for number, who, wrapped in db.execute("SELECT number, id, wrapped_key FROM patient")}
    tokens, total, documents = sealed.token_key(field), 0, {}
    for where, kind, own_id, patient, revision, data in db.execute(
            "SELECT place, kind, id, patient, revision, sealed FROM document"):
        key = f"{kind}/{own_id}"
        plain = json.loads(sealed.open_row(patients[patient][1], vault, name, "document", key, revision, data))
        assert (plain["resourceType"], plain["id"]) == (kind, own_id)
        assert where >> 24 == patient and revision <= sequence
        total = (total + row_digest(tokens, key, revision)) % 2**256
        documents[key] = plain
    assert total.to_bytes(32, "little") == digest, f"the digest of {name}"
    for table, column in (("pending", "sealed"), ("pending.base", "base"), ("server_version", "sealed")):
        for kind, own_id, patient, revision, data in db.execute(
                f"SELECT kind, id, patient, revision, {column} FROM {table.split('.')[0]} WHERE {column} <> x''"):
            sealed.open_row(patients[patient][1], vault, name, table, f"{kind}/{own_id}", revision, data)
    for number, revision, data in db.execute("SELECT number, revision, sealed FROM summary"):
        who, patient_key = patients[number]
        sealed.open_row(patient_key, vault, name, "summary", f"Patient/{who}", revision, data)
    filed = dict(db.execute("SELECT id, c0 FROM patient_index_content"))
    for number, words in filed.items():
        expected = search_tokens(tokens, documents[f"Patient/{patients[number][0]}"])
        assert words == expected, f"{words}\n{expected}"
    envelopes = dict(db.execute("SELECT change, bytes FROM envelope"))
    return {"documents": len(documents), "filed": len(filed)}, envelopes


def read_device(path, key, place):
    db = connect(path, key, place)
    (log,) = db.execute("SELECT log FROM identity").fetchone()
    count = 0
    for position, leaf, event in db.execute("SELECT position, leaf_hash, event FROM audit_entry ORDER BY position"):
        assert position == count
        assert leaf == sha256(b"\0chartkeep/audit/v1\n", log, u64(position), event)
        assert json.loads(event)["resourceType"] == "AuditEvent"
        count += 1
    waiting = [change for (change,) in db.execute("SELECT change FROM outbox WHERE state = 'waiting'")]
    return count, waiting


def read_outbox(folder, keys, waiting, kept):
    author = ed25519_public(bytes.fromhex(keys["author"]))
    found = 0
    for change in waiting:
        file = (folder / "outbox" / f"{uuid.UUID(bytes=change)}.envelope").read_bytes()
        assert file == kept[change], "the copy in outbox/ is another"
        opened = sealed.open_envelope(file, bytes.fromhex(keys["sealing"]), author)
        bundle = json.loads(opened["transaction"])
        assert (bundle["type"], uuid.UUID(bundle["id"])) == ("transaction", opened["change"])
        found += 1
    return found


def read_drafts(folder, keys):
    found = []
    for person, agreement in keys["drafts"].items():
        key = sealed.draft_key(uuid.UUID(person).bytes, bytes.fromhex(agreement))
        for file in sorted((folder / "drafts" / person).iterdir()):
            draft = json.loads(sealed.open_blob(key, f"draft/{person}/{file.name}".encode(), file.read_bytes()))
            what = f"{person}/{draft['form']}/{draft['patient'] or ''}"
            assert file.name == sha256(what.encode())[:16].hex() + ".draft"
            found.append(draft["content"])
    return found


def main():
    keys = json.loads(sys.argv[1])
    folder = pathlib.Path(keys["folder"])
    assert x25519_public(bytes.fromhex(keys["sealing"]))
    found, envelopes = {}, {}
    with tempfile.TemporaryDirectory() as place:
        events, waiting = read_device(folder / "device.db", bytes.fromhex(keys["device"]), place)
        for name, own in keys["drawers"].items():
            found[name], more = read_drawer(folder / "drawers" / f"{name}.db", name, own, place)
            envelopes.update(more)
        found["events"] = events
        found["envelopes"] = read_outbox(folder, keys, waiting, envelopes)
        found["drafts"] = read_drafts(folder, keys)
    print(json.dumps(found))


main()
