"""One telnet client: bytes to and from a TelnetConnection, lines to the portal's handler.

It is its client's PortalSession as well. The protocol is `everdoor_portal.telnet`;
`gateways.telnet` accepts clients.
"""

from __future__ import annotations

import asyncio
import fcntl
import secrets
import struct
import termios
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import structlog

from everdoor.addresses import is_within
from everdoor.encodings import encoding_name
from everdoor.playertext import clean
from everdoor_portal.gateways.bounds import CLOSE_S, TOKEN_BYTES, TOO_LONG
from everdoor_portal.gateways.intake import Intake
from everdoor_portal.gateways.proxyheader import HeaderReader, MalformedHeader
from everdoor_portal.limits import Verdict
from everdoor_portal.render.renderer import render_output
from everdoor_portal.session import PortalSession
from everdoor_portal.telnet.connection import TelnetConnection
from everdoor_portal.telnet.events import (
    EndOfInput,
    Event,
    FlagsChanged,
    Keepalive,
    Line,
    LineTooLong,
    LoginWanted,
    OutOfBand,
    ProtocolAbuse,
    Reconnect,
    StatusWanted,
)
from everdoor_portal.telnet.gmcp import login_offer, token_text
from everdoor_portal.telnet.outofband import Call, call_of

if TYPE_CHECKING:
    from everdoor_portal.gateways.telnet import TelnetGateway

_log = structlog.get_logger(__name__)


