"""Password hashes that Django has made, compared; none is made here.

They come with accounts that are imported, and last until their password is shown: what is stored
then is argon2id (`passwords`). Hashes of argon2 that Django has made are argon2's own behind a
prefix. Which schemes an import takes over is said here too.

Source: Django's `django.contrib.auth.hashers`, the encodings of Django 1.4 to 5.2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from typing import Final, NamedTuple

MAX_ITERATIONS = 10_000_000
"""Ten times as many as Django takes today; a hash that claims more would only hold others up."""

MAX_SCRYPT_COST = 16 * 16384 * 8 * 5
"""n times r times p: sixteen times Django's."""

MAX_SCRYPT_BYTES = 64 * 1024 * 1024
"""Django's takes 16 MiB."""

ARGON2 = "argon2"
"""What Django writes before a hash of argon2."""

SCRYPT = "scrypt"

_PBKDF2: Final = {"pbkdf2_sha256": "sha256", "pbkdf2_sha1": "sha1"}
_SCHEMES: Final = (*_PBKDF2, SCRYPT)


class _Hash(NamedTuple):
    """A hash taken apart; `costs` are scrypt's n, r and p, or the iterations."""

    scheme: str
    costs: tuple[int, ...]
    salt: bytes
    expected: bytes


def imported_hash(stored: str) -> str | None:
    """What is stored of a hash of Django's; None: its password cannot be checked here.

    An account that has no password there (`!`) has none here (an empty hash).
    """
    if not stored or stored.startswith("!"):
        return ""
    if stored.startswith(f"{ARGON2}$argon2id$"):
        return stored.removeprefix(ARGON2)
    return None if _parsed(stored) is None else stored


def is_django_hash(stored: str) -> bool:
    """Whether a stored hash is one that `check_django_hash` knows."""
    return stored.partition("$")[0] in _SCHEMES


def check_django_hash(stored: str, password: str) -> bool:
    """Compare a password with a hash; damaged hashes are right for no password.

    Takes some tenths of a second, without the interpreter's lock.
    """
    parsed = _parsed(stored)
    return parsed is not None and hmac.compare_digest(parsed.expected, _compute(parsed, password))


def _parsed(stored: str) -> _Hash | None:
    scheme, *fields = stored.split("$")
    costs: tuple[int, ...]
    try:
        if scheme in _PBKDF2:
            iterations, salt, expected = fields
            costs, bound = (int(iterations),), MAX_ITERATIONS
        elif scheme == SCRYPT:
            n, salt, r, p, expected = fields
            costs, bound = (int(n), int(r), int(p)), MAX_SCRYPT_COST
        else:
            return None
        expected_bytes = base64.b64decode(expected, validate=True)
    except ValueError:
        return None
    if min(costs) < 1 or math.prod(costs) > bound:
        return None
    return _Hash(scheme, costs, salt.encode(), expected_bytes)


def _compute(like: _Hash, password: str) -> bytes:
    typed = password.encode()
    if like.scheme != SCRYPT:
        return hashlib.pbkdf2_hmac(_PBKDF2[like.scheme], typed, like.salt, *like.costs)
    n, r, p = like.costs
    try:
        return hashlib.scrypt(typed, salt=like.salt, n=n, r=r, p=p, maxmem=MAX_SCRYPT_BYTES)
    except ValueError:
        # Costs that scrypt does not take: no password is right.
        return b""
