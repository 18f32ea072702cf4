"""Databases that are locked, full or gone, and servers that share one: what was answered stays.

What cannot be written for a while waits, lines with it; then the worker leaves, and whoever comes
next does all of it again from what is stored. Players are told when it takes long.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everdoor_portal.uplink import AWAY_NOTICE
from integration.crowded import crowd_of, findings, look_around
from integration.databases import CannotMount, PostgresSystem, fill, locked, small_disk
from integration.system import PASSWORD, System, kill, until
from players.crowd import Crowd
from players.telnet import Player
from postgres import NoPostgres, Postgres, running_postgres

pytestmark = pytest.mark.timeout(120)

PLAYERS = 6

BRIEFLY_S, LONG_S = 2.0, 8.0
"""Within the patience of a commit, and beyond it."""

TAKEOVER_S = 2.0


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that a test may stop."""
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as exc:
        pytest.skip(str(exc))


def play_through(system: System, stem: str, fault: Callable[[], None]) -> Crowd:
    """Have a crowd play while something happens, and check from its records what it saw."""
    crowd = crowd_of(system, PLAYERS, stem)
    places = asyncio.run(_play_through(system, crowd, fault))
    findings(system, stem, places).assert_none()
    return crowd


async def _play_through(system: System, crowd: Crowd, fault: Callable[[], None]) -> dict[str, str]:
    async with crowd:
        crowd.start()
        await crowd.serves()
        await asyncio.to_thread(fault)
        await crowd.serves()
        await crowd.finish()
        await look_around(crowd)
        return await asyncio.to_thread(system.places)


def all_were_told(crowd: Crowd) -> bool:
    return all(AWAY_NOTICE in player.lines for player in crowd.players)


def says(system: System, text: str) -> bool:
    """Whether `everdoor status` tells people so of the server."""
    return any(text in note for note in system.notes("server"))


# SQLite.


def test_lock_that_is_held_briefly_is_waited_for(system: System) -> None:
    before = system.until_up().server["generation"]

    def fault() -> None:
        with locked(system.home / "world.db"):
            until(lambda: says(system, "database is locked"), "it says so")
            time.sleep(BRIEFLY_S)

    play_through(system, "Brief", fault)
    assert system.until_up().server["generation"] == before


def test_lock_that_is_held_for_long_has_the_worker_replaced_and_players_told(
    system: System,
) -> None:
    before = system.until_up().server["generation"]

    def fault() -> None:
        with locked(system.home / "world.db"):
            time.sleep(LONG_S)
            until(lambda: says(system, "database is locked"), "it says so")

    crowd = play_through(system, "Long", fault)
    assert all_were_told(crowd)
    assert system.until_up().server["generation"] == before + 1


