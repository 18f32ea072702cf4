"""One connection to the web door, whole: bytes in, events and bytes out.

It answers requests for pages, opens a WebSocket, and speaks the sub-protocol that was agreed on.
Like `everdoor_portal.telnet.connection` it has no socket, no clock and no timer: its owner feeds
it, takes `events_received()` and `data_to_send()` after every call, and closes the transport when
`is_over`. RFC 6455 and its compression are the library's (`websockets`); what may be kept of a
client is bounded here.

Source: RFC 6455, RFC 7692; docs/clients.md for what clients may send.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from everdoor.addresses import Network
from everdoor_portal.telnet.violations import ViolationMeter
from everdoor_portal.web.codecs import Codec, MalformedMessage, Message, Reply
from everdoor_portal.web.events import (
    Arrived,
    Asked,
    Event,
    Greeting,
    Left,
    Line,
    OutOfBand,
    ProtocolAbuse,
    Seen,
    TooManyLines,
)
from everdoor_portal.web.handshake import (
    DEFAULT_CODEC,
    choose,
    client_address,
    is_origin_allowed,
)
from everdoor_portal.web.pages import Page, answer, plain

SOCKET_PATHS = ("/ws", "/")
"""Where a WebSocket is opened; Evennia's client looks at the root."""

MAX_MESSAGE_BYTES = 64 * 1024
"""One message of a client, also after it is inflated: a line of 6000 characters and much more."""

MAX_REQUEST_BYTES = 16 * 1024
"""A request with its headers; browsers send a tenth of that."""

MAX_REASON_BYTES = 123  # RFC 6455, 5.5: a close frame's body has 125, of which 2 are the code

MAX_BROWSER_LENGTH = 32

# 4 KiB of window and as much again for the tables, instead of 32 and 256: a hundred clients are
# to cost no more than a megabyte, and lines of text hardly compress better.
_DEFLATE = [
    ServerPerMessageDeflateFactory(
        server_max_window_bits=12, client_max_window_bits=12, compress_settings={"memLevel": 4}
    )
]

_CONTROL = frozenset((Opcode.PING, Opcode.PONG))

# What is worth telling of a connection is logged by its session.
_silent = logging.Logger("websockets", logging.CRITICAL)


class WebRules(NamedTuple):
    """What holds for all connections of a door.

    Attributes:
        pages: By path.
        origins: Other sites whose pages may connect; `*`: all.
        proxies: Whose X-Forwarded-For is believed.
        max_chars: Longest line; 0: no limit but the message's.
    """

    pages: Mapping[str, Page] = {}
    origins: Collection[str] = ()
    proxies: Collection[Network] = ()
    max_chars: int = 6000


