"""Networks of their own: namespaces that no packet leaves, joined by cables that can be cut.

Everything here needs root, on a system that lets it; else it is Skipped, with what the system said.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import secrets
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from faults.bench import Skipped

UP, DOWN = "up", "down"
"""Ways over a cable: from here to there, from there to here."""

HERE, THERE = "192.0.2.1", "192.0.2.2"
"""Addresses for documentation (RFC 5737), which mean nothing outside the two namespaces."""

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000

CUT = """
table inet cut {
  chain input { type filter hook input priority 0; iifname "cable" drop; }
}
"""


class Namespace:
    """A network namespace with nothing in it but its loopback."""

    def __init__(self) -> None:
        self.name = f"ed{secrets.token_hex(4)}"
        ip(f"netns add {self.name}")
        ip(f"-n {self.name} link set lo up")

    def ip(self, arguments: str) -> None:
        """Run `ip` inside."""
        ip(f"-n {self.name} {arguments}")

    def nft(self, rules: str) -> None:
        """Change which packets are let in."""
        command = ["ip", "netns", "exec", self.name, "nft", "-f", "-"]
        done = subprocess.run(command, input=rules, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Skipped(f"nft: {done.stderr.strip()}")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be there, this thread and whatever it starts, for the time of the block."""
        with open("/proc/thread-self/ns/net") as before, open(self._path) as there:
            enter(there.fileno())
            try:
                yield
            finally:
                enter(before.fileno())

    def remove(self) -> None:
        with suppress(Skipped):
            ip(f"netns del {self.name}")

    @property
    def _path(self) -> Path:
        return Path("/run/netns", self.name)


class Cable:
    """A pair of Ethernet devices (veth) between two namespaces; packets are dropped by nftables."""

    def __init__(self, here: Namespace, there: Namespace) -> None:
        self._ends = {UP: there, DOWN: here}
        here.ip(f"link add cable type veth peer name cable netns {there.name}")
        for namespace, address in ((here, HERE), (there, THERE)):
            namespace.ip(f"addr add {address}/30 dev cable")
            namespace.ip("link set dev cable up")

    def cut(self, *ways: str) -> None:
        """Let nothing pass any more, one way or both; nobody is told."""
        for way in ways:
            self._ends[way].nft(CUT)

    def heal(self) -> None:
        """Let all pass again."""
        for namespace in self._ends.values():
            namespace.nft("table inet cut { }; delete table inet cut;")

    def remove(self) -> None:
        """It goes with its namespaces."""


class SlowCable:
    """A pair of devices (tun) between two namespaces, whose packets a thread carries.

    Linux has a queue that delays and loses (netem), but not every kernel has it.

    Attributes:
        latency_s: How long a packet takes, one way.
        loss: Share of packets that do not arrive.
    """

    def __init__(self, chance: random.Random, here: Namespace, there: Namespace) -> None:
        self.latency_s = 0.0
        self.loss = 0.0
        self._chance = chance
        self._fds: list[int] = []
        self._stop_read, self._stop_write = os.pipe()
        for namespace, address in ((here, HERE), (there, THERE)):
            self._fds.append(_open_tun(namespace))
            namespace.ip(f"addr add {address}/30 dev cable")
            namespace.ip("link set dev cable up")
        self._thread = threading.Thread(target=self._carry, name="cable")
        self._thread.start()

    def remove(self) -> None:
        """Stop carrying."""
        os.write(self._stop_write, b"x")
        self._thread.join()
        for fd in (*self._fds, self._stop_read, self._stop_write):
            os.close(fd)

    def _carry(self) -> None:
        """Carry packets until told to stop."""
        here, there = self._fds
        other_end = {here: there, there: here}
        under_way: list[tuple[float, int, int, bytes]] = []
        numbers = count()
        while True:
            wait_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
            ready, _, _ = select.select([here, there, self._stop_read], [], [], wait_s)
            if self._stop_read in ready:
                return
            for fd in ready:
                packet = os.read(fd, 65536)
                if self._chance.random() >= self.loss:
                    due = time.monotonic() + self.latency_s
                    heapq.heappush(under_way, (due, next(numbers), other_end[fd], packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, fd, packet = heapq.heappop(under_way)
                # A full queue is a loss like any other.
                with suppress(OSError):
                    os.write(fd, packet)


def _open_tun(namespace: Namespace) -> int:
    with namespace.entered():
        try:
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"cable", IFF_TUN | IFF_NO_PI))
        except OSError as exc:
            raise Skipped(f"/dev/net/tun: {exc.strerror}") from exc
    return fd


@contextmanager
def two_networks() -> Iterator[tuple[Namespace, Namespace]]:
    """Two namespaces that nothing joins yet.

    Raises:
        Skipped: This may not be had.
    """
    made: list[Namespace] = []
    try:
        made += [Namespace()]
        made += [Namespace()]
        yield made[0], made[1]
    finally:
        for namespace in made:
            namespace.remove()


def ip(arguments: str) -> str:
    """Run `ip`; returns what it says.

    Raises:
        Skipped: It says no.
    """
    try:
        done = subprocess.run(
            ["ip", *arguments.split()], capture_output=True, text=True, check=False
        )
    except OSError as exc:
        raise Skipped(f"ip: {exc}") from exc
    if done.returncode:
        raise Skipped(f"ip {arguments}: {done.stderr.strip()}")
    return done.stdout


def enter(namespace: int) -> None:
    """Move this thread to a network namespace, named by an open descriptor."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
