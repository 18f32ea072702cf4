"""Locks: who may do what to a thing, as short texts that are compiled once.

A lock string is `type:expression;type:expression`, for instance
`get:all();puppet:id(12) or perm(Builder);delete:perm(Admin) and not self()`. An expression joins
lock functions with `not`, `and`, `or` (binding in this order) and parentheses. No part of it is
ever run as Python. Superusers pass every lock.

The functions read these of the one who wants access, where it has them: `id`, `account` (of a
puppet or a session), `permissions`, `is_superuser`, `location`, `contents`. What has a
`location_id` is an object; objects and accounts are counted apart, so that `id` means an object
and `pid` an account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import intern
from typing import Any, Protocol, TypeAlias

from everdoor.errors import UserError

HIERARCHY = ("guest", "player", "helper", "builder", "admin", "developer")
"""Permissions that include those before them; other names stand for themselves."""

MAX_LOCK_CHARACTERS = 4000
"""The longest lock of a real game has a tenth of it."""

MAX_LOCK_DEPTH = 20
"""Far from Python's own limit, and more than anybody can read."""

Check: TypeAlias = Callable[[Any, Any], bool]
"""(accessing, accessed) -> may it."""

LockFunction: TypeAlias = Callable[..., bool]
"""(accessing, accessed, *arguments as text) -> may it."""


class Lockable(Protocol):
    """What a LockHandler needs of the thing it guards."""

    lock_storage: str


def check_locks(
    locks: str,
    accessing: Any,
    access_type: str,
    accessed: Any = None,
    default: bool = False,
    no_superuser_bypass: bool = False,
) -> bool:
    """Say whether one may do something.

    Args:
        locks: A lock string that `add_locks` has accepted.
        accessing: Who wants to.
        access_type: What it wants, such as `get`.
        accessed: What it wants it of.
        default: The answer where the string says nothing about the type.

    Raises:
        UserError: The string is no lock string.
    """
    if not no_superuser_bypass and is_superuser(accessing):
        return True
    expression = _split(locks).get(access_type)
    return default if expression is None else _compiled(expression)(accessing, accessed)


def add_locks(locks: str, added: str) -> str:
    """Return a lock string with some types added or replaced.

    Raises:
        UserError: What is added is no lock string.
    """
    compile_locks(added)
    return join_locks(locks, added)


def join_locks(locks: str, added: str) -> str:
    """The same of strings that have been accepted before: nothing is compiled until it is asked
    for."""
    parts = {**_split(locks), **_split(added)}
    joined = ";".join(f"{name}:{text}" for name, text in parts.items())
    # Rows have the whole of it, mostly: then there is one string, not two that are equal.
    return added if added == joined else joined


class LockHandler:
    """The locks of one thing, as game code sees them.

    Args:
        owner: The thing; its `lock_storage` holds the string and is set at every change.
    """

    __slots__ = ("_owner",)

    def __init__(self, owner: Lockable) -> None:
        self._owner = owner

    def __str__(self) -> str:
        return self._owner.lock_storage

    def add(self, locks: str) -> None:
        """Add or replace locks; UserError when the string is none."""
        self._owner.lock_storage = add_locks(self._owner.lock_storage, locks)

    def remove(self, access_type: str) -> None:
        """Remove a type's lock; nothing happens where there is none."""
        kept = dict(_split(self._owner.lock_storage))
        kept.pop(access_type, None)
        self._owner.lock_storage = ";".join(f"{name}:{text}" for name, text in kept.items())

    def get(self, access_type: str) -> str:
        """Return `type:expression`, or nothing."""
        text = _split(self._owner.lock_storage).get(access_type)
        return f"{access_type}:{text}" if text else ""

    def all(self) -> list[str]:
        return [f"{name}:{text}" for name, text in _split(self._owner.lock_storage).items()]

    def check(
        self,
        accessing: Any,
        access_type: str,
        default: bool = False,
        no_superuser_bypass: bool = False,
    ) -> bool:
        """As `check_locks`."""
        locks = self._owner.lock_storage
        return check_locks(locks, accessing, access_type, self._owner, default, no_superuser_bypass)


# Who is asking.


def account_of(accessing: Any) -> Any:
    """The account behind a puppet or a session; else the one itself."""
    return getattr(accessing, "account", None) or accessing


def is_superuser(accessing: Any) -> bool:
    return bool(getattr(account_of(accessing), "is_superuser", False))


def has_permission(permissions: list[str], name: str, above: bool = False) -> bool:
    """Say whether a permission, or one that includes it, is among some.

    Args:
        above: Only one that includes it and is another counts.
    """
    wanted = _singular(name)
    held = [_singular(permission) for permission in permissions]
    if wanted not in HIERARCHY:
        return not above and wanted in held
    level = HIERARCHY.index(wanted) + above
    return any(permission in HIERARCHY[level:] for permission in held)


def _singular(name: str) -> str:
    """`Builders` is how many worlds spell `Builder`."""
    lowered = name.strip().lower()
    return lowered[:-1] if lowered[:-1] in HIERARCHY else lowered


# Lock functions.


def _all(accessing: Any, accessed: Any, *args: str) -> bool:
    return True


def _none(accessing: Any, accessed: Any, *args: str) -> bool:
    return False


def _perm(accessing: Any, accessed: Any, name: str = "") -> bool:
    return has_permission(_permissions(account_of(accessing)), name)


def _perm_above(accessing: Any, accessed: Any, name: str = "") -> bool:
    return has_permission(_permissions(account_of(accessing)), name, above=True)


