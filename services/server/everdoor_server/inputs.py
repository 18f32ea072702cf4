"""Input functions: what clients may call by name, and finding them.

A client that says something which is no line (a packet of GMCP, a variable of MSDP, a command of a
web client) has the function of that name called with the session and what it said. Those that ship
are `inputfuncs`; a game's own stand in its module `inputfuncs` and replace them by name. Who is not
logged in reaches only those that are marked for it.

Source: docs/out-of-band.md.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import structlog

from everdoor.errors import UserError
from everdoor_server.monitors import Repeatable, Variable
from everdoor_server.session import ServerSession
from everdoor_server.waits import Running

InputFunc = Callable[..., Any]
"""Called with the session, and with what the client said as arguments and keywords; what it
returns is awaited when it can be."""

FunctionT = TypeVar("FunctionT", bound=InputFunc)

DEFAULT = "default"
"""Called, with the name behind the session, for names that no function has."""

TEXT = "text"
"""Called for lines too, where a game has one of its own."""

_TAKEN = frozenset({"session", "cmdname"})
"""Keywords that functions have from us, whatever a client calls its own."""

_log = structlog.get_logger(__name__)


def before_login(function: FunctionT) -> FunctionT:
    """Mark an input function as one that clients may call which are not logged in."""
    function.before_login = True  # type: ignore[attr-defined]
    return function


def functions_of(module: ModuleType) -> dict[str, InputFunc]:
    """The input functions of a module: the public functions that it defines."""
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, FunctionType)
        and found.__module__ == module.__name__
        and not name.startswith("_")
    }


@dataclass(frozen=True)
class GameInputs:
    """What a game adds for clients to call and to ask for, by name."""

    functions: Mapping[str, InputFunc] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    repeatables: Mapping[str, Repeatable] = field(default_factory=dict)


def inputs_of(module: ModuleType) -> GameInputs:
    """What a game's module `inputfuncs` holds: functions, `VARIABLES`, `REPEATABLES`.

    Raises:
        UserError: One of the tables is none of functions by name.
    """
    return GameInputs(
        functions_of(module), _table(module, "VARIABLES"), _table(module, "REPEATABLES")
    )


def _table(module: ModuleType, name: str) -> Mapping[str, Callable[[ServerSession], Any]]:
    found = getattr(module, name, {})
    if not isinstance(found, Mapping) or not all(
        isinstance(key, str) and key == key.lower() and callable(value)
        for key, value in found.items()
    ):
        raise UserError(f"{name}: expected functions by names in lower case, got {found!r:.200}")
    return found


class InputFunctions:
    """The input functions of one world.

    Args:
        shipped: By name.
        own: The game's, which come first.
    """

    def __init__(self, shipped: Mapping[str, InputFunc], own: Mapping[str, InputFunc]) -> None:
        self._functions = {**shipped, **own}
        self.takes_lines = TEXT in own
        self._begun: list[Running] = []

    def all(self) -> dict[str, InputFunc]:
        """By name."""
        return dict(self._functions)

    def began(self, running: Running | None) -> Running | None:
        """Have a command that a function has begun run to its end, whatever the function does with
        it."""
        if running is not None:
            self._begun.append(running)
        return running

    def call(
        self, session: ServerSession, name: str, args: list[Any], options: dict[str, Any]
    ) -> Running | None:
        """Call the function of a name.

        Returns:
            The rest of what waits, None when it is done.
        """
        self._begun.clear()
        function = self._functions.get(name)
        named = [session] if function is not None else [session, name]
        function = function or self._functions[DEFAULT]
        if not session.logged_in and not getattr(function, "before_login", False):
            _log.debug("not before the login", session=str(session.key), name=name)
            return None
        keywords = {key: value for key, value in options.items() if key not in _TAKEN}
        result = function(*named, *args, **keywords)
        waiting = [result] if isinstance(result, Coroutine) else []
        waiting += [running for running in self._begun if running is not result]
        self._begun.clear()
        return waiting[0] if len(waiting) == 1 else _one_by_one(waiting) if waiting else None


async def _one_by_one(waiting: list[Running]) -> None:
    for running in waiting:
        await running
