"""The game server stopped and started again: players stay, and what they type is done later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, until
from players.telnet import Player

TOLD = "The game is restarting. What you type is kept and will be done when it is back."

pytestmark = pytest.mark.timeout(120)


async def _logged_in(system: System, name: str) -> Player:
    player = await Player.connect(name, system.port)
    await player.log_in(PASSWORD)
    return player


def test_lines_typed_while_the_server_is_stopped_are_done_in_order(folder: Path) -> None:
    async def play(system: System) -> None:
        ada = await _logged_in(system, "Ada")
        await asyncio.to_thread(system.run, "server", "stop")
        state = (await asyncio.to_thread(system.status)).server
        assert (state["state"], state["worker_pid"]) == ("down", None)
        for number in range(5):
            ada.type(f"think number {number}")
        eve = await Player.connect("Eve", system.port)
        await ada.sees(TOLD)
        assert eve.lines == [] or TOLD in eve.lines
        await asyncio.to_thread(system.run, "server", "start")
        await eve.sees_screen()
        await ada.asks("think number 5", 'You think, "number 5"')
        thoughts = [line for line in ada.lines if line.startswith("You think")]
        assert thoughts == [f'You think, "number {number}"' for number in range(6)]
        assert ada.lines.count(TOLD) == ada.lines.count("The game is back.") == 1
        await eve.asks(f"connect Eve {PASSWORD}", "The Front Step")
        await ada.leave()
        await eve.leave()

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada", "Eve"])
        asyncio.run(play(system))


def test_stopping_what_is_stopped_and_starting_what_runs_are_refused(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        [told] = system.run("server", "start", code=1).stderr.splitlines()
        assert "has not been stopped" in told
        system.run("server", "stop")
        for command in ("stop", "reload", "reset"):
            [told] = system.run("server", command, code=1).stderr.splitlines()
            assert "everdoor server start" in told
        system.run("server", "start")
        system.until_up()


def test_shutdown_within_the_game_stops_the_server_until_an_operator_starts_it(
    folder: Path,
) -> None:
    async def play(system: System) -> None:
        boss = await _logged_in(system, "Boss")
        await boss.asks("shutdown", "Shutting down ...")
        await asyncio.to_thread(
            until, lambda: system.status().server["state"] == "down", "the server has stopped"
        )
        boss.type("think later")
        await asyncio.to_thread(system.run, "server", "start")
        await boss.sees('You think, "later"')
        await boss.leave()

    with System(folder) as system:
        system.up()
        system.make_accounts(["Boss"], superuser=True)
        asyncio.run(play(system))


def test_players_who_were_held_too_long_are_told_what_was_not_done(folder: Path) -> None:
    async def play(system: System) -> None:
        ada, bob = await _logged_in(system, "Ada"), await _logged_in(system, "Bob")
        await asyncio.to_thread(system.run, "server", "stop")
        for line in ("think once", "drop Ada's key", "think twice"):
            ada.type(line)
        await ada.sees("The game could not be reached for too long; 3 of your lines were not done.")
        await ada.closed()
        await bob.sees("The game could not be reached for too long; 0 of your lines were not done.")
        await bob.closed()
        await asyncio.to_thread(system.run, "server", "start")
        await ada.leave()
        await bob.leave()
        ada = await _logged_in(system, "Ada")
        await ada.asks("inventory", "key")
        assert system.places()["Ada's key"] == "Ada"
        await ada.leave()

    with System(folder, max_hold_s=3) as system:
        system.up()
        system.make_accounts(["Ada", "Bob"])
        asyncio.run(play(system))
