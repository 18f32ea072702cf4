"""What happens between portals and a server of one host: nothing passes, or late and with losses.

They are joined by a socket file, and no network lies between them that could be cut; so a relay
stands there and does to their bytes what TCP would do over a bad network. It is there for tests of
the safeguards, and for where no networks may be made (`faults.host_rows`).
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from faults.bench import Bench
from faults.field import Game, Inject, Round
from faults.relay import DOWN, UP, Relay, relayed
from integration.system import until

PARTITION_S = (4.0, 8.0)
LONG_PARTITIONS_S = (20.0, 60.0)
"""A few of these are among the others when all is done."""

WAYS = ((UP, DOWN), (UP,), (DOWN,))

LATENCY_S = 0.15
LOSS = 0.3
BAD_S = 3.0
"""How long the network is bad, each time."""


@contextmanager
def far_apart(bench: Bench, weakness: str = "") -> Iterator[tuple[Game, Relay]]:
    """A system whose portals reach the server through a relay."""
    with (
        tempfile.TemporaryDirectory(prefix="everdoor-") as path,
        Game(Path(path), weakness) as game,
    ):
        game.run("db", "upgrade")
        for kind in ("auth", "server"):
            game.start_supervisor(kind)
        until(lambda: game.status().server["state"] == "up", "the server serves")
        with relayed(game.stream_path(), random.Random(bench.seed)) as relay:
            game.start_supervisor("portal")
            game.until_up()
            yield game, relay
            game.stop()


def partitions(bench: Bench) -> None:
    """Let nothing pass for a while, one way or both."""

    def inject(count: int) -> Inject:
        is_first = bench.result.faults == 0 and bench.scale.is_full
        return partial(part, relay, count, LONG_PARTITIONS_S if is_first else ())

    with far_apart(bench) as (game, relay):
        bench.rounds(game, inject, each=7)


async def part(relay: Relay, count: int, long_ones: tuple[float, ...], round_: Round) -> None:
    """Let nothing pass, so many times; first for the long ones, in seconds."""
    for number in range(count):
        chance = round_.chance
        seconds = long_ones[number] if number < len(long_ones) else chance.uniform(*PARTITION_S)
        ways = WAYS[number % len(WAYS)]
        async with round_.restless():
            at = await round_.strike(partial(relay.cut, *ways))
            await asyncio.sleep(seconds)
            round_.note(at, time.monotonic())
            relay.heal(breaks=chance.random() < 0.5)
            await round_.crowd.all_served()


def bad_network(bench: Bench) -> None:
    """Have packets take long, and be lost and sent again; nobody is replaced for that."""

    async def inject(count: int, round_: Round) -> None:
        before = (await round_.beside(round_.game.status)).server["generation"]
        for _ in range(count):
            at = await round_.strike(partial(_spoil, relay, LATENCY_S, LOSS))
            await asyncio.sleep(BAD_S)
            await round_.crowd.is_answered(round_.crowd.players[0])
            round_.note(at, time.monotonic(), spans=True)
            _spoil(relay, 0.0, 0.0)
            await round_.crowd.all_served()
        if (await round_.beside(round_.game.status)).server["generation"] != before:
            round_.problems.append("the server was replaced")

    with far_apart(bench) as (game, relay):
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def _spoil(relay: Relay, latency_s: float, loss: float) -> None:
    relay.latency_s, relay.loss = latency_s, loss