def test_full_disk_is_lived_through(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    try:
        with small_disk(disk, 48), System(folder / "rest", home=disk / "home") as system:
            system.up()

            def fault() -> None:
                filled = fill(disk)
                until(lambda: system.status().server["state"] != "up", "the worker has left")
                assert says(system, "full")
                filled.unlink()

            crowd = play_through(system, "Full", fault)
            assert len(crowd.present()) == 0
            system.until_up()
    except CannotMount as exc:
        pytest.skip(f"a small disk cannot be mounted here: {exc}")


# PostgreSQL.


@pytest.mark.parametrize("away_s", [0.0, LONG_S])
def test_postgres_that_crashes_and_comes_back_is_lived_through(
    folder: Path, own_postgres: Postgres, away_s: float
) -> None:
    with PostgresSystem(folder, own_postgres, own_postgres.empty_database()) as system:
        system.up()

        def fault() -> None:
            own_postgres.stop("immediate")
            time.sleep(away_s)
            own_postgres.start()

        crowd = play_through(system, "Guest", fault)
        assert all_were_told(crowd) or not away_s
        system.until_up()


def test_nobody_notices_kills_and_a_reload_with_postgres(folder: Path, postgres: Postgres) -> None:
    with PostgresSystem(folder, postgres, postgres.empty_database()) as system:
        before = system.up().until_up().server["generation"]

        def fault() -> None:
            for _ in range(2):
                kill(worker := system.worker())
                system.until_replaced(worker)
            system.run("server", "reload")

        play_through(system, "Guest", fault)
        assert system.until_up().server["generation"] == before + 3


HALF_DONE = '''
from everdoor_server.commands.command import Command
from everdoor_server.commands.default import cmdsets


class CmdHalf(Command):
    """Changes something, then reads something that nobody has read yet."""

    key = "half"

    def func(self):
        self.caller.db.halves = (self.caller.db.halves or 0) + 1
        try:
            found = self.game.objects.find("nothing at all")
        except Exception:
            found = "swallowed"
        self.msg(f"Half {self.caller.db.halves}: {found}.")


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdHalf)
'''


def test_command_whose_read_fails_is_done_again_as_a_whole(
    folder: Path, postgres: Postgres
) -> None:
    game = folder / "game"
    game.mkdir()
    (game / "cmdsets.py").write_text(HALF_DONE)
    url = postgres.empty_database()
    with PostgresSystem(folder, postgres, url, game=game) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(_read_in_vain(system, postgres, url))


async def _read_in_vain(system: System, postgres: Postgres, url: str) -> None:
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    await ada.asks("half", "Half 1: [].")
    with postgres.holding(url, "LOCK TABLE world_object IN ACCESS EXCLUSIVE MODE"):
        ada.type("half")
        await asyncio.to_thread(until, lambda: says(system, "lock timeout"), "its read has failed")
    await ada.sees("Half 2: [].")
    assert not any("swallowed" in line for line in ada.lines)
    await ada.leave()


# Two homes, one world.


def test_second_server_of_a_world_in_a_file_is_refused_in_one_line(
    system: System, folder: Path
) -> None:
    url = f"sqlite:///{system.home}/world.db"
    with System(folder, world_database_url=url) as second:
        refused = second.run("server", "run", code=3).stderr.splitlines()
    assert len(refused) == 1
    assert f"is served by the server of {system.home} (pid " in refused[0]


def test_stopped_server_is_replaced_by_a_standby_and_writes_nothing_when_it_wakes(
    folder: Path, postgres: Postgres
) -> None:
    url = postgres.empty_database()
    # Its supervisor is to let it sleep.
    given = {"takeover_after_s": TAKEOVER_S, "turn_limit_s": 0}
    here = PostgresSystem(folder / "here", postgres, url, **given)
    there = PostgresSystem(folder / "there", postgres, url, takeover_after_s=TAKEOVER_S)
    with here, there:
        here.up()
        here.make_accounts(["Ada"])
        there.start_supervisor("server")
        until(lambda: says(there, "serves this world"), "it waits")
        asyncio.run(_stop_and_wake(here, there))


async def _stop_and_wake(here: PostgresSystem, there: PostgresSystem) -> None:
    ada = await Player.connect("Ada", here.port)
    await ada.log_in(PASSWORD)
    await ada.asks("drop Ada's key", "You drop")
    stopped = here.status().server["worker_pid"]
    os.kill(stopped, signal.SIGSTOP)
    ada.type("get Ada's key")
    await asyncio.to_thread(
        until, lambda: there.status().server["state"] == "up", "the standby has taken over"
    )
    taken = there.select("SELECT generation FROM world_lease")
    os.kill(stopped, signal.SIGCONT)
    await asyncio.to_thread(until, lambda: says(here, "serves this world"), "the first waits now")
    assert here.select("SELECT generation FROM world_lease") == taken == [(2,)]
    assert here.places()["Ada's key"] == "The Front Step"
    assert not any("You pick up" in line for line in ada.lines)
    await asyncio.to_thread(there.stop)
    await ada.sees("You pick up")
    await ada.asks("inventory", "brass key")
    await ada.leave()
