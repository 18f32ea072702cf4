"""The store on SQLite: locks, a full database, durability; what holds for all is in test_store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from everdoor.errors import StartupError, StoreBusy
from everdoor.ids import RowId
from everdoor_server.commit import Change, Commit, OutboxRow
from everdoor_server.world import Store
from everdoor_server.world.sqlite import LOCK_TIMEOUT_S
from takeover import take_over


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path}/world.db")
    yield store
    store.close()


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the same database."""
    connection = sqlite3.connect(tmp_path / "world.db", isolation_level=None, timeout=0)
    yield connection
    connection.close()


def row(n: int, body: bytes = b"row") -> OutboxRow:
    return OutboxRow("portal", RowId(1, n), body)


def counter(value: int) -> Change:
    return Change("counter", {"name": "object"}, {"value": value})


def test_locked_database_is_busy_and_takes_the_same_commit_later(
    store: Store, other: sqlite3.Connection
) -> None:
    commit = Commit(take_over(store, "host"), 1, rows=[row(1)], changes=[counter(5)])
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="locked"):
        store.commit(commit)
    other.execute("ROLLBACK")
    store.commit(commit)
    assert store.load().rows == [row(1)]


def test_full_database_is_busy_and_takes_the_same_commit_later(store: Store) -> None:
    generation = take_over(store, "host")
    limit = store._driver.rows("PRAGMA page_count", {})[0][0] + 4
    store._driver.rows(f"PRAGMA max_page_count={limit}", {})
    commit = Commit(generation, 1, changes=[counter(1)], last_sessid=1)
    commit.rows = [row(1, bytes(100_000))]
    with pytest.raises(StoreBusy, match="full"):
        store.commit(commit)
    assert (store.load().rows, store.load().last_sessid) == ([], 0)
    store._driver.rows("PRAGMA max_page_count=1000000", {})
    store.commit(commit)
    assert store.load().last_sessid == 1


def test_readers_do_not_keep_a_turn_waiting(store: Store, other: sqlite3.Connection) -> None:
    generation = take_over(store, "host")
    store.commit(Commit(generation, 1, rows=[row(1)]))
    other.execute("BEGIN")
    before = other.execute("SELECT count(*) FROM world_outbox").fetchone()
    store.commit(Commit(generation, 2, rows=[row(2)]))
    assert other.execute("SELECT count(*) FROM world_outbox").fetchone() == before == (1,)


def test_damaged_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    path.write_bytes(b"this is no database, though it is long enough to be one" * 100)
    with pytest.raises(
        StartupError, match="world.db cannot be opened: file is not a database"
    ) as e:
        Store.open(f"sqlite:///{path}")
    assert "\n" not in str(e.value)


def test_lease_is_taken_durably_and_turns_are_as_set(store: Store) -> None:
    take_over(store, "host")
    assert store._driver.rows("PRAGMA synchronous", {}) == [(1,)]
    assert store._driver.rows("PRAGMA journal_mode", {}) == [("wal",)]
    assert store._driver.rows("PRAGMA wal_autocheckpoint", {}) == [(0,)]


def test_opening_waits_for_whoever_has_the_database_locked(
    tmp_path: Path, store: Store, other: sqlite3.Connection
) -> None:
    def open_and_close() -> None:
        Store.open(f"sqlite:///{tmp_path}/world.db").close()

    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor() as threads:
        opened = threads.submit(open_and_close)
        # Longer than a turn would wait.
        with pytest.raises(TimeoutError):
            opened.result(timeout=3 * LOCK_TIMEOUT_S)
        other.execute("ROLLBACK")
        opened.result()
