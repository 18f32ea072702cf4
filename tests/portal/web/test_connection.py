"""A connection to the web door as bytes: pages, handshake, messages, and what is refused."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from everdoor.addresses import parse_networks
from everdoor_portal.web.codecs import Message
from everdoor_portal.web.connection import (
    MAX_MESSAGE_BYTES,
    MAX_REQUEST_BYTES,
    WebConnection,
    WebRules,
)
from everdoor_portal.web.events import (
    Arrived,
    Asked,
    Event,
    Greeting,
    Left,
    Line,
    ProtocolAbuse,
    Seen,
)
from everdoor_portal.web.pages import page

PEER = "203.0.113.7"
RULES = WebRules(
    {"/": page("index.html", b"<!doctype html>"), "/a.js": page("a.js", b"let a;" * 99)},
    ["https://site.example"],
    parse_networks(PEER),
    max_chars=100,
)
OPENED = [Arrived(PEER)]


def asked(request: str) -> tuple[WebConnection, str, dict[str, str], bytes]:
    """What comes of a request: status line, headers and body of the answer."""
    connection = WebConnection(RULES, PEER)
    connection.receive_data(request.replace("\n", "\r\n").encode(), 0.0)
    head, _, body = connection.data_to_send().partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return connection, status, dict(line.split(": ", 1) for line in headers), body


class Browser:
    """The other end of a WebConnection: a client's half of the same library."""

    def __init__(
        self, path: str = "/ws", subprotocols: list[str] | None = None, **headers: str
    ) -> None:
        self.web = WebConnection(RULES, PEER)
        names = [Subprotocol(name) for name in subprotocols or []] or None
        self._protocol = ClientProtocol(
            parse_uri(f"ws://game.example{path}"),
            subprotocols=names,
            extensions=[ClientPerMessageDeflateFactory(compress_settings={})],
        )
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value
        self._protocol.send_request(request)
        self.response: Response | None = None
        self.frames: list[Frame] = []
        self.events: list[Event] = []
        self.now = 0.0
        self.exchange()

    def exchange(self) -> None:
        for data in self._protocol.data_to_send():
            self.web.receive_data(data, self.now)
        self.events += self.web.events_received()
        self._protocol.receive_data(self.web.data_to_send())
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            else:
                assert not isinstance(event, Request)
                self.frames.append(event)

    def says(self, text: str) -> None:
        self._protocol.send_text(text.encode())
        self.exchange()

    def sends(self, opcode: Opcode, data: bytes, fin: bool = True) -> None:
        """Send a frame as it is, not compressed."""
        self.web.receive_data(Frame(opcode, data, fin).serialize(mask=True), self.now)
        self.events += self.web.events_received()

    def closes(self, code: CloseCode | None) -> None:
        self._protocol.send_close(code)
        self.exchange()

    def taken(self) -> list[Event]:
        events, self.events = self.events, []
        return [event for event in events if not isinstance(event, Arrived | Greeting)]


# Pages.


def test_page_comes_with_a_policy_that_lets_nothing_in_from_elsewhere() -> None:
    connection, status, headers, body = asked("GET / HTTP/1.1\nHost: a\n\n")
    assert (status, body) == ("HTTP/1.1 200 OK", b"<!doctype html>")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert connection.is_over and connection.events_received() == []


def test_page_is_compressed_for_who_takes_that_and_sent_once() -> None:
    _, _, headers, body = asked("GET /a.js?v=1 HTTP/1.1\nAccept-Encoding: br, gzip\n\n")
    assert (headers["Content-Encoding"], gzip.decompress(body)) == ("gzip", b"let a;" * 99)
    again = f"GET /a.js HTTP/1.1\nIf-None-Match: {headers['ETag']}\n\n"
    assert asked(again)[1] == "HTTP/1.1 304 Not Modified"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("HEAD / HTTP/1.1", "200 OK"),
        ("GET / HTTP/1.0", "200 OK"),
        ("GET /nothing HTTP/1.1", "404 Not Found"),
        ("GET /../../etc/passwd HTTP/1.1", "404 Not Found"),
        ("GET http://other.example/ HTTP/1.1", "404 Not Found"),
        ("POST / HTTP/1.1", "405 Method Not Allowed"),
        ("GET /ws HTTP/1.1", "426 Upgrade Required"),
    ],
)
def test_other_requests_are_answered(request_line: str, status: str) -> None:
    connection, line, _, body = asked(f"{request_line}\nHost: a\n\n")
    assert line == f"HTTP/1.1 {status}"
    assert connection.is_over
    assert (body == b"") == request_line.startswith("HEAD")


@pytest.mark.parametrize(
    "request_text",
    ["look\n\n", "GET /\n\n", "GET / HTTP/2\n\n", "GET / HTTP/1.1\nbad\n\n"]
    + ["POST / HTTP/1.1\nContent-Length: 5\n\nhello", "GET /\xff HTTP/1.1\n\n"],
)
def test_what_is_no_request_ends_the_connection(request_text: str) -> None:
    connection = WebConnection(RULES, PEER)
    connection.receive_data(request_text.replace("\n", "\r\n").encode("latin-1"), 0.0)
    assert connection.data_to_send() == b"" and connection.is_over
    assert all(isinstance(event, Left) for event in connection.events_received())


