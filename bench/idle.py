"""How many idle players one portal holds, what each costs, and that a reload loses none.

    python -m bench.idle 10000

Players log in over telnet, each on a connection of its own, and type nothing. What is measured is
memory, which other work on the machine does not change; the time of the reload it does.
"""

from __future__ import annotations

import resource
import selectors
import socket
import sys
import tempfile
import time
from pathlib import Path

from bench.generator import BenchError
from bench.population import PASSWORD, name_of
from bench.systems import Role, System

AT_ONCE = 100
"""Players that are logging in at the same time: auth has a queue, which is bounded."""

PATIENCE_S = 300.0
SCREEN, READY = b"<name>", b"Exits:"
SPARE_FILES = 500


class Player:
    """One connection, from its beginning until it is idle."""

    def __init__(self, number: int, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setblocking(False)
        self.is_in = False
        self._line = f"connect {name_of(number)} {PASSWORD}\r\n".encode()
        self._seen = b""

    def read(self) -> None:
        """Take what has come; type the one line when the game asks for it."""
        data = self.connection.recv(65536)
        if not data:
            raise BenchError("a connection has ended")
        self._seen = (self._seen + data)[-4096:]
        if self._line and SCREEN in self._seen:
            self.connection.send(self._line)
            self._line, self._seen = b"", b""
        elif not self._line and READY in self._seen:
            self.is_in, self._seen = True, b""

    def asks(self, text: bytes) -> None:
        """Type a thought, and wait until it is answered."""
        self.connection.setblocking(True)
        self.connection.settimeout(PATIENCE_S)
        self.connection.send(b"think " + text + b"\r\n")
        seen = b""
        while b'"' + text + b'"' not in seen:
            if not (data := self.connection.recv(65536)):
                raise BenchError("a connection has ended")
            seen += data


def log_in(port: int, count: int) -> list[Player]:
    """Log in so many players, some at a time."""
    selector = selectors.DefaultSelector()
    players: list[Player] = []
    waiting = 0
    end = time.monotonic() + PATIENCE_S
    while len(players) < count or waiting:
        while len(players) < count and waiting < AT_ONCE:
            players.append(Player(len(players), port))
            selector.register(players[-1].connection, selectors.EVENT_READ, players[-1])
            waiting += 1
        for key, _ in selector.select(1.0):
            player: Player = key.data
            was_in = player.is_in
            player.read()
            waiting -= player.is_in and not was_in
        if time.monotonic() > end:
            raise BenchError(f"{waiting} of {len(players)} players are not in the game")
    selector.close()
    return players


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def drain(players: list[Player]) -> int:
    """Read what has come; returns how many connections have ended."""
    ended = 0
    for player in players:
        try:
            while data := player.connection.recv(1 << 20):
                del data
            ended += 1
        except BlockingIOError:
            continue
        except OSError:
            ended += 1
    return ended


def main(count: int = 10_000) -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files < count + SPARE_FILES:
        sys.exit(f"{count} connections need as many open files; `ulimit -Hn` says {files}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with tempfile.TemporaryDirectory(prefix="everdoor-") as folder:
        with System(Path(folder), 1, count, 0) as system:
            measure(system, count)


def measure(system: System, count: int) -> None:
    """Print what so many players cost, and what a reload takes with all of them."""
    roles: tuple[Role, ...] = ("portal", "server")
    before = {role: resident(system.worker_pid(role)) for role in roles}
    players = log_in(system.port, count)
    system.until_quiet()
    for role in roles:
        each = (resident(system.worker_pid(role)) - before[role]) / count
        print(f"{role}: {before[role] / 2**20:.1f} MiB without, {each / 1024:.2f} KiB a session")
    began = time.monotonic()
    told = system.reload()
    players[0].asks(b"first")
    print(f"reload: {time.monotonic() - began:.2f} s to the first answer; {told}")
    for player in players[1::50]:
        player.asks(b"again")
        player.connection.setblocking(False)
    players[0].connection.setblocking(False)
    print(f"connections that have ended: {drain(players)} of {count}")
    for player in players:
        player.connection.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
