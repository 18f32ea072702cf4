"""Every process killed at once: what players were told is what the world still holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.crowded import ROOM, crowd_of, findings
from integration.system import PASSWORD, System
from players.crowd import Crowd
from players.telnet import Player

PLAYERS = 10


@pytest.mark.timeout(120)
def test_world_is_as_last_told_after_everything_was_killed(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        crowd = crowd_of(system, PLAYERS, "Guest")
        people = asyncio.run(_play_until_killed(system, crowd))
        places = system.places()
        findings(system, "Guest", places, expected_cut=people).assert_none()
        system.up()
        asyncio.run(_come_back(system, people, places))


async def _play_until_killed(system: System, crowd: Crowd) -> list[str]:
    async with crowd:
        crowd.start()
        for _ in range(3):
            await crowd.serves()
        await asyncio.to_thread(system.kill_all)
        for player in crowd.players:
            await player.closed()
        return [player.name for player in crowd.players]


async def _come_back(system: System, people: list[str], places: dict[str, str]) -> None:
    """Everybody logs in where they were, and has the key that was last in their hand."""
    for name in people:
        player = await Player.connect(name, system.port)
        await player.log_in(PASSWORD)
        await player.asks("look", ROOM)
        held = "You are carrying" if places[f"{name}'s key"] == name else "You are not carrying"
        await player.asks("inventory", held)
        await player.leave()
