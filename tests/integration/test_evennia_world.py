"""A world that Evennia itself has made, imported: its players go on where they were.

Evennia comes from the package index, once, into an environment of its own (`make evennia`), and the
world that it makes is kept there; without a way to the index these tests are skipped.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from integration.system import System
from players.telnet import Player

pytestmark = pytest.mark.timeout(300)

TOP = Path(__file__).parents[2]
DATABASE = TOP / ".venv" / "evennia" / "world.db3"
ACCOUNTS = 20
MAKE_S = 280
UNREACHABLE = ("No matching distribution", "NewConnectionError", "Connection", "Temporary failure")
"""What pip and uv say when there is no index."""


@pytest.fixture(scope="session")
def database() -> Path:
    """Evennia's default game with 20 accounts more and 100 things; made once."""
    done = subprocess.run(
        ["make", "-C", TOP, DATABASE.relative_to(TOP)],
        capture_output=True,
        text=True,
        timeout=MAKE_S,
        check=False,
    )
    if done.returncode != 0 and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"Evennia cannot be had: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    return DATABASE


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def test_players_of_evennia_log_in_with_their_passwords_and_stand_where_they_stood(
    folder: Path, database: Path
) -> None:
    with System(folder, portals=1, login_throttle_limit=0) as system:
        told = system.run("import", "evennia", str(database)).stdout
        assert told.startswith("imported 22 accounts, 21 characters, 6 rooms, 10 exits, 100 things")
        system.up()
        asyncio.run(everybody_is_where_they_were(system))
        assert asked(
            system.home / "auth.db",
            "SELECT count(*) FROM auth_account WHERE password_hash LIKE '$argon2id$%'",
        ) == [(ACCOUNTS,)]
        asyncio.run(world_is_as_it_was(system))


async def everybody_is_where_they_were(system: System) -> None:
    rooms = ["Limbo", *(f"Room {number}" for number in range(1, 6))]
    for number in range(1, ACCOUNTS + 1):
        player = await Player.connect(f"Anna{number:02d}", system.port)
        await player.log_in(f"old lanterns {number}")
        assert rooms[number % len(rooms)] in player.lines, player.lines
        await player.leave()


async def world_is_as_it_was(system: System) -> None:
    # Whose hash is argon2's by now.
    anna = await Player.connect("Anna01", system.port)
    await anna.log_in("old lanterns 1")
    await anna.asks("look me", "Number 1.")
    await anna.asks("look", "Room 1, with moss.")
    await anna.asks("get t1", "You pick up a thing 1.")
    await anna.asks("south", "Limbo")
    god = await Player.connect("God", system.port)
    await god.log_in("old lanterns 0")
    assert "Limbo(#2)" in god.lines, god.lines
    await god.asks("look Anna01", "Number 1.")
    mal = await Player.connect("Banished", system.port)
    await mal.sees_screen()
    await mal.asks("connect Banished old lanterns b", "disabled in Evennia")
    for player in (anna, god, mal):
        await player.leave()


def test_dry_run_tells_what_would_not_come_and_writes_nothing(folder: Path, database: Path) -> None:
    with System(folder, portals=1) as system:
        told = system.run("import", "evennia", str(database), "--dry-run").stdout
        assert not system.home.exists()
    for line in (
        "accounts whose name is none here                      1      Al",
        "locks that were closed, as they cannot be understood  1      Excalibur(#40) get:attr",
        "attributes that hold datetime.datetime                1      #39 made",
        "scripts                                               1      weather",
    ):
        assert line in told
