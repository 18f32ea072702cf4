"""What games import: a name that goes breaks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import everdoor_server

PUBLIC = {
    "Account",
    "CallRefused",
    "Character",
    "CmdSet",
    "Command",
    "Delay",
    "Exit",
    "Game",
    "Object",
    "Room",
    "SESSIONS",
    "SESSION_HANDLER",
    "Script",
    "ServerSession",
    "ServerSessionHandler",
    "Table",
    "Thing",
    "UserError",
    "ask",
    "authenticate",
    "before_login",
    "create_account",
    "create_guest",
    "create_object",
    "create_script",
    "default_cmds",
    "inert",
    "search_object",
    "delay",
    "search_script",
    "sleep",
    "syscmdkeys",
}

GAME = """
from everdoor_server import Command, ServerSession, SESSION_HANDLER, default_cmds, syscmdkeys

class CmdCount(Command):
    key = syscmdkeys.CMD_NOMATCH

    def func(self) -> None:
        self.msg(f"{SESSION_HANDLER.account_count()} {default_cmds.CmdLook.key}")

class MySession(ServerSession):
    pass
"""


def test_names_are_those_that_games_rely_on() -> None:
    assert set(everdoor_server.__all__) == PUBLIC
    assert all(hasattr(everdoor_server, name) for name in PUBLIC)


def test_type_checker_follows_every_name(tmp_path: Path) -> None:
    game = tmp_path / "game.py"
    game.write_text(GAME)
    command = [sys.executable, "-m", "mypy", "--strict", str(game)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
