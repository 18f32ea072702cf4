"""What a telnet connection tells its owner, one type per event.

Only types: the parser and the line assembler make them, the gateway acts on them.
"""

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


class ProtocolAbuse(msgspec.Struct, frozen=True, gc=False):
    """The peer broke the protocol too often; close it. Told once, nothing is read afterwards."""

    reason: str


class EndOfInput(msgspec.Struct, frozen=True, gc=False):
    """The peer will send nothing more. A line without an end is not run, it may be half of one."""


Event = Line | LineTooLong | FlagsChanged | Keepalive | ProtocolAbuse | EndOfInput
