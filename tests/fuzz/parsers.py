"""Fuzz target: whatever clients send, parsers raise nothing but what they say they do.

Run it for as long as you like, from the root of a clone:
`.venv/bin/python tests/fuzz/parsers.py SEED BYTES`: so many bytes for each parser. A failing run
prints its seed and the bytes.
"""

from __future__ import annotations

import json
import random
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from everdoor_portal.gateways.proxyheader import HeaderReader, MalformedHeader
from everdoor_portal.ssh.editor import LineEditor
from everdoor_portal.telnet import gmcp, msdp
from everdoor_portal.telnet.connection import TelnetConnection
from everdoor_portal.telnet.events import Event, OutOfBand
from everdoor_portal.telnet.handlers import MalformedSubnegotiation, OptionHandler
from everdoor_portal.telnet.lines import MAX_LINE_BYTES
from everdoor_portal.telnet.options import SUPPORTED
from everdoor_portal.telnet.outofband import call_of
from everdoor_portal.telnet.parser import MAX_SUBNEGOTIATION_BYTES
from everdoor_portal.web.codecs import Codec, MalformedMessage, Message
from everdoor_portal.web.connection import WebConnection, WebRules
from everdoor_portal.web.handshake import CODECS

IAC = b"\xff"
COMMANDS = [IAC + bytes((n,)) for n in range(236, 256)]
OPTIONS = [bytes((n,)) for n in (*SUPPORTED, 0, 7, 255)]
AGREED = b"".join(IAC + verb + bytes((o,)) for o in SUPPORTED for verb in (b"\xfd", b"\xfb"))
"""A client that wants and does everything."""

WORDS = [
    b"\r\n", b"\r\0", b"\n", b"\r", b"\0", b"\b", b"\x7f", b"\x1b[A", b"\x1b", b"\xc3\xbc", b"\xc3",
    b"look", b"say hi", b"x" * 700, b"\x1b[3~", b"\x1bOA", b"\xe2\x80\xae", b"\xed\xa0\x80",
]  # fmt: skip
PIECES = [
    b"[", b"]", b"{", b"}", b'"', b"\\", b":", b",", b"1", b"-", b"null", b"true", b"1e999", b" ",
    b'"name"', b'"data"', b'"proto"', b'"gmcp"', b'"text"', b'["text",["look"],{}]', b"\\ud800",
    b"9" * 40, b"\xff", b"\xc3", b'"token"', b'"seen"', b'["hello",',
]  # fmt: skip
PACKAGES = [
    b"Core.Hello ", b"Core.Supports.Set ", b"Core.Supports.Remove ", b"Core.Ping ", b"Char.Login.R",
    b"Char.Login.Reconnect ", b"Char.Login.Credentials ", b"Any.Thing ", b"a" * 65 + b" ", b"",
]  # fmt: skip
MARKS = [bytes((n,)) for n in range(7)] + [b"LIST", b"A", b"a b", b"\xff"]
HEADERS = [
    b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"192.0.2.1 ", b"2001:db8::1 ", b"65536", b"443",
    b"\r\n", b"\r\n\r\n\0\r\nQUIT\n", b"\x21", b"\x20", b"\x11", b"\x00\x0c", b"\xff\xff",
    b"\0" * 12,
]  # fmt: skip

Target = Callable[[random.Random], int]
"""Feeds one input that chance makes, and says how many bytes it had."""


def _mix(chance: random.Random, *words: list[bytes], most: int = 60) -> bytes:
    """Some of these words, and noise between them."""
    known = [word for each in words for word in each]
    made = [
        chance.choice(known) if chance.random() < 0.9 else chance.randbytes(chance.randrange(9))
        for _ in range(chance.randrange(1, most))
    ]
    return b"".join(made)