class WebConnection:
    """One client.

    Args:
        peer: Address of the connection's other end.

    Attributes:
        codec: Of the sub-protocol; None until a WebSocket is open.
    """

    def __init__(self, rules: WebRules, peer: str) -> None:
        self._rules = rules
        self._peer = peer
        self._protocol = ServerProtocol(
            extensions=_DEFLATE,
            select_subprotocol=_select,
            max_size=MAX_MESSAGE_BYTES,
            logger=_silent,
        )
        self._meter = ViolationMeter()
        self._events: list[Event] = []
        self._out: list[bytes] = []
        self._received_bytes = 0
        self._message: bytearray | None = None
        self._is_binary = False
        self._now = 0.0
        self._is_closed = False
        self.codec: Codec | None = None
        self.is_over = False

    # From the client.

    def receive_data(self, data: bytes, now: float) -> None:
        """Take bytes, cut anywhere.

        Args:
            now: Seconds, monotonic.
        """
        if self.is_over:
            return
        self._now = now
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            # After a farewell only the library cares: whether the client agrees.
            if self._is_closed:
                continue
            if isinstance(event, Request):
                self._take_request(event)
            elif isinstance(event, Frame):
                self._take_frame(event)
        if self.codec is None:
            self._received_bytes += len(data)
            if self._received_bytes > MAX_REQUEST_BYTES and not self.is_over:
                self._leave("its request is too long")
                self.is_over = True
        self._notice_failure()

    def receive_eof(self) -> None:
        """The client will send nothing more, without having said so."""
        self._leave("connection lost")
        self.is_over = True

    def events_received(self) -> list[Event]:
        """What the client did, in order; nothing comes behind Left and ProtocolAbuse."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> bytes:
        """Bytes for the client."""
        for data in self._protocol.data_to_send():
            if data:
                self._out.append(data)
            else:
                self.is_over = True
        out, self._out = self._out, []
        return b"".join(out)

    # To the client.

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self.codec is not None and self._protocol.state is OPEN

    def send(self, message: Message | None) -> None:
        """Send a message; nothing once the connection closes."""
        if message is None or not self.is_open:
            return
        if message.is_binary:
            self._protocol.send_binary(message.data)
        else:
            self._protocol.send_text(message.data)

    def ping(self, number: int = 0) -> None:
        """Ask for a sign of life; with the number of an output, whether it has come (Seen)."""
        if self.is_open:
            self._protocol.send_ping(b"%d" % number if number else b"")

    def close(self, code: CloseCode, reason: str) -> None:
        """Say goodbye; the client is to answer, or to be cut off. Idempotent."""
        self._is_closed = True
        if self.is_open:
            self._protocol.send_close(code, _cut(reason))
        elif self.codec is None:
            self.is_over = True

    def send_away(self, reason: str) -> None:
        """Have the client leave, and take what it sends until it says that it does."""
        if self.is_open:
            self._protocol.send_close(CloseCode.GOING_AWAY, _cut(reason))

    # The handshake.

    def _take_request(self, request: Request) -> None:
        path = request.path.partition("?")[0]
        if path not in SOCKET_PATHS or not _wants_socket(request):
            self._respond(self._answer(request, path))
            return
        origin, host = request.headers.get_all("Origin"), request.headers.get_all("Host")
        if len(origin) > 1 or len(host) > 1 or not self._is_allowed(origin, host):
            text = "Pages of other sites may not connect here (setting web_origins)."
            self._respond(plain(HTTPStatus.FORBIDDEN, text))
            return
        response = self._protocol.accept(request)
        self._respond(response)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self._open(request)

    def _answer(self, request: Request, path: str) -> Response:
        if path == SOCKET_PATHS[0] and path not in self._rules.pages:
            upgrade = plain(HTTPStatus.UPGRADE_REQUIRED, "This is for WebSocket clients.")
            upgrade.headers["Upgrade"] = "websocket"
            return upgrade
        return answer(request, self._rules.pages)

    def _is_allowed(self, origin: Sequence[str], host: Sequence[str]) -> bool:
        return is_origin_allowed(
            origin[0] if origin else None, host[0] if host else None, self._rules.origins
        )

    def _respond(self, response: Response) -> None:
        self._protocol.send_response(response)

    def _open(self, request: Request) -> None:
        offered = self._protocol.subprotocol
        kind = (choose([offered]) if offered else None) or DEFAULT_CODEC
        self.codec = kind(self._rules.max_chars, _client_of(request))
        forwarded = request.headers.get_all("X-Forwarded-For")
        address = client_address(self._peer, forwarded, self._rules.proxies)
        self._events.append(Arrived(address))
        if not self.codec.greets:
            self._events.append(Greeting(self.codec.flags))

    # Frames.

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            close = self._protocol.close_rcvd
            is_clean = close is not None and close.code == CloseCode.NORMAL_CLOSURE
            self._leave("client closed the connection", is_clean)
            return
        if frame.opcode in _CONTROL or frame.opcode is Opcode.CONT:
            self._count(is_violation=False)
        if frame.opcode not in _CONTROL:
            self._join(frame)
        elif frame.opcode is Opcode.PONG and (number := bytes(frame.data)).isdigit():
            self._take(Seen(int(number)))

    def _join(self, frame: Frame) -> None:
        """Put the fragments of a message together; how large it may be the library has seen to."""
        if frame.opcode is not Opcode.CONT:
            self._message = bytearray()
            self._is_binary = frame.opcode is Opcode.BINARY
        assert self._message is not None, "the library refuses a continuation of nothing"
        self._message += frame.data
        if frame.fin:
            message, self._message = Message(bytes(self._message), self._is_binary), None
            self._take_message(message)

    def _take_message(self, message: Message) -> None:
        assert self.codec is not None, "frames come behind the handshake"
        try:
            for event in self.codec.receive(message):
                self._take(event)
        except MalformedMessage:
            self._count(is_violation=True)

    def _take(self, event: Event | Reply) -> None:
        if self._is_closed:
            return
        if not isinstance(event, Line | Asked | OutOfBand):
            # What is refused is counted too: nothing else holds it back.
            self._count(is_violation=isinstance(event, TooManyLines))
        if self._is_closed:
            return
        if isinstance(event, Reply):
            self.send(event.message)
        elif isinstance(event, Left):
            self._leave(event.reason, event.is_clean)
        else:
            self._events.append(event)

    def _count(self, is_violation: bool) -> None:
        add = self._meter.add_violation if is_violation else self._meter.add_routine
        if add(self._now) and not self._is_closed:
            self._events.append(ProtocolAbuse("too many messages that are no lines"))
            self._is_closed = True

    def _notice_failure(self) -> None:
        """The library ends connections that break RFC 6455, or whose messages are too large."""
        failure = self._protocol.parser_exc or self._protocol.handshake_exc
        if failure is not None:
            self._leave(f"{type(failure).__name__}: {failure}")

    def _leave(self, reason: str, is_clean: bool = False) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._events.append(Left(reason, is_clean))


def _wants_socket(request: Request) -> bool:
    return any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))


def _select(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Agree to what both speak; a client that offers nothing of it is welcome all the same."""
    chosen = choose(offered)
    return Subprotocol(chosen.name) if chosen else None


def _client_of(request: Request) -> str:
    """What Evennia's client says of its browser: `?<session>&<page>&<browser>`."""
    browser = request.path.partition("?")[2].split("&")[2:3]
    if browser and browser[0].isalnum() and len(browser[0]) <= MAX_BROWSER_LENGTH:
        return f"Evennia Webclient (websocket:{browser[0]})"
    return ""


def _cut(reason: str) -> str:
    """As much of it as a close frame has room for."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
