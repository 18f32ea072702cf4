"""NEW-ENVIRON, what a client says of itself by variables, with the names of MUD clients (MNES).

Only those names are asked for, and no other is looked at: what a player's machine has in its
environment is none of our business, and however many variables come, five are kept.

Source: RFC 1572; Mud New-Environ Standard, https://tintin.mudhalla.net/protocols/mnes/
"""

import re

from everdoor.encodings import DEFAULT_ENCODING, encoding_name
from everdoor_portal.telnet.events import FlagValue
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation
from everdoor_portal.telnet.ttype import (
    MAX_NAME_LENGTH,
    MTTS_PREFIX,
    mtts_flags,
    terminal_flags,
)

IS, SEND, INFO = 0, 1, 2
VAR, VALUE, ESC, USERVAR = 0, 1, 2, 3

ASKED = ("CHARSET", "CLIENT_NAME", "CLIENT_VERSION", "MTTS", "TERMINAL_TYPE")

# Python remembers every name of an encoding that it was ever asked for: it is asked for these only.
_ENCODINGS = {
    name: encoding_name(name) or DEFAULT_ENCODING
    for name in ("ASCII", "BIG5", "CP437", "CP1251", "CP1252", "EUC-KR", "GB18030", "GBK")
    + ("ISO-8859-1", "ISO-8859-2", "ISO-8859-15", "KOI8-R", "UTF-8")
}

# One piece: what it is, then its text, in which ESC stands before a byte that is not a mark.
_PIECE = re.compile(rb"([\x00\x01\x03])((?:[^\x00-\x03]|\x02.)*+)", re.DOTALL)
_ESCAPED = re.compile(rb"\x02(.)", re.DOTALL)


class NewEnvironHandler:
    """Asks for the names of MNES; values become protocol flags, now and whenever one changes."""

    __slots__ = ("is_settled",)

    def __init__(self) -> None:
        self.is_settled = False

    def begin(self) -> Answer:
        """Ask for our names."""
        names = b"".join(bytes((VAR,)) + name.encode("ascii") for name in ASKED)
        return Answer(send=bytes((SEND,)) + names)

    def receive(self, payload: bytes) -> Answer:
        """Read `[IS or INFO] ([VAR or USERVAR][name] ([VALUE][value])?)*`.

        Raises:
            MalformedSubnegotiation: Another layout, or a value of ours that is over
                MAX_NAME_LENGTH characters, not printable ASCII, or no number for MTTS.
        """
        if payload[:1] not in (bytes((IS,)), bytes((INFO,))):
            raise MalformedSubnegotiation("NEW-ENVIRON expects IS or INFO from the client")
        flags: dict[str, FlagValue] = {}
        for name, value in _variables(payload[1:]).items():
            flags |= _flags_of(name, value)
        self.is_settled = True
        return Answer(flags)


def _variables(data: bytes) -> dict[str, str]:
    """Read those of our variables that have a value."""
    found: dict[str, str] = {}
    name: str | None = None
    position = 0
    while position < len(data):
        piece = _PIECE.match(data, position)
        if piece is None:
            raise MalformedSubnegotiation("NEW-ENVIRON expects VAR, USERVAR or VALUE")
        position = piece.end()
        text = _ESCAPED.sub(rb"\1", piece[2])
        if piece[1] != bytes((VALUE,)):
            name = text.decode("latin-1")
        elif name is None:
            raise MalformedSubnegotiation("NEW-ENVIRON expects one VALUE behind a name")
        else:
            if name in ASKED and text:
                found[name] = _read_value(name, text)
            name = None
    return found


def _read_value(name: str, raw: bytes) -> str:
    value = raw.decode("latin-1")
    if len(value) > MAX_NAME_LENGTH or not (value.isascii() and value.isprintable()):
        raise MalformedSubnegotiation(
            f"NEW-ENVIRON expects at most {MAX_NAME_LENGTH} printable ASCII characters for {name}"
        )
    return value


def _flags_of(name: str, value: str) -> dict[str, FlagValue]:
    match name:
        case "CHARSET":
            encoding = _ENCODINGS.get(value.upper())
            return {"ENCODING": encoding} if encoding else {}
        case "CLIENT_NAME":
            return {"CLIENTNAME": value}
        case "CLIENT_VERSION":
            return {"CLIENTVERSION": value}
        case "MTTS":
            return mtts_flags(MTTS_PREFIX + value)
        case _:
            return {"TERM": value, **terminal_flags(value)}
