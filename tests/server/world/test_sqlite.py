from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from everdoor.errors import StoreBusy, StoreError, StoreRefused
from everdoor_server.world.sqlite import Checkpoints, store_error

SOME_PAGES = 50


def grown(path: Path) -> sqlite3.Connection:
    """A database in WAL mode whose log holds some pages."""
    connection = sqlite3.connect(path, isolation_level=None)
    for sql in ("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t (x)"):
        connection.execute(sql)
    connection.execute("INSERT INTO t VALUES (?)", (bytes(4096 * SOME_PAGES),))
    return connection


class SlowedCheckpoints(Checkpoints):
    """Says when a checkpoint has been done."""

    def __init__(self, path: str, max_wal_bytes: int) -> None:
        self.done = threading.Event()
        super().__init__(path, max_wal_bytes)

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        super()._checkpoint(connection)
        self.done.set()


def checkpointed(path: Path, max_wal_bytes: int) -> tuple[int, int]:
    """Have a checkpoint done; pages of the database and bytes of the log afterwards."""
    connection = grown(path)
    checkpoints = SlowedCheckpoints(str(path), max_wal_bytes)
    checkpoints.count_bytes(2**30)
    assert checkpoints.done.wait(10)
    checkpoints.close()
    sizes = path.stat().st_size // 4096, Path(f"{path}-wal").stat().st_size
    connection.close()
    return sizes


def test_checkpoint_moves_the_log_to_the_database(tmp_path: Path) -> None:
    pages, wal_bytes = checkpointed(tmp_path / "world.db", 2**30)
    assert pages > SOME_PAGES
    assert wal_bytes > 0


def test_checkpoint_empties_a_log_beyond_its_bound(tmp_path: Path) -> None:
    _, wal_bytes = checkpointed(tmp_path / "world.db", 4096)
    assert wal_bytes == 0


def test_checkpoints_end_at_once_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    connection = grown(tmp_path / "world.db")
    Checkpoints(str(tmp_path / "world.db"), 4096).close()
    connection.close()


def test_errors_that_may_go_away_are_busy_and_others_are_not() -> None:
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
    assert type(store_error(busy)) is StoreBusy
    assert type(store_error(sqlite3.IntegrityError("no"))) is StoreError
    too_big = sqlite3.DataError("no")
    too_big.sqlite_errorcode = sqlite3.SQLITE_TOOBIG
    assert type(store_error(too_big)) is StoreRefused
