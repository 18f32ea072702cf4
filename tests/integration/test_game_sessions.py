"""What games do with sessions, on real processes: their own first look, a set for one session,
a session class, guests."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from integration.system import PASSWORD, PROGRAMS, System, kill, until
from players.telnet import Player

# The two classes stand here as the guide for games has them, but for the line of imports.
CMDSETS = """\
from everdoor_server import Command, CmdSet, default_cmds, syscmdkeys


class MyUnloggedinLook(Command):
    key = syscmdkeys.CMD_LOGINSTART
    def func(self):
        self.caller.msg("Welcome.")


class UnloggedinCmdSet(default_cmds.UnloggedinCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(MyUnloggedinLook())


class CmdShape(Command):
    key = "shape"

    def func(self):
        self.session.touch_shape(self.args.strip())
        self.msg(f"You shape somebody {self.session.shape}.")


class CmdDone(Command):
    key = "done"

    def func(self):
        self.msg(f"You are {self.session.shape}.")
        self.session.cmdset.remove("game.cmdsets.ChargenCmdSet")


class ChargenCmdSet(CmdSet):
    key = "chargen"
    mergetype = "Replace"
    priority = 120

    def at_cmdset_creation(self):
        self.add([CmdShape, CmdDone])


class CmdChargen(Command):
    key = "chargen"

    def func(self):
        self.session.cmdset.add(ChargenCmdSet, persistent=True)
        self.msg("You are nobody yet.")


class AccountCmdSet(default_cmds.AccountCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdChargen)
"""

SESSIONS = """\
from everdoor_server import ServerSession


class ShapedSession(ServerSession):
    snapshot_fields = ("shape",)
    shape = "without a shape"

    def touch_shape(self, shape):
        self.shape = shape
        self.touch()
"""


def game(folder: Path) -> Path:
    made = folder / "game"
    made.mkdir()
    (made / "cmdsets.py").write_text(CMDSETS)
    (made / "sessions.py").write_text(SESSIONS)
    return made


def have_played(
    folder: Path, play: Callable[[System, Path], Coroutine[Any, Any, None]], **settings: object
) -> None:
    """Run a test with a system and the folder of its game."""
    made, kind = game(folder), "game.sessions.ShapedSession"
    with System(folder, game=made, server_session_class=kind, **settings) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(play(system, made))


async def logged_in(system: System, name: str) -> Player:
    player = await Player.connect(name, system.port)
    await player.sees(lambda line: line == "Welcome.")
    player.type(f"connect {name} {PASSWORD}")
    await player.sees(lambda line: "You become" in line or "Out-of-Character" in line)
    return player


@pytest.mark.timeout(120)
def test_set_on_one_session_leaves_the_others_playing_and_survives_restarts(folder: Path) -> None:
    async def play(system: System, made: Path) -> None:
        one, two = await logged_in(system, "Ada"), await logged_in(system, "Ada")
        try:
            await two.asks("chargen", "You are nobody yet.")
            await two.asks("say hello", "Command 'say hello' is not available.")
            await two.asks("shape tall", "You shape somebody tall.")
            await one.asks("say hello", 'You say, "hello"')
            await asyncio.to_thread(system.run, "server", "reload")
            await two.asks("shape small", "You shape somebody small.")
            await one.asks("say I play on", 'You say, "I play on"')
            kill((await asyncio.to_thread(system.status)).server["worker_pid"])
            await two.asks("done", "You are small.")
            await two.asks("sessions", "Your current session(s):")
            await one.asks("say still here", 'You say, "still here"')
        finally:
            await one.leave()
            await two.leave()

    have_played(folder, play, multisession_mode=2)


@pytest.mark.timeout(120)
def test_guest_who_leaves_while_the_server_is_away_is_forgotten(folder: Path) -> None:
    async def play(system: System) -> None:
        guest = await Player.connect("guest", system.port)
        await guest.sees_screen()
        await guest.asks("connect guest", "You become Guest1.")
        await guest.asks("say hello", 'You say, "hello"')
        assert names(system) == (["Guest1"], ["Guest1"])
        await asyncio.to_thread(system.run, "server", "stop")
        await guest.leave()
        await asyncio.to_thread(system.run, "server", "start")
        await asyncio.to_thread(until, lambda: names(system) == ([], []), "the guest is forgotten")

    with System(folder, guest_enabled=True, guest_list="Guest1,Guest2") as system:
        system.up()
        asyncio.run(play(system))


def names(system: System) -> tuple[list[str], list[str]]:
    """Accounts that the world knows, and characters of guests."""
    accounts = system.select("SELECT key FROM world_account")
    characters = system.select("SELECT key FROM world_object WHERE key LIKE 'Guest_'")
    return [key for (key,) in accounts], [key for (key,) in characters]


@pytest.mark.parametrize(
    ("setting", "path", "told"),
    [
        (
            "server_session_class",
            "nowhere.Session",
            "server_session_class: 'nowhere.Session' cannot be imported: No module named 'nowhere'",
        ),
        (
            "server_session_class",
            "everdoor_server.Command",
            "server_session_class: expected a subclass of everdoor_server.ServerSession, and "
            "'everdoor_server.Command' is none",
        ),
        (
            "cmdset_unloggedin",
            "everdoor_server.Command",
            "cmdset_unloggedin: command set 'everdoor_server.Command' is not a class below CmdSet",
        ),
    ],
)
def test_setting_that_names_nothing_stops_the_start_with_one_line(
    folder: Path, setting: str, path: str, told: str
) -> None:
    with System(folder, **{setting: path}) as system:
        system.run("db", "upgrade")
        done = subprocess.run(
            [PROGRAMS / "everdoor", "server", "run"],
            cwd=folder,
            env=system.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
        assert done.returncode == 3
        assert lines == [f"everdoor: {told}"]


@pytest.mark.timeout(120)
def test_reload_without_the_session_class_is_refused_and_nobody_notices(folder: Path) -> None:
    async def play(system: System, made: Path) -> None:
        player = await logged_in(system, "Ada")
        try:
            (made / "sessions.py").write_text("# moved\n")
            done = await asyncio.to_thread(system.run, "server", "reload", code=1)
            assert "server_session_class: 'game.sessions.ShapedSession'" in done.stderr
            await player.asks("say hello", 'You say, "hello"')
        finally:
            await player.leave()

    have_played(folder, play)


UPGRADE = """
    state_version = 2

    @classmethod
    def upgrade_snapshot(cls, data, version):
        return {**data, "shape": f"{data['shape']}, it is said"}

    def touch_shape(self, shape):
        self.shape += f", and {shape}"
        self.touch()
"""


@pytest.mark.timeout(120)
def test_session_of_a_changed_class_is_upgraded_once_though_the_server_is_killed(
    folder: Path,
) -> None:
    async def play(system: System, made: Path) -> None:
        player = await logged_in(system, "Ada")
        try:
            await player.asks("chargen", "You are nobody yet.")
            await player.asks("shape tall", "You shape somebody tall.")
            (made / "sessions.py").write_text(SESSIONS + UPGRADE)
            await asyncio.to_thread(system.run, "server", "reload")
            await player.asks("shape wide", "You shape somebody tall, it is said, and wide.")
            for _ in range(2):
                kill(worker := await asyncio.to_thread(system.worker))
                await asyncio.to_thread(system.until_replaced, worker)
            await player.asks("done", "You are tall, it is said, and wide.")
        finally:
            await player.leave()

    have_played(folder, play)
