"""How a client is told in SSH's words that it is not let in, before anything is agreed on.

Source: RFC 4253, sections 4.2 (versions), 6 (packets), 11.1 (disconnect).
"""

from __future__ import annotations

VERSION = "Everdoor"
"""Software that the server says it is."""

DISCONNECT = 1
TOO_MANY_CONNECTIONS = 12

_BLOCK = 8
_MIN_PADDING = 4


def refusal(text: str) -> bytes:
    """What to send to a client that is let go: our version, and a disconnect with a reason."""
    payload = (
        bytes([DISCONNECT])
        + TOO_MANY_CONNECTIONS.to_bytes(4, "big")
        + _string(text.encode())
        + _string(b"en")
    )
    padding = _BLOCK - (5 + len(payload)) % _BLOCK
    padding += _BLOCK if padding < _MIN_PADDING else 0
    size = 1 + len(payload) + padding
    packet = size.to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)
    return f"SSH-2.0-{VERSION}\r\n".encode() + packet


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
