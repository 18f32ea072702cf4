"""TTYPE, the client's name and terminal, with the MTTS cycle of MUD clients.

Asked three times, a MUD client answers its own name, its terminal type, then `MTTS` and a number
whose bits say what it can do. A plain telnet client repeats its last answer, which ends the list.

Source: RFC 1091; the Mud Terminal Type Standard, https://tintin.mudhalla.net/protocols/mtts/
"""

from everdoor_portal.telnet.events import FlagValue
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation

IS = 0
SEND = 1

MAX_ANSWERS = 3

# RFC 1091 allows 40 characters; clients that add their version are given some more.
MAX_NAME_LENGTH = 64

MTTS_FLAGS = (
    "ANSI",
    "VT100",
    "UTF-8",
    "XTERM256",
    "MOUSE_TRACKING",
    "OSC_COLOR_PALETTE",
    "SCREENREADER",
    "PROXY",
    "TRUECOLOR",
    "MNES",
    "MSLP",
    "SSL",
)
"""Protocol flags by bit of the MTTS number: the first is bit 0, worth 1."""

MTTS_PREFIX = "MTTS "
_MAX_MTTS_DIGITS = 6
_PLAIN_TERMINALS = ("DUMB", "UNKNOWN", "NETWORK", "HARDCOPY")
_ANSI_TERMINALS = ("ANSI", "VT", "XTERM", "LINUX", "SCREEN", "TMUX", "RXVT", "KONSOLE", "CYGWIN")


class TtypeHandler:
    """Asks up to three times and turns the answers into protocol flags."""

    __slots__ = ("_answers", "_last", "is_settled")

    def __init__(self) -> None:
        self._answers = 0
        self._last = ""
        self.is_settled = False

    def begin(self) -> Answer:
        """Ask for the first name."""
        return Answer(send=bytes([SEND]))

    def receive(self, payload: bytes) -> Answer:
        """Read `[IS][name]`, and ask for the next name while there may be one.

        Raises:
            MalformedSubnegotiation: Not an IS, nothing was asked, or the name is empty, over
                MAX_NAME_LENGTH characters, not printable ASCII, or a broken MTTS number.
        """
        if self.is_settled:
            raise MalformedSubnegotiation("TTYPE answer without a question")
        name = _read_name(payload)
        flags = self._flags_of(name)
        self._answers += 1
        self.is_settled = (
            name == self._last or name.startswith(MTTS_PREFIX) or self._answers == MAX_ANSWERS
        )
        self._last = name
        return Answer(flags, None if self.is_settled else bytes([SEND]))

    def _flags_of(self, name: str) -> dict[str, FlagValue]:
        if name.startswith(MTTS_PREFIX):
            return mtts_flags(name)
        if self._answers == 0:
            return {"CLIENTNAME": name, **terminal_flags(name)}
        if self._answers == 1:
            return {"TERM": name, **terminal_flags(name)}
        return {}


def mtts_flags(answer: str) -> dict[str, FlagValue]:
    """Read `MTTS <number>` into one boolean per flag; unknown bits are ignored.

    Raises:
        MalformedSubnegotiation: What follows MTTS is not a number of at most 6 digits.
    """
    digits = answer.removeprefix(MTTS_PREFIX)
    if not digits.isdecimal() or len(digits) > _MAX_MTTS_DIGITS:
        raise MalformedSubnegotiation("MTTS expects a number of at most 6 digits")
    bits = int(digits)
    return {flag: bool(bits >> position & 1) for position, flag in enumerate(MTTS_FLAGS)}


def terminal_flags(name: str) -> dict[str, FlagValue]:
    """Tell from a terminal's name what it can show; only what is sure is returned."""
    upper = name.upper()
    if upper in _PLAIN_TERMINALS:
        return {"ANSI": False}
    truecolor = upper.endswith("-TRUECOLOR")
    xterm256 = truecolor or upper.endswith("-256COLOR")
    ansi = xterm256 or upper.startswith(_ANSI_TERMINALS)
    flags = {"ANSI": ansi, "XTERM256": xterm256, "TRUECOLOR": truecolor}
    return {flag: True for flag, known in flags.items() if known}


def _read_name(payload: bytes) -> str:
    if payload[:1] != bytes([IS]):
        raise MalformedSubnegotiation("TTYPE expects IS from the client")
    raw = payload[1:].strip()
    if not 0 < len(raw) <= MAX_NAME_LENGTH:
        raise MalformedSubnegotiation(
            f"TTYPE expects 1 to {MAX_NAME_LENGTH} characters, {len(raw)} came"
        )
    name = raw.decode("latin-1")
    if not (name.isascii() and name.isprintable()):
        raise MalformedSubnegotiation("TTYPE expects printable ASCII")
    return name
