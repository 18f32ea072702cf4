"""What happens between hosts: portals and server each in a network of their own, with a cable.

They speak TCP with keys, as those of two hosts do. Where networks may not be made, a relay between
processes of one host does the same to their bytes (`faults.link_rows`).
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from faults import link_rows
from faults.bench import Bench, Row, Run, Skipped
from faults.field import Game, Inject, Round
from faults.link_rows import LATENCY_S, LONG_PARTITIONS_S, LOSS, PARTITION_S
from faults.namespaces import DOWN, THERE, UP, Cable, Namespace, SlowCable, two_networks
from integration.hosts import introduce, linked, linking, listening, pointing, until_linked
from integration.system import System, until

PORT = 4500

WAYS = ((UP, DOWN), (UP,), (DOWN,))

BAD_S = 6.0
"""How long the network is bad, each time."""

NOTICED_S = 5.0
"""Within which both ends know that they do not hear each other."""

TYPED_S = 0.05
"""Within which lines are on their way that players were told to type."""

NOTICE_PAUSE_S = (1.0, 3.0)


C = TypeVar("C", Cable, SlowCable)
CableOf = Callable[[Namespace, Namespace], C]


@contextmanager
def two_hosts(bench: Bench, cable_of: CableOf[C], weakness: str = "") -> Iterator[tuple[Game, C]]:
    """A system whose portals are on another host than its server; this thread is at the portals'.

    Args:
        cable_of: Joins the portals' network, the first, with the server's.
    """
    with two_networks() as (here, there), tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        cable = cable_of(here, there)
        try:
            with (
                Game(Path(path, "there"), weakness, portals=0, **listening(THERE, PORT)) as game,
                System(Path(path, "here"), game.port, **pointing(THERE, PORT)) as portals,
            ):
                game.far = portals
                introduce(game, portals)
                game.run("db", "upgrade")
                with there.entered():
                    for kind in ("auth", "server"):
                        game.start_supervisor(kind)
                until(lambda: game.status().server["state"] == "up", "the server serves")
                with here.entered():
                    portals.start_supervisor("portal")
                    until_linked(game, portals)
                    yield game, cable
                # Clients that are let go are told by their portal, which is told by nobody.
                portals.stop()
        finally:
            cable.remove()


def partitions(bench: Bench) -> None:
    """Let nothing pass for a while, one way or both."""

    def inject(count: int) -> Inject:
        is_first = bench.result.faults == 0 and bench.scale.is_full
        return partial(part, cable, count, LONG_PARTITIONS_S if is_first else ())

    with two_hosts(bench, Cable) as (game, cable):
        bench.rounds(game, inject, each=7)


async def part(cable: Cable, count: int, long_ones: tuple[float, ...], round_: Round) -> None:
    """Let nothing pass, so many times; first for the long ones, in seconds."""
    for number in range(count):
        is_long = number < len(long_ones)
        seconds = long_ones[number] if is_long else round_.chance.uniform(*PARTITION_S)
        async with round_.restless():
            at = await _strike(round_, partial(cable.cut, *WAYS[number % len(WAYS)]))
            await asyncio.sleep(seconds)
            cable.heal()
            round_.note(at, time.monotonic())
            await round_.crowd.all_served()


async def _strike(round_: Round, do: Callable[[], object]) -> float:
    """Do it while lines are on the cable; returns when, some having been typed since as well."""
    await round_.strike(do)
    round_.crowd.hurry()
    await asyncio.sleep(TYPED_S)
    return time.monotonic()


def half_open(bench: Bench) -> None:
    """Cut the cable, and see when both ends know of it."""

    async def inject(count: int, round_: Round) -> None:
        for _ in range(count):
            async with round_.restless():
                at = await _strike(round_, partial(cable.cut, UP, DOWN))
                await round_.beside(_until_noticed, game)
                noticed_s = time.monotonic() - at
            round_.note(at, back_s=noticed_s)
            await asyncio.sleep(round_.chance.uniform(*NOTICE_PAUSE_S))
            cable.heal()
            await round_.crowd.all_served()
            if bench.scale.is_full and noticed_s > NOTICED_S:
                round_.problems.append(f"noticed after {noticed_s:.1f} s only")

    with two_hosts(bench, Cable) as (game, cable):
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def _until_noticed(game: Game) -> None:
    assert game.far is not None, "its portals are on another host"
    until(partial(_hears_nothing, game, game.far), "both miss each other")


def _hears_nothing(game: Game, portals: System) -> bool:
    return not linking(portals) and not linked(game)


def bad_network(bench: Bench) -> None:
    """Have packets take long, and be lost and sent again; nobody is replaced for that."""

    async def inject(count: int, round_: Round) -> None:
        before = (await round_.beside(round_.game.status)).server["generation"]
        for _ in range(count):
            at = await _strike(round_, partial(_spoil, cable, LATENCY_S, LOSS))
            await asyncio.sleep(BAD_S)
            round_.note(at, time.monotonic(), spans=True)
            _spoil(cable, 0.0, 0.0)
            await round_.crowd.all_served()
        if (await round_.beside(round_.game.status)).server["generation"] != before:
            round_.problems.append("the server was replaced")

    with two_hosts(bench, partial(SlowCable, bench.chance())) as (game, cable):
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def _spoil(cable: SlowCable, latency_s: float, loss: float) -> None:
    cable.latency_s, cable.loss = latency_s, loss


def or_by_relay(run: Run, instead: Run) -> Run:
    """Do it between networks; where they may not be made, with the relay."""

    def either(bench: Bench) -> None:
        try:
            run(bench)
        except Skipped as exc:
            bench.result.remarks.append(f"done with a relay on one host: {exc}")
            instead(bench)

    return either


ROWS = (
    Row(
        "partition portals - server, 4 to 60 s, one way and both",
        20,
        3,
        or_by_relay(partitions, link_rows.partitions),
    ),
    Row("half-open between portals and server, until noticed", 20, 2, half_open),
    Row(
        "150 ms latency and 30 % loss each way",
        20,
        1,
        or_by_relay(bad_network, link_rows.bad_network),
    ),
)
