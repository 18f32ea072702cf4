"""The world database: opening it, whether it fits this program, and a turn's one transaction.

What is read and written is in `linkrows` and `worldrows`; each driver's part in `sqlite` and
`postgres`.
Source: docs/protocol.md, section 8.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from sqlalchemy import URL, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from everdoor.errors import StartupError, StoreBusy, StoreError
from everdoor.settings import without_password
from everdoor_server.commit import Change, Commit, HeldBy, Stored
from everdoor_server.world.driver import Driver
from everdoor_server.world.linkrows import LinkRows
from everdoor_server.world.migrations import HEAD, VERSION_TABLE, run_revisions
from everdoor_server.world.sqlite import OPEN_TIMEOUT_S, SqliteDriver
from everdoor_server.world.worldrows import WorldRows

SQLITE = ("sqlite", "sqlite+pysqlite")
POSTGRES = ("postgresql", "postgresql+psycopg")
EXPECTED = "sqlite:///path or postgresql://user@host/name"

OPEN_PAUSE_S = 0.02
"""Between two tries to open a database while another makes its tables."""

WORLD_BITS = 62
"""Of the number by which a world is told from all others; databases have room for 63."""


class Store:
    """The world database behind a URL.

    Used from one thread; where it `is_remote`, `commit` and `renew` may run in another meanwhile.

    Attributes:
        rows: What objects and accounts read (`everdoor_server.rows.WorldRows`).
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._link = LinkRows(driver)
        self.rows = WorldRows(driver)

    @classmethod
    def open(
        cls,
        url: str,
        synchronous: str = "NORMAL",
        seed: Callable[[], Iterable[Change]] | None = None,
    ) -> Self:
        """Open a world; an empty database gets its tables, and an empty world what `seed` returns.

        Args:
            url: As the setting world_database_url.
            synchronous: As the setting sqlite_synchronous.
            seed: Makes the rows of a new world; called when no object was ever made, whoever has
                made the tables.

        Raises:
            StartupError: The database cannot be opened, is newer than this program, or is older
                and needs `everdoor db upgrade`; the text says which, in one line.
        """
        shown, driver = _connect(url, synchronous)
        try:
            store = cls(driver)
            store._prepare(shown, seed)
        except (StoreError, SQLAlchemyError) as exc:
            driver.close()
            raise _cannot_open(shown, exc) from exc
        except BaseException:
            driver.close()
            raise
        return store

    @property
    def is_remote(self) -> bool:
        """Whether `commit` waits for others than the disk, and the lease must be renewed."""
        return self._driver.is_remote

    @property
    def failure(self) -> StoreBusy | None:
        """A read that could not be done: whoever asked has got no answer, and may have done half
        of what it was about."""
        return self.rows.failure

    @contextmanager
    def takeover(self, holder: str, home: str = "", over: HeldBy | None = None) -> Iterator[Stored]:
        """Take the world over, durably: whoever served it before can write no more.

        All in one transaction, so that an error in the block leaves the world to whoever has it.

        Args:
            holder: Who takes it, for people: host and process.
            home: The home that it serves, told apart from others.
            over: The lease as it was seen, and found free; None: whatever it is.

        Returns:
            For the block: what the new generation starts from. Within it the world may be read,
            and written by `add_changes`.

        Raises:
            Fenced: Somebody else has taken it meanwhile, or is alive after all.
            StoreBusy, StoreError: As for `commit`.
        """
        with self._driver.transaction(durable=True):
            self._link.raise_generation(holder, home, over)
            self._link.name_world(secrets.randbits(WORLD_BITS))
            yield self._link.load()

    def held_by(self) -> HeldBy:
        """Read the lease.

        Raises:
            StoreBusy, StoreError: It cannot be read.
        """
        return self._link.held_by()

    def renew(self, generation: int) -> None:
        """Show others that this generation is alive.

        Raises:
            Fenced, StoreBusy, StoreError: As for `commit`.
        """
        with self._driver.transaction():
            self._link.renew(generation)

    def let_go(self, generation: int) -> None:
        """Leave the world to whoever comes: this generation has ended in order.

        Raises:
            Fenced, StoreBusy, StoreError: As for `commit`.
        """
        with self._driver.transaction():
            self._link.let_go(generation)

    def load(self) -> Stored:
        """Read what the link's half of the database holds."""
        return self._link.load()

    def add_changes(self, changes: Iterable[Change]) -> None:
        """Write changes of the world that happen at a start; within `takeover`."""
        self.rows.apply(changes)

    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing.

        Raises:
            Fenced: The database holds another generation; nothing was written.
            StoreBusy: Locked, full or gone; nothing was written, the same may be tried again.
            StoreError: Anything else that the database refuses, nothing was written; or whether
                it was written is not known.
        """
        with self._driver.transaction(), self._driver.together():
            self._link.write(commit)
            if commit.changes:
                self.rows.apply(commit.changes)

    def close(self) -> None:
        """Close the database. Idempotent."""
        self._driver.close()

    def _prepare(self, shown: str, seed: Callable[[], Iterable[Change]] | None) -> None:
        with _alone(self._driver):
            revision = _revision(self._driver)
            if revision is None:
                run_revisions(self._driver.connection)
            elif revision != HEAD:
                raise _does_not_fit(shown, revision)
            if seed is not None and not self.rows.counter("object"):
                self.rows.apply(seed())


def upgrade(url: str) -> None:
    """Bring the world database to the newest revision, making what is not there.

    Idempotent. All revisions run in one transaction.

    Args:
        url: As the setting world_database_url.

    Raises:
        StartupError: The database cannot be opened, or is newer than this program.
    """
    shown, driver = _connect(url, "FULL")
    try:
        with _alone(driver):
            revision = _revision(driver)
            if revision is not None and revision > HEAD:
                raise _does_not_fit(shown, revision)
            run_revisions(driver.connection)
    except (StoreError, SQLAlchemyError) as exc:
        raise _cannot_open(shown, exc) from exc
    finally:
        driver.close()


@contextmanager
def _alone(driver: Driver) -> Iterator[None]:
    """A transaction in which nobody else makes tables; who does is waited for.

    Raises:
        StoreBusy: The database was locked for OPEN_TIMEOUT_S.
    """
    end = time.monotonic() + OPEN_TIMEOUT_S
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(driver.transaction())
                break
            except StoreBusy:
                if time.monotonic() >= end:
                    raise
                time.sleep(OPEN_PAUSE_S)
        driver.alone()
        yield


def is_there(url: str) -> bool:
    """Whether there is a world behind a URL; none is made, nor a file for one.

    Raises:
        StartupError: The database cannot be opened.
    """
    with suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.drivername in SQLITE and not Path(parsed.database or "").exists():
            return False
    shown, driver = _connect(url, "FULL")
    try:
        return _revision(driver) is not None
    except (StoreError, SQLAlchemyError) as exc:
        raise _cannot_open(shown, exc) from exc
    finally:
        driver.close()


def load_driver(url: str) -> None:
    """Load what a database of this kind takes, so that opening it is quick later.

    What is wrong with a URL is said when it is opened.
    """
    with suppress(ArgumentError, ImportError):
        parsed = make_url(url)
        if parsed.drivername in POSTGRES:
            from everdoor_server.world.postgres import make_engine

            make_engine(parsed)


def _connect(url: str, synchronous: str) -> tuple[str, Driver]:
    """Connect; returns how the URL is shown, without its password, and the connection."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StartupError(f"world_database_url is no database URL; expected {EXPECTED}") from None
    shown = without_password(parsed.render_as_string(hide_password=True))
    try:
        return shown, _driver(parsed, shown, synchronous)
    except (StoreError, SQLAlchemyError) as exc:
        raise _cannot_open(shown, exc) from exc


