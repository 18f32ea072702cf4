"""Attributes: values that game code keeps with an object or account, and the two ways to them.

`obj.db.desc` and `obj.attributes.get("desc")` are the same value; `obj.ndb` is for what need not
outlive the server. What a value may be, and how it is stored, is in `savedvalues`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from everdoor_server.changes import Changes, Values
from everdoor_server.savedvalues import References, check, decode, encode, saved
from everdoor_server.stored import check_text


class Attributes:
    """The saved values of one owner, by name; read from the database at first use.

    Args:
        table: `attribute` or `account_attribute`.
        owner_id: Whose values they are.
        load: Reads the encoded values of an owner.
        changes: Where changes are noted.
        references: How objects are named in values.
    """

    def __init__(
        self,
        table: str,
        owner_id: int,
        load: Callable[[int], dict[str, str]],
        changes: Changes,
        references: References,
    ) -> None:
        self._table = table
        self._owner_id = owner_id
        self._load = load
        self._changes = changes
        self._references = references
        self._stored: dict[str, str] | None = None
        self._values: dict[str, Any] = {}
        self._is_closed = False

    def get(self, name: str, default: Any = None) -> Any:
        """The value of that name, else `default`."""
        if name in self._values:
            return self._values[name]
        stored = self._unread()
        if name not in stored:
            return default
        value = decode(stored.pop(name), self._references, _Keeper(self, name))
        self._values[name] = value
        return value

    def has(self, name: str) -> bool:
        return name in self._values or name in self._unread()

    def add(self, name: str, value: Any) -> None:
        """Set a value; containers in it are copied.

        Raises:
            TypeError: The value cannot be stored; the text says why.
            ValueError: The name cannot.
        """
        check_text(name, "attribute")
        kept = saved(value, _Keeper(self, name))
        self._unread().pop(name, None)
        self._values[name] = kept
        self.changed(name)

    def remove(self, name: str) -> None:
        """Drop a value; nothing happens when there is none."""
        if self.has(name):
            self._unread().pop(name, None)
            self._values.pop(name, None)
            self.changed(name)

    def names(self) -> list[str]:
        """Names of all values, sorted."""
        return sorted({*self._values, *self._unread()})

    def all(self) -> dict[str, Any]:
        """All values by name, sorted by it."""
        return {name: self.get(name) for name in self.names()}

    def close(self) -> None:
        """The owner is gone: nothing is written any more, whoever still holds a value."""
        self._is_closed = True

    def check(self, value: Any) -> None:
        """Refuse a single value that cannot be stored (TypeError)."""
        check(value, self._references)

    def _unread(self) -> dict[str, str]:
        if self._stored is None:
            self._stored = self._load(self._owner_id)
        return self._stored

    def changed(self, name: str) -> None:
        """Note that a value is to be saved again."""
        self._changes.mark(self._table, (self._owner_id, name), partial(self._row, name))

    def _row(self, name: str) -> Values:
        if self._is_closed or name not in self._values:
            return None
        return {"value": encode(self._values[name], self._references)}


class _Keeper:
    """One attribute, as the containers in it know it."""

    __slots__ = ("_attributes", "_name")

    def __init__(self, attributes: Attributes, name: str) -> None:
        self._attributes = attributes
        self._name = name

    def changed(self) -> None:
        self._attributes.changed(self._name)

    def check(self, value: Any) -> None:
        self._attributes.check(value)


class Saved:
    """`obj.db`: attributes as plain names; a name that was never set is None."""

    __slots__ = ("_attributes",)
    _attributes: Attributes

    def __init__(self, attributes: Attributes) -> None:
        object.__setattr__(self, "_attributes", attributes)

    def __getattr__(self, name: str) -> Any:
        return self._attributes.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._attributes.add(name, value)

    def __delattr__(self, name: str) -> None:
        self._attributes.remove(name)


class Unsaved:
    """`obj.ndb`: anything, until the server restarts; a name that was never set is None."""

    def __getattr__(self, name: str) -> Any:
        return None
