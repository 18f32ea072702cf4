"""The world that runs: what `SESSION_HANDLER`, `delay` and the like are about.

They are handed to nobody, as game code imports them. Several worlds may be in one process, as in
tests. Which one a piece of code runs in is said around every entry into its game (`within`,
`Within`); outside of them there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.waits import Request, Running


class World(Protocol):
    """What has sessions: a game."""

    @property
    def sessions(self) -> ServerSessionHandler: ...


_current: ContextVar[World] = ContextVar("the world that runs")


def current_world(asked: str) -> World:
    """The world that runs.

    Args:
        asked: The public name that asks, for the error.

    Raises:
        RuntimeError: None does: this is no code that a server runs.
    """
    found = _current.get(None)
    if found is None:
        raise RuntimeError(
            f"no world runs here: {asked} is for what a server runs, such as commands"
        )
    return found


def current() -> ServerSessionHandler:
    """The sessions of the world that runs; raises as `current_world`."""
    return current_world("SESSION_HANDLER").sessions


@contextmanager
def within(world: World) -> Iterator[None]:
    """Run what follows in a world."""
    token = _current.set(world)
    try:
        yield
    finally:
        _current.reset(token)


class Within(Coroutine[Request, Any, Any]):
    """A command that has begun, in whose steps its own world runs."""

    __slots__ = ("_running", "_world")

    def __init__(self, running: Running, world: World) -> None:
        self._running = running
        self._world = world

    def __await__(self) -> Any:
        return self._running.__await__()

    def send(self, value: Any) -> Request:
        with within(self._world):
            return self._running.send(value)

    def throw(
        self,
        typ: Any,
        val: BaseException | object | None = None,
        tb: TracebackType | None = None,
    ) -> Request:
        error: Any = typ if isinstance(typ, BaseException) else (val or typ())
        with within(self._world):
            return self._running.throw(error)

    def close(self) -> None:
        with within(self._world):
            self._running.close()


WorldT = TypeVar("WorldT", bound=World)
P = ParamSpec("P")
R = TypeVar("R")


def entry(
    method: Callable[Concatenate[WorldT, P], R],
) -> Callable[Concatenate[WorldT, P], R]:
    """Have a method of a game run in its own world, and what it begins as well."""

    @wraps(method)
    def entered(game: WorldT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        token = _current.set(game)
        try:
            result = method(game, *args, **kwargs)
        finally:
            _current.reset(token)
        # Nearly every command is done by now; asking None for its class costs more than all this.
        if result is not None and isinstance(result, Coroutine):
            return cast(R, Within(result, game))
        return result

    return entered


class _Current:
    """Whatever world runs when it is asked."""

    def __getattr__(self, name: str) -> Any:
        return getattr(current(), name)

    def __len__(self) -> int:
        return len(current())

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(current())

    def __contains__(self, sessid: object) -> bool:
        return sessid in current()

    def __getitem__(self, sessid: int) -> Any:
        return current()[sessid]


SESSION_HANDLER: Final = cast(ServerSessionHandler, _Current())
"""The handler of the world that runs."""

SESSIONS: Final = SESSION_HANDLER
