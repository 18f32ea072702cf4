"""The telnet protocol of one client, whole: bytes in, events and bytes out.

It has no socket, no clock and no timer. Its owner feeds it, takes `events_received()` and sends
`data_to_send()` after every call, and closes at ProtocolAbuse and EndOfInput. What is kept once
both were taken is bounded (`buffered_bytes`). A chunk of n bytes gives at most n events and n
times the longest answer: the owner bounds these by how much it reads at a time.

Source: RFC 854, 855, 857 (ECHO), 858 (SGA), 885 (EOR), 1143 (Q method); the sources of the other
options are named where they are handled.
"""

from collections.abc import Mapping
from typing import Any

from everdoor.encodings import DEFAULT_ENCODING, encoding_name
from everdoor_portal.telnet.encode import encode_text, escape
from everdoor_portal.telnet.events import (
    EndOfInput,
    Event,
    FlagsChanged,
    FlagValue,
    Line,
    LineTooLong,
    ProtocolAbuse,
)
from everdoor_portal.telnet.gmcp import GmcpHandler
from everdoor_portal.telnet.gmcp import encode as gmcp_packet
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation, OptionHandler
from everdoor_portal.telnet.lines import LineAssembler, add_keepalive
from everdoor_portal.telnet.mccp import Compressor
from everdoor_portal.telnet.msdp import encode as msdp_variable
from everdoor_portal.telnet.mssp import StatusValue, encode_status
from everdoor_portal.telnet.naws import DEFAULT_HEIGHT, DEFAULT_WIDTH
from everdoor_portal.telnet.negotiation import Negotiator, Side
from everdoor_portal.telnet.options import SUPPORTED, Command, Option, command_name, option_name
from everdoor_portal.telnet.outofband import data_of, package_of, variable_of
from everdoor_portal.telnet.parser import (
    Control,
    Data,
    Malformed,
    Negotiation,
    Parser,
    Subnegotiation,
    Token,
)
from everdoor_portal.telnet.ttype import MTTS_FLAGS
from everdoor_portal.telnet.violations import ViolationMeter

DEFAULT_MAX_CHARS = 6000

DEFAULT_FLAGS: Mapping[str, FlagValue] = {
    "CLIENTNAME": "",
    "CLIENTVERSION": "",
    "TERM": "",
    "ENCODING": DEFAULT_ENCODING,
    "SCREENWIDTH": DEFAULT_WIDTH,
    "SCREENHEIGHT": DEFAULT_HEIGHT,
    "NAWS": False,
    **{flag: False for flag in MTTS_FLAGS},
    **{support.flag: False for support in SUPPORTED.values() if support.flag},
    "ANSI": True,
}
"""The protocol flags of a client that has told nothing; why it is believed to show colours is said
in `everdoor_portal.render.kinds`."""

_ACCEPTS = {
    Side.LOCAL: frozenset(o for o, support in SUPPORTED.items() if support.accepts_local),
    Side.REMOTE: frozenset(o for o, support in SUPPORTED.items() if support.accepts_remote),
}

_IAC = bytes((Command.IAC,))
_IAC_SB = bytes((Command.IAC, Command.SB))
_IAC_SE = bytes((Command.IAC, Command.SE))
_IAC_GA = bytes((Command.IAC, Command.GA))
_IAC_EOR = bytes((Command.IAC, Command.EOR))
_IAC_NOP = bytes((Command.IAC, Command.NOP))
_CRLF = b"\r\n"
_BACKSPACE = b"\b"
_HERE = b"\r\n[yes]\r\n"  # RFC 854: some visible evidence that the AYT was received
_IGNORED = frozenset(
    (Command.EOR, Command.DM, Command.BRK, Command.IP, Command.AO, Command.GA)
)  # nothing to interrupt, no urgent data, and the peer's turn to speak is always


