"""Systems whose world and accounts are in one PostgreSQL database, and what disturbs databases."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.system import System
from postgres import Postgres


class PostgresSystem(System):
    """One home whose databases are one, in PostgreSQL."""

    def __init__(self, folder: Path, postgres: Postgres, url: str, **settings: object) -> None:
        super().__init__(folder, world_database_url=url, auth_database_url=url, **settings)
        self._postgres = postgres
        self._url = url

    def select(self, sql: str) -> list[Any]:
        """Read the world's database as it is, whoever has it open."""
        return self._postgres.query(self._url, sql)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the write lock of an SQLite database."""
    other = sqlite3.connect(database, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


class CannotMount(Exception):
    """This system does not let us; the text says what it says."""


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[None]:
    """A disk of its own for a folder.

    Raises:
        CannotMount: Only root in a machine of its own may.
    """
    _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def fill(folder: Path) -> Path:
    """Leave no byte free on a folder's disk; returns the file that takes them."""
    path = folder / "filled"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return path


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise CannotMount(str(exc)) from exc
    if done.returncode:
        raise CannotMount(done.stderr.strip())
