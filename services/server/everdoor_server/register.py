"""Numbers by name, kept in the database: what a game counts, and ids that it finds by a word.

The names of each use begin with a word of their own, so that they do not meet: `email anna@x.org`.
"""

from __future__ import annotations

from everdoor_server.changes import Changes, Values
from everdoor_server.rows import WorldRows


class Register:
    """The numbers of one world.

    Args:
        rows: What is stored.
        changes: Where changes are noted for the turn's commit.
    """

    def __init__(self, rows: WorldRows, changes: Changes) -> None:
        self._rows = rows
        self._changes = changes
        self._known: dict[str, int] = {}

    def get(self, name: str) -> int:
        """The number of that name; 0 when there is none."""
        found = self._known.get(name)
        return self._rows.counter(name) if found is None else found

    def set(self, name: str, number: int) -> None:
        """Set a number; 0 forgets it."""
        self._known[name] = number
        self._changes.mark("counter", (name,), lambda: self._row(name))

    def _row(self, name: str) -> Values:
        number = self._known[name]
        return {"value": number} if number else None
