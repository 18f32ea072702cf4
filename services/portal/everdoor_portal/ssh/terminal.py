"""What a terminal behind a pty can do, as protocol flags.

Source: RFC 4254, section 6.2; the names of terminals are terminfo's.
"""

from __future__ import annotations

from everdoor_portal.telnet.connection import DEFAULT_FLAGS
from everdoor_portal.telnet.events import FlagValue
from everdoor_portal.telnet.naws import (
    DEFAULT_HEIGHT,
    DEFAULT_WIDTH,
    MAX_SIZE,
    MIN_HEIGHT,
    MIN_WIDTH,
)
from everdoor_portal.telnet.ttype import MAX_NAME_LENGTH, terminal_flags

_TRUECOLOR = ("truecolor", "24bit")
_SOFTWARE = "SSH-2.0-"


def flags_of(client: str, term: str | None, colorterm: str = "") -> dict[str, FlagValue]:
    """What a client is, but for its size.

    Args:
        client: Its version, as it begins the connection with.
        term: Name of its terminal; None: it has no pty.
        colorterm: That variable of its environment.
    """
    flags = {**DEFAULT_FLAGS, "UTF-8": True, "CLIENTNAME": _name(client.removeprefix(_SOFTWARE))}
    if term is None:
        return {**flags, "ANSI": False}
    flags |= {"TERM": _name(term), "VT100": not is_plain(term), **terminal_flags(term)}
    if colorterm in _TRUECOLOR:
        flags |= {"XTERM256": True, "TRUECOLOR": True}
    return flags


def size_flags(width: int, height: int) -> dict[str, FlagValue]:
    """The size of a terminal, in characters; 0: it is not known."""
    return {
        "SCREENWIDTH": _bounded(width, MIN_WIDTH, DEFAULT_WIDTH),
        "SCREENHEIGHT": _bounded(height, MIN_HEIGHT, DEFAULT_HEIGHT),
        "NAWS": width > 0,
    }


def is_plain(term: str) -> bool:
    """Whether a terminal knows no control sequences."""
    return terminal_flags(term).get("ANSI") is False


def _bounded(size: int, minimum: int, default: int) -> int:
    return min(max(size, minimum), MAX_SIZE) if size > 0 else default


def _name(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MAX_NAME_LENGTH]