def test_endless_request_is_given_up() -> None:
    connection = WebConnection(RULES, PEER)
    connection.receive_data(b"GET / HTTP/1.1\r\n", 0.0)
    for _ in range(2 * MAX_REQUEST_BYTES // 1000 // 16):
        connection.receive_data(b"a: " + b"b" * 995 + b"\r\n", 0.0)
    assert not connection.is_over
    for _ in range(MAX_REQUEST_BYTES // 1000):
        connection.receive_data(b"a: " + b"b" * 995 + b"\r\n", 0.0)
    assert connection.is_over


# Handshake.


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v1.everdoor"], "v1.everdoor"),
        (["gmcp.mudstandards.org", "x"], "gmcp.mudstandards.org"),
        (["telnet.mudstandards.org"], "v1.evennia.com"),
        ([], "v1.evennia.com"),
    ],
)
def test_client_is_welcome_whatever_it_offers(offered: list[str], chosen: str) -> None:
    connection, status, headers, _ = asked(upgrade("/", ", ".join(offered)))
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert connection.codec is not None and connection.codec.name == chosen
    assert headers.get("Sec-WebSocket-Protocol") == (chosen if chosen in offered else None)


def upgrade(path: str, offered: str, *more: str) -> str:
    lines = [f"GET {path} HTTP/1.1", "Host: game.example", "Upgrade: websocket"]
    lines += ["Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13"]
    lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *more]
    lines += [f"Sec-WebSocket-Protocol: {offered}"] if offered else []
    return "\n".join(lines) + "\n\n"


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/ws", "http://game.example", 101),
        ("/", "https://site.example", 101),
        ("/ws?1&2&chrome", "http://game.example", 101),
        ("/ws", "http://evil.example", 403),
        ("/ws", "null", 403),
        ("/elsewhere", "http://game.example", 404),
    ],
)
def test_pages_of_other_sites_may_not_connect(path: str, origin: str, status: int) -> None:
    line = asked(upgrade(path, "", f"Origin: {origin}"))[1]
    assert line.split()[1] == str(status)


def test_two_origins_are_none() -> None:
    origin = "Origin: http://game.example"
    assert asked(upgrade("/ws", "", origin, origin))[1].split()[1] == "403"


def test_client_behind_a_proxy_has_its_own_address() -> None:
    browser = Browser(X_Forwarded_For="198.51.100.1")
    assert browser.events[0] == Arrived("198.51.100.1")


def test_evennias_client_names_its_browser() -> None:
    greeting = Browser("/?session&page&chrome").events[1]
    assert isinstance(greeting, Greeting)
    assert greeting.flags["CLIENTNAME"] == "Evennia Webclient (websocket:chrome)"
    assert Browser("/?session&page&<b>").events[1].flags["CLIENTNAME"] == ""  # type: ignore[union-attr]


# Messages.


def test_lines_and_outputs_go_both_ways() -> None:
    browser = Browser()
    assert browser.web.is_open and browser.events[0] == Arrived(PEER)
    browser.says('["text", ["look"], {}]')
    assert browser.taken() == [Line("look")]
    browser.web.send(Message("[ß]".encode()))
    browser.web.send(Message(b"\xff", is_binary=True))
    browser.exchange()
    found = [(frame.opcode, bytes(frame.data)) for frame in browser.frames]
    assert found == [(Opcode.TEXT, "[ß]".encode()), (Opcode.BINARY, b"\xff")]


def test_message_may_come_in_fragments_with_pings_between() -> None:
    browser = Browser()
    browser.sends(Opcode.TEXT, b'["text", ["lo', fin=False)
    browser.sends(Opcode.PING, b"here?")
    browser.sends(Opcode.CONT, b"", fin=False)
    browser.sends(Opcode.CONT, b'ok"], {}]')
    assert browser.taken() == [Line("look")]
    browser.exchange()
    assert [frame.opcode for frame in browser.frames] == [Opcode.PONG]


def test_client_that_answers_a_numbered_ping_has_seen_what_came_before_it() -> None:
    browser = Browser()
    browser.web.ping(41)
    browser.exchange()
    browser.exchange()
    assert browser.taken() == [Seen(41)]
    browser.web.ping()
    browser.exchange()
    browser.exchange()
    assert browser.taken() == []


def test_session_of_our_own_page_waits_for_its_greeting() -> None:
    browser = Browser(subprotocols=["v1.everdoor"])
    assert browser.events == OPENED
    browser.says('["hello", {}]')
    assert isinstance(browser.events[1], Greeting)


