"""Tags, aliases and permissions: sets of names that belong to an object or account.

One class for the three, as they differ only in their kind. Who notes changes is told each of them;
what an alias or a permission is good for is decided where it is read (`objects`, `locks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from everdoor_server.stored import check_text


class Labelled(Protocol):
    """Whose labels they are."""

    def note_label(self, kind: str, category: str, name: str, present: bool) -> None:
        """Called after each change; `present`: whether the label is there now."""


class Labels:
    """Names, each in a category (most have none: ""); compared without case.

    Args:
        names: (category, name) of those that are there.
        kind: What they are, for whoever is told.
        owner: Told each change.
    """

    __slots__ = ("_kind", "_names", "_owner")

    def __init__(self, names: Iterable[tuple[str, str]], kind: str, owner: Labelled) -> None:
        self._names = tuple(names)
        self._kind = kind
        self._owner = owner

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        return self.has(name)

    def all(self, category: str | None = None) -> list[str]:
        """Names in the order in which they came; of one category when it is given."""
        return [name for its, name in self._names if category in (None, its)]

    def pairs(self) -> list[tuple[str, str]]:
        """All as (category, name)."""
        return list(self._names)

    def has(self, name: str, category: str | None = None) -> bool:
        folded = name.strip().casefold()
        return any(n.casefold() == folded and category in (None, its) for its, n in self._names)

    def add(self, name: str | Iterable[str], category: str = "") -> None:
        """Add a name or several; what is there already, or is empty, is left out.

        Raises:
            TypeError, ValueError: No database can hold it.
        """
        for each in [name] if isinstance(name, str) else name:
            check_text(each, self._kind)
            check_text(category, "category")
            each = each.strip()
            if each and not self.has(each, category):
                self._names += ((category, each),)
                self._owner.note_label(self._kind, category, each, True)

    def remove(self, name: str, category: str = "") -> None:
        """Remove a name; nothing happens where there is none."""
        folded = name.strip().casefold()
        for pair in self._names:
            if pair[0] == category and pair[1].casefold() == folded:
                self._names = tuple(other for other in self._names if other != pair)
                self._owner.note_label(self._kind, *pair, False)

    def clear(self) -> None:
        for category, name in self._names:
            self.remove(name, category)
