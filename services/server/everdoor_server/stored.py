"""What all things with a row of their own do alike: note changes of it, and ask their locks.

Which attributes are columns, and how a row is noted, is each class's own.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

from everdoor_server.locks import LockHandler, check_locks

_TEXTS = frozenset({"key", "lock_storage"})
"""Columns that are texts."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class Stored:
    """What has a row: to set one of its columns is to note that the row has changed.

    Attributes:
        key: What it is called.
        stored_columns: Attributes that are columns of its row.
    """

    stored_columns: ClassVar[frozenset[str]] = frozenset()

    key: str

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _TEXTS:
            check_text(value, name)
        super().__setattr__(name, value)
        if name in self.stored_columns:
            self.touch()

    def __str__(self) -> str:
        return self.key

    @abstractmethod
    def touch(self) -> None:
        """Note that its row has changed."""


def check_text(value: object, what: str) -> None:
    """Refuse at once what would fail at the commit, with everything else of its turn.

    Raises:
        TypeError: It is no text.
        ValueError: It has a character that not every database can hold.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected a text, got {value!r:.60}")
    if "\0" in value or _SURROGATE.search(value):
        raise ValueError(f"{what}: no database can hold {value!r:.60}")


class Locked(Stored):
    """What has locks besides.

    Attributes:
        lock_storage: Its locks as one string.
    """

    lock_storage: str

    @property
    def locks(self) -> LockHandler:
        return LockHandler(self)

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "read",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Say whether somebody may do something with it."""
        locks = self.lock_storage
        return check_locks(locks, accessing_obj, access_type, self, default, no_superuser_bypass)
