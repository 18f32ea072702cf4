"""Whoever sits at a prompt when the server ends: nothing typed there is done anywhere else."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from everdoor_server.adoption import INTERRUPTED
from everdoor_server.contrib import menu_login
from everdoor_server.driving import VOID
from integration.system import PASSWORD, System, kill
from players.telnet import Player

MENU = {
    "cmdset_unloggedin": "everdoor_server.contrib.menu_login.UnloggedinCmdSet",
    "connection_screen": "everdoor_server.contrib.menu_login",
}


@pytest.fixture(scope="module")
def menu() -> Iterator[System]:
    """A system whose players log in step by step."""
    yield from _system(**MENU)


@pytest.fixture(scope="module")
def usual() -> Iterator[System]:
    """A system as it is shipped."""
    yield from _system()


def _system(**settings: object) -> Iterator[System]:
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        with System(Path(path), **settings) as system:
            system.up()
            system.make_accounts(["Ada"])
            yield system


Typing = Callable[[], None]
NAME = menu_login.ASK_NAME.strip()


async def killed(system: System, typing: Typing) -> None:
    """Kill the server's worker; another one starts only after something was typed."""
    server = (await asyncio.to_thread(system.status)).server
    os.kill(server["pid"], signal.SIGSTOP)
    try:
        kill(server["worker_pid"])
        typing()
        await asyncio.sleep(0.2)
    finally:
        os.kill(server["pid"], signal.SIGCONT)


async def stopped_and_started(system: System, typing: Typing) -> None:
    await asyncio.to_thread(system.run, "server", "stop")
    typing()
    await asyncio.to_thread(system.run, "server", "start")


async def reloaded(system: System, typing: Typing) -> None:
    """Reload; what is typed comes to a server that runs no lines any more, or to the next."""
    reload = asyncio.to_thread(system.run, "server", "reload")
    task = asyncio.create_task(reload)
    typing()
    await task


Fault = Callable[[System, Typing], Awaitable[None]]
AWAY: list[Fault] = [killed, stopped_and_started]


def sessions(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(system.run("session", "list", "--json").stdout)
    return found


async def at_the_password(system: System) -> Player:
    player = await Player.connect("Ada", system.port)
    await player.sees_prompt(NAME)
    player.type("Ada")
    await player.sees_prompt("Enter the password for account Ada")
    return player


async def logs_in(player: Player) -> None:
    player.type("Ada")
    await player.sees_prompt("Enter the password for account Ada")
    player.type(PASSWORD)
    await player.sees(lambda line: line.startswith("Exits:"))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", AWAY)
def test_password_typed_while_the_server_is_away_logs_nobody_in_and_is_run_nowhere(
    menu: System, fault: Fault
) -> None:
    async def play(system: System) -> None:
        player = await at_the_password(system)

        def typing() -> None:
            player.type(PASSWORD)
            player.type("say what I typed")

        await fault(system, typing)
        await player.sees(INTERRUPTED)
        await player.sees(VOID)
        await player.sees(VOID)
        assert [one["logged_in"] for one in await asyncio.to_thread(sessions, system)] == [False]
        await logs_in(player)
        shown = "\n".join(player.lines)
        assert PASSWORD not in shown and "what I typed" not in shown
        await player.leave()

    asyncio.run(play(menu))


@pytest.mark.timeout(120)
def test_login_menu_begins_again_after_a_reload(menu: System) -> None:
    async def play(system: System) -> None:
        player = await at_the_password(system)
        await reloaded(system, lambda: None)
        await player.sees(INTERRUPTED)
        await player.sees_prompt(NAME)
        await logs_in(player)
        await player.leave()

    asyncio.run(play(menu))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", AWAY)
def test_answer_typed_while_the_server_is_away_is_no_command(usual: System, fault: Fault) -> None:
    async def play(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        player.type("password")
        await player.sees_prompt("Old password: ")

        def typing() -> None:
            player.type(PASSWORD)
            player.type("say a new secret")

        await fault(system, typing)
        await player.sees(INTERRUPTED)
        await player.sees(VOID)
        await player.sees(VOID)
        await player.asks("think still here", 'You think, "still here"')
        assert "a new secret" not in "\n".join(player.lines)
        await player.leave()
        again = await Player.connect("Ada", system.port)
        await again.log_in(PASSWORD)
        await again.leave()

    asyncio.run(play(usual))
