"""Players who type all the time notice nothing of reloads of the server, one after the other."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integration.crowded import crowd_of, findings, longest_wait, look_around
from integration.system import System
from players.crowd import LINE_EVERY_S, ROUND, Crowd
from players.lines import Verb

RELOADS = 10

Told = list[dict[str, Any]]


@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("players", "verbs", "every_s"),
    [(20, ROUND, LINE_EVERY_S), (200, (Verb.THINK,), 0.5)],
    ids=["20 in one room", "200 on their own"],
)
def test_nobody_notices_ten_reloads_under_load(
    folder: Path, players: int, verbs: Sequence[Verb], every_s: float
) -> None:
    with System(folder, login_throttle_limit=0) as system:
        system.up()
        crowd = crowd_of(system, players, "Guest", verbs, every_s)
        places, told = asyncio.run(_play_through(system, crowd))
        findings(system, "Guest", places).assert_none()
        print(f"longest wait of any player: {longest_wait(system, 'Guest') * 1000:.0f} ms")
        print(_table(told))


async def _play_through(system: System, crowd: Crowd) -> tuple[dict[str, str], Told]:
    """Reload at random instants while all type; return where everything is then."""
    chance, told = random.Random(1), []
    async with crowd:
        before = await asyncio.to_thread(system.until_up)
        crowd.start()
        for _ in range(RELOADS):
            await crowd.serves()
            await asyncio.sleep(chance.uniform(0, 3 * LINE_EVERY_S))
            told.append(await asyncio.to_thread(_reload, system))
        await crowd.serves()
        await crowd.finish()
        after = await asyncio.to_thread(system.until_up)
        assert after.server["generation"] == before.server["generation"] + RELOADS
        assert after.server["pid"] == before.server["pid"]
        await look_around(crowd)
        return system.places(), told


def _reload(system: System) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(system.run("server", "reload", "--json").stdout)
    assert set(told["parts"]) == {"quiesce", "barrier", "switch", "replay"}
    return told


def _table(told: Told) -> str:
    names = ["silence", *told[0]["parts"]]
    rows = [[one["silence_s"], *one["parts"].values()] for one in told]
    lines = ["".join(f"{value * 1000:>10.1f}" for value in row) for row in rows]
    return "\n".join(["".join(f"{name:>10}" for name in names) + "  (ms)", *lines])
