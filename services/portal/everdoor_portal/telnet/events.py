"""What a telnet connection tells its owner, one type per event.

Only types: the parser and the line assembler make them, the gateway acts on them.
"""

from typing import Any

import msgspec

FlagValue = str | int | bool


class Line(msgspec.Struct, frozen=True, gc=False):
    """One complete line as the player meant it: decoded, edited, no control characters, no end."""

    text: str


class LineTooLong(msgspec.Struct, frozen=True, gc=False):
    """One line over the limit was refused whole.

    Attributes:
        length: Characters in the refused line. Of a line longer than the line buffer the
            characters are counted as if it were UTF-8, before editing.
    """

    length: int


class FlagsChanged(msgspec.Struct, frozen=True):
    """The client told something about itself; only what differs from before is in `flags`."""

    flags: dict[str, FlagValue]


class Keepalive(msgspec.Struct, frozen=True, gc=False):
    """The client is there, the player did nothing (NUL, NOP, AYT). Repeats are made one."""


class OutOfBand(msgspec.Struct, frozen=True):
    """The client said something that is no line.

    Attributes:
        protocol: `GMCP` or `MSDP`.
        name: Of its package or variable, as the client has written it.
        data: JSON's values, with None for none; MSDP has texts, lists and dicts only.
    """

    protocol: str
    name: str
    data: Any


class LoginWanted(msgspec.Struct, frozen=True, gc=False):
    """The client can log in by GMCP's `Char.Login`.

    Attributes:
        version: 1; from 2 on it takes tokens with which it may come back.
    """

    version: int


class Reconnect(msgspec.Struct, frozen=True):
    """The client comes back with a token (`Char.Login.Reconnect`).

    Attributes:
        seen: Number of the last output that it has; None: it does not count them.
    """

    token: bytes
    seen: int | None = None

    def __repr__(self) -> str:
        return f"Reconnect(token hidden, {self.seen})"


class StatusWanted(msgspec.Struct, frozen=True, gc=False):
    """The client wants to be told the server's status: who runs it, how many play."""


class ProtocolAbuse(msgspec.Struct, frozen=True, gc=False):
    """The peer broke the protocol too often; close it. Told once, nothing is read afterwards."""

    reason: str


class EndOfInput(msgspec.Struct, frozen=True, gc=False):
    """The peer will send nothing more. A line without an end is not run, it may be half of one."""


Event = (
    Line
    | LineTooLong
    | FlagsChanged
    | Keepalive
    | OutOfBand
    | LoginWanted
    | Reconnect
    | StatusWanted
    | ProtocolAbuse
    | EndOfInput
)
