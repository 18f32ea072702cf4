"""What the store needs of a database's driver; one class for each kind implements it.

SQLite's is in `sqlite`, PostgreSQL's in `postgres`. Statements come compiled (`statements`); what
they mean is not known there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect


class Driver(Protocol):
    """One connection to a database, made again where it was lost.

    Attributes:
        is_remote: Whether writing waits for another machine or process, so that a turn's
            transaction must run beside the event loop, and whether others may come to the same
            database, so that its lease must be renewed.
    """

    is_remote: bool

    @property
    def dialect(self) -> Dialect:
        """For which statements are compiled."""

    @property
    def connection(self) -> Connection:
        """The connection as SQLAlchemy's, for migrations and what looks at the tables."""

    def transaction(self, durable: bool = False) -> AbstractContextManager[object]:
        """Hold a transaction that writes; commits at the end, rolls back on any error.

        Args:
            durable: Wait for the disk, whatever the settings say.

        Raises:
            StoreBusy: Locked, full or gone; nothing was written, the same may work later.
            StoreError: The database refuses it and nothing was written; or the connection was
                lost while it committed, and whether it was written is not known.
        """

    def together(self) -> AbstractContextManager[None]:
        """Send what is run in the block together, within a transaction; errors come at its end."""

    def alone(self) -> None:
        """Wait, within a transaction, until nobody else makes or changes tables."""

    def run(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run a statement within a transaction."""

    def run_many(self, sql: str, parameters: Iterable[Mapping[str, Any]]) -> None:
        """Run a statement for each of some parameters, within a transaction."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Read rows, within a transaction or outside of any.

        Raises:
            StoreBusy, StoreError: As for `transaction`.
        """

    def count_bytes(self, size: int) -> None:
        """Say how much a commit has written, where it is much."""

    def close(self) -> None:
        """Close the connection. Idempotent."""