@pytest.mark.parametrize(
    ("code", "is_clean"),
    [(CloseCode.NORMAL_CLOSURE, True), (CloseCode.GOING_AWAY, False), (None, False)],
)
def test_close_is_what_its_code_says(code: CloseCode | None, is_clean: bool) -> None:
    browser = Browser()
    browser.closes(code)
    assert browser.taken() == [Left("client closed the connection", is_clean)]
    assert browser.web.is_over


def test_end_of_the_stream_is_not_meant() -> None:
    browser = Browser()
    browser.web.receive_eof()
    assert browser.web.events_received() == [Left("connection lost", is_clean=False)]


def test_close_of_ours_is_over_when_the_client_agrees() -> None:
    browser = Browser()
    browser.web.close(CloseCode.NORMAL_CLOSURE, "ß" * 100)
    assert not browser.web.is_open
    browser.web.send(Message(b"late"))
    browser.exchange()
    assert not browser.web.is_over
    browser.exchange()
    assert browser.web.is_over and browser.events[2:] == []
    assert [frame.opcode for frame in browser.frames] == [Opcode.CLOSE]


def test_client_that_is_sent_away_is_heard_until_it_leaves() -> None:
    browser = Browser()
    browser.web.send_away("Another door.")
    browser.says('["text", ["typed meanwhile"], {}]')
    assert browser.taken() == [Line("typed meanwhile")]
    browser.exchange()
    assert [frame.opcode for frame in browser.frames] == [Opcode.CLOSE]
    assert browser.frames[0].data[:2] == CloseCode.GOING_AWAY.to_bytes(2, "big")
    assert [type(event) for event in browser.taken()] == [Left]
    assert browser.web.is_over


# What is refused.


def test_message_that_is_too_large_ends_the_connection() -> None:
    browser = Browser()
    browser.sends(Opcode.TEXT, b"x" * (MAX_MESSAGE_BYTES - 1), fin=False)
    browser.sends(Opcode.CONT, b"xx")
    (left,) = browser.taken()
    assert isinstance(left, Left) and not left.is_clean


def test_small_message_that_inflates_to_a_large_one_ends_the_connection() -> None:
    browser = Browser()
    packer = zlib.compressobj(wbits=-12)
    bomb = packer.compress(bytes(10 * 1024 * 1024)) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < MAX_MESSAGE_BYTES
    compressed, masked_with_zeros = b"\xc2\xfe", bytes(4)
    frame = compressed + len(bomb).to_bytes(2, "big") + masked_with_zeros + bomb
    browser.web.receive_data(frame, 0.0)
    (left,) = [e for e in browser.web.events_received() if isinstance(e, Left)]
    assert "PayloadTooBig" in left.reason


def flood_of(kind: str) -> list[tuple[Opcode, bytes]]:
    return {
        "pings": [(Opcode.PING, b"")],
        "pongs": [(Opcode.PONG, b"")],
        "nonsense": [(Opcode.TEXT, b"nonsense")],
        "broken text": [(Opcode.TEXT, b"\xff")],
        "fragments": [(Opcode.TEXT, b""), (Opcode.CONT, b"")],
    }[kind]


@pytest.mark.parametrize("kind", ["pings", "pongs", "nonsense", "broken text", "fragments"])
def test_flood_of_what_is_no_line_ends_the_connection(kind: str) -> None:
    browser = Browser()
    first, *rest = flood_of(kind)
    browser.sends(*first, fin=not rest)
    for _ in range(1200):
        browser.sends(*(rest or [first])[0], fin=not rest)
    events = browser.taken()
    assert isinstance(events[-1], ProtocolAbuse) and len(events) < 1200


def test_lines_and_what_counts_as_lines_are_no_flood() -> None:
    browser = Browser()
    for _ in range(1500):
        browser.sends(Opcode.TEXT, b'["text", ["look"], {}]')
        browser.sends(Opcode.TEXT, b'["x", [], {}]')
    assert browser.taken() == [Line("look"), Asked("x", [], {})] * 1500


@given(st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_any_bytes_are_taken_or_end_the_connection(chunks: list[bytes], is_open: bool) -> None:
    web: Any = Browser().web if is_open else WebConnection(RULES, PEER)
    for chunk in chunks:
        web.receive_data(chunk, 0.0)
        web.events_received()
        web.data_to_send()


@given(st.binary(max_size=80), st.integers(0, 80))
def test_messages_are_the_same_at_every_cut(noise: bytes, cut: int) -> None:
    text = json.dumps(["text", [noise.hex()], {}]).encode()
    data = Frame(Opcode.TEXT, text).serialize(mask=True)
    web = Browser().web
    web.receive_data(data[:cut], 0.0)
    web.receive_data(data[cut:], 0.0)
    line = noise.hex()
    wanted = [Line(line)] if len(line) <= RULES.max_chars else []
    assert [event for event in web.events_received() if isinstance(event, Line)] == wanted


def test_origin_of_a_browser_is_sent_as_it_is() -> None:
    assert Browser(Origin=Origin("http://game.example")).web.is_open
