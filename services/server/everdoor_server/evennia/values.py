"""Values of Evennia's attributes, as they are stored here.

Which values Evennia may have is known in `everdoor.evennia.pickles`, which may be stored in
`everdoor_server.savedvalues`; what is no value of both is reported and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from everdoor.evennia.importing import Import
from everdoor.evennia.pickles import Plain, Reference, UnreadableValue
from everdoor.evennia.records import EvenniaAttribute
from everdoor_server.savedvalues import check, encode, saved

CREATOR: Final = "creator_id"
"""Attribute of characters: the id of an account."""


class StoredValues:
    """Brings attributes to their stored form; is how objects are named in it (`References`).

    Args:
        job: Where is reported; its `uids` are read.
        object_id: The id of an object of the world that a value is; None when it is none, or gone.
    """

    def __init__(self, job: Import, object_id: Callable[[Plain], int | None]) -> None:
        self._job = job
        self.object_id = object_id

    def stored(self, attribute: EvenniaAttribute, sign: str) -> str | None:
        """An attribute's value as it is kept here; None after it was reported why not.

        Args:
            sign: Stands before the owner's id for people.
        """
        where = f"{sign}{attribute.owner} {attribute.name}"
        if attribute.kind or attribute.category:
            self._leave_special(attribute, where)
            return None
        if attribute.locks:
            self._leave("locks of attributes", f"{where} {attribute.locks}")
        try:
            value = self._resolved(attribute.value(), where)
            stored = encode(saved(self._creator(attribute, value), self), self)
        except UnreadableValue as exc:
            self._leave(f"attributes that hold {exc.what}", where)
        except TypeError as exc:
            self._leave("attributes that cannot be stored", f"{where}: {exc}")
        else:
            self._job.report.bring("attributes")
            return stored
        return None

    def get(self, object_id: int) -> None:
        """Nothing is read back."""

    def changed(self) -> None:
        """Nothing is kept: a container changes only while it is made."""

    def check(self, value: Any) -> None:
        """Refuse a single value that cannot be stored (TypeError)."""
        check(value, self)

    def _leave_special(self, attribute: EvenniaAttribute, where: str) -> None:
        if attribute.kind:
            self._leave(f"{attribute.kind}s", where)
        else:
            self._leave("attributes with a category", f"{where} ({attribute.category})")

    def _creator(self, attribute: EvenniaAttribute, value: Plain) -> Plain:
        is_creator = attribute.name == CREATOR and isinstance(value, int)
        return self._job.uids.get(value) if is_creator else value

    def _resolved(self, value: Plain, where: str) -> Plain:
        """A value without references to what is not here."""
        match value:
            case Reference() if self.object_id(value) is None:
                self._leave(f"references to a {value.model} that is gone or no object", where)
                return None
            case list():
                return [self._resolved(each, where) for each in value]
            case tuple():
                return tuple(self._resolved(each, where) for each in value)
            case set():
                return {self._resolved(each, where) for each in value}
            case dict():
                pairs = value.items()
                return {self._resolved(k, where): self._resolved(v, where) for k, v in pairs}
            case _:
                return value

    def _leave(self, group: str, example: str) -> None:
        self._job.report.leave(group, example)