def _pieces(chance: random.Random, data: bytes) -> list[bytes]:
    """The same, cut anywhere."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


# Telnet.


def _payload(chance: random.Random) -> bytes:
    return chance.choice((_packet, _variables, _noise))(chance)


def _packet(chance: random.Random) -> bytes:
    return chance.choice(PACKAGES) + _mix(chance, PIECES)


def _variables(chance: random.Random) -> bytes:
    return _mix(chance, MARKS)


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(80))


def telnet(chance: random.Random) -> int:
    """A whole connection that has agreed to all options, or to none."""
    connection, clock = TelnetConnection(), count(0, 10)
    connection.start()
    data = AGREED if chance.random() < 0.8 else b""
    for _ in range(chance.randrange(30)):
        if chance.random() < 0.5:
            data += _mix(chance, WORDS, COMMANDS, OPTIONS)
        else:
            body = chance.choice(OPTIONS) + _payload(chance).replace(IAC, IAC * 2)
            data += IAC + b"\xfa" + body + IAC + b"\xf0"
    for piece in _pieces(chance, data):
        connection.receive_data(piece, now=next(clock))
        _take(connection.events_received())
        assert connection.buffered_bytes <= MAX_LINE_BYTES + MAX_SUBNEGOTIATION_BYTES + 2
        connection.send_text("Grüße \x1b\xff\n")
        connection.hide_input() if chance.random() < 0.2 else connection.show_input()
        connection.data_to_send()
    connection.receive_eof()
    _take(connection.events_received())
    return len(data)


def _take(events: list[Event]) -> None:
    for event in events:
        if isinstance(event, OutOfBand):
            call_of(event.protocol, event.name, event.data)


def options(chance: random.Random) -> int:
    """Handlers of options, one subnegotiation after another."""
    handler = _handler(chance)
    handler.begin()
    size = 0
    for _ in range(chance.randrange(1, 6)):
        payload = _payload(chance) if chance.random() < 0.7 else _mix(chance, MARKS, WORDS)
        with suppress(MalformedSubnegotiation):
            handler.receive(payload)
        size += len(payload)
    return size


def _handler(chance: random.Random) -> OptionHandler:
    makers = [support.handler for support in SUPPORTED.values() if support.handler is not None]
    return chance.choice(makers)()


def gmcp_packets(chance: random.Random) -> int:
    """Packets, read and written again."""
    data = _packet(chance)
    with suppress(MalformedSubnegotiation):
        gmcp.encode(*gmcp.decode(data))
    return len(data)


def msdp_variables(chance: random.Random) -> int:
    """Variables, read and written again."""
    data = _variables(chance)
    with suppress(MalformedSubnegotiation):
        for name, value in msdp.decode(data).items():
            assert msdp.decode(msdp.encode(name, value)) == {name: value} or value == []
    return len(data)


def proxy_headers(chance: random.Random) -> int:
    """Headers of proxies, cut anywhere."""
    data = _mix(chance, HEADERS, most=14)
    reader = HeaderReader()
    with suppress(MalformedHeader):
        for piece in _pieces(chance, data):
            if reader.receive_data(piece) is not None:
                break
    return len(data)


# The web and SSH.


def web(chance: random.Random) -> int:
    """A whole connection: a handshake, mostly a good one, then frames."""
    connection = WebConnection(WebRules({}, ()), "192.0.2.1")
    names = ", ".join(codec.name for codec in CODECS if chance.random() < 0.5)
    asked = f"Sec-WebSocket-Protocol: {names}\r\n" if names else ""
    deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if chance.random() < 0.5 else ""
    data = (
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"{asked}{deflate}"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data))] + _noise(chance)
    data += b"".join(_frame(chance) for _ in range(chance.randrange(20)))
    for now, piece in enumerate(_pieces(chance, data)):
        connection.receive_data(piece, now=10.0 * now)
        connection.events_received()
        connection.data_to_send()
    connection.receive_eof()
    return len(data)


def _frame(chance: random.Random) -> bytes:
    body = chance.choice((_message, _noise))(chance)[:4000]
    first = chance.choice(
        (0x81, 0x82, 0x81, 0x82, 0xC1, 0xC2, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8A, 0xFF)
    )
    if first & 0x40 and chance.random() < 0.7:
        packer = zlib.compressobj(wbits=-12)
        body = (packer.compress(body) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
    size = bytes((0x80 | len(body),)) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2)
    return bytes((first,)) + size + b"\0\0\0\0" + body


def _message(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        value: object = [_text(chance), [_text(chance), 1, None], {_text(chance): [1.5]}]
        return json.dumps(value).encode()
    return _mix(chance, PIECES, PACKAGES, WORDS)


def _text(chance: random.Random) -> str:
    return chance.choice(("text", "hello", "get_value", "token", "seen", "", "\0", "ü\ud800"))


def codecs(chance: random.Random) -> int:
    """Messages of every sub-protocol."""
    codec: Codec = chance.choice(CODECS)(6000)
    size = 0
    for _ in range(chance.randrange(1, 8)):
        data = _message(chance)
        size += len(data)
        with suppress(MalformedMessage):
            list(codec.receive(Message(data, is_binary=chance.random() < 0.3)))
    return size


def editor(chance: random.Random) -> int:
    """Keys at a terminal."""
    line = LineEditor(6000, chance.randrange(1, 200), is_plain=chance.random() < 0.1)
    size = 0
    for _ in range(chance.randrange(1, 12)):
        keys = _mix(chance, WORDS).decode("utf-8", "replace")
        keys += chance.choice(
            ("", "\x03", "\x04", "\x15", "\x1b[D", "\x1b[200~", "\u3000", "\u0301")
        )
        line.receive(keys)
        line.events_received()
        line.show_prompt("> ") if chance.random() < 0.2 else line.show("Somebody waves.\n")
        line.data_to_send()
        size += len(keys.encode("utf-8", "replace"))
    return size


TARGETS: dict[str, Target] = {
    "telnet": telnet,
    "options": options,
    "gmcp": gmcp_packets,
    "msdp": msdp_variables,
    "proxy header": proxy_headers,
    "web": web,
    "web codecs": codecs,
    "ssh lines": editor,
}


def run(name: str, seed: int) -> int:
    """One run of a target; an error carries how to have it again."""
    try:
        return TARGETS[name](random.Random(seed))
    except Exception as exc:
        exc.add_note(f"target {name!r}, seed {seed}")
        raise


def feed(name: str, seed: int, most: int) -> int:
    """Run a target until it has got so many bytes; returns the number of runs."""
    fed = 0
    for runs in count(1):
        fed += run(name, seed + runs)
        if fed >= most:
            return runs
    raise AssertionError("counting has no end")


def main(seed: int = 0, most: int = 10_000_000) -> None:
    for name in TARGETS:
        runs = feed(name, seed, most)
        print(f"{name}: {most} bytes in {runs} runs from seed {seed}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
