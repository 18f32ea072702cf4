"""Secrets that clients and processes have, in the forms in which they could be found somewhere."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import zmq.utils.z85
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integration.places import KEY_FOLDERS


class Secret(NamedTuple):
    """What must be nowhere, in one of its forms; letters of either case."""

    what: str
    form: bytes


class Tokens:
    """The tokens that clients were given."""

    def __init__(self) -> None:
        self._found: list[bytes] = []

    def add(self, text: str) -> None:
        self._found.append(urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    @property
    def last_hash(self) -> bytes:
        return sha256(self._found[-1]).digest()

    def secrets(self) -> Iterator[Secret]:
        assert len(set(self._found)) == len(self._found) > 3
        for number, raw in enumerate(self._found):
            yield from in_all_forms(f"token {number}", raw)


def in_all_forms(what: str, raw: bytes) -> Iterator[Secret]:
    encoded = b64encode(raw).rstrip(b"=")
    yield Secret(what, raw)
    yield Secret(f"{what} in hex", raw.hex().encode())
    yield Secret(f"{what} in base64", encoded)
    yield Secret(f"{what} in base64 for URLs", encoded.translate(bytes.maketrans(b"+/", b"-_")))


class OwnKey:
    """A key of a player, in OpenSSH's format."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.text = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        ).decode()
        self.public = (
            self._key.public_key()
            .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
            .decode()
        )

    def secrets(self) -> Iterator[Secret]:
        yield from in_all_forms("a player's key", self._key.private_bytes_raw())
        # The first lines hold the public half.
        for line in self.text.splitlines()[3:-1]:
            yield Secret("a line of a player's key", line.encode())


def kept_keys(home: Path) -> Iterator[Secret]:
    """The secret halves of the keys that a home needs itself."""
    for path in (path for folder in KEY_FOLDERS for path in (home / folder).iterdir()):
        text = path.read_text()
        for key in re.findall(r"BEGIN [A-Z ]*PRIVATE KEY-+\n(.*?)\n-+END", text, re.DOTALL):
            # The last line may be short; the first one of OpenSSH's is the same for all keys.
            yield from (Secret(path.name, line.encode()) for line in key.split("\n")[1:-1])
        if path.parent.name == "keys":
            raw = bytes.fromhex(json.loads(text)["secret"])
            yield from in_all_forms(path.name, raw)
            yield Secret(path.name, zmq.utils.z85.encode(raw))


def assert_none_in(found: dict[str, bytes], secrets: list[Secret]) -> None:
    for place, data in found.items():
        lower = data.lower()
        for what, form in secrets:
            at = lower.find(form.lower())
            assert at < 0, (what, place, data[max(0, at - 200) : at + 100])