def _driver(url: URL, shown: str, synchronous: str) -> Driver:
    if url.drivername in SQLITE:
        return SqliteDriver(url, synchronous)
    if url.drivername in POSTGRES:
        try:
            # Late: whoever keeps the world in SQLite need not have it, nor wait for it.
            from everdoor_server.world.postgres import PostgresDriver
        except ImportError as exc:
            raise StartupError(
                f"world_database_url is {shown}, and the driver for it is not installed ({exc}); "
                "install everdoor[postgres]"
            ) from exc
        return PostgresDriver(url)
    raise StartupError(f"world_database_url is {shown}; expected {EXPECTED}")


def _revision(driver: Driver) -> str | None:
    """Read the revision of a database; None where no tables of ours are."""
    if not inspect(driver.connection).has_table(VERSION_TABLE):
        return None
    found = driver.connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _does_not_fit(shown: str, revision: str) -> StartupError:
    if revision > HEAD:
        return StartupError(
            f"the world database {shown} is of revision {revision}, newer than this program, "
            f"which knows up to {HEAD}; run the newer Everdoor"
        )
    return StartupError(
        f"the world database {shown} is of revision {revision}, this program needs {HEAD}; make a "
        "backup and run `everdoor db upgrade`"
    )


def _cannot_open(shown: str, error: Exception) -> StartupError:
    cause = getattr(error, "orig", None) or error.__cause__
    reason = getattr(cause, "orig", None) or cause or error
    first_line = str(reason).partition("\n")[0]
    return StartupError(
        f"the world database {shown} cannot be opened: {first_line}; check world_database_url and "
        "the rights of its folder, or whether its server runs"
    )
