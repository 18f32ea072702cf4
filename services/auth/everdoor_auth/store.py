"""The accounts database: opening it, its transactions, and whether it fits this program.

What is read and written is in `records`; from which thread, in `store_thread`. SQLite in WAL mode
or PostgreSQL; nothing in here or there is particular to one of them but the pragmas.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlmodel import Session as DbSession

from everdoor.errors import StartupError, StoreBusy
from everdoor.settings import without_password
from everdoor.sqlitelocks import patiently

LOCK_TIMEOUT_S = 2.0
"""How long a statement waits for somebody else's lock; callers are told to try again then, well
within the five seconds after which they give up."""


TABLES_LOCK = 0x65766572646F6F72
"""Number of the advisory lock of whoever makes tables, the world's included: "everdoor"."""

EXPECTED = "sqlite:///path or postgresql://user@host/name"

DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}

OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {
        "connect_args": {
            # No implicit transactions of the driver; `_use_sqlite_well` begins them.
            "isolation_level": None,
            "timeout": LOCK_TIMEOUT_S,
            # The one user at a time is the store's thread, which is not the one that opened it.
            "check_same_thread": False,
        }
    },
    "postgresql": {
        "pool_pre_ping": True,
        "connect_args": {
            "application_name": "everdoor auth",
            "options": f"-c lock_timeout={LOCK_TIMEOUT_S:g}s",
            # libpq takes no less than 2 s; a machine that has gone is noticed soon after.
            "connect_timeout": 2,
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
        },
    },
}
"""What engines of each kind are made with."""


class Store:
    """The accounts database behind a URL; made closed, connects when it is used.

    Used from one thread at a time.

    Args:
        url: `sqlite:///path` or `postgresql://...`.
        synchronous: SQLite's: NORMAL, or FULL to lose nothing in a power cut either.

    Raises:
        StartupError: The URL is no database's, or its driver is not installed.
    """

    def __init__(self, url: str, synchronous: str = "NORMAL") -> None:
        parsed, self._shown = _parsed(url)
        kind = parsed.get_backend_name()
        try:
            self._engine = create_engine(parsed, hide_parameters=True, **OPTIONS[kind])
        except ImportError as exc:
            raise StartupError(
                f"auth_database_url is {self._shown}, and the driver for it is not installed "
                f"({exc}); install everdoor[postgres]"
            ) from exc
        if kind == "sqlite":
            _use_sqlite_well(self._engine, synchronous)

    @contextmanager
    def writing(self) -> Iterator[DbSession]:
        """Open a transaction that may write; commits at the end, rolls back on any error.

        On SQLite it has the write lock from its first statement.

        Raises:
            StoreBusy: The database is locked, full or gone; nothing was written as far as is
                known (the outcome of a commit that a lost connection cut off is not).
        """
        with self._transaction(is_writing=True) as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[DbSession]:
        """Open a transaction that only reads.

        Raises:
            StoreBusy: The database is locked or gone.
        """
        with self._transaction(is_writing=False) as db:
            yield db

    def prepare(self) -> None:
        """Make sure that the database is there and fits; an empty one gets its tables.

        Raises:
            StartupError: It cannot be opened, is newer than this program, or is older and needs
                `everdoor db upgrade`.
        """
        from everdoor_auth.migrations import HEAD, run_revisions

        self.refuse_newer()
        with self._opening(), self.writing() as db:
            be_alone(db.connection())
            revision = _revision(db.connection())
            if revision is None:
                run_revisions(db.connection())
            elif revision < HEAD:
                raise StartupError(
                    f"the accounts database {self._shown} is of revision {revision}, this program "
                    f"needs {HEAD}; make a backup and run `everdoor db upgrade`"
                )

    def refuse_newer(self) -> None:
        """Check that no newer program has changed the database.

        Raises:
            StartupError: It is newer, or cannot be opened.
        """
        from everdoor_auth.migrations import HEAD

        with self._opening():
            _make_private(self._engine.url)
            with self.reading() as db:
                revision = _revision(db.connection())
        if revision is not None and revision > HEAD:
            raise StartupError(
                f"the accounts database {self._shown} is of revision {revision}, newer than this "
                f"program, which knows up to {HEAD}; run the newer Everdoor"
            )

    def has_tables(self) -> bool:
        """Whether there are accounts to read; a file that is not there is not made.

        Raises:
            StartupError: The database cannot be opened, or is newer than this program.
        """
        path = self._engine.url.database
        if self._engine.url.get_backend_name() == "sqlite" and path and not Path(path).exists():
            return False
        self.refuse_newer()
        with self._opening(), self.reading() as db:
            return _revision(db.connection()) is not None

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, is_writing: bool) -> Iterator[DbSession]:
        # Objects in memory are not brought up to date by what a statement changes: none is kept.
        engine = self._engine.execution_options(is_writing=is_writing, synchronize_session=False)
        try:
            with DbSession(engine, expire_on_commit=False) as db, db.begin():
                yield db
        except DBAPIError as exc:
            raise StoreBusy(f"the accounts database {self._shown}: {_reason(exc)}") from exc

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except (StoreBusy, SQLAlchemyError, OSError) as exc:
            reason = _reason(exc.__cause__) if isinstance(exc.__cause__, DBAPIError) else exc
            raise StartupError(
                f"the accounts database {self._shown} cannot be opened: {reason}; check "
                "auth_database_url, and the rights of its folder if it is a file"
            ) from exc


def _parsed(url: str) -> tuple[URL, str]:
    """Read a URL and give it the driver that is used here; returns also how it is shown."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StartupError(f"auth_database_url is no database URL; expected {EXPECTED}") from None
    shown = without_password(parsed.render_as_string(hide_password=True))
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver not in DRIVERS.values():
        raise StartupError(f"auth_database_url is {shown}; expected {EXPECTED}")
    return parsed.set(drivername=driver), shown


def _make_private(url: URL) -> None:
    """Make an SQLite file that is not there yet, readable by its owner only; it holds hashes."""
    path = url.database
    if url.get_backend_name() == "sqlite" and path and not path.startswith((":", "file:")):
        os.close(os.open(path, os.O_CREAT | os.O_CLOEXEC, 0o600))


def _use_sqlite_well(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            patiently(connection, f"PRAGMA {pragma}", LOCK_TIMEOUT_S).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("is_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def be_alone(connection: Connection) -> None:
    """Wait, within a transaction, until nobody else makes tables; SQLite sees to it itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": TABLES_LOCK})


def _reason(exc: DBAPIError) -> str:
    # The lines after the first may quote the row that was written, a password hash included.
    return str(exc.orig).partition("\n")[0]


def _revision(connection: Connection) -> str | None:
    """Read the revision of a database; None where no tables of ours are."""
    from everdoor_auth.migrations import VERSION_TABLE

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)
