"""What happens to databases: locked, full, stopped and started; and a server that slept."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from faults.bench import Bench, Row, Skipped
from faults.field import Game, Inject, Round
from integration.databases import CannotMount, fill, locked, small_disk
from postgres import NoPostgres, Postgres, running_postgres

BRIEFLY_S = (0.1, 3.0)
LONG_S = 7.0
"""Beyond the patience of a commit: the worker is replaced."""

DISK_MIB = 96


class PostgresGame(Game):
    """A system whose databases are one, in PostgreSQL."""

    def __init__(
        self, folder: Path, postgres: Postgres, url: str, weakness: str = "", **settings: object
    ) -> None:
        urls = {"world_database_url": url, "auth_database_url": url}
        super().__init__(folder, weakness, **urls, **settings)
        self._postgres = postgres
        self._url = url

    def select(self, sql: str) -> list[Any]:
        """Read the world's database as it is, whoever has it open."""
        return self._postgres.query(self._url, sql)


def locks(bench: Bench) -> None:
    """Hold the write lock of the world's database."""

    async def inject(count: int, round_: Round) -> None:
        for number in range(count):
            await _disturb(round_, number, partial(locked, round_.game.home / "world.db"))

    with bench.game() as game:
        bench.rounds(game, lambda count: partial(inject, count), each=10)


def full_disks(bench: Bench) -> None:
    """Leave no room on the disk of the home."""

    async def inject(count: int, round_: Round) -> None:
        for number in range(count):
            await _disturb(round_, number, partial(_filled, round_.game.home.parent))

    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        disk = Path(path) / "disk"
        disk.mkdir()
        try:
            with small_disk(disk, DISK_MIB), Game(Path(path) / "rest", home=disk / "home") as game:
                game.start_supervisors()
                bench.rounds(game, lambda count: partial(inject, count), each=10)
        except CannotMount as exc:
            raise Skipped(f"a small disk cannot be mounted here: {exc}") from exc


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    filled = fill(disk)
    try:
        yield
    finally:
        filled.unlink()


async def _disturb(round_: Round, number: int, disturbance: Any) -> None:
    """Do something to a database for a while; every tenth time for longer than it is borne."""
    seconds = LONG_S if number % 10 == 9 else round_.chance.uniform(*BRIEFLY_S)
    async with round_.restless():
        at = await round_.strike(lambda: None)
        until = await round_.beside(_hold, disturbance, seconds)
        round_.note(at, until)
        await round_.crowd.all_served()


def _hold(disturbance: Any, seconds: float) -> float:
    with disturbance():
        time.sleep(seconds)
        # Within: what undoes it may take a while.
        return time.monotonic()


def postgres_restarts(bench: Bench) -> None:
    """Stop PostgreSQL, in order or as by a crash, and start it again."""

    def inject(postgres: Postgres, count: int) -> Inject:
        return partial(_restart_often, postgres, count)

    try:
        with (
            running_postgres() as postgres,
            tempfile.TemporaryDirectory(prefix="everdoor-") as path,
        ):
            with PostgresGame(Path(path), postgres, postgres.empty_database()) as game:
                game.start_supervisors()
                bench.rounds(game, partial(inject, postgres), each=10)
    except NoPostgres as exc:
        raise Skipped(str(exc)) from exc


async def _restart_often(postgres: Postgres, count: int, round_: Round) -> None:
    for number in range(count):
        seconds = LONG_S if number % 10 == 9 else round_.chance.uniform(0.0, 2.0)
        async with round_.restless():
            at = await round_.strike(lambda: None)
            mode = round_.chance.choice(("fast", "immediate"))
            await round_.beside(_restart, postgres, mode, seconds)
            round_.note(at, time.monotonic())
            await round_.crowd.all_served()


def _restart(postgres: Postgres, mode: str, seconds: float) -> None:
    postgres.stop(mode)
    time.sleep(seconds)
    postgres.start()


ROWS = (
    Row("database locked", 20, 2, locks),
    Row("disk full", 20, 2, full_disks),
    Row("PostgreSQL stopped and started", 20, 2, postgres_restarts),
)
