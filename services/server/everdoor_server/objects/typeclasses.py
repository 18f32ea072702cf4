"""Classes of objects by what builders call them: among those that are loaded, nothing is imported.

A builder names a class by its path or the end of it, `Lamp` or `objects.Lamp`; what a name could
make the server import is the business of developers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TypeVar

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.classpaths import path_of
from everdoor_server.objects.base import Object

ObjectT = TypeVar("ObjectT", bound=Object)

SHIPPED = "everdoor_server."
"""How the paths of what ships begin; a game's own class of the same name comes first."""


def find_typeclass(name: str, base: type[ObjectT]) -> type[ObjectT]:
    """The class of that path, or the only one whose path ends so.

    Args:
        base: It must be this or below it.

    Raises:
        UserError: There is none, or there are several.
    """
    known = {path_of(cls): cls for cls in _loaded(base)}
    if name in known:
        return known[name]
    ending = [path for path in known if path.casefold().endswith(f".{name.casefold()}")]
    own = [path for path in ending if not path.startswith(SHIPPED)]
    found = own or ending
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise UserError(f"'{escape(name)}' is one of several: {', '.join(sorted(found))}.")
    raise UserError(
        f"There is no class '{escape(name)}' here; there is {', '.join(sorted(known))}."
    )


def _loaded(base: type[ObjectT]) -> Iterator[type[ObjectT]]:
    """A class and those below it, as they are now: code that a reload has replaced is left out."""
    if getattr(sys.modules.get(base.__module__), base.__name__, None) is base:
        yield base
    for below in base.__subclasses__():
        yield from _loaded(below)
