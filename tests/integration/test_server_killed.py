"""Players who type all the time do not notice that the server's worker is killed, again and again.

The promise: no connection ends, no line is lost, done twice or answered to somebody else, and
everybody and everything is where the last answer said.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings, look_around
from integration.system import System, is_alive, kill, until
from players.crowd import LINE_EVERY_S, Crowd

HOOKS = """\
import time


def at_server_start(game):
    time.sleep(1)
"""

PLAYERS = 20
KILLS = 20
"""For each seed."""

SOON_S = 10 * LINE_EVERY_S
"""Until the next kill, at most: half of them come before a supervisor takes a worker as settled,
so that its pauses between restarts are met as well."""

SEEDS = (1, 2)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_notices_that_the_server_is_killed_under_load(folder: Path, seed: int) -> None:
    with System(folder) as system:
        system.up()
        crowd = crowd_of(system, PLAYERS, "Guest")
        places = asyncio.run(_play_through(system, crowd, random.Random(seed)))
        findings(system, "Guest", places).assert_none()


async def _play_through(system: System, crowd: Crowd, chance: random.Random) -> dict[str, str]:
    """Kill the worker at random instants while all type; return where everything is then."""
    async with crowd:
        before = await asyncio.to_thread(system.until_up)
        sessions = {portal["sessions"] for portal in before.portals.values()}
        assert 0 not in sessions, f"everybody came to one portal: {before.portals}"
        crowd.start()
        for _ in range(KILLS):
            await crowd.serves()
            await asyncio.sleep(chance.uniform(0, SOON_S))
            kill(await asyncio.to_thread(system.worker))
        await crowd.serves()
        await crowd.finish()
        after = await asyncio.to_thread(system.until_up)
        assert after.server["generation"] == before.server["generation"] + KILLS
        await look_around(crowd)
        return system.places()


def test_change_that_is_asked_for_when_the_server_was_just_killed_waits_for_the_next_worker(
    folder: Path,
) -> None:
    game = folder / "game"
    game.mkdir()
    (game / "hooks.py").write_text(HOOKS)
    with System(folder, game=game) as system:
        before = system.up().status().server["generation"]
        for command in ("reload", "stop"):
            worker = system.worker()
            kill(worker)
            until(lambda killed=worker: not is_alive(killed), "it has ended")
            system.run("server", command)
        assert system.status().server["state"] == "down"
        system.run("server", "start")
        assert system.until_up().server["generation"] == before + 4
