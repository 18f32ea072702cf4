"""How many idle clients one portal holds, what each costs, and that a reload loses none.

    python -m bench.idle 10000

Clients connect over telnet, see the screen, and type nothing. What is measured is memory, which
other work on the machine does not change; the time of the reload it does.
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
from bench.systems import Role, System

AT_ONCE = 100
"""Clients that are connecting at the same time."""

PATIENCE_S = 300.0
SCREEN = b"<name>"
SPARE_FILES = 500


class LastingSystem(System):
    """One that waits for ever for its clients to log in."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "EVERDOOR_LOGIN_GRACE_S": "0"}


class Client:
    """One connection, from its beginning until it is idle."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setblocking(False)
        self._seen = b""

    def is_greeted(self) -> bool:
        """Take what has come, until the screen is there."""
        data = self.connection.recv(65536)
        if not data:
            raise BenchError("a connection has ended")
        self._seen += data
        return SCREEN in self._seen

    def asks(self) -> None:
        """Look again, and wait until that is answered."""
        self.connection.settimeout(PATIENCE_S)
        self.connection.send(b"look\r\n")
        seen = b""
        while SCREEN not in seen:
            if not (data := self.connection.recv(65536)):
                raise BenchError("a connection has ended")
            seen += data
        self.connection.setblocking(False)


def connect(port: int, count: int) -> list[Client]:
    """Connect so many clients, some at a time."""
    selector = selectors.DefaultSelector()
    clients: list[Client] = []
    waiting = 0
    end = time.monotonic() + PATIENCE_S
    while len(clients) < count or waiting:
        while len(clients) < count and waiting < AT_ONCE:
            clients.append(Client(port))
            selector.register(clients[-1].connection, selectors.EVENT_READ, clients[-1])
            waiting += 1
        for key, _ in selector.select(1.0):
            if key.data.is_greeted():
                selector.unregister(key.fileobj)
                waiting -= 1
        if time.monotonic() > end:
            raise BenchError(f"{waiting} of {len(clients)} clients see no screen")
    selector.close()
    return clients


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def drain(clients: list[Client]) -> int:
    """Read what has come; returns how many connections have ended."""
    ended = 0
    for client in clients:
        try:
            while data := client.connection.recv(1 << 20):
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
        with LastingSystem(Path(folder), 1, 1, 0) as system:
            measure(system, count)


def measure(system: System, count: int) -> None:
    """Print what so many clients cost, and what a reload takes with all of them."""
    roles: tuple[Role, ...] = ("portal", "server")
    before = {role: resident(system.worker_pid(role)) for role in roles}
    clients = connect(system.port, count)
    system.until_quiet()
    for role in roles:
        each = (resident(system.worker_pid(role)) - before[role]) / count
        print(f"{role}: {before[role] / 2**20:.1f} MiB without, {each / 1024:.2f} KiB a session")
    told = system.reload()
    clients[0].asks()
    print(f"reload: {told}")
    for client in clients[::50]:
        client.asks()
    print(f"connections that have ended: {drain(clients)} of {count}")
    for client in clients:
        client.connection.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
