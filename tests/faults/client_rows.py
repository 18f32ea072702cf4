"""What happens to clients: they stop reading, or their network is gone without a word."""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faults.bench import Bench, Row, Skipped
from faults.field import Game, Inject, Round
from integration.system import until
from players.telnet import Player

HALF_OPEN_S = 60.0
"""Within which a client that is gone without a word is noticed."""

STUCK_S = 60.0
FLOOD = b"help\r\n" * 100
FLOOD_EVERY_S = 0.1

CLONE_NEWNET = 0x40000000


def stuck_clients(bench: Bench) -> None:
    """Have clients ask for more and more and read nothing of it."""

    async def inject(count: int, round_: Round) -> None:
        players = len(round_.crowd.players)
        for number, guest in enumerate(round_.guests[:count]):
            left = players + len(round_.guests) - number - 1
            at = await round_.strike(guest.stop_reading)
            flood = asyncio.create_task(_flood(guest))
            await round_.beside(_until_present, round_.game, left, STUCK_S)
            flood.cancel()
            round_.note(at, time.monotonic(), spans=True)
            await round_.crowd.all_served()

    with bench.game() as game:
        each = 5
        bench.rounds(game, lambda count: partial(inject, count), each, guests=each)


async def _flood(guest: Player) -> None:
    while True:
        guest.send_bytes(FLOOD)
        await asyncio.sleep(FLOOD_EVERY_S)


def half_open(bench: Bench) -> None:
    """Take the network away from clients that are far off, one of whom types."""

    async def inject(network: Network, round_: Round) -> None:
        async with round_.restless():
            at = await round_.strike(network.break_down)
            players = len(round_.crowd.players)
            await round_.beside(_until_present, round_.game, players, HALF_OPEN_S)
            seconds = time.monotonic() - at
        for _ in round_.guests:
            round_.note(at, back_s=seconds)

    def repaired(network: Network) -> Inject:
        network.repair()
        return partial(inject, network)

    with far_network() as network, bench.game(listen_address="") as game:
        bench.rounds(
            game,
            lambda count: repaired(network),
            each=bench.result.wanted,
            guests=bench.result.wanted,
            connect=network.connect,
        )


def _until_present(game: Game, count: int, within_s: float) -> None:
    rows = "SELECT count(*) FROM world_roster WHERE account_id IS NOT NULL"
    until(lambda: game.select(rows)[0][0] == count, "they have been let go", within_s)


class Network:
    """A network of its own, joined to this one by a cable; addresses are those of RFC 5737."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._cable = f"{name}a"
        far = f"{name}b"
        self._address, self._far = "192.0.2.1", "192.0.2.2"
        ip(f"netns add {name}")
        try:
            ip(f"link add {self._cable} type veth peer name {far} netns {name}")
            ip(f"addr add {self._address}/30 dev {self._cable}")
            ip(f"-n {name} addr add {self._far}/30 dev {far}")
            ip(f"-n {name} link set {far} up")
            self.repair()
        except Skipped:
            self.remove()
            raise

    def break_down(self) -> None:
        """Let nothing pass: nobody is told."""
        ip(f"-n {self._name} link set {self._name}b down")

    def repair(self) -> None:
        """Let all pass."""
        ip(f"link set {self._cable} up")
        ip(f"-n {self._name} link set {self._name}b up")

    def remove(self) -> None:
        """Take it away."""
        ip(f"netns del {self._name}")

    async def connect(self, name: str, port: int) -> Player:
        """A player there."""
        there = await asyncio.to_thread(self._within, partial(self._dial, port))
        return Player(name, *await asyncio.open_connection(sock=there))

    def _dial(self, port: int) -> socket.socket:
        return socket.create_connection((self._address, port), timeout=10)

    def _within(self, make: Callable[[], socket.socket]) -> socket.socket:
        """Make a socket in that network: the thread goes there and comes back."""
        with (
            open("/proc/thread-self/ns/net") as here,
            open(Path("/run/netns", self._name)) as there,
        ):
            _enter(there.fileno())
            try:
                return make()
            finally:
                _enter(here.fileno())


@contextmanager
def far_network() -> Iterator[Network]:
    """A network for the time of the block.

    Raises:
        Skipped: Only root may, on a system that lets it.
    """
    network = Network(f"ed{secrets.token_hex(4)}")
    try:
        yield network
    finally:
        network.remove()


def ip(arguments: str) -> None:
    """Run `ip`.

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


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


ROWS = (
    Row("a client that does not read", 20, 1, stuck_clients),
    Row("half-open connections of clients", 20, 5, half_open),
)
