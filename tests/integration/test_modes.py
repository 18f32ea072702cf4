"""Three clients of one account over two portals, in each multisession mode: who sees what.

The same is true again after a reload of the server and after its worker was killed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration.system import PASSWORD, System, kill
from players.telnet import Player

CMDSETS = """\
from everdoor_server import Command, default_cmds


class CmdMark(Command):
    key = "mark"

    def func(self):
        self.session.msg(f"mark {self.args.strip()}")


class CmdTell(Command):
    key = "tell"

    def func(self):
        self.msg("told by a command")
        self.account.msg("told by an account")
        self.session.msg("told by a session")
        if self.character:
            self.character.msg("told by a character")


class AccountCmdSet(default_cmds.AccountCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add([CmdMark, CmdTell])
"""

ROOM = "The Front Step"
ALL = {"one", "two", "three"}


class Mode(NamedTuple):
    """Who is who: the clients that stay, what each puppets, and who sees what `one` does."""

    number: int
    puppets: Mapping[str, str]
    sees_commands: set[str]
    shares_puppet: set[str]

    @property
    def hears(self) -> set[str]:
        """Who hears from outside what the puppet of `one` says."""
        here = {name for name, puppet in self.puppets.items() if puppet}
        return (here | {"other"}) - self.shares_puppet


MODES = [
    Mode(0, {"one": "Ada"}, {"one"}, {"one"}),
    Mode(1, {"one": "Ada", "two": "Ada", "three": "Ada"}, ALL, ALL),
    Mode(2, {"one": "Ada", "two": "Beth", "three": ""}, {"one"}, {"one"}),
    Mode(3, {"one": "Ada", "two": "Ada", "three": "Beth"}, {"one", "two"}, {"one", "two"}),
]


class Party:
    """The clients of one mode."""

    def __init__(self, system: System, mode: Mode) -> None:
        self._system = system
        self.mode = mode
        self.players: dict[str, Player] = {}
        self._all: list[Player] = []
        self._marks = 0

    async def gather(self) -> None:
        """Log everybody in, the account's clients over both portals, each to its puppet."""
        self.players["other"] = await self._player("Bob")
        while True:
            names = sorted(self.mode.puppets) if self.mode.number else ["three", "two", "one"]
            for name in names:
                self.players[name] = await self._player("Ada")
            if await self._is_spread():
                break
            await self._leave(names)
        if self.mode.number == 0:
            for name in ("two", "three"):
                await self.players.pop(name).closed()
        await self._take_puppets()

    async def _player(self, name: str) -> Player:
        player = await Player.connect(name, self._system.port)
        self._all.append(player)
        await player.sees_screen()
        player.type(f"connect {name} {PASSWORD}")
        await player.asks("mark in", "mark in")
        return player

    async def _is_spread(self) -> bool:
        if self.mode.number == 0:
            return True
        listed = await asyncio.to_thread(sessions, self._system)
        return len({one["portal"] for one in listed if one["account"] == "Ada"}) == 2

    async def _leave(self, names: Iterable[str]) -> None:
        for name in names:
            await self.players.pop(name).leave()

    async def leave(self) -> None:
        """Have everybody leave who ever came."""
        for player in self._all:
            await player.leave()

    async def _take_puppets(self) -> None:
        one = self.players["one"]
        if "Beth" in self.mode.puppets.values():
            await one.asks("charcreate Beth", "Beth")
        for name, puppet in self.mode.puppets.items():
            if puppet == "Beth":
                await self.players[name].asks("ic Beth", "You become Beth.")

    async def shown(self, line: str, by: str = "one") -> dict[str, list[str]]:
        """Have somebody type a line; what each client is shown of it."""
        before = {name: len(player.lines) for name, player in self.players.items()}
        actor = self.players[by]
        actor.type(line)
        self._marks += 1
        await actor.asks(f"mark {self._marks}", f"mark {self._marks}")
        for player in self.players.values():
            if player.is_open:
                await player.asks(f"mark {self._marks} too", f"mark {self._marks} too")
        return {name: player.lines[before[name] :] for name, player in self.players.items()}

    async def told(self, line: str, text: str) -> set[str]:
        """Who is shown a text of what `one` types."""
        return who(await self.shown(line), text)

    async def check(self) -> None:
        """Check who sees what of what `one` does."""
        mode = self.mode
        said = await self.shown("say Good evening")
        assert who(said, 'You say, "Good evening"') == mode.shares_puppet
        assert who(said, 'Ada says, "Good evening"') == mode.hears
        assert await self.told("look", ROOM) == mode.shares_puppet
        told = await self.shown("tell")
        assert who(told, "told by a command") == mode.sees_commands
        assert who(told, "told by an account") == set(mode.puppets)
        assert who(told, "told by a session") == {"one"}
        assert who(told, "told by a character") == mode.shares_puppet
        assert await self.told("sessions", "telnet") == mode.sees_commands


def who(shown: Mapping[str, list[str]], text: str) -> set[str]:
    return {name for name, lines in shown.items() if any(text in line for line in lines)}


def sessions(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(system.run("session", "list", "--json").stdout)
    return found


def identities(system: System) -> list[tuple[Any, ...]]:
    """What must be the same after a restart as before it."""
    fields = ("sessid", "portal", "account", "puppet")
    return [tuple(one[field] for field in fields) for one in sessions(system)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: f"mode {mode.number}")
def test_clients_of_one_account_see_what_the_mode_says_also_after_restarts(
    folder: Path, mode: Mode
) -> None:
    game = folder / "game"
    game.mkdir()
    (game / "cmdsets.py").write_text(CMDSETS)
    settings = {"max_nr_characters": 2, "max_nr_simultaneous_puppets": 2, "game": game}
    with System(folder, multisession_mode=mode.number, **settings) as system:
        system.up()
        system.make_accounts(["Ada", "Bob"])
        asyncio.run(play(system, mode))


async def play(system: System, mode: Mode) -> None:
    party = Party(system, mode)
    try:
        await play_through(system, party)
    finally:
        await party.leave()


async def play_through(system: System, party: Party) -> None:
    await party.gather()
    await party.check()
    before = await asyncio.to_thread(identities, system)
    await asyncio.to_thread(system.run, "server", "reload")
    await party.check()
    assert await asyncio.to_thread(identities, system) == before
    await asyncio.to_thread(kill_worker, system)
    await party.check()
    assert await asyncio.to_thread(identities, system) == before
    await check_puppets(party)
    await check_ends(party)


def kill_worker(system: System) -> None:
    kill(system.worker())


async def check_puppets(party: Party) -> None:
    """Check `ooc` and `ic`: for all in mode 1, taken over in mode 2, shared in mode 3."""
    mode = party.mode.number
    left = await party.shown("ooc")
    assert who(left, "You go OOC.") == (ALL if mode == 1 else {"one"})
    is_shared = mode == 3
    assert ("other" in who(left, "Ada has left the game.")) is not is_shared
    back = await party.shown("ic Ada")
    assert who(back, "You become Ada.") == (ALL if mode == 1 else {"one"})
    if mode == 2:
        taken = await party.shown("ic Beth")
        assert who(taken, "Taking over Beth from another of your sessions.") == {"one"}
        assert who(taken, "Beth is now acted from another of your sessions.") == {"two"}
    if mode == 3:
        assert who(back, "Sharing Ada with another of your sessions.") == {"one"}
        assert who(back, "Ada is now shared from another of your sessions.") == {"two"}


async def check_ends(party: Party) -> None:
    """Check that `quit` ends its own session, and `quit/all` those of the account."""
    one = party.players.pop("one")
    one.type("quit")
    await one.sees("Quitting")
    await one.closed()
    rest = [party.players[name] for name in party.mode.puppets if name != "one"]
    for player in rest:
        await player.asks("mark left", "mark left")
    if rest:
        rest[0].type("quit/all")
        for player in rest:
            await player.closed()
    await party.players["other"].asks("who", "One unique account logged in.")