class TelnetConnection:
    """One client's telnet protocol.

    Args:
        max_chars: The longest line accepted, in characters; 0 disables the limit, and lines are
            then bounded by `lines.MAX_LINE_BYTES`.

    Attributes:
        marks_prompts: False for a client whose player wants no GA behind prompts.
    """

    __slots__ = (
        "_compressor",
        "_encoding",
        "_events",
        "_flags",
        "_handlers",
        "_is_closed",
        "_is_hiding",
        "_lines",
        "_meter",
        "_negotiator",
        "_now",
        "_out",
        "_ready",
        "_parser",
        "_speaks_telnet",
        "_wants_hidden",
        "marks_prompts",
    )

    def __init__(self, max_chars: int = DEFAULT_MAX_CHARS) -> None:
        self._parser = Parser()
        self._lines = LineAssembler(max_chars)
        self._negotiator = Negotiator(_ACCEPTS)
        self._handlers: dict[int, OptionHandler] = {}
        self._meter = ViolationMeter()
        self._flags: dict[str, FlagValue] = {}
        self._events: list[Event] = []
        self._out = bytearray()
        self._ready = bytearray()  # to be sent before `_out`, compressed or not as it has to be
        self._compressor: Compressor | None = None
        self._speaks_telnet = False
        self._encoding = DEFAULT_ENCODING
        self._is_closed = False
        self._is_hiding = False
        self._wants_hidden = False
        self._now = 0.0
        self.marks_prompts = True

    # What is known.

    @property
    def flags(self) -> dict[str, FlagValue]:
        """All protocol flags, those that the client has not told at their defaults."""
        return {**DEFAULT_FLAGS, **self._flags}

    @property
    def is_settled(self) -> bool:
        """True when the client has answered all that was asked: it will not get better known."""
        return self._negotiator.is_settled and all(h.is_settled for h in self._handlers.values())

    @property
    def violations(self) -> int:
        """How often the client broke the protocol."""
        return self._meter.total

    @property
    def buffered_bytes(self) -> int:
        """Bytes kept: unfinished input, and output not yet taken."""
        unsent = len(self._ready) + len(self._out)
        return self._parser.buffered_bytes + self._lines.buffered_bytes + unsent

    @property
    def encoding(self) -> str:
        """How text is sent, and how lines are read that are not valid UTF-8."""
        return self._encoding

    @encoding.setter
    def encoding(self, encoding: str) -> None:
        name = encoding_name(encoding)
        if name is None:
            raise ValueError(f"expected an encoding that has ASCII in it, got {encoding!r}")
        self._encoding = name
        self._lines.encoding = name

    # Receiving.

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes from the client, cut anywhere. Never raises for what they contain.

        Afterwards take `events_received()` and send `data_to_send()`. Ignored after
        `receive_eof()` and after ProtocolAbuse.

        Args:
            data: What was read.
            now: Seconds, monotonic; what was counted against the client fades with it.
        """
        if self._is_closed:
            return
        if _IAC not in data and self._parser.is_between_commands:
            self._take_data(data)  # the hot path: nearly all that players type
            return
        self._now = now
        for token in self._parser.feed(data):
            if self._is_closed:
                return
            self._take(token)

    def receive_eof(self) -> None:
        """Learn that the client sends no more. Idempotent."""
        if not self._is_closed:
            self._is_closed = True
            self._events.append(EndOfInput())

    def events_received(self) -> list[Event]:
        """Take what has happened since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    # Sending.

    def data_to_send(self) -> bytes:
        """Take the bytes that are to be sent now; empty when there are none."""
        data = bytes(self._out)
        self._out.clear()
        if data and self._compressor is not None:
            data = self._compressor.compress(data)
        if self._ready:
            data = bytes(self._ready) + data
            self._ready.clear()
        return data

    def start(self) -> None:
        """Ask the client what it is and can, and offer what we can. Call once, at the start."""
        for option, support in SUPPORTED.items():
            if support.asks_remote:
                self._out += self._negotiator.request(Side.REMOTE, option, enable=True)
            if support.offers_local:
                self._out += self._negotiator.request(Side.LOCAL, option, enable=True)

    def end(self) -> None:
        """End what must be ended before the connection is closed: compression. Idempotent."""
        if self._compressor is not None:
            self._ready += self._compressor.finish(bytes(self._out))
            self._out.clear()
            self._compressor = None

    def send_keepalive(self) -> None:
        """Send NOP, so that nobody on the way takes the connection for dead.

        A client that has not answered anything may know no telnet, and would show it: it gets none.
        """
        if self._speaks_telnet:
            self._out += _IAC_NOP

    def send_text(self, text: str) -> None:
        """Send text, clean of foreign control characters; nothing is added at its end."""
        self._out += encode_text(text, self._encoding)

    def send_encoded(self, data: bytes) -> None:
        """Send text that `encode_text` has encoded for this client's encoding already."""
        self._out += data

    def send_prompt(self, text: str) -> None:
        """Send a prompt and mark its end: by EOR for a client that has agreed to it (RFC 885),
        else by GA unless the client does without."""
        self.send_text(text)
        if self._is_doing(Option.EOR):
            self._out += _IAC_EOR
        elif self.marks_prompts and not self._is_doing(Option.SGA):
            self._out += _IAC_GA

    def send_status(self, status: Mapping[str, StatusValue]) -> None:
        """Say the server's status, as StatusWanted asks for; nothing to who does not want it."""
        if self._is_doing(Option.MSSP):
            self._send_subnegotiation(Option.MSSP, encode_status(status))

    def send_out_of_band(self, name: str, args: list[Any], options: Mapping[str, Any]) -> None:
        """Say an output that is no text by GMCP, else by MSDP, else not at all.

        Raises:
            ValueError: Its name or data cannot be said by the protocol.
        """
        data = data_of(args, options)
        gmcp = self._handlers.get(Option.GMCP)
        if isinstance(gmcp, GmcpHandler):
            package = package_of(name)
            if gmcp.wants(package):
                self._send_subnegotiation(Option.GMCP, gmcp_packet(package, data))
        elif self._is_doing(Option.MSDP):
            self._send_subnegotiation(Option.MSDP, msdp_variable(variable_of(name), data))

    def send_goodbye(self, reason: str) -> None:
        """Say by GMCP that the connection is about to be closed, and why."""
        gmcp = self._handlers.get(Option.GMCP)
        if isinstance(gmcp, GmcpHandler) and gmcp.wants("Core.Goodbye"):
            packet = gmcp_packet("Core.Goodbye", data_of([reason] if reason else [], {}))
            self._send_subnegotiation(Option.GMCP, packet)

    @property
    def keeps_tokens(self) -> bool:
        """Whether the client can be given a token with which it may come back."""
        gmcp = self._handlers.get(Option.GMCP)
        return isinstance(gmcp, GmcpHandler) and gmcp.keeps_tokens

    @property
    def counts_outputs(self) -> bool:
        """Whether the client wants to be told the numbers of outputs."""
        gmcp = self._handlers.get(Option.GMCP)
        return isinstance(gmcp, GmcpHandler) and gmcp.counts_outputs

    def hide_input(self) -> None:
        """Ask the client not to show what is typed, for a password. Idempotent.

        A client may refuse, or know no telnet: hiding is a courtesy, not a guarantee.
        """
        self._wants_hidden = True
        self._out += self._negotiator.request(Side.LOCAL, Option.ECHO, enable=True)

    def show_input(self) -> None:
        """Let the client show what is typed again. Idempotent."""
        # Called for every line, and ECHO comes into effect at our wish only: mostly nothing to do.
        if self._wants_hidden:
            self._wants_hidden = False
            self._out += self._negotiator.request(Side.LOCAL, Option.ECHO, enable=False)

    # One token each.

    def _take(self, token: Token) -> None:
        if isinstance(token, Data):
            self._take_data(token.data)
        elif isinstance(token, Malformed):
            self._count_violation(token.reason)
        elif self._meter.add_routine(self._now, _size_of(token)):
            self._give_up("too many telnet commands")
        else:
            self._take_command(token)

    def _take_command(self, command: Control | Negotiation | Subnegotiation) -> None:
        match command:
            case Control(code):
                self._take_control(code)
            case Negotiation(verb, option):
                self._take_negotiation(verb, option)
            case Subnegotiation(option, payload):
                self._take_subnegotiation(option, payload)

    def _take_data(self, data: bytes) -> None:
        nuls = data.count(b"\0")
        # One alone is a sign of life, or the rest of a line end that has been cut.
        if nuls > 1 and nuls > data.count(b"\r\0") and self._meter.add_routine(self._now, nuls):
            self._give_up("too many signs of life")
            return
        overruns = self._lines.overruns
        self._take_typed(data)
        # However fast it is thrown away: a line without an end is nobody's.
        for _ in range(self._lines.overruns - overruns):
            if not self._is_closed:
                self._count_violation("a line without an end")

    def _take_typed(self, data: bytes) -> None:
        if not self._is_hiding:
            self._lines.feed(data, self._events)
            return
        # RFC 857: who echoes shows the line's end too. It is all that we echo.
        before = len(self._events)
        self._lines.feed(data, self._events)
        ended = sum(isinstance(event, Line | LineTooLong) for event in self._events[before:])
        self._out += _CRLF * ended

    def _take_control(self, code: int) -> None:
        if code == Command.NOP:
            add_keepalive(self._events)
        elif code == Command.AYT:
            add_keepalive(self._events)
            self._out += _HERE
        elif code == Command.EC:
            self._take_data(_BACKSPACE)
        elif code == Command.EL:
            self._lines.erase_line()
        elif code not in _IGNORED:
            self._count_violation(f"unexpected {command_name(code)}")

    def _take_negotiation(self, verb: int, option: int) -> None:
        self._speaks_telnet = True
        outcome = self._negotiator.receive(verb, option)
        self._out += outcome.send
        if outcome.enabled is not None:
            self._switch(outcome.side, option, outcome.enabled)
        if outcome.violation:
            self._count_violation(outcome.violation)

    def _is_doing(self, option: int) -> bool:
        return self._negotiator.is_in_effect(Side.LOCAL, option)

    def _switch(self, side: Side, option: int, enabled: bool) -> None:
        if (side, option) == (Side.LOCAL, Option.ECHO):
            self._is_hiding = enabled
        if (side, option) == (Side.LOCAL, Option.COMPRESS2):
            self._begin_compression() if enabled else self.end()
        if flag := SUPPORTED[option].flag:
            self._learn({flag: any(map(self._is_doing, _options_of(flag)))})
        make_handler = SUPPORTED[option].handler
        if make_handler is None:
            return
        if enabled:
            self._handlers[option] = handler = make_handler()
            self._take_answer(option, handler.begin())
        else:
            del self._handlers[option]

    def _begin_compression(self) -> None:
        """Send what is unsent and the mark as they are; all that follows is compressed."""
        self._send_subnegotiation(Option.COMPRESS2, b"")
        self._ready += self._out
        self._out.clear()
        self._compressor = Compressor()

    def _take_subnegotiation(self, option: int, payload: bytes) -> None:
        handler = self._handlers.get(option)
        if handler is None:
            self._count_violation(f"unexpected subnegotiation of {option_name(option)}")
            return
        try:
            self._take_answer(option, handler.receive(payload))
        except MalformedSubnegotiation as exc:
            self._count_violation(str(exc))

    def _take_answer(self, option: int, answer: Answer) -> None:
        if answer.send is not None:
            self._send_subnegotiation(option, answer.send)
        self._learn(answer.flags)
        self._events += answer.events
        # One subnegotiation may bring many variables, each of which the game is asked about.
        for _ in answer.events[1:]:
            if self._meter.add_routine(self._now):
                self._give_up("too many variables")
                return

    def _send_subnegotiation(self, option: int, payload: bytes) -> None:
        self._out += _IAC_SB + bytes((option,)) + escape(payload) + _IAC_SE

    def _learn(self, flags: Mapping[str, FlagValue]) -> None:
        changed = {
            name: value
            for name, value in flags.items()
            if self._flags.get(name, DEFAULT_FLAGS[name]) != value
        }
        if changed:
            self._flags.update(changed)
            self._add_flags_changed(changed)
            if "ENCODING" in changed:
                self.encoding = str(changed["ENCODING"])

    def _add_flags_changed(self, changed: dict[str, FlagValue]) -> None:
        """Join changes that follow each other into one event, so that a flood of them is one."""
        last = self._events[-1] if self._events else None
        if isinstance(last, FlagsChanged):
            self._events[-1] = FlagsChanged({**last.flags, **changed})
        else:
            self._events.append(FlagsChanged(changed))

    # Giving up.

    def _count_violation(self, reason: str) -> None:
        if self._meter.add_violation(self._now):
            self._give_up(f"too many telnet protocol violations, the last: {reason}")

    def _give_up(self, reason: str) -> None:
        self._is_closed = True
        self._events.append(ProtocolAbuse(reason))


def _options_of(flag: str) -> list[int]:
    return [option for option, support in SUPPORTED.items() if support.flag == flag]


def _size_of(token: Control | Negotiation | Subnegotiation) -> int:
    return len(token.payload) if isinstance(token, Subnegotiation) else 0
