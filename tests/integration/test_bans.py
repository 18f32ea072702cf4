"""Who is banned, logged out or deleted is out at once, on real processes, whoever is away."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.system import PASSWORD, System, kill, until
from players.telnet import Player

BANNED = "You have been banned"
LOOPBACKS = ["127.0.0.1", "::1"]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system that listens on every address, with some accounts."""
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        with System(Path(path), listen_address="") as system:
            system.up()
            system.make_accounts(["Anna", "Ben", "Carl", "Dora"])
            yield system


class Party:
    """Players of one system, who leave together at the end."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._players: list[Player] = []

    async def __aenter__(self) -> Party:
        return self

    async def __aexit__(self, *_: object) -> None:
        for player in self._players:
            await player.leave()

    async def connect(self, name: str, host: str = "127.0.0.1") -> Player:
        player = Player(name, *await asyncio.open_connection(host, self._system.port))
        self._players.append(player)
        return player

    async def play(self, name: str, host: str = "127.0.0.1") -> Player:
        player = await self.connect(name, host)
        await player.log_in(PASSWORD)
        return player


async def account(system: System, *arguments: str) -> str:
    """Run `everdoor account` while the players go on."""
    return (await asyncio.to_thread(system.run, "account", *arguments)).stdout


def play(system: System, main: Callable[[Party], Coroutine[Any, Any, None]]) -> None:
    """Run a test, and lift all bans."""

    async def together() -> None:
        async with Party(system) as party:
            await main(party)

    try:
        asyncio.run(together())
    finally:
        for ban in json.loads(system.run("account", "bans", "--json").stdout):
            system.run("account", "unban", str(ban["id"]))


@pytest.mark.parametrize("host", LOOPBACKS)
def test_ban_of_an_address_ends_its_sessions_and_refuses_its_clients(
    system: System, host: str
) -> None:
    other = next(each for each in LOOPBACKS if each != host)

    async def main(party: Party) -> None:
        anna, ben = await party.play("Anna", host), await party.play("Ben", other)
        stranger = await party.connect("a stranger", host)
        await stranger.sees_screen()
        await account(system, "ban", host, "--reason", "Spam.", "--for", "1h")
        for player in (anna, stranger):
            await player.sees(f"{BANNED} and cannot continue from here. Reason: Spam.")
            await player.closed()
        for _ in range(4):  # both portals
            refused = await party.connect("refused", host)
            await refused.sees("Reason: Spam.")
            await refused.closed()
            assert not any("connect <name>" in line for line in refused.lines)
        await ben.asks("say Still here.", "Still here.")
        await party.play("Ben", other)

    play(system, main)


def test_address_is_let_in_again_when_its_ban_is_lifted(system: System) -> None:
    async def main(party: Party) -> None:
        await account(system, "ban", "127.0.0.*")
        await (await party.connect("refused")).sees(BANNED)
        await account(system, "unban", "127.0.0.*")
        while True:
            player = await party.connect("Anna")
            await player.sees(lambda line: BANNED in line or "connect <name>" in line)
            if any("connect <name>" in line for line in player.lines):
                break

    play(system, main)


def test_ban_of_a_name_ends_its_sessions_and_refuses_its_logins(system: System) -> None:
    async def main(party: Party) -> None:
        anna, ben = await party.play("Anna"), await party.play("Ben")
        await account(system, "ban", "anna")
        await anna.sees(BANNED)
        await anna.closed()
        again = await party.connect("Anna")
        await again.sees_screen()
        await again.asks(f"connect Anna {PASSWORD}", BANNED)
        await again.asks(f"create anna {PASSWORD} 2", BANNED)
        await ben.asks("say Still here.", "Still here.")

    play(system, main)


def test_ban_made_while_the_server_is_away_ends_sessions_when_it_is_back(system: System) -> None:
    async def main(party: Party) -> None:
        carl, ben = await party.play("Carl"), await party.play("Ben")
        await asyncio.to_thread(system.run, "server", "stop")
        await account(system, "ban", "carl")
        await asyncio.to_thread(system.run, "server", "start")
        await carl.sees(BANNED)
        await carl.closed()
        await ben.asks("say Still here.", "Still here.")

    play(system, main)


def test_logout_ends_all_sessions_of_an_account_and_no_other(system: System) -> None:
    async def main(party: Party) -> None:
        anna, ben = await party.play("Anna"), await party.play("Ben")
        assert await account(system, "logout", "anna") == "logged out Anna\n"
        await anna.sees("You have been logged out everywhere.")
        await anna.closed()
        await party.play("Anna")
        await ben.asks("say Still here.", "Still here.")

    play(system, main)


def test_account_that_is_renamed_is_called_so_at_once(system: System) -> None:
    async def main(party: Party) -> None:
        await party.play("Carl")
        await account(system, "rename", "carl", "Carla")
        shown = lambda: "Carla" in system.run("session", "list").stdout  # noqa: E731
        await asyncio.to_thread(until, shown, "the session has the new name")
        await account(system, "rename", "carla", "Carl")

    play(system, main)


def test_account_that_is_deleted_is_out(system: System) -> None:
    async def main(party: Party) -> None:
        dora = await party.play("Dora")
        await account(system, "delete", "Dora", "--yes")
        await dora.sees("This account has been deleted.")
        await dora.closed()
        again = await party.connect("Dora")
        await again.sees_screen()
        await again.asks(f"connect Dora {PASSWORD}", "wrong")

    play(system, main)


def test_portal_that_cannot_reach_auth_lets_people_connect_and_hears_of_bans_when_it_can(
    folder: Path,
) -> None:
    async def main(party: Party) -> None:
        player = await party.connect("Anna")
        await player.sees_screen()
        await player.asks(f"connect Anna {PASSWORD}", "Accounts cannot be reached just now.")
        system.start_supervisor("auth")
        await asyncio.to_thread(system.until_up)
        await account(system, "ban", "127.0.0.1")
        await player.sees(BANNED)
        await player.closed()

    with System(folder, portals=1) as system:
        system.start_supervisors()
        status = system.status()
        kill(status.auth["pid"])
        [portal] = status.portals.values()
        kill(portal["worker_pid"])
        until(lambda: _is_replaced(system, portal), "another portal serves")
        play(system, main)


def _is_replaced(system: System, portal: dict[str, Any]) -> bool:
    [now] = system.status().portals.values()
    return now["state"] == "up" and bool(now["incarnation"] != portal["incarnation"])
