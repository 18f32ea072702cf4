"""A home is a world of its own: worlds run side by side, and a home may be anywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.system import PASSWORD, System
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)


def test_two_worlds_run_side_by_side(folder: Path) -> None:
    async def play(one: System, two: System) -> None:
        here = await Player.connect("Ada", one.port)
        there = await Player.connect("Ada", two.port)
        await here.log_in(PASSWORD)
        await there.log_in(PASSWORD)
        await here.asks("say Hello", 'You say, "Hello"')
        await there.asks("think Hm", 'You think, "Hm"')
        assert not any("Hello" in line for line in there.lines)
        await asyncio.to_thread(one.run, "down")
        await here.closed()
        await there.asks("think Still here", 'You think, "Still here"')
        await here.leave()
        await there.leave()

    with System(folder / "one") as one, System(folder / "two") as two:
        for system in (one, two):
            system.up()
            system.make_accounts(["Ada"])
        asyncio.run(play(one, two))


def test_home_with_a_very_long_path_works(folder: Path) -> None:
    async def play(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        await player.asks("think It is far", 'You think, "It is far"')
        await player.leave()

    home = folder.joinpath(*(f"folder-{number:02d}-of-a-path-far-too-long" for number in range(8)))
    with System(folder, home=home) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(play(system))
        system.run("down")


def test_world_is_the_same_after_it_was_stopped_and_started(folder: Path) -> None:
    async def play(system: System, line: str, answer: str) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        await player.asks(line, answer)
        player.type("quit")
        await player.closed()
        await player.leave()

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(play(system, "drop Ada's key", "You drop a brass key."))
        system.run("down")
        system.up()
        asyncio.run(play(system, "get Ada's key", "You pick up a brass key."))
