"""SQLite as the world database: its connection, transactions, errors and checkpoints.

The only place that knows the driver.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from everdoor.errors import StoreBusy, StoreError, StoreRefused
from everdoor.sqlitelocks import patiently

LOCK_TIMEOUT_S = 0.2
"""How long the turn waits for somebody else's lock before it is told to try again: well below the
two seconds after which a silent server looks dead to its portals."""

OPEN_TIMEOUT_S = 10.0
"""How long one who opens the database waits for another who makes its tables."""

MAX_WAL_BYTES = 64 * 1024 * 1024
"""A longer write-ahead log is emptied, which holds the next turn up for a moment."""

CHECKPOINT_COMMITS = 500
CHECKPOINT_BYTES = 4 * 1024 * 1024
"""Commits, or bytes of parameters, after which what is in the log is moved to the database."""

REFUSED_CODES = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
"""Whose fault is what was to be written, not the state of the database."""

BUSY_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes that may go away: locked, full, gone."""

log = structlog.get_logger(__name__)


class SqliteDriver:
    """One connection that reads and writes, and a thread that checkpoints with its own.

    Used from one thread; the checkpoints run beside it.

    Args:
        url: `sqlite:///path`, or `sqlite://` for a database in memory.
        synchronous: NORMAL or FULL.
        max_wal_bytes: Bound of the write-ahead log.
    """

    is_remote = False

    def __init__(self, url: URL, synchronous: str, max_wal_bytes: int = MAX_WAL_BYTES) -> None:
        self._synchronous = synchronous
        self._engine: Engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=NullPool,
            hide_parameters=True,
            paramstyle="named",
            connect_args={"isolation_level": None, "timeout": OPEN_TIMEOUT_S},
        )
        self.dialect = self._engine.dialect
        with mapped():
            self.connection: Connection = self._engine.connect()
            raw = self.connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection), "pysqlite's connection"
            self._raw = raw
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={synchronous}",
                "foreign_keys=ON",
                "wal_autocheckpoint=0",
                "busy_timeout=0",
            ):
                patiently(raw, f"PRAGMA {pragma}", OPEN_TIMEOUT_S).close()
        self._checkpoints = Checkpoints(url.database, max_wal_bytes) if url.database else None

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[SqliteDriver]:
        """As `Driver.transaction`; it has the write lock from its first statement."""
        with mapped():
            if durable:
                self._raw.execute("PRAGMA synchronous=FULL").close()
            try:
                patiently(self._raw, "BEGIN IMMEDIATE", LOCK_TIMEOUT_S)
                yield self
                self._raw.execute("COMMIT")
            except BaseException:
                if self._raw.in_transaction:
                    self._raw.execute("ROLLBACK")
                raise
            finally:
                if durable:
                    self._raw.execute(f"PRAGMA synchronous={self._synchronous}").close()
        if self._checkpoints is not None:
            self._checkpoints.count_commit()

    def together(self) -> AbstractContextManager[None]:
        """Nothing is sent anywhere."""
        return nullcontext()

    def alone(self) -> None:
        """Whoever writes is alone."""

    def run(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """As `Driver.run`."""
        self._raw.execute(sql, parameters)

    def run_many(self, sql: str, parameters: Iterable[Mapping[str, Any]]) -> None:
        """As `Driver.run_many`."""
        self._raw.executemany(sql, parameters)

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """As `Driver.rows`."""
        with mapped():
            return patiently(self._raw, sql, LOCK_TIMEOUT_S, parameters).fetchall()

    def count_bytes(self, size: int) -> None:
        """As `Driver.count_bytes`."""
        if self._checkpoints is not None:
            self._checkpoints.count_bytes(size)

    def close(self) -> None:
        """Close the connection and end the thread, the log moved to the database. Idempotent."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        self.connection.close()
        self._engine.dispose()


class Checkpoints:
    """Moves the write-ahead log to the database in a thread, so that no turn waits for it.

    Sleeps until there is enough to move. A passive checkpoint disturbs nobody; only a log that has
    grown beyond its bound (under a load that never pauses) is emptied, for which a writer waits.
    """

    def __init__(self, path: str, max_wal_bytes: int) -> None:
        self._path = path
        self._wal = Path(f"{path}-wal")
        self._max_wal_bytes = max_wal_bytes
        self._commits = 0
        self._bytes = 0
        self._due = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def count_commit(self) -> None:
        self._commits += 1
        if self._commits >= CHECKPOINT_COMMITS:
            self._wake()

    def count_bytes(self, size: int) -> None:
        self._bytes += size
        if self._bytes >= CHECKPOINT_BYTES:
            self._wake()

    def close(self) -> None:
        self._is_closing = True
        self._due.set()
        self._thread.join()

    def _wake(self) -> None:
        self._commits = self._bytes = 0
        self._due.set()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=LOCK_TIMEOUT_S)
        try:
            while not self._is_closing:
                self._due.wait()
                self._due.clear()
                self._checkpoint(connection)
        finally:
            connection.close()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            if self._wal.exists() and self._wal.stat().st_size > self._max_wal_bytes:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except (sqlite3.Error, OSError) as exc:
            # The log keeps what was not moved, and the next checkpoint moves it.
            log.warning("checkpoint failed", error=str(exc))


@contextmanager
def mapped() -> Iterator[None]:
    """Raise the driver's errors as the store's."""
    try:
        yield
    except sqlite3.Error as exc:
        raise store_error(exc) from exc
    except (UnicodeError, OverflowError) as exc:
        raise StoreRefused(f"the world database cannot hold a value: {exc}") from exc


def store_error(error: BaseException) -> StoreError:
    """The store's error for one of the driver's."""
    # The low byte is the primary code, the rest says more of the same.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in BUSY_CODES:
        return StoreBusy(f"the world database is busy, full or gone: {error}")
    kind = StoreRefused if code in REFUSED_CODES else StoreError
    return kind(f"the world database refused a statement: {error}")
