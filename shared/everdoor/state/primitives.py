"""What a snapshot is made of, how it is copied, and which value in it does not belong there.

Snapshots travel to portals and into archives as MessagePack, so a primitive is what MessagePack
holds without loss: None, bool, int, float, str, bytes, a list of primitives, and a dict of them
with str keys. Exactly these types: a tuple would come back as a list, an enum as a plain number.
Encoding them is done by `everdoor.codec`; what a class puts into its snapshot is the class's own
business (`snapshots`).
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

Primitive: TypeAlias = (
    "None | bool | int | float | str | bytes | list[Primitive] | dict[str, Primitive]"
)
"""A value that every process and every archive can hold."""

Snapshot: TypeAlias = dict[str, Primitive]
"""The state of one object, by field name, as primitives only."""

EXPECTED: Final = "None, bool, int, float, str, bytes, list, or dict with str keys"

MAX_DEPTH: Final = 64
"""Containers within containers. Far more than a session needs, and a container that holds itself
ends here instead of at Python's recursion limit."""

SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})
"""Types of the primitives that hold no others."""

_STR: Final = frozenset({str})

CONTAINERS: Final = (dict, list)
"""Types of those that do."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

IsReference: TypeAlias = Callable[[object], bool]


def no_reference(value: object) -> bool:
    """Say False: the rule of snapshots that hold nothing but primitives."""
    return False


def find_non_primitive(
    value: object, name: str = "snapshot", is_reference: IsReference = no_reference
) -> str | None:
    """Name the first value, depth first, that is no primitive.

    Finds also what no encoder takes: an int beyond 64 bits, a str with a lone surrogate.

    Args:
        value: What to look through.
        name: What the path starts with.
        is_reference: Says of a value that is no primitive whether it may stay.

    Returns:
        Path and reason, as in `snapshot['flags'][0]: tuple`, or None when all are primitives.
    """
    found = _find(value, is_reference, MAX_DEPTH)
    return None if found is None else f"{name}{found[0]}: {found[1]}"


def check_primitives(value: Mapping[str, object], name: str = "snapshot") -> Snapshot:
    """Return the value itself, known to be a Snapshot.

    Raises:
        TypeError: Something in it is no primitive; the text starts with its path.
    """
    if not _is_primitive(value, MAX_DEPTH):
        raise TypeError(f"{find_non_primitive(value, name)}; expected {EXPECTED}")
    return cast(Snapshot, value)


def copy_state(
    data: Mapping[str, object],
    name: str = "snapshot",
    is_reference: IsReference = no_reference,
) -> dict[str, object]:
    """Copy primitives so that nothing is shared with the original; references stay as they are.

    Args:
        data: Values by field name.
        name: What the path in an error starts with.
        is_reference: As in find_non_primitive.

    Raises:
        TypeError: A value is neither; the text starts with its path.
    """
    try:
        return _copy_dict(data, is_reference, MAX_DEPTH)
    except _NotPrimitive:
        found = find_non_primitive(dict(data), name, is_reference)
        raise TypeError(f"{found}; expected {EXPECTED}") from None


class _NotPrimitive(Exception):
    """Something is no primitive; what and where is looked for only then, to keep copying cheap."""


def _copy_dict(
    data: Mapping[str, object], is_reference: IsReference, depth: int
) -> dict[str, object]:
    if not _STR.issuperset(map(type, data)):
        raise _NotPrimitive
    copied = dict(data)
    for key, item in data.items():
        if type(item) not in SCALARS:
            copied[key] = _copy(item, is_reference, depth - 1)
    return copied


def _copy(value: object, is_reference: IsReference, depth: int) -> object:
    if depth > 0 and type(value) is dict:
        return _copy_dict(value, is_reference, depth)
    if depth > 0 and type(value) is list:
        return [
            item if type(item) in SCALARS else _copy(item, is_reference, depth - 1)
            for item in value
        ]
    if is_reference(value):
        return value
    raise _NotPrimitive


def _is_primitive(value: object, depth: int) -> bool:
    """Whether `_find` finds nothing, quickly: every output is looked through."""
    kind = type(value)
    if kind in SCALARS:
        return _unencodable(value) is None
    if depth == 0:
        return False
    if kind is list:
        for item in cast(list[object], value):
            if not _is_primitive(item, depth - 1):
                return False
        return True
    if kind is dict:
        for key, item in cast(dict[object, object], value).items():
            if type(key) is not str or _unencodable(key) or not _is_primitive(item, depth - 1):
                return False
        return True
    return False


def _find(value: object, is_reference: IsReference, depth: int) -> tuple[str, str] | None:
    """Path below the value, and reason; the path is put together only when there is a reason."""
    if type(value) in SCALARS:
        reason = _unencodable(value)
        return None if reason is None else ("", reason)
    if not isinstance(value, CONTAINERS) or type(value) not in CONTAINERS:
        return None if is_reference(value) else ("", type(value).__qualname__)
    if depth == 0:
        return "", f"more than {MAX_DEPTH} containers deep"
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found = _find_bad_key(key, value) or _find(item, is_reference, depth - 1)
        if found is not None:
            return f"[{reprlib.repr(key)}]{found[0]}", found[1]
    return None


def _find_bad_key(key: object, container: object) -> tuple[str, str] | None:
    if type(key) is str:
        reason = _unencodable(key)
        return None if reason is None else ("", f"key is a {reason}")
    if isinstance(container, dict):
        return "", f"key is of type {type(key).__qualname__}"
    return None


def _unencodable(value: object) -> str | None:
    if type(value) is int and not -(2**63) <= value < 2**64:
        return "int beyond 64 bits"
    if type(value) is str and not value.isascii() and _SURROGATE.search(value):
        return "str with a lone surrogate"
    return None
