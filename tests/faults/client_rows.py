"""What happens to clients: they stop reading, or their network is gone without a word."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faults.bench import Bench, Row, Skipped
from faults.field import Game, Inject, Round
from faults.namespaces import enter, ip
from integration.system import until
from players.telnet import Player

HALF_OPEN_S = 60.0
"""Within which a client that is gone without a word is noticed."""

STUCK_S = 60.0
FLOOD = b"help\r\n" * 100
FLOOD_EVERY_S = 0.1

NETWORK = "198.51.100."
"""Addresses for documentation (RFC 5737), which nobody has."""


def stuck_clients(bench: Bench) -> None:
    """Have clients ask for more and more and read nothing of it."""

    async def inject(round_: Round) -> None:
        for guest in round_.guests:
            at = await round_.strike(guest.stop_reading)
            round_.note(at, at + STUCK_S, spans=True)
        floods = [asyncio.create_task(_flood(guest)) for guest in round_.guests]
        players = len(round_.crowd.players)
        await round_.beside(_until_present, round_.game, players, STUCK_S)
        for flood in floods:
            flood.cancel()

    with bench.game() as game:
        each = min(5, bench.result.wanted)
        bench.rounds(game, lambda _: inject, each, guests=each)


async def _flood(guest: Player) -> None:
    while True:
        guest.send_bytes(FLOOD)
        await asyncio.sleep(FLOOD_EVERY_S)


def half_open(bench: Bench) -> None:
    """Take the network away from clients in the middle of a talk; others have another cable."""

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

    count = bench.result.wanted
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path, far_network() as network:
        with Game(Path(path), listen_address="") as game:
            game.run("db", "upgrade")
            for kind in ("auth", "server"):
                game.start_supervisor(kind)
            network.run_there(partial(game.start_supervisor, "portal"))
            game.until_up()
            game.host = network.crowds
            connect = partial(Player.connect, host=network.guests)
            bench.rounds(game, lambda _: repaired(network), count, guests=count, connect=connect)


def _until_present(game: Game, count: int, within_s: float) -> None:
    rows = "SELECT count(*) FROM world_roster WHERE account_id IS NOT NULL"
    until(lambda: game.select(rows)[0][0] == count, "they have been let go", within_s)


class Network:
    """A network of its own, joined to this one by two cables.

    Attributes:
        crowds, guests: Where whoever listens there is reached, over either cable.
    """

    def __init__(self, name: str) -> None:
        self.crowds, self.guests = f"{NETWORK}2", f"{NETWORK}6"
        self._name = name
        self._cables: list[str] = []
        ip(f"netns add {name}")
        try:
            self._join("a", f"{NETWORK}1", self.crowds)
            self._join("b", f"{NETWORK}5", self.guests)
        except Skipped:
            self.remove()
            raise

    def _join(self, cable: str, here: str, there: str) -> None:
        name = self._name
        ip(f"link add {name}{cable} type veth peer name {cable} netns {name}")
        self._cables.append(f"{name}{cable}")
        ip(f"addr add {here}/30 dev {name}{cable}")
        ip(f"-n {name} addr add {there}/30 dev {cable}")
        ip(f"link set dev {name}{cable} up")
        ip(f"-n {name} link set dev {cable} up")

    def break_down(self) -> None:
        """Let nothing pass over the guests' cable: nobody is told."""
        ip(f"link set dev {self._name}b down")

    def repair(self) -> None:
        """Let all pass."""
        ip(f"link set dev {self._name}b up")

    def remove(self) -> None:
        """Take it away; the cables by themselves, for what runs there keeps their other ends."""
        for cable in self._cables:
            ip(f"link del {cable}")
        ip(f"netns del {self._name}")

    def run_there(self, start: Callable[[], object]) -> None:
        """Start processes there: those that a thread starts are where the thread is."""
        with (
            open("/proc/thread-self/ns/net") as here,
            open(Path("/run/netns", self._name)) as there,
        ):
            enter(there.fileno())
            try:
                start()
            finally:
                enter(here.fileno())


@contextmanager
def far_network() -> Iterator[Network]:
    """A network for the time of the block.

    Raises:
        Skipped: Only root may, on a system that lets it.
    """
    if NETWORK in ip("-o addr") + ip("route"):
        raise Skipped(f"addresses of {NETWORK}0/24 are in use here")
    network = Network(f"ed{secrets.token_hex(4)}")
    try:
        yield network
    finally:
        network.remove()


ROWS = (
    Row("a client that does not read", 20, 1, stuck_clients),
    Row("half-open connections of clients", 20, 5, half_open),
)
