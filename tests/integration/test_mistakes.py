"""What people get wrong costs them one clear line and the right exit code, never a traceback."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from integration.system import HOST, PASSWORD, System
from players.telnet import Player

COULD_NOT_START = 3
FAILED = 1
WRONG_USAGE = 2

pytestmark = pytest.mark.timeout(120)


def test_portal_names_the_port_that_another_program_has(folder: Path) -> None:
    with socket.socket() as other, System(folder) as system:
        other.bind((HOST, system.port))
        other.listen()
        told = _refusal(system, "portal", "run")
        assert str(system.port) in told
        assert "EVERDOOR_TELNET_PORT" in told


def test_up_stops_all_when_another_program_has_the_port(folder: Path) -> None:
    with socket.socket() as other, System(folder) as system:
        other.bind((HOST, system.port))
        other.listen()
        done = system.run("up", code=COULD_NOT_START)
        assert "EVERDOOR_TELNET_PORT" in done.stdout + done.stderr
        assert system.pids() == []


def test_second_world_is_kept_off_the_first_ones_port(folder: Path) -> None:
    with System(folder / "one") as one, System(folder / "two", one.port) as two:
        one.up()
        told = _refusal(two, "portal", "run")
        assert str(one.port) in told
        assert one.status().is_up(one.portals)


def test_second_up_in_one_home_is_refused(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        assert str(system.home) in _refusal(system, "up")
        for kind in ("auth", "server"):
            assert str(system.status()._asdict()[kind]["pid"]) in _refusal(system, kind, "run")


@pytest.mark.parametrize(("kind", "database"), [("auth", "auth"), ("server", "world")])
def test_database_that_cannot_be_opened_is_named(folder: Path, kind: str, database: str) -> None:
    missing = folder / "no-such-folder" / f"{database}.db"
    settings: dict[str, Any] = {f"{database}_database_url": f"sqlite:///{missing}"}
    with System(folder, **settings) as system:
        assert "no-such-folder" in _refusal(system, kind, "run")


@pytest.mark.parametrize(("kind", "database"), [("auth", "auth"), ("server", "world")])
def test_file_that_is_no_database_is_named(folder: Path, kind: str, database: str) -> None:
    with System(folder) as system:
        system.home.mkdir()
        (system.home / f"{database}.db").write_text("Dear diary,\n" * 1000)
        assert f"{database}.db" in _refusal(system, kind, "run")


@pytest.mark.parametrize(("kind", "database"), [("auth", "auth"), ("server", "world")])
def test_database_of_a_newer_program_is_named(folder: Path, kind: str, database: str) -> None:
    with System(folder) as system:
        system.run("db", "upgrade")
        db = sqlite3.connect(system.home / f"{database}.db")
        with db:
            db.execute(f"UPDATE {database}_version SET version_num = '9999'")
        db.close()
        assert f"{database}.db" in _refusal(system, kind, "run")


def test_unknown_setting_is_named_with_the_one_that_was_meant(folder: Path) -> None:
    with System(folder, telnet_prt=4000) as system:
        told = _refusal(system, "up")
        assert "EVERDOOR_TELNET_PRT" in told
        assert "EVERDOOR_TELNET_PORT" in told
        assert _refusal(system, "status", code=FAILED) == told


def test_bad_value_is_named_with_what_was_expected(folder: Path) -> None:
    with System(folder, multisession_mode=7) as system:
        told = _refusal(system, "server", "run")
        assert "EVERDOOR_MULTISESSION_MODE" in told
        assert "expected 0, 1, 2 or 3" in told
        assert "7" in told


@pytest.mark.parametrize(
    "command",
    ["status", "down", "account create --from -", "server reload", "server stop", "server status"],
)
def test_commands_say_that_nothing_runs(folder: Path, command: str) -> None:
    with System(folder) as system:
        done = system.run(*command.split(), code=FAILED, stdin=f"Ada\t{PASSWORD}\n")
        assert str(system.home) in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["stats", "up --loud", "account create", "portal run --workers x"]
)
def test_wrong_usage_ends_with_its_own_exit_code(folder: Path, command: str) -> None:
    with System(folder) as system:
        assert "--help" in _refusal(system, *command.split(), code=WRONG_USAGE)


def test_wrong_password_and_unknown_name_get_the_same_answer(system: System) -> None:
    async def play() -> None:
        player = await _at_the_door(system, "Ada")
        wrong = await player.asks("connect Ada not the password", _is_text)
        unknown = await player.asks("connect Nobody not the password", _is_text)
        assert wrong == unknown
        assert "assword" in wrong
        await player.asks(f"connect Ada {PASSWORD}", "Exits:")
        await player.leave()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("name", "password", "reason"),
    [
        ("Ada", PASSWORD, "Ada"),
        ("aDA", PASSWORD, "aDA"),
        ("Al", PASSWORD, "3"),
        ("A" * 31, PASSWORD, "30"),
        ("Zoe<b>", PASSWORD, "<"),
        ("Zoe", "short", "8"),
        ("Zoe", "password", "guess"),
        ("Zoe", "12345678901", "numbers"),
        ("Zoelina", "zoelina1", "name"),
    ],
)
def test_account_that_cannot_be_made_is_refused_with_the_reason(
    system: System, name: str, password: str, reason: str
) -> None:
    async def play() -> None:
        player = await _at_the_door(system, name)
        answer = await player.asks(f"create {name} {password}", _is_text)
        assert "was created" not in answer
        assert reason in answer
        await player.leave()

    asyncio.run(play())


async def _at_the_door(system: System, name: str) -> Player:
    """Connect, and have the whole connection screen behind one."""
    player = await Player.connect(name, system.port)
    await player.asks("nonsense", "That is not available.")
    return player


def _is_text(line: str) -> bool:
    return bool(line.strip())


def _refusal(system: System, *command: str, code: int = COULD_NOT_START) -> str:
    """Run a command that must be refused with one line on stderr, and return the line."""
    done = system.run(*command, code=code)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
