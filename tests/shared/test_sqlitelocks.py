"""Locks of SQLite are waited for, other errors told at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from everdoor.sqlitelocks import patiently

LONG_S = 60.0
"""Longer than anybody here holds a lock."""

SOON_S = 0.1


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """Two connections to one empty database, which SQLite does not let wait for each other."""
    ends = [
        sqlite3.connect(
            tmp_path / "one.db", isolation_level=None, timeout=0, check_same_thread=False
        )
        for _ in range(2)
    ]
    yield ends[0], ends[1]
    for end in ends:
        end.close()


@pytest.mark.parametrize("sql", ["BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL"])
def test_whoever_holds_the_lock_is_waited_for(
    two: tuple[sqlite3.Connection, sqlite3.Connection], sql: str
) -> None:
    holder, other = two
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute(sql)
    release = Timer(SOON_S, lambda: holder.execute("COMMIT"))
    release.start()
    patiently(other, sql, LONG_S).close()
    release.join()


def test_lock_that_is_held_too_long_is_an_error(
    two: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    holder, other = two
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        patiently(other, "BEGIN IMMEDIATE", SOON_S)


def test_other_errors_are_told_at_once(
    two: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table: ships"):
        patiently(two[0], "SELECT * FROM ships WHERE name = :name", LONG_S, {"name": "Argo"})
