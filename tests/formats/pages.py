"""Counts byte strings in a data folder, pages that are free included: argument 1 is JSON with the keys, in hex.

Every page of every database and every frame of its write-ahead log is decrypted first; other files are read as they are.
"""

import json
import pathlib
import sys

from primitives import cbc_decrypt

PAGE, RESERVED, WAL_HEADER, FRAME_HEADER = 4096, 80, 32, 24


def plain(key, page, is_first):
    start = 16 if is_first else 0
    return cbc_decrypt(key, page[-RESERVED:-64], page[start:-RESERVED])


def pages(data, key):
    """The decrypted pages of a database."""
    for number in range(len(data) // PAGE):
        yield plain(key, data[number * PAGE:(number + 1) * PAGE], number == 0)


def frames(data, key):
    """The decrypted pages in a write-ahead log, those that count no more included."""
    at = WAL_HEADER
    while at + FRAME_HEADER + PAGE <= len(data):
        number = int.from_bytes(data[at:at + 4], "big")
        yield plain(key, data[at + FRAME_HEADER:at + FRAME_HEADER + PAGE], number == 1)
        at += FRAME_HEADER + PAGE


def content(path, keys):
    data = path.read_bytes()
    key = keys.get(path.name.split(".")[0])
    if key and path.name.endswith(".db"):
        return b"".join(pages(data, bytes.fromhex(key)))
    if key and path.name.endswith("-wal"):
        return b"".join(frames(data, bytes.fromhex(key)))
    return data


def main():
    asked = json.loads(sys.argv[1])
    needles = [bytes.fromhex(line) for line in pathlib.Path(asked["needles"]).read_text().split()]
    hits, size = 0, 0
    for path in sorted(pathlib.Path(asked["folder"]).rglob("*")):
        if path.is_file() and not path.name.endswith("-shm"):
            data = content(path, asked["keys"])
            size += len(data)
            hits += sum(needle in data for needle in needles)
    print(json.dumps({"hits": hits, "bytes": size}))


main()
