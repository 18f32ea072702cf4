"""What a WebSocket client tells its owner, one type per event.

Lines, flags and out-of-band messages are the same as telnet's (`everdoor_portal.telnet.events`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from everdoor_portal.telnet.events import (
    FlagsChanged,
    FlagValue,
    Keepalive,
    Line,
    LineTooLong,
    LoginWanted,
    OutOfBand,
    ProtocolAbuse,
    Reconnect,
)


class Arrived(msgspec.Struct, frozen=True):
    """The handshake is over: the client may be let in.

    Attributes:
        address: The client's own, where a proxy that is believed has told it; else empty.
    """

    address: str


class Greeting(msgspec.Struct, frozen=True):
    """The client is ready for its session. Always the first event after Arrived, and once.

    Attributes:
        flags: All protocol flags.
        token: With which it comes back to a session; empty: it does not.
        seen: Number of the last output that it has of that session.
    """

    flags: dict[str, FlagValue]
    token: bytes = b""
    seen: int = 0

    def __repr__(self) -> str:
        return f"Greeting({self.flags}, token hidden, {self.seen})"


class Asked(msgspec.Struct, frozen=True):
    """Something that is no line, by the name of what the game is to do with it."""

    name: str
    args: list[Any]
    options: dict[str, Any]


class TooManyLines(msgspec.Struct, frozen=True, gc=False):
    """The client has sent more lines at once than are taken; none of them is."""

    count: int


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The client has all outputs up to a number."""

    number: int


class Left(msgspec.Struct, frozen=True):
    """The client closes, or has broken the protocol beyond repair; nothing comes afterwards.

    Attributes:
        is_clean: Its player meant it.
    """

    reason: str
    is_clean: bool


Event = (
    Arrived
    | Greeting
    | Line
    | LineTooLong
    | TooManyLines
    | FlagsChanged
    | Keepalive
    | OutOfBand
    | Asked
    | LoginWanted
    | Reconnect
    | Seen
    | ProtocolAbuse
    | Left
)

__all__ = [
    "Arrived",
    "Asked",
    "Event",
    "FlagValue",
    "FlagsChanged",
    "Greeting",
    "Keepalive",
    "Left",
    "Line",
    "LineTooLong",
    "LoginWanted",
    "OutOfBand",
    "ProtocolAbuse",
    "Reconnect",
    "Seen",
    "TooManyLines",
]
