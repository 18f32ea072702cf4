"""Which classes an archive may name, and by what name.

A name in a file is looked up here and nowhere else: nothing is imported because a file says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from everdoor.errors import RestoreError, UserError


class StateClasses:
    """The classes of one application session, by the names that archives have for them."""

    def __init__(self) -> None:
        self._by_name: dict[str, type] = {}
        self._names: dict[type, str] = {}

    def add(self, cls: type, *names: str) -> None:
        """Let archives hold objects of a class.

        Args:
            cls: The class itself; its subclasses are not meant.
            *names: The first is written, all are read, so that a class can be renamed. None given:
                module and qualified name.

        Raises:
            ValueError: Another class has one of the names; nothing is added.
        """
        wanted = names or (qualified_name(cls),)
        for name in wanted:
            if self._by_name.get(name, cls) is not cls:
                raise ValueError(f"the name {name!r} is taken by {self._by_name[name]!r}")
        self._names[cls] = wanted[0]
        self._by_name.update(dict.fromkeys(wanted, cls))

    def add_known(self, cls: type) -> None:
        """Add a class that the program itself has put into the session, unless it is there.

        A class of the same name, such as one made before its module was loaded again, gives way.
        """
        if cls not in self._names:
            name = self._names[cls] = qualified_name(cls)
            self._by_name[name] = cls

    def name_of(self, cls: type) -> str:
        """Return what an archive calls a class.

        Raises:
            UserError: The class was not added, so no archive of it could be restored.
        """
        try:
            return self._names[cls]
        except KeyError:
            raise UserError(
                f"cannot save {cls.__qualname__}: the class is not registered; "
                f"call session.register_state_class({cls.__name__})"
            ) from None

    def named(self, name: str) -> type:
        """Return the class that an archive calls so.

        Raises:
            RestoreError: There is none.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise RestoreError(
                f"this program knows no class {name!r:.200}; register it, or use the program that "
                "wrote the archive"
            ) from None

    def secret_fields(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The fields that no person may see, of those of these classes that have any."""
        secret = {name: getattr(self._by_name[name], "secret_fields", ()) for name in names}
        return {name: sorted(fields) for name, fields in secret.items() if fields}


def qualified_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
