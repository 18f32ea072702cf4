"""Ends and starts of a server: how each is called, and which hooks of the game it runs.

The table is docs/sessions.md's "What survives what". How a server is stopped, switched and
started is done in `everdoor_server.worker` and the supervisor; what the hooks do is the game's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, TypeAlias


class Ending(StrEnum):
    """How a generation ended; kept in the database by its last turn."""

    CRASH = "crash"
    """It did not say: the process was killed, or the database would not take a turn."""
    RELOAD = "reload"
    """New code; sessions, logins and puppets go on."""
    RESET = "reset"
    """New code; logins go on, puppets are released and taken again."""
    STOP = "stop"
    """No server until it is started again; otherwise as a reset."""


STOP_HOOKS: Mapping[Ending, tuple[str, ...]] = {
    Ending.CRASH: (),
    Ending.RELOAD: ("at_server_reload_stop", "at_server_stop"),
    Ending.RESET: ("at_server_cold_stop", "at_server_stop"),
    Ending.STOP: ("at_server_cold_stop", "at_server_stop"),
}

START_HOOKS: Mapping[Ending, tuple[str, ...]] = {
    Ending.CRASH: ("at_server_init", "at_server_crash_start", "at_server_start"),
    Ending.RELOAD: ("at_server_init", "at_server_reload_start", "at_server_start"),
    Ending.RESET: ("at_server_init", "at_server_cold_start", "at_server_start"),
    Ending.STOP: ("at_server_init", "at_server_cold_start", "at_server_start"),
}

RESUME_HOOKS: Mapping[Ending, tuple[str, ...]] = {
    Ending.CRASH: (),
    Ending.RELOAD: ("at_server_reload_start", "at_server_start"),
    Ending.RESET: ("at_server_cold_start", "at_server_start"),
    Ending.STOP: ("at_server_cold_start", "at_server_start"),
}
"""What a server runs whose planned end was called off after its stop hooks."""

Hook: TypeAlias = Callable[..., object]


class Hooks(Protocol):
    """Where the hooks of a game are looked up."""

    def get(self, name: str) -> Hook | None:
        """The hook of that name, None when the game has none."""


class ModuleHooks:
    """Hooks as functions of a module, which may take the game as their argument."""

    def __init__(self, module: object | None = None) -> None:
        self._module = module

    def get(self, name: str) -> Hook | None:
        hook = getattr(self._module, name, None)
        return hook if callable(hook) else None


def run_hooks(hooks: Hooks, names: tuple[str, ...], game: Any) -> None:
    """Run those hooks that there are, in order; what one raises is the caller's."""
    for name in names:
        hook = hooks.get(name)
        if hook is not None:
            hook(game) if inspect.signature(hook).parameters else hook()


def releases_puppets(ending: Ending) -> bool:
    """Whether players leave their characters and take them again."""
    return ending in (Ending.RESET, Ending.STOP)
