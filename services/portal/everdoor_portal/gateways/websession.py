"""One connection to the web door: bytes to and from a WebConnection, lines to the portal's handler.

It is its client's PortalSession as well when it becomes one. The protocols are
`everdoor_portal.web`; `gateways.web` accepts connections.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import structlog
from websockets.frames import CloseCode

from everdoor_portal.gateways.bounds import (
    CLOSE_S,
    CONFIRM_S,
    NO_LIMIT,
    TOKEN_BYTES,
    TOO_LONG,
)
from everdoor_portal.gateways.intake import Intake
from everdoor_portal.limits import TOO_FAST, Verdict
from everdoor_portal.render.renderer import render_output
from everdoor_portal.session import PortalSession
from everdoor_portal.telnet.gmcp import login_offer
from everdoor_portal.telnet.outofband import Call, call_of
from everdoor_portal.web.codecs import MAX_LINES, Codec, Message, lines_of
from everdoor_portal.web.connection import WebConnection
from everdoor_portal.web.events import (
    Arrived,
    Asked,
    Event,
    FlagsChanged,
    Greeting,
    Keepalive,
    Left,
    Line,
    LineTooLong,
    LoginWanted,
    OutOfBand,
    ProtocolAbuse,
    Reconnect,
    Seen,
    TooManyLines,
)

if TYPE_CHECKING:
    from everdoor_portal.gateways.web import WebGateway

OPENING_S = 10.0
"""How long a connection may take to ask for a page, or to become a session."""

PAGE_S = 60.0
"""How long a page may take to be read."""

PIECE_BYTES = 128
"""Taken at a time of what was read."""

SILENT_S = 50.0
"""A client from which nothing came for so long, no pong either, is gone."""

TOO_MANY = "You have sent {count} lines at once; at most {most} are taken. None of them was done."

_log = structlog.get_logger(__name__)


class WebSession(PortalSession, asyncio.BufferedProtocol):
    """One connection to the web door. Made by WebGateway for each."""

    protocol_key: ClassVar[str] = "websocket"

    def __init__(self, gateway: WebGateway) -> None:
        super().__init__("", 0)
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: deque[Event] = deque()
        # A few bytes may be many lines, inflated.
        self._intake = Intake(self, gateway.loop, self._take_bytes, PIECE_BYTES, True)
        self._is_waiting = False
        self._is_heard = True  # until it abuses the protocol: others would pay for what it says on
        self._is_hiding = False
        self._is_sent_away = False
        self._counted = 0  # the last output that was sent
        self._confirmed = 0  # and the last that the client has said to have
        self._asking: asyncio.TimerHandle | None = None
        self._told: tuple[int, str, bool] = (0, "", False)
        self.last_heard = 0.0

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=NO_LIMIT)
        peer = transport.get_extra_info("peername")
        self.address, self.port = peer[0].removeprefix("::ffff:"), peer[1]
        self._web = WebConnection(self._gateway.rules, self.address)
        self._abort_after(OPENING_S)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._gateway.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.last_heard = self._gateway.clock()
        if self._is_heard:
            self._intake.receive(bytes(self._gateway.buffer[:nbytes]))

    def _take_bytes(self, data: bytes) -> None:
        self._web.receive_data(data, self._gateway.clock())
        self._take_events()

    def eof_received(self) -> None:
        self._intake.take_rest()
        self._web.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        if self._asking is not None:
            self._asking.cancel()
        self._intake.take_rest()
        self._leave("connection lost", clean=False)
        self._gateway.clients.discard(self)
        self._transport = None

    def pause_writing(self) -> None:
        """More is unsent than may be: the client does not read."""
        self._leave("client does not read", clean=False)
        if self._transport is not None:
            self._transport.abort()

    def resume_writing(self) -> None:
        """Never comes: a client that fell behind has been let go."""

    def _take_events(self) -> None:
        self._waiting.extend(self._web.events_received())
        while self._waiting and not self._is_waiting:
            self._take(self._waiting.popleft())

    def _take(self, event: Event) -> None:
        sessions = self._gateway.sessions
        match event:
            case Arrived(address=address):
                self._arrive(address)
            case Greeting(flags=flags, token=token, seen=seen):
                self._begin(flags, token, seen)
            case Line(text=text):
                sessions.data_in(self, text)
            case LineTooLong(length=length):
                most = self._gateway.rules.max_chars
                self.send_text([TOO_LONG.format(length=length, most=most)], {})
            case TooManyLines(count=count):
                self.send_text([TOO_MANY.format(count=count, most=MAX_LINES)], {})
            case FlagsChanged(flags=flags):
                self._flags_in(flags)
            case Keepalive():
                sessions.keepalive(self)
            case Asked(name=name, args=args, options=options):
                sessions.oob_in(self, name, args, options)
            case OutOfBand(protocol=protocol, name=name, data=data):
                self._call(call_of(protocol, name, data))
            case LoginWanted(version=version):
                self._offer_login(version)
            case Reconnect(token=token, seen=seen):
                sessions.resume(self, token, seen or 0)
            case Seen(number=number):
                self._confirm(number)
            case ProtocolAbuse(reason=reason):
                _log.warning("client disconnected", session=str(self.key), reason=reason)
                self._leave(reason, clean=False)
                self._close(CloseCode.POLICY_VIOLATION, reason)
                self._is_heard = False
            case Left(reason=reason, is_clean=is_clean):
                self._leave(reason, is_clean and not self._is_sent_away)
                self._close(CloseCode.NORMAL_CLOSURE, "")

    # The beginning.

    def _arrive(self, address: str) -> None:
        self.address = address
        gateway = self._gateway
        gateway.clients.add(self)
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=gateway.max_unsent_bytes)
        self._enter(gateway.entrance.arrive(self.address, gateway.clock()))

    def _enter(self, verdict: Verdict) -> None:
        """Let the client in, have it wait for its turn, or let it go."""
        if verdict.text:
            self.send_text([verdict.text], {})
        if verdict.is_refused:
            _log.info("client refused", peer=self.address, reason=verdict.text)
            self._waiting.clear()
            is_for_now = verdict.text == TOO_FAST
            code = CloseCode.TRY_AGAIN_LATER if is_for_now else CloseCode.POLICY_VIOLATION
            self._close(code, verdict.text)
        elif verdict.wait_s:
            self._is_waiting = True
            self.flush()
            self.pause_reading()
            self._cancel_timer()
            self._timer = self._gateway.loop.call_later(verdict.wait_s, self._take_turn)

    def _take_turn(self) -> None:
        self._is_waiting = False
        self._abort_after(OPENING_S)
        self.resume_reading()
        self._enter(self._gateway.entrance.enter(self.address))
        self._take_events()
        self.flush()

    def _begin(self, flags: Mapping[str, Any], token: bytes, seen: int) -> None:
        verdict = self._gateway.entrance.enter(self.address)
        if verdict.is_refused:
            # Others of its address have come while it had not greeted.
            self._enter(verdict)
            return
        self._cancel_timer()
        self.learn_flags(flags)
        self._gateway.sessions.connect(self, token, seen)
        _log.info("client connected", session=str(self.key), peer=self.address)

    def _flags_in(self, flags: Mapping[str, Any]) -> None:
        known = self.protocol_flags
        changed = {flag: value for flag, value in flags.items() if known.get(flag) != value}
        if changed:
            self._gateway.sessions.flags_in(self, changed)

    def _call(self, call: Call) -> None:
        """Have the game take what the client says; `text` is a line like any other."""
        line = call.args[0] if call.name == "text" and call.args else None
        if not isinstance(line, str):
            self._gateway.sessions.oob_in(self, *call)
        else:
            self._waiting.extendleft(reversed([*lines_of(line, self._gateway.rules.max_chars)]))

    # Coming back.

    def _offer_login(self, version: int) -> None:
        """Say by what a client of GMCP can log in; who is in already gets what only it may come
        back with."""
        if self.logged_in:
            self.at_login()
        else:
            self.send_default("Char.Login.Default", [], login_offer(version))

    def at_login(self) -> None:
        """Let the client come back, if it has words for that."""
        token = secrets.token_bytes(TOKEN_BYTES)
        if self._web.codec is not None and self._web.codec.token(token, "") is not None:
            self._gateway.sessions.offer_token(self, token)

    def send_token(self, token: bytes) -> None:
        self._counted = self._confirmed = 0
        is_secure = self._gateway.is_secure
        self._send(lambda codec: codec.token(token, self.uname or "", is_secure))
        self.flush()

    def _count_outputs(self) -> None:
        """Tell who wants it the number of the last output, and ask who does not say it by itself
        what it has."""
        log, codec = self.output_log, self._web.codec
        if log is None or codec is None or log.number == self._counted:
            return
        self._counted = log.number
        self._web.send(codec.counted(log.number))
        if not codec.confirms and self._asking is None:
            self._asking = self._gateway.loop.call_later(CONFIRM_S, self._ask_what_it_has)

    def _ask_what_it_has(self) -> None:
        self._asking = None
        self._web.ping(self._counted)
        self.flush()

    def _confirm(self, number: int) -> None:
        """Only what it can have been sent, or the numbers would be of no use to it."""
        log = self.output_log
        if log is not None and self._confirmed < number <= log.number:
            self._confirmed = number
            self._gateway.sessions.client_has(self, number)

    def send_away(self, text: str) -> bool:
        if self.output_log is None:
            return False
        if not self._is_sent_away:
            self._is_sent_away = True
            self._web.send_away(text)
            self._abort_after(CLOSE_S)
            self.flush()
        return True

    # The end.

    def _leave(self, reason: str, clean: bool) -> None:
        if self.has_client and self.sessionhandler is not None:
            _log.info("client left", session=str(self.key), reason=reason)
            self._gateway.sessions.client_left(self, reason, clean)

    def _close(self, code: CloseCode, reason: str) -> None:
        if self._transport is not None:
            self._web.close(code, reason)
            self._abort_after(CLOSE_S)
            self.flush()

    def _abort_after(self, seconds: float) -> None:
        self._cancel_timer()
        if self._transport is not None:
            self._timer = self._gateway.loop.call_later(seconds, self._transport.abort)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # The portal's side.

    def sync(self, change: Mapping[str, Any]) -> None:
        super().sync(change)
        told = (self.sessid, self.uname or "", self.logged_in)
        if told != self._told:
            self._told = told
            self._send(lambda codec: codec.session(*told))
            self.flush()

    def at_server_away(self, is_away: bool) -> None:
        self._send(lambda codec: codec.away(is_away))
        self.flush()

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        body = self._body
        self._send(lambda codec: codec.text(body(codec, args, options), options, self._number))

    def send_prompt(self, args: list[Any], options: dict[str, Any]) -> None:
        # Only who waits for a line says whether it is hidden; other prompts come in between.
        hidden = bool(options["hidden"]) if "hidden" in options else None
        self._is_hiding = self._is_hiding if hidden is None else hidden
        self._send(lambda codec: self._prompt(codec, args, options, hidden))

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        try:
            self._send(lambda codec: codec.out_of_band(name, args, options, self._number))
        except ValueError as exc:
            _log.warning("output not sent", session=str(self.key), output=name, error=str(exc))

    def show_input(self) -> None:
        if self._is_hiding:
            self._is_hiding = False
            self._send(lambda codec: codec.show_input())
            self.flush()

    def keep_alive(self, now: float) -> None:
        """Ask the client for a sign of life, or give it up if none came for too long."""
        if now - self.last_heard > SILENT_S and self._transport is not None:
            self._leave("client is silent", clean=False)
            self._transport.abort()
        else:
            self._web.ping()
            self.flush()

    def flush(self) -> None:
        self._count_outputs()
        data, transport = self._web.data_to_send(), self._transport
        if transport is None or transport.is_closing():
            return
        if data:
            transport.write(data)
        if self._web.is_over:
            self._abort_after(CLOSE_S if self._web.codec else PAGE_S)
            transport.close()

    def disconnect(self, reason: str = "") -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            _log.info("client let go", session=str(self.key), reason=reason)
            is_going = self._gateway.sessions.is_going_away
            code = CloseCode.GOING_AWAY if is_going else CloseCode.NORMAL_CLOSURE
            self._close(code, reason)

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._intake.resume(self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    @property
    def _number(self) -> int:
        """Of the last output that the client has with what is sent now."""
        return self.output_log.number if self.output_log is not None else 0

    def _send(self, message: Callable[[Codec], Message | None]) -> None:
        if self._web.codec is not None:
            self._web.send(message(self._web.codec))

    def _body(self, codec: Codec, args: list[Any], options: dict[str, Any]) -> bytes:
        renderer = self._gateway.renderers[codec.name]
        return renderer.encoded(args, options, self.kind, self._encoding)

    def _prompt(
        self, codec: Codec, args: list[Any], options: dict[str, Any], hidden: bool | None
    ) -> Message:
        shown = render_output(args, options, self.kind, codec.render)
        body = codec.encode(shown, self._encoding)
        return codec.prompt(body, options, self._number, hidden)

    @property
    def _encoding(self) -> str:
        """WebSocket's text is UTF-8, whatever a player has chosen for other doors."""
        return "utf-8"
