"""Fuzz target: whatever the bytes of an archive are, they are restored or a RestoreError is raised.

Run it for as long as you like: `.venv/bin/python tests/fuzz/archive.py SEED RUNS`, from the root of
a clone. A failing run prints its seed and the bytes.
"""

from __future__ import annotations

import hashlib
import io
import random
import sys
import zlib
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from archives import fleet_session, harbour_session, names, saved
from everdoor.archive import dump
from everdoor.errors import RestoreError
from everdoor.state.archivefile import compress, read_items

HEADER = b"# Everdoor Session version 3\n"
INTERESTING = b"\x00\x80\x90\xc0\xc1\xc4\xc6\xc7\xd4\xd6\xd9\xdb\xdc\xdd\xde\xdf\xff\x7f"


def try_bytes(content: bytes) -> bool:
    """Restore and print an archive; returns whether it was accepted."""
    session = fleet_session("Nautilus")
    try:
        session.restore(io.BytesIO(content))
    except RestoreError:
        assert names(session) == ["Nautilus"], "a refused archive has changed the session"
        accepted = False
    else:
        accepted = True
    try:
        for line in dump(harbour_session(), read_items(io.BytesIO(content))):
            assert line.isprintable() or line == ""
    except RestoreError:
        pass
    return accepted


def make_bytes(chance: random.Random) -> bytes:
    """Bytes of one of the kinds that reach different depths of the reader."""
    kind = chance.choice((_noise, _mutated, _mutated_compressed, _sealed))
    return kind(chance)


def run(seed: int) -> bool:
    """One run; an error carries the bytes."""
    content = make_bytes(random.Random(seed))
    try:
        return try_bytes(content)
    except Exception as exc:
        exc.add_note(f"seed {seed}: {content!r}")
        raise


def _noise(chance: random.Random) -> bytes:
    begin = chance.choice((b"", HEADER, HEADER + b"\x93\xa8metadata", b"\x28\xb5\x2f\xfd"))
    return begin + chance.randbytes(chance.randrange(200))


def _mutated(chance: random.Random) -> bytes:
    return _mutate(chance, WHOLE)


def _mutated_compressed(chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return _mutate(chance, COMPRESSED)
    return compress(_mutate(chance, WHOLE))


def _sealed(chance: random.Random) -> bytes:
    """An archive whose items are damaged, and whose checksums are right all the same."""
    content = HEADER
    bodies: list[tuple[str, bytes]] = [("metadata", b"\x80"), ("schemas", _schemas)]
    bodies += [("record", _mutate(chance, body)) for body in _records]
    for kind, body in bodies:
        content += _seal(kind, body)
    end = msgspec.msgpack.encode([len(_records), hashlib.sha256(content).digest()])
    return content + _seal("end", end)


def _seal(kind: str, body: bytes) -> bytes:
    item = b"\x93" + msgspec.msgpack.encode(kind) + body
    return item + msgspec.msgpack.encode(zlib.crc32(item))


def _mutate(chance: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at] = chance.choice(INTERESTING)
            case 2:
                changed[at:at] = chance.randbytes(chance.randrange(8))
            case 3:
                del changed[at + 1 : at + chance.randrange(20)]
            case 4:
                changed[at : at + 1] = chance.choice(INTERESTING).to_bytes() * chance.randrange(99)
    return bytes(changed) or b"\x00"


WHOLE = saved(fleet_session())
COMPRESSED = compress(WHOLE)
_schemas = msgspec.msgpack.encode({"Ship": 1, "Harbour": 1})
_ship = {"version": 1, "name": "Bounty", "escort": None, "password": ""}
_harbour = {"version": 1, "ships": [msgspec.msgpack.Ext(1, b"\0\0\0\1")], "tide": 0.5, "notes": {}}
_records = [
    msgspec.msgpack.encode([1, "Ship", [], _ship]),
    msgspec.msgpack.encode([2, "Harbour", ["harbour"], _harbour]),
]


def main(seed: int = 0, runs: int = 100_000) -> None:
    accepted = sum(map(run, range(seed, seed + runs)))
    print(f"{runs} runs from seed {seed}: {accepted} accepted, {runs - accepted} refused")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