class TelnetSession(PortalSession, asyncio.BufferedProtocol):
    """One telnet client. Made by TelnetGateway for each connection."""

    protocol_key: ClassVar[str] = "telnet"

    def __init__(self, gateway: TelnetGateway) -> None:
        super().__init__("", 0)
        self._gateway = gateway
        self._telnet = TelnetConnection(gateway.max_chars)
        self._transport: asyncio.Transport | None = None
        self._turn: asyncio.TimerHandle | None = None
        self._header: HeaderReader | None = None
        self._intake = Intake(self, gateway.loop, self._take_bytes)
        self._early = b""  # what came together with a proxy's header
        self._counted = 0  # the last output whose number the client has been told
        self._confirmed = 0  # and the last that the server knows it to have

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._gateway.max_unsent_bytes)
        self.learn_flags(self._telnet.flags)
        self._meet(self._transport)

    def _meet(self, transport: asyncio.Transport) -> None:
        """Learn who it is: from the connection, or from a proxy that hands it on."""
        peer = transport.get_extra_info("peername")
        self.address, self.port = peer[0].removeprefix("::ffff:"), peer[1]
        if is_within(self.address, self._gateway.proxies):
            self._header = HeaderReader()
            loop, reason = self._gateway.loop, "expected a PROXY header, none came"
            self._turn = loop.call_later(self._gateway.header_s, self._refuse_header, reason)
        else:
            self._arrive()

    def _arrive(self) -> None:
        self._enter(self._gateway.entrance.arrive(self.address, self._gateway.clock()))

    def _read_header(self, header: HeaderReader, data: bytes) -> None:
        """Take what a proxy says of its client; what the client typed waits for its turn."""
        try:
            origin = header.receive_data(data)
        except MalformedHeader as exc:
            self._refuse_header(str(exc))
            return
        if origin is None:
            return
        self._header = None
        if self._turn is not None:
            self._turn.cancel()
        if origin.address:
            self.address, self.port = origin.address, origin.port
        self._early = origin.rest
        self._arrive()

    def _refuse_header(self, reason: str) -> None:
        _log.warning("proxy refused", peer=self.address, reason=reason)
        self._close()

    def _enter(self, verdict: Verdict) -> None:
        """Begin the session, or wait for its turn, or let the client go."""
        if verdict.text:
            self._telnet.send_text(verdict.text + "\n")
        if verdict.is_refused:
            _log.info("client refused", peer=self.address, reason=verdict.text)
            self._close()
        elif verdict.wait_s:
            self.flush()
            self.pause_reading()
            self._turn = self._gateway.loop.call_later(verdict.wait_s, self._take_turn)
        else:
            self._telnet.start()
            self._gateway.sessions.connect(self)
            _log.info("client connected", session=str(self.key), peer=self.address)
            early, self._early = self._early, b""
            self._intake.receive(early)

    def _take_turn(self) -> None:
        self.resume_reading()
        self._enter(self._gateway.entrance.enter(self.address))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._gateway.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._gateway.buffer[:nbytes])
        if self._header is not None:
            self._read_header(self._header, data)
        elif self.sessionhandler is None:
            self._keep_early(data)
        else:
            self._intake.receive(data)

    def _keep_early(self, data: bytes) -> None:
        """Keep what comes before its turn: uvloop reads on when `connection_made` has paused it,
        and TLS hands on what comes while the connection ends."""
        if self._transport is not None and not self._transport.is_closing():
            self._early += data
            self.pause_reading()

    def _take_bytes(self, data: bytes) -> None:
        self._telnet.receive_data(data, self._gateway.clock())
        self._take_events()

    def eof_received(self) -> None:
        # TLS tells of the end also to who does not read.
        self._intake.take_rest()
        self._telnet.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._turn is not None:
            self._turn.cancel()
        self._intake.take_rest()
        self._leave("connection lost" if exc else "client closed the connection", exc is None)
        self._transport = None

    def pause_writing(self) -> None:
        """More is unsent than may be: the client does not read."""
        self._leave("client does not read", clean=False)
        if self._transport is not None:
            self._transport.abort()

    def resume_writing(self) -> None:
        """Never comes: a client that fell behind has been let go."""

    def _take_events(self) -> None:
        for event in self._telnet.events_received():
            self._take(event)

    def _take(self, event: Event) -> None:
        sessions = self._gateway.sessions
        match event:
            case Line(text=text):
                sessions.data_in(self, text)
            case FlagsChanged(flags=flags):
                sessions.flags_in(self, dict(flags))
            case Keepalive():
                sessions.keepalive(self)
            case LineTooLong(length=length):
                most = self._gateway.max_chars
                self._telnet.send_text(TOO_LONG.format(length=length, most=most) + "\n")
            case StatusWanted():
                self._telnet.send_status(self._gateway.status())
            case OutOfBand(protocol=protocol, name=name, data=data):
                self._call(call_of(protocol, name, data))
            case LoginWanted():
                self._offer_login(event.version)
            case Reconnect(token=token, seen=seen):
                sessions.resume(self, token, seen or 0)
            case ProtocolAbuse(reason=reason):
                _log.warning("client disconnected", session=str(self.key), reason=reason)
                self._leave(reason, clean=False)
                self.disconnect(reason)
            case EndOfInput():
                self._leave("client closed the connection", clean=True)

    def _call(self, call: Call) -> None:
        """Have the game take what the client says; `text` is a line like any other."""
        line = call.args[0] if call.name == "text" and call.args else None
        if not isinstance(line, str):
            self._gateway.sessions.oob_in(self, *call)
        elif len(line) > self._gateway.max_chars > 0:
            self._take(LineTooLong(len(line)))
        else:
            self._take(Line(clean(line)))

    # Logging in and coming back by GMCP's `Char.Login`.

    def _offer_login(self, version: int) -> None:
        """Say by what a client can log in; who is in already gets what only it may come back
        with."""
        if self.logged_in:
            self.at_login()
        else:
            self.send_default("Char.Login.Default", [], login_offer(version))

    def at_login(self) -> None:
        """Let the client come back, if it has words for that."""
        if self._telnet.keeps_tokens:
            self._gateway.sessions.offer_token(self, secrets.token_bytes(TOKEN_BYTES))

    def send_token(self, token: bytes) -> None:
        self._counted = self._confirmed = 0
        self._gateway.watch_outputs(self)
        is_secure = self.protocol_key != TelnetSession.protocol_key
        told = {"account": self.uname, "token": token_text(token), "secure_only": is_secure}
        self.send_default("Char.Login.Token", [], told)
        self.flush()

    def _count_outputs(self) -> None:
        """Tell who counts outputs the number of the last one, behind it."""
        log = self.output_log
        if log is not None and log.number > self._counted and self._telnet.counts_outputs:
            self._counted = log.number
            self.send_default("Everdoor.Output", [], {"number": log.number})

    def confirm_outputs(self) -> bool:
        """Take for seen what the client's end of the connection has acknowledged; False when
        nothing is to be watched any more."""
        log, transport = self.output_log, self._transport
        if log is None or transport is None or not self.has_client:
            return False
        if log.number > self._confirmed and not _is_unacknowledged(transport):
            self._confirmed = log.number
            self._gateway.sessions.client_has(self, log.number)
        return True

    def _leave(self, reason: str, clean: bool) -> None:
        if self.has_client and self.sessionhandler is not None:
            _log.info("client left", session=str(self.key), reason=reason)
            self._gateway.sessions.client_left(self, reason, clean)

    # The portal's side.

    def learn_flags(self, flags: Mapping[str, Any]) -> None:
        super().learn_flags(flags)
        encoding = encoding_name(str(flags.get("ENCODING", "")))
        if encoding is not None:
            self._telnet.encoding = encoding
        if "NOGOAHEAD" in flags:
            self._telnet.marks_prompts = not flags["NOGOAHEAD"]

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        renderer = self._gateway.renderer
        self._telnet.send_encoded(renderer.encoded(args, options, self.kind, self._telnet.encoding))

    def send_prompt(self, args: list[Any], options: dict[str, Any]) -> None:
        self._telnet.send_prompt(render_output(args, options, self.kind))
        if "hidden" in options:
            # Only who waits for a line says so; other prompts come in between.
            self._telnet.hide_input() if options["hidden"] else self._telnet.show_input()

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        try:
            self._telnet.send_out_of_band(name, args, options)
        except ValueError as exc:
            _log.warning("output not sent", session=str(self.key), output=name, error=str(exc))

    def is_of(self, gateway: TelnetGateway) -> bool:
        """Whether it came by this gateway."""
        return self._gateway is gateway

    def keep_alive(self) -> None:
        """Send what keeps the connection from being forgotten on its way."""
        self._telnet.send_keepalive()
        self.flush()

    def show_input(self) -> None:
        self._telnet.show_input()

    def flush(self) -> None:
        self._count_outputs()
        data = self._telnet.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def disconnect(self, reason: str = "") -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            _log.info("client let go", session=str(self.key), reason=reason)
            self._telnet.send_goodbye(reason)
            self._close()

    def _close(self) -> None:
        transport = self._transport
        if transport is not None:
            self._telnet.end()
            self.flush()
            transport.close()
            self._gateway.loop.call_later(CLOSE_S, transport.abort)

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._intake.resume(self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


def _is_unacknowledged(transport: asyncio.Transport) -> bool:
    """Whether something is on its way to the client that its end has not acknowledged."""
    if transport.get_write_buffer_size():
        return True
    connection = transport.get_extra_info("socket")
    descriptor = -1 if connection is None else connection.fileno()
    if descriptor < 0:
        return True  # it is lost, which TLS tells a little later
    unsent = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0" * 4)
    return bool(struct.unpack("i", unsent)[0])
