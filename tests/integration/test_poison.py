"""A line that ends the server, whatever way, is skipped after three deaths; all others play on."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from integration.crowded import crowd_of, findings
from integration.system import PASSWORD, System
from players.crowd import Crowd
from players.telnet import Player

PLAYERS = 8
DEATHS = 3

CMDSETS = """\
import os
import signal
import sqlite3

from everdoor_server.commands.command import Command
from everdoor_server.commands.default import cmdsets


def note(name):
    with sqlite3.connect({notes!r}) as db:
        db.execute("INSERT INTO ran VALUES (?)", (name,))


class CmdDie(Command):
    key = "die"

    def func(self):
        note("die")
        os.kill(os.getpid(), signal.SIGKILL)


class CmdHang(Command):
    key = "hang"

    def func(self):
        note("hang")
        while True:
            pass


class CmdSpoil(Command):
    key = "spoil"

    def func(self):
        note("spoil")
        # As a key it would be refused here; behind its back it fails with the turn.
        vars(self.caller)["key"] = "no database holds half a character: \\ud83d"
        self.caller.touch()


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdDie)
        self.add(CmdHang)
        self.add(CmdSpoil)
"""


class DeadlyGame:
    """A game with `die`, `hang` and `spoil`, which note that they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "game"
        self.folder.mkdir()
        self._notes = folder / "notes.db"
        with sqlite3.connect(self._notes) as db:
            db.execute("CREATE TABLE ran (name TEXT)")
        (self.folder / "cmdsets.py").write_text(CMDSETS.format(notes=str(self._notes)))

    def times(self, name: str) -> int:
        """How often a command has begun."""
        with sqlite3.connect(self._notes) as db:
            return int(db.execute("SELECT count(*) FROM ran WHERE name = ?", (name,)).fetchone()[0])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("word", ["die", "hang", "spoil"])
def test_line_that_ends_the_server_is_skipped_and_all_others_are_done_once(
    folder: Path, word: str
) -> None:
    game = DeadlyGame(folder)
    with System(folder, game=game.folder, turn_limit_s=3, login_throttle_limit=0) as system:
        system.up()
        crowd = crowd_of(system, PLAYERS, "Guest")
        system.make_accounts(["Mallory"])
        places = asyncio.run(_play_through(system, crowd, word))
        findings(system, "Guest", places).assert_none()
        assert game.times(word) == DEATHS
        log = (system.home / "logs" / "server.log").read_text()
        assert log.count("a line was skipped") == 1
        assert f'"text": "{word}"' in log
        if word == "hang":
            assert log.count("was hung") >= DEATHS  # a machine may stand still as well
            assert "in func" in log


async def _play_through(system: System, crowd: Crowd, word: str) -> dict[str, str]:
    mallory = await Player.connect("Mallory", system.port)
    await mallory.log_in(PASSWORD)
    async with crowd:
        crowd.start()
        await crowd.serves()
        mallory.type(word)
        mallory.type("think still here")
        await mallory.sees("A line of yours was not done")
        await mallory.sees('You think, "still here"')
        await crowd.serves()
        await crowd.finish()
        places = system.places()
    await mallory.leave()
    return places
