"""Which rows of the world differ from the database, until the turn writes them.

Objects, accounts, scripts and channels mark a row when they change; what it holds is asked for
once, when the turn takes all changes for its commit. Nothing here reads or writes a database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from everdoor_server.commit import Change

KEYS: dict[str, tuple[str, ...]] = {
    "object": ("id",),
    "attribute": ("object_id", "name"),
    "tag": ("object_id", "kind", "category", "name"),
    "account": ("id",),
    "account_attribute": ("account_id", "name"),
    "script": ("id",),
    "script_attribute": ("script_id", "name"),
    "script_tag": ("script_id", "category", "name"),
    "channel": ("id",),
    "channel_message": ("channel_id", "number"),
    "counter": ("name",),
}
"""The tables of the world and the columns that name a row of each, in order."""

Values: TypeAlias = dict[str, Any] | None
"""The columns of a row but its key; None: the row is to go."""


class Changes:
    """The rows that have changed since they were last taken; a row counts once.

    Attributes:
        count: How often a row was marked; it has moved when something has changed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._marks: dict[tuple[Any, ...], Callable[[], Values]] = {}

    def __bool__(self) -> bool:
        return bool(self._marks)

    def mark(self, table: str, key: tuple[Any, ...], values: Callable[[], Values]) -> None:
        """Note that a row has changed.

        Args:
            table: One of KEYS.
            key: Values of the table's key columns.
            values: Says what the row holds when the changes are taken.
        """
        self.count += 1
        self._marks[(table, *key)] = values

    def marked(self, *tables: str) -> set[Any]:
        """First key column of every row of these tables that has changed."""
        return {key for table, key, *_ in self._marks if table in tables}

    def take(self) -> list[Change]:
        """Return all changes in the order of their first mark, and forget them."""
        marks, self._marks = self._marks, {}
        return [
            Change(table, dict(zip(KEYS[table], key, strict=True)), values())
            for (table, *key), values in marks.items()
        ]
