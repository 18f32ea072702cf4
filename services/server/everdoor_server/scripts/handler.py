"""`obj.scripts`: the scripts that are on one object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from everdoor_server.scripts.base import Script
from everdoor_server.scripts.index import import_script

if TYPE_CHECKING:
    from everdoor_server.objects import Object
    from everdoor_server.scripts.index import Scripts


class ScriptHandler:
    """The scripts of one object, by id; delays of its methods are not among them.

    Where a method takes a key, whatever the case, None means all.
    """

    __slots__ = ("_obj", "_scripts")

    def __init__(self, scripts: Scripts, obj: Object) -> None:
        self._scripts = scripts
        self._obj = obj

    def __iter__(self) -> Iterator[Script]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[Script]:
        return [script for script in self._scripts.of(self._obj.id) if not script.is_hidden]

    def get(self, key: str | None = None) -> list[Script]:
        """The scripts of that key."""
        wanted = None if key is None else key.casefold()
        return [each for each in self.all() if wanted in (None, each.key.casefold())]

    def has(self, key: str | None = None) -> bool:
        return bool(self.get(key))

    def add(
        self,
        typeclass: type[Script] | str,
        key: str | None = None,
        autostart: bool = True,
        **settings: Any,
    ) -> Script:
        """Make a script on the object, and start it.

        Args:
            typeclass: Its class, or the path of it.
            key, autostart, **settings: As for `create_script`.

        Raises:
            UserError: There is no such class, or the interval is none.
        """
        found = import_script(typeclass) if isinstance(typeclass, str) else typeclass
        return self._scripts.create(found, key, obj=self._obj, autostart=autostart, **settings)

    def start(self, key: str | None = None) -> int:
        """Start scripts that do not run; returns how many."""
        stopped = [script for script in self.get(key) if not script.is_active]
        for script in stopped:
            script.start()
        return len(stopped)

    def stop(self, key: str | None = None) -> int:
        """Stop scripts, which stay; returns how many."""
        found = self.get(key)
        for script in found:
            script.stop()
        return len(found)

    def delete(self, key: str | None = None) -> int:
        """Delete scripts; returns how many."""
        return sum(script.delete() for script in self.get(key))
