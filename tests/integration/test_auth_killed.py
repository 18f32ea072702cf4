"""While auth is away, those who play play on, and those who log in are let in late or told why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from integration.system import PASSWORD, System, kill
from players.telnet import Player

ANSWER_S = 15.0
"""Within which a login or a new account ends, well or with a clean refusal: 5 s are promised, of
which the server itself waits 4."""

UNAVAILABLE = "Accounts cannot be reached just now."

KILLS = 3

pytestmark = pytest.mark.timeout(120)


def test_logins_work_although_auths_worker_is_killed(folder: Path) -> None:
    async def play(system: System) -> None:
        ada = await _logged_in(system, "Ada")
        for number in range(KILLS):
            bob = await Player.connect("Bob", system.port)
            await bob.sees_screen()
            await asyncio.to_thread(_kill_auth_worker, system)
            bob.type(f"connect Bob {PASSWORD}")
            await ada.asks(f"think {number}", f'You think, "{number}"')
            await _until_it_works(bob, f"connect Bob {PASSWORD}", _is_in)
            await bob.leave()
        await ada.leave()

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada", "Bob"])
        asyncio.run(play(system))


def test_account_made_while_auths_worker_is_killed_is_whole_or_not_there(folder: Path) -> None:
    async def play(system: System) -> None:
        for number in range(KILLS):
            eve = await Player.connect(f"Eve{number}", system.port)
            await eve.sees_screen()
            eve.type(f"create {eve.name} {PASSWORD}")
            await asyncio.to_thread(_kill_auth_worker, system)
            if UNAVAILABLE in await eve.sees(_is_answer_to_create, ANSWER_S):
                await _until_it_works(eve, f"create {eve.name} {PASSWORD}", _is_answer_to_create)
            await _until_it_works(eve, f"connect {eve.name} {PASSWORD}", _is_in)
            await eve.leave()

    with System(folder, creation_throttle_limit=0) as system:
        system.up()
        asyncio.run(play(system))


def test_players_play_on_and_logins_are_refused_while_auth_is_not_there(folder: Path) -> None:
    async def play(system: System) -> None:
        ada = await _logged_in(system, "Ada")
        bob = await Player.connect("Bob", system.port)
        await bob.sees_screen()
        auth = (await asyncio.to_thread(system.status)).auth
        kill(auth["pid"])
        bob.type(f"connect Bob {PASSWORD}")
        await ada.asks("say Is anybody there?", 'You say, "Is anybody there?"')
        await bob.sees(UNAVAILABLE, ANSWER_S)
        system.start_supervisor("auth")
        await asyncio.to_thread(system.until_up)
        await bob.asks(f"connect Bob {PASSWORD}", _is_in)
        await ada.leave()
        await bob.leave()

    with System(folder) as system:
        system.start_supervisors()
        system.make_accounts(["Ada", "Bob"])
        asyncio.run(play(system))


async def _logged_in(system: System, name: str) -> Player:
    player = await Player.connect(name, system.port)
    await player.log_in(PASSWORD)
    return player


async def _until_it_works(player: Player, line: str, works: Callable[[str], bool]) -> None:
    """Type a line, again whenever accounts cannot be reached; each answer must come in time."""
    player.type(line)
    while not works(await player.sees(lambda seen: works(seen) or UNAVAILABLE in seen, ANSWER_S)):
        player.type(line)


def _is_in(line: str) -> bool:
    return line.startswith("Exits:")


def _is_answer_to_create(line: str) -> bool:
    return "was created" in line or "taken" in line or "exists" in line or UNAVAILABLE in line


def _kill_auth_worker(system: System) -> None:
    kill(system.status().auth["worker_pid"])
