"""A short proof that two processes hold the same copies of sessions.

Clocks and counters are left out: every process stamps its own. Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

DIGEST_BYTES = 16

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def digest_of_copies(copies: Iterable[tuple[int, int, Mapping[str, Any]]]) -> bytes:
    """Digest copies given as (connection, cursor, state), in any order."""
    made = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for conn, cursor, state in sorted(copies, key=lambda copy: copy[0]):
        made.update(_encoder.encode((conn, cursor, state)))
    return made.digest()
