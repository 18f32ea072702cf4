"""Values that attributes keep: what they may be, how they are stored, how a change is noticed.

None, bool, int (64 bits), float, str, bytes, list, tuple, set and dict in any nesting, and objects
of the world. Stored as JSON, so that a database can be read with any tool; what JSON has no word
for is a dict with one key that begins with `!`. Lists, sets and dicts of an attribute are
`SavedList`, `SavedSet` and `SavedDict`: they are lists, sets and dicts that say when they change,
so that `obj.db.scores["anna"] += 1` is kept. Who stores what, and when, is in `attributes`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Protocol, SupportsIndex

import msgspec

MARK = "!"
MAX_INT = 2**63 - 1


class References(Protocol):
    """How objects of the world are named in stored values."""

    def object_id(self, value: Any) -> int | None:
        """The id of an object of the world, None for any other value."""

    def get(self, object_id: int) -> Any:
        """The object of that id, None when it is gone."""


class Keeper(Protocol):
    """Whom a container belongs to: the attribute that holds it."""

    def changed(self) -> None:
        """The container, or one within it, has changed."""

    def check(self, value: Any) -> None:
        """Raise TypeError when a single value (no container) cannot be stored."""


class SavedList(list[Any]):
    """A list that says when it changes."""

    def __init__(self, values: Iterable[Any], keeper: Keeper) -> None:
        self._keeper = keeper
        super().__init__(saved(value, keeper) for value in values)

    def __reduce__(self) -> Any:
        return (list, (list(self),))

    def __setitem__(self, index: Any, value: Any) -> None:
        many = isinstance(index, slice)
        super().__setitem__(index, SavedList(value, self._keeper) if many else self._own(value))
        self._keeper.changed()

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        super().__delitem__(index)
        self._keeper.changed()

    def __iadd__(self, values: Iterable[Any]) -> SavedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __imul__(self, times: SupportsIndex) -> SavedList:
        self[:] = list(self) * times
        return self

    def append(self, value: Any) -> None:
        super().append(self._own(value))
        self._keeper.changed()

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._own(value) for value in values])
        self._keeper.changed()

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._own(value))
        self._keeper.changed()

    def pop(self, index: SupportsIndex = -1) -> Any:
        value = super().pop(index)
        self._keeper.changed()
        return value

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._keeper.changed()

    def clear(self) -> None:
        super().clear()
        self._keeper.changed()

    def reverse(self) -> None:
        super().reverse()
        self._keeper.changed()

    def sort(self, *, key: Any = None, reverse: bool = False) -> None:
        super().sort(key=key, reverse=reverse)
        self._keeper.changed()

    def _own(self, value: Any) -> Any:
        return saved(value, self._keeper)


class SavedDict(dict[Any, Any]):
    """A dict that says when it changes."""

    def __init__(self, values: dict[Any, Any], keeper: Keeper) -> None:
        self._keeper = keeper
        super().__init__(
            (_checked(key, keeper), saved(value, keeper)) for key, value in values.items()
        )

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_checked(key, self._keeper), saved(value, self._keeper))
        self._keeper.changed()

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._keeper.changed()

    def __ior__(self, other: Any) -> SavedDict:  # type: ignore[misc]
        self.update(other)
        return self

    def update(self, *others: Any, **values: Any) -> None:
        for key, value in dict(*others, **values).items():
            super().__setitem__(_checked(key, self._keeper), saved(value, self._keeper))
        self._keeper.changed()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._keeper.changed()
        return value

    def popitem(self) -> tuple[Any, Any]:
        item = super().popitem()
        self._keeper.changed()
        return item

    def clear(self) -> None:
        super().clear()
        self._keeper.changed()


class SavedSet(set[Any]):
    """A set that says when it changes; what is in it cannot change, so nothing is wrapped."""

    def __init__(self, values: Iterable[Any], keeper: Keeper) -> None:
        self._keeper = keeper
        super().__init__(_checked(value, keeper) for value in values)

    def __reduce__(self) -> Any:
        return (set, (list(self),))

    def _update(self, values: Iterable[Any]) -> None:
        kept = {_checked(value, self._keeper) for value in values}
        if kept != self:
            super().clear()
            super().update(kept)
            self._keeper.changed()

    def add(self, value: Any) -> None:
        super().add(_checked(value, self._keeper))
        self._keeper.changed()

    def discard(self, value: Any) -> None:
        super().discard(value)
        self._keeper.changed()

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._keeper.changed()

    def pop(self) -> Any:
        value = super().pop()
        self._keeper.changed()
        return value

    def clear(self) -> None:
        self._update(())

    def update(self, *others: Iterable[Any]) -> None:
        self._update(set(self).union(*others))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        self._update(set(self).intersection(*others))

    def difference_update(self, *others: Iterable[Any]) -> None:
        self._update(set(self).difference(*others))

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        self._update(set(self).symmetric_difference(other))

    def __ior__(self, other: Any) -> SavedSet:  # type: ignore[misc]
        self.update(other)
        return self

    def __iand__(self, other: Any) -> SavedSet:  # type: ignore[misc]
        self.intersection_update(other)
        return self

    def __isub__(self, other: Any) -> SavedSet:  # type: ignore[misc]
        self.difference_update(other)
        return self

    def __ixor__(self, other: Any) -> SavedSet:  # type: ignore[misc]
        self.symmetric_difference_update(other)
        return self


def saved(value: Any, keeper: Keeper) -> Any:
    """Copy a value so that every container in it tells its keeper when it changes.

    Raises:
        TypeError: Something in it cannot be stored; the text says what.
    """
    match value:
        case list():
            return SavedList(value, keeper)
        case dict():
            return SavedDict(value, keeper)
        case set():
            return SavedSet(value, keeper)
        case tuple():
            return tuple(saved(item, keeper) for item in value)
        case frozenset():
            return frozenset(_checked(item, keeper) for item in value)
        case _:
            keeper.check(value)
            return value


def _checked(value: Any, keeper: Keeper) -> Any:
    saved(value, keeper)
    return value


def check(value: Any, references: References) -> None:
    """Refuse a single value that cannot be stored.

    Raises:
        TypeError: It cannot; the text says why.
    """
    match value:
        case None | bool() | float() | bytes():
            return
        case int():
            if abs(value) > MAX_INT:
                raise TypeError(
                    f"an attribute holds whole numbers up to {MAX_INT}, got one of "
                    f"{value.bit_length()} bits"
                )
        case str():
            _check_text(value)
        case _ if references.object_id(value) is None:
            raise TypeError(
                "an attribute holds plain values (numbers, text, bytes, lists, tuples, sets, "
                f"dicts) and objects of the world, got {type(value).__qualname__}; "
                "keep anything else in ndb"
            )


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise TypeError(f"an attribute holds Unicode text, got {text!r:.40}") from exc


def encode(value: Any, references: References) -> str:
    """Bring a value that `saved` has taken to JSON; objects that are gone become None."""
    return msgspec.json.encode(_plain(value, references)).decode()


def decode(stored: str, references: References, keeper: Keeper) -> Any:
    """Bring back what `encode` has written; objects that are gone are None."""
    return saved(_value(msgspec.json.decode(stored), references), keeper)


def _plain(value: Any, references: References) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    match value:
        case int():
            return value
        case float() if value - value == 0.0:
            return value
        case list():
            return [_plain(item, references) for item in value]
        case dict():
            return _plain_dict(value, references)
        case _:
            return _marked(value, references)


def _plain_dict(value: dict[Any, Any], references: References) -> dict[str, Any]:
    if all(isinstance(key, str) and not key.startswith(MARK) for key in value):
        return {key: _plain(item, references) for key, item in value.items()}
    pairs = [[_plain(k, references), _plain(item, references)] for k, item in value.items()]
    return {"!dict": pairs}


def _marked(value: Any, references: References) -> Any:
    match value:
        case float():
            return {"!float": repr(value)}
        case bytes():
            return {"!bytes": base64.b64encode(value).decode()}
        case tuple():
            return {"!tuple": [_plain(item, references) for item in value]}
        case set() | frozenset():
            return {"!set": [_plain(item, references) for item in value]}
        case _:
            return {"!object": references.object_id(value)}


def _value(stored: Any, references: References) -> Any:
    match stored:
        case list():
            return [_value(item, references) for item in stored]
        case dict():
            marked = next(iter(stored), "").startswith(MARK)
            if marked:
                return _unmarked(*stored.popitem(), references)
            return {key: _value(item, references) for key, item in stored.items()}
        case _:
            return stored


def _unmarked(mark: str, stored: Any, references: References) -> Any:
    match mark:
        case "!object":
            return references.get(stored)
        case "!float":
            return float(stored)
        case "!bytes":
            return base64.b64decode(stored)
        case "!tuple":
            return tuple(_value(item, references) for item in stored)
        case "!set":
            return {_value(item, references) for item in stored}
        case "!dict":
            return {_value(k, references): _value(item, references) for k, item in stored}
        case _:
            raise ValueError(f"unknown mark {mark!r} in a stored attribute")
