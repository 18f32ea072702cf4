"""A GMCP client whose portal is killed comes back to its session on another portal, with what it
missed; its token is good once, and not after what makes it void."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from integration.system import PASSWORD, System, kill, until
from players.gmcp import GmcpPlayer
from players.telnet import Player

NEW_PASSWORD = "eight lanterns"

pytestmark = pytest.mark.timeout(200)


def sessions(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(system.run("session", "list", "--json").stdout)
    return found


def session_of(system: System, account: str) -> dict[str, Any]:
    [found] = [each for each in sessions(system) if each["account"] == account]
    return found


def test_client_of_a_killed_portal_comes_back_on_another_with_what_it_missed(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        system.make_accounts(["Anna", "Bert"])
        lines = asyncio.run(_lose_a_portal(system))
        said = [line.partition('"')[2].rstrip('"') for line in lines if "Bert says" in line]
        assert said == [f"{when} {n}" for when in ("before", "away", "after") for n in range(3)]


async def _lose_a_portal(system: System) -> list[str]:
    """Return all that Anna reads, before and after."""
    bert = await Player.connect("Bert", system.port)
    await bert.log_in(PASSWORD)
    anna = await _on_another_portal(system, "Bert")
    await anna.log_in("Anna", PASSWORD)
    assert (await anna.told("Room.Info"))["num"]
    await _say(bert, "before")
    await anna.reads("before 2")
    before = await asyncio.to_thread(session_of, system, "Anna")
    status = await asyncio.to_thread(system.status)
    kill(status.portals[before["portal"]]["worker_pid"])
    await anna.ended()
    await _say(bert, "away")
    again = await GmcpPlayer.connect(system.port)
    while await _portal_of(system, again) == before["portal"]:
        await again.leave()
        again = await GmcpPlayer.connect(system.port)
    assert await again.come_back("Anna", anna.token, anna.seen) == {"success": True}
    await again.told("Char.Login.Token")
    assert again.token != anna.token
    await _say(bert, "after")
    await again.reads("after 2")
    after = await asyncio.to_thread(session_of, system, "Anna")
    assert (after["sessid"], after["puppet"]) == (before["sessid"], "Anna")
    assert after["portal"] != before["portal"]
    await _refused(system, anna.token)
    for player in (anna, again, bert):
        await player.leave()
    return [*anna.lines, *again.lines]


async def _say(player: Player, when: str) -> None:
    for number in range(3):
        await player.asks(f"say {when} {number}", f'You say, "{when} {number}"')


async def _on_another_portal(system: System, account: str) -> GmcpPlayer:
    theirs = (await asyncio.to_thread(session_of, system, account))["portal"]
    while True:
        player = await GmcpPlayer.connect(system.port)
        if await _portal_of(system, player) != theirs:
            return player
        await player.leave()


async def _portal_of(system: System, player: GmcpPlayer) -> str:
    """Which portal a client has come to that has just connected."""
    await player.reads("connect <name> <password>")
    newest = max(await asyncio.to_thread(sessions, system), key=lambda each: each["sessid"])
    assert not newest["logged_in"], "nobody else connects"
    return str(newest["portal"])


async def _refused(system: System, token: str) -> None:
    """See that a token brings nobody back, and that it is logged."""
    player = await GmcpPlayer.connect(system.port)
    result = await player.come_back("Anna", token, 0)
    assert result == {"success": False, "message": "Your session is over."}
    await player.leave()
    log = "a resume token was refused"
    await asyncio.to_thread(until, lambda: log in system.output(), "the refusal is logged")


def test_token_dies_with_a_new_password_a_logout_and_a_ban(folder: Path) -> None:
    with System(folder, portals=1, login_throttle_limit=0) as system:
        system.up()
        system.make_accounts(["Anna"])
        asyncio.run(_lose_trust(system))


async def _lose_trust(system: System) -> None:
    anna = await GmcpPlayer.connect(system.port)
    await anna.log_in("Anna", PASSWORD)
    await _account(system, "set-password", "Anna", "--password-stdin", stdin=NEW_PASSWORD)
    await asyncio.to_thread(until, lambda: not _has_token(system), "the token is void")
    anna.cut()
    await _refused(system, anna.token)
    for command in ("logout", "ban"):
        again = await GmcpPlayer.connect(system.port)
        await again.log_in("Anna", NEW_PASSWORD)
        await _account(system, command, "Anna")
        await again.ended()
        await _refused(system, again.token)
        await again.leave()
    await anna.leave()


async def _account(system: System, *command: str, stdin: str = "") -> None:
    await asyncio.to_thread(lambda: system.run("account", *command, stdin=stdin))


def _has_token(system: System) -> bool:
    shown = system.run("session", "show", str(session_of(system, "Anna")["sessid"]), "--json")
    return bool(json.loads(shown.stdout)["resume"])
