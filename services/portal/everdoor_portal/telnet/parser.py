"""Telnet framing: splits what a client sends into data, controls, negotiations, subnegotiations.

Bytes may be cut anywhere. What is kept between two calls is at most 2 bytes of an unfinished
command and one subnegotiation of at most MAX_SUBNEGOTIATION_BYTES. Line ends, NUL and encodings are
data here (`lines`); meaning and answers are `negotiation` and the option handlers.

Source: RFC 854 and 855.
"""

import re

import msgspec

from everdoor_portal.telnet.options import Command

# The option and its payload, unescaped. Names and sizes are far shorter; a packet of GMCP may be a
# list of all modules that a client knows, or a text that its player has edited.
MAX_SUBNEGOTIATION_BYTES = 4096

# A subnegotiation that never ends swallows what the player types: it is reported again and again.
OVERRUN_STEP_BYTES = MAX_SUBNEGOTIATION_BYTES

_IAC = b"\xff"
_IAC_IAC = b"\xff\xff"
_RUN = re.compile(rb"(?:[^\xff]++|\xff\xff)*+")


class Data(msgspec.Struct, frozen=True, gc=False):
    """Bytes of the player's text, IAC IAC already made one; never empty."""

    data: bytes


class Control(msgspec.Struct, frozen=True, gc=False):
    """IAC and a single code, one of `Command` or undefined."""

    code: int


class Negotiation(msgspec.Struct, frozen=True, gc=False):
    """IAC, then WILL, WONT, DO or DONT, then an option."""

    verb: int
    option: int


class Subnegotiation(msgspec.Struct, frozen=True, gc=False):
    """IAC SB option payload IAC SE, unescaped; the payload may be empty."""

    option: int
    payload: bytes


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """Something was dropped because it breaks the framing."""

    reason: str


Token = Data | Control | Negotiation | Subnegotiation | Malformed


class Parser:
    """The framing state of one connection."""

    __slots__ = ("_held", "_payload", "_payload_size")

    def __init__(self) -> None:
        self._held = b""
        self._payload: bytearray | None = None
        self._payload_size = 0

    @property
    def buffered_bytes(self) -> int:
        """How many bytes wait for the rest of their sequence."""
        return len(self._held) + len(self._payload or b"")

    @property
    def is_between_commands(self) -> bool:
        """True when a chunk without IAC is all data and need not be fed."""
        return not self._held and self._payload is None

    def feed(self, data: bytes) -> list[Token]:
        """Split a chunk; never raises. How the stream was cut into chunks changes no token
        but Data, whose pieces join to the same bytes."""
        if _IAC not in data and self.is_between_commands:
            return [Data(data)] if data else []
        return self._parse(self._held + data)

    def _parse(self, data: bytes) -> list[Token]:
        tokens: list[Token] = []
        self._held = b""
        position = 0
        while position < len(data):
            end = _end_of_run(data, position)
            if end > position:
                self._take_run(data[position:end].replace(_IAC_IAC, _IAC), tokens)
            consumed = self._take_command(data[end : end + 3], tokens)
            if not consumed:
                self._held = data[end:]
                break
            position = end + consumed
        return tokens

    def _take_run(self, run: bytes, tokens: list[Token]) -> None:
        if self._payload is None:
            tokens.append(Data(run))
            return
        before = _overruns(self._payload_size)
        self._payload_size += len(run)
        overruns = _overruns(self._payload_size)
        if overruns:
            self._payload.clear()
        else:
            self._payload += run
        reason = f"subnegotiation over {MAX_SUBNEGOTIATION_BYTES} bytes"
        tokens.extend([Malformed(reason)] * (overruns - before))

    def _take_command(self, sequence: bytes, tokens: list[Token]) -> int:
        """Take one command from its first (up to 3) bytes; returns its size, 0 if unfinished."""
        if len(sequence) < 2:
            return 0
        code = sequence[1]
        if self._payload is not None:
            self._end_subnegotiation(code, self._payload, tokens)
            if code == Command.SE:
                return 2
        if Command.WILL <= code <= Command.DONT:
            if len(sequence) < 3:
                return 0
            tokens.append(Negotiation(code, sequence[2]))
            return 3
        if code == Command.SB:
            self._payload, self._payload_size = bytearray(), 0
        else:
            tokens.append(Control(code))
        return 2

    def _end_subnegotiation(self, code: int, payload: bytearray, tokens: list[Token]) -> None:
        # Any other command ends it too, and is obeyed: else a lost SE would swallow the session.
        self._payload = None
        if _overruns(self._payload_size):
            return
        if code == Command.SE and payload:
            tokens.append(Subnegotiation(payload[0], bytes(payload[1:])))
        else:
            tokens.append(Malformed("subnegotiation without option or end"))


def _end_of_run(data: bytes, position: int) -> int:
    """Find the next IAC that is not doubled, else the end of the data."""
    match = _RUN.match(data, position)
    assert match is not None, "the pattern matches the empty run"
    return match.end()


def _overruns(size: int) -> int:
    excess = size - MAX_SUBNEGOTIATION_BYTES
    return 0 if excess <= 0 else 1 + excess // OVERRUN_STEP_BYTES
