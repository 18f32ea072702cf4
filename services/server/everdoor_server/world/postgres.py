"""PostgreSQL as the world database: its connection, transactions and errors.

The only place that knows the driver. A turn's statements go out together and are answered together
(pipeline mode), so that a commit costs four round trips however much it writes.

Source: PostgreSQL manual, appendix A (error codes) and section 34.5 (pipeline mode).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from everdoor.errors import StoreBusy, StoreError, StoreRefused

SESSION = {
    # A turn is told to try again well before its patience ends.
    "lock_timeout": "2s",
    # A server that was stopped amid a commit holds the lease's row: whoever takes over must not
    # wait for it, so the database drops it.
    "idle_in_transaction_session_timeout": "5s",
}
"""What is set for every connection."""

CONNECT: dict[str, Any] = {
    "application_name": "everdoor server",
    "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
    # libpq takes no less than 2 s.
    "connect_timeout": 2,
    # A machine that has gone is noticed within the patience of a turn.
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}

TABLES_LOCK = 0x65766572646F6F72
"""Number of the advisory lock of whoever makes or changes tables: "everdoor" in ASCII."""

AT_LEAST_ON = (
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') = 'off'"
)
"""Waits for the disk where the database was told not to, and leaves what waits for more."""

REFUSED_CLASSES = frozenset({"22", "23", "54"})
"""Whose fault is what was to be written, not the state of the database: data, constraints, size."""

BUSY_CLASSES = frozenset({"08", "40", "53", "57", "58"})
BUSY_STATES = frozenset({"55P03", "25006", "25P03"})
"""Classes and codes of errors that may go away: connection, deadlock, full, shut down or starting
up, disk; a lock, a replica that takes no writes (yet), a connection dropped for being idle."""


class PostgresDriver:
    """One connection that reads and writes.

    Transactions may run in another thread than reads; one waits for the other.

    Args:
        url: `postgresql://...`

    Raises:
        StoreBusy: The database does not answer.
        ImportError: psycopg is not installed (at the import of this module).
    """

    is_remote = True

    def __init__(self, url: URL) -> None:
        self._engine = make_engine(url)
        self.dialect = self._engine.dialect
        # Reentrant: what a transaction reads, it reads within.
        self._lock = threading.RLock()
        self._is_within = False
        self._connect()

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[PostgresDriver]:
        """As `Driver.transaction`."""
        with self._lock:
            raw = self._connected()
            self._is_within = True
            try:
                with mapped():
                    raw.execute("BEGIN")
                    if durable:
                        _prepare_for_long(raw)
                    yield self
                    _commit(raw)
            except BaseException:
                _roll_back(raw)
                raise
            finally:
                self._is_within = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """As `Driver.together`."""
        with self._raw.pipeline():
            yield

    def alone(self) -> None:
        """As `Driver.alone`."""
        self.rows("SELECT pg_advisory_xact_lock(%(number)s)", {"number": TABLES_LOCK})

    def run(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """As `Driver.run`."""
        self._raw.execute(sql, parameters)

    def run_many(self, sql: str, parameters: Iterable[Mapping[str, Any]]) -> None:
        """As `Driver.run_many`."""
        self._raw.cursor().executemany(sql, parameters)

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """As `Driver.rows`."""
        with self._lock, mapped():
            raw = self._connected()
            try:
                return raw.execute(sql, parameters).fetchall()
            except psycopg.OperationalError:
                if self._is_within or not raw.closed:
                    raise
            # The database was restarted since it was used last; to read again does no harm.
            return self._connected().execute(sql, parameters).fetchall()

    def count_bytes(self, size: int) -> None:
        """The database looks after its own log."""

    def close(self) -> None:
        """As `Driver.close`; a transaction that hangs in another thread is left to itself."""
        if self._lock.acquire(blocking=False):
            self._disconnect()
            self._engine.dispose()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._raw.closed:
            self._disconnect()
            self._connect()
        return self._raw

    def _disconnect(self) -> None:
        if self._raw.closed and not self.connection.closed:
            # Else SQLAlchemy would roll back what is gone.
            self.connection.invalidate()
        self.connection.close()

    def _connect(self) -> None:
        try:
            self.connection: Connection = self._engine.connect()
        except DBAPIError as exc:
            raise StoreBusy(f"the world database does not answer: {_first_line(exc.orig)}") from exc
        raw = self.connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection), "psycopg's connection"
        self._raw = raw


def make_engine(url: URL) -> Engine:
    """Make what connects; it does not, yet."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        connect_args=CONNECT,
    )


def _prepare_for_long(raw: psycopg.Connection[tuple[Any, ...]]) -> None:
    """What takes a world over is durable, and runs code of the game meanwhile."""
    raw.execute(AT_LEAST_ON)
    raw.execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")


def _commit(raw: psycopg.Connection[tuple[Any, ...]]) -> None:
    try:
        raw.execute("COMMIT")
    except psycopg.Error as exc:
        if not raw.closed:
            raise
        raise StoreError(
            "the connection to the world database was lost during a commit; whether it was "
            f"written is not known: {_first_line(exc)}"
        ) from exc


def _roll_back(raw: psycopg.Connection[tuple[Any, ...]]) -> None:
    if raw.closed or raw.info.transaction_status is TransactionStatus.IDLE:
        return
    try:
        raw.execute("ROLLBACK")
    except psycopg.Error:
        # The next use connects anew, and the database ends what this connection had begun.
        raw.close()


@contextmanager
def mapped() -> Iterator[None]:
    """Raise the driver's errors as the store's."""
    try:
        yield
    except psycopg.Error as exc:
        raise store_error(exc) from exc
    except (UnicodeError, OverflowError) as exc:
        raise StoreRefused(f"the world database cannot hold a value: {exc}") from exc


def store_error(error: psycopg.Error) -> StoreError:
    """The store's error for one of the driver's."""
    state = error.sqlstate
    is_lost = state is None and isinstance(error, psycopg.OperationalError)
    if is_lost or state in BUSY_STATES or (state and state[:2] in BUSY_CLASSES):
        return StoreBusy(f"the world database is busy, full or gone: {_first_line(error)}")
    # What cannot be sent at all, a NUL in a text, has no state.
    is_refused = state[:2] in REFUSED_CLASSES if state else isinstance(error, psycopg.DataError)
    kind = StoreRefused if is_refused else StoreError
    return kind(f"the world database refused a statement: {_first_line(error)}")


def _first_line(error: BaseException | None) -> str:
    # The lines after the first may quote the row that was written.
    return str(error).partition("\n")[0]
