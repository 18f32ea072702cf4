"""What hostile clients send: each attack says it piece by piece, and how it may end.

Run as a program it is the client itself, in a process of its own, so that what it costs is not
taken for the portal's: `python -m hostile.attacks NAME PORT BYTES CLIENTS`. It sends until the
portal has closed the connection, where it is to be closed, or so many bytes are sent, and prints
what came of it as JSON.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import chain, cycle, repeat
from typing import NamedTuple

IAC, SB, SE, DO, DONT, WILL, WONT = (bytes((n,)) for n in (255, 250, 240, 253, 254, 251, 252))
NAWS, NEW_ENVIRON, MSDP, COMPRESS2, GMCP, TTYPE = (bytes((n,)) for n in (31, 39, 69, 86, 201, 24))

CHUNK = 64 * 1024
MOST = 1 << 30
"""Bytes that a client has for a portal that is to let it go."""
STUCK_S = 1.0
"""A client that can send nothing for so long is being held back: reading has paused."""

LET_GO_S = 100.0
"""Within which a client is let go that is to be; only a failure is ever this slow."""


class Attack(NamedTuple):
    """One kind of hostile client.

    Attributes:
        pieces: What it sends, without end.
        reads: Whether it reads what it is sent.
        ends: The portal closes it in the end, whoever goes on; else it may be held back, or heard
            out.
    """

    pieces: Callable[[], Iterator[bytes]]
    reads: bool = True
    ends: bool = True


def _bomb() -> bytes:
    """64 MiB of nothing, compressed into 64 KiB."""
    packer = zlib.compressobj(9)
    return packer.compress(bytes(64 << 20)) + packer.flush()


def _many(piece: bytes) -> Iterator[bytes]:
    return repeat(piece * max(1, CHUNK // len(piece)))


def _noise() -> Iterator[bytes]:
    chance = random.Random(1)
    alphabet = bytes(n for n in range(0x80, 0xFF))
    while True:
        yield bytes(chance.choices(alphabet, k=CHUNK // 8)) + b"\r\n"


def _environment() -> Iterator[bytes]:
    """One subnegotiation of 100 000 variables after the other."""
    variables = b"".join(b"\x03VAR%d\x01value" % n for n in range(100_000))
    whole = IAC + WILL + NEW_ENVIRON + IAC + SB + NEW_ENVIRON + b"\x00" + variables + IAC + SE
    return chain([whole], cycle([whole]))


ATTACKS: dict[str, Attack] = {
    "line without an end": Attack(lambda: _many(b"x")),
    "invalid UTF-8": Attack(_noise, ends=False),
    "NUL": Attack(lambda: _many(b"\0")),
    "IAC that begins nothing": Attack(lambda: _many(IAC + b"\x01")),
    "IAC alone": Attack(lambda: chain([IAC], repeat(b"")), ends=False),
    "subnegotiation without an end": Attack(
        lambda: chain([IAC + DO + GMCP + IAC + SB + GMCP], _many(b"x"))
    ),
    "subnegotiations, too long": Attack(
        lambda: _many(IAC + SB + TTYPE + b"\0" + b"x" * 5000 + IAC + SE)
    ),
    "option ping-pong": Attack(
        lambda: _many(b"".join(IAC + verb + b"\x18" for verb in (WILL, WONT, DO, DONT)))
    ),
    "NAWS 65535": Attack(
        lambda: chain(
            [IAC + WILL + NAWS], _many(IAC + SB + NAWS + b"\xff\xff\xff\xff" * 2 + IAC + SE)
        )
    ),
    "100 000 variables": Attack(_environment),
    "JSON within JSON": Attack(
        lambda: chain([IAC + DO + GMCP], _many(IAC + SB + GMCP + b"A " + b"[" * 4000 + IAC + SE))
    ),
    "MSDP variables": Attack(
        lambda: chain([IAC + DO + MSDP], _many(IAC + SB + MSDP + b"\1A\2" * 1300 + IAC + SE))
    ),
    "compression bomb": Attack(
        lambda: chain([IAC + SB + COMPRESS2 + IAC + SE, _bomb()], _many(_bomb())), ends=False
    ),
    "client that reads nothing": Attack(lambda: _many(b"help\r\n"), reads=False),
}


class Client:
    """One hostile connection.

    Attributes:
        sent: Bytes.
        is_closed: The portal has let it go.
    """

    def __init__(self, port: int, attack: Attack, most: int) -> None:
        self.connection = socket.socket()
        if not attack.reads:
            # What the system keeps for it is full the sooner.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.connect(("127.0.0.1", port))
        self.connection.setblocking(False)
        self.sent = 0
        self.is_closed = False
        self._reads = attack.reads
        self._most = MOST if attack.ends else most
        self._pieces = attack.pieces()
        self._piece = b""
        self.moved_at = time.monotonic()

    @property
    def is_done(self) -> bool:
        return self.is_closed or self.sent >= self._most

    def go_on(self) -> None:
        """Send and read what is possible now."""
        try:
            while self._reads:
                if not self.connection.recv(1 << 16):
                    raise ConnectionError("closed by the portal")
        except BlockingIOError:
            pass
        except ConnectionError:
            self.is_closed = True
            return
        try:
            self._send()
        except BlockingIOError:
            pass
        except ConnectionError:
            self.is_closed = True

    def _send(self) -> None:
        if not self._piece and not (piece := next(self._pieces)):
            return
        elif not self._piece:
            self._piece = piece[: max(1, self._most - self.sent)]
        count = self.connection.send(self._piece)
        self._piece = self._piece[count:]
        self.sent += count
        self.moved_at = time.monotonic()


def attack(name: str, port: int, most: int, clients: int) -> dict[str, int]:
    """Let clients loose until all are closed, done, or held back."""
    found = [Client(port, ATTACKS[name], most) for _ in range(clients)]
    selector = selectors.DefaultSelector()
    for client in found:
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if ATTACKS[name].reads else 0)
        selector.register(client.connection, events, client)
    open_ = set(found)
    patience_s = LET_GO_S if ATTACKS[name].ends else STUCK_S
    while open_:
        for key, _ in selector.select(0.2):
            key.data.go_on()
        now = time.monotonic()
        for client in [c for c in open_ if c.is_done or now - c.moved_at > patience_s]:
            selector.unregister(client.connection)
            open_.discard(client)
    closed = sum(client.is_closed for client in found)
    sent = sum(client.sent for client in found)
    # Held until the portal has been looked at.
    print(json.dumps({"sent": sent, "closed": closed, "clients": clients}), flush=True)
    sys.stdin.read()
    for client in found:
        client.connection.close()
    return {"sent": sent, "closed": closed}


if __name__ == "__main__":
    attack(sys.argv[1], *map(int, sys.argv[2:]))
