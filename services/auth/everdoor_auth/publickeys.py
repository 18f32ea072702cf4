"""Reading a public key as OpenSSH writes it into `id_ed25519.pub` and `authorized_keys`.

Text in, kind and fingerprint out; the key itself is needed nowhere: who has it is proved to a
portal, which knows it by the fingerprint.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; RFC 4253, section 6.6.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import NamedTuple

from everdoor.errors import UserError
from everdoor.playertext import clean

KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
"""Kinds of keys that are taken."""

MIN_RSA_BITS = 2048
"""Shorter ones can be broken, or will be soon."""

MAX_COMMENT = 200
EXPECTED = "expected a line such as `ssh-ed25519 AAAA... comment`, as in id_ed25519.pub"


class ReadKey(NamedTuple):
    """A public key: its kind, its fingerprint (`SHA256:...`) and the comment behind it."""

    kind: str
    fingerprint: str
    comment: str


def read_public_key(line: str) -> ReadKey:
    """Read one line; options before the key are not taken, as they would mean nothing here.

    Raises:
        UserError: It is no public key of a kind that is taken.
    """
    if "PRIVATE KEY" in line:
        raise UserError("that is a private key; give the public one, in the file ending in .pub")
    kind, _, rest = line.strip().partition(" ")
    if kind not in KINDS:
        raise UserError(f"{EXPECTED}; the kinds taken are {', '.join(KINDS)}")
    encoded, _, comment = rest.strip().partition(" ")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise UserError(f"{EXPECTED}; what follows {kind} is no base64") from None
    _check(kind, blob)
    return ReadKey(kind, fingerprint(blob), clean(comment).strip()[:MAX_COMMENT])


def fingerprint(blob: bytes) -> str:
    """The name of a key by which people compare it, from its bytes on the wire."""
    digest = base64.b64encode(sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def _check(kind: str, blob: bytes) -> None:
    fields = _fields(blob)
    if len(fields) < 2 or fields[0] != kind.encode():
        raise UserError(f"{EXPECTED}; what follows {kind} is no key of that kind")
    if kind == "ssh-rsa":
        bits = int.from_bytes(fields[-1], "big").bit_length()
        if bits < MIN_RSA_BITS:
            raise UserError(f"expected an RSA key of {MIN_RSA_BITS} bits or more, got {bits}")


def _fields(blob: bytes) -> list[bytes]:
    """The strings that a key consists of; none when it is cut."""
    found = []
    while blob:
        size = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + size:
            return []
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return found