def _pperm(accessing: Any, accessed: Any, name: str = "") -> bool:
    """As perm, but nobody without an account passes."""
    account = _account(accessing)
    return account is not None and has_permission(_permissions(account), name)


def _permissions(who: Any) -> list[str]:
    return list(getattr(who, "permissions", ()))


def _id(accessing: Any, accessed: Any, number: str = "") -> bool:
    return _is_object(accessing) and _same_id(accessing, number)


def _pid(accessing: Any, accessed: Any, number: str = "") -> bool:
    return _same_id(_account(accessing), number)


def _same_id(who: Any, number: str) -> bool:
    return who is not None and str(who.id) == number.lstrip("#")


def _is_object(who: Any) -> bool:
    return hasattr(who, "location_id")


def _account(accessing: Any) -> Any:
    """The account that asks, or that is behind what asks; None when there is none."""
    account = getattr(accessing, "account", None)
    return accessing if account is None and not hasattr(accessing, "account") else account


def _self(accessing: Any, accessed: Any, *args: str) -> bool:
    return accessing is accessed


def _holds(accessing: Any, accessed: Any, what: str = "") -> bool:
    """Whether the accessed thing, or one with this name or id, is carried."""
    if not what:
        return getattr(accessed, "location", None) is accessing
    wanted = what.lower()
    return any(
        wanted in (str(thing.key).lower(), f"#{thing.id}", str(thing.id))
        for thing in getattr(accessing, "contents", ())
    )


def _inside(accessing: Any, accessed: Any, *args: str) -> bool:
    return accessed is not None and getattr(accessing, "location", None) is accessed


def _superuser(accessing: Any, accessed: Any, *args: str) -> bool:
    return is_superuser(accessing)


FUNCTIONS: dict[str, LockFunction] = {
    "all": _all,
    "true": _all,
    "none": _none,
    "false": _none,
    "perm": _perm,
    "perm_above": _perm_above,
    "pperm": _pperm,
    "id": _id,
    "dbref": _id,
    "pid": _pid,
    "self": _self,
    "holds": _holds,
    "inside": _inside,
    "superuser": _superuser,
}

MAX_ARGUMENTS = 1


# Compiling.


def compile_locks(locks: str) -> dict[str, Check]:
    """Compile a lock string.

    Raises:
        UserError: It is none; the text says where.
    """
    if len(locks) > MAX_LOCK_CHARACTERS:
        raise UserError(
            f"a lock string has at most {MAX_LOCK_CHARACTERS} characters, this one {len(locks)}"
        )
    return {name: _compiled(text) for name, text in _split(locks).items()}


# Every character has a lock string of its own, of which hardly more than one expression is ever
# asked for, and most are those of all others: so expressions are compiled and shared one by one.


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Check:
    return _Expression(expression).compile()


@lru_cache(maxsize=1024)
def _split(locks: str) -> Mapping[str, str]:
    """Bring a lock string to expressions by type; a type said twice has its last."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in locks.split(";"))):
        name, colon, text = part.partition(":")
        if not colon or not name.strip() or not text.strip():
            raise UserError(f"lock {part!r}: expected `type:expression`, such as `get:all()`")
        found[intern(name.strip().lower())] = intern(text.strip())
    return found


_TOKEN = re.compile(r"\s*(?:(not|and|or)\b|([()])|(\w+)\s*\(([^()]*)\))\s*", re.IGNORECASE)


class _Expression:
    """One expression while it is read: `or` of `and` of `not` of functions and parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenize()
        self._at = 0
        self._depth = 0

    def compile(self) -> Check:
        check = self._either()
        if self._at != len(self._tokens):
            raise self._error("expected `and` or `or` between functions")
        return check

    def _tokenize(self) -> list[tuple[str, str, str]]:
        tokens, at = [], 0
        while at < len(self._text):
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise self._error("expected functions such as `perm(Builder)`, and, or, not")
            word, mark, name, args = (group or "" for group in found.groups())
            tokens.append((word.lower() or mark, name.lower(), args))
            at = found.end()
        return tokens

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == word:
            self._at += 1
            return True
        return False

    def _either(self) -> Check:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda a, b: any(part(a, b) for part in parts)

    def _both(self) -> Check:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda a, b: all(part(a, b) for part in parts)

    def _one(self) -> Check:
        self._depth += 1
        if self._depth > MAX_LOCK_DEPTH:
            raise self._error(f"more than {MAX_LOCK_DEPTH} parentheses and `not` inside each other")
        check = self._negated_or_grouped()
        self._depth -= 1
        return check

    def _negated_or_grouped(self) -> Check:
        if self._take("not"):
            check = self._one()
            return lambda a, b: not check(a, b)
        if self._take("("):
            check = self._either()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed")
            return check
        return self._function()

    def _function(self) -> Check:
        _, name, args = self._tokens[self._at] if self._at < len(self._tokens) else ("", "", "")
        function = FUNCTIONS.get(name)
        if function is None:
            wanted = f"no lock function {name!r}" if name else "a function is missing"
            raise self._error(f"{wanted}; there are {', '.join(FUNCTIONS)}")
        self._at += 1
        arguments = [arg.strip().strip("\"'") for arg in args.split(",") if arg.strip()]
        if len(arguments) > MAX_ARGUMENTS:
            raise self._error(f"{name}() takes at most one argument")
        if function is _all:
            return _all
        return lambda a, b: function(a, b, *arguments)

    def _error(self, reason: str) -> UserError:
        return UserError(f"lock expression {self._text!r}: {reason}")
