"""The world that runs: `SESSION_HANDLER` for game code, which is handed to nobody.

Several worlds may be in one process, as in tests. Which one a piece of code runs in is said around
every entry into its game (`within`, `Within`); outside of them there is none.
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

_current: ContextVar[ServerSessionHandler] = ContextVar("the sessions of the world that runs")


def current() -> ServerSessionHandler:
    """The sessions of the world that runs.

    Raises:
        RuntimeError: None does: this is no code that a server runs.
    """
    found = _current.get(None)
    if found is None:
        raise RuntimeError(
            "no world runs here: SESSION_HANDLER is for what a server runs, such as commands"
        )
    return found


@contextmanager
def within(sessions: ServerSessionHandler) -> Iterator[None]:
    """Run what follows in a world."""
    token = _current.set(sessions)
    try:
        yield
    finally:
        _current.reset(token)


class Within(Coroutine[Request, Any, Any]):
    """A command that has begun, in whose steps its own world runs."""

    __slots__ = ("_running", "_sessions")

    def __init__(self, running: Running, sessions: ServerSessionHandler) -> None:
        self._running = running
        self._sessions = sessions

    def __await__(self) -> Any:
        return self._running.__await__()

    def send(self, value: Any) -> Request:
        with within(self._sessions):
            return self._running.send(value)

    def throw(
        self,
        typ: Any,
        val: BaseException | object | None = None,
        tb: TracebackType | None = None,
    ) -> Request:
        error: Any = typ if isinstance(typ, BaseException) else (val or typ())
        with within(self._sessions):
            return self._running.throw(error)

    def close(self) -> None:
        with within(self._sessions):
            self._running.close()


class World(Protocol):
    """What has sessions: a game."""

    @property
    def sessions(self) -> ServerSessionHandler: ...


WorldT = TypeVar("WorldT", bound=World)
P = ParamSpec("P")
R = TypeVar("R")


def entry(
    method: Callable[Concatenate[WorldT, P], R],
) -> Callable[Concatenate[WorldT, P], R]:
    """Have a method of a game run in its own world, and what it begins as well."""

    @wraps(method)
    def entered(game: WorldT, /, *args: P.args, **kwargs: P.kwargs) -> R:
        token = _current.set(game.sessions)
        try:
            result = method(game, *args, **kwargs)
        finally:
            _current.reset(token)
        # Nearly every command is done by now; asking None for its class costs more than all this.
        if result is not None and isinstance(result, Coroutine):
            return cast(R, Within(result, game.sessions))
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
