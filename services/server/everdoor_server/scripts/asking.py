"""What game code calls to have things happen later, in whatever world runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, Unpack, cast, overload

from everdoor_server.current import current_world
from everdoor_server.scripts.base import Script
from everdoor_server.scripts.delays import Delay, put_off
from everdoor_server.scripts.index import Scripts, ScriptSettings, import_script

ScriptT = TypeVar("ScriptT", bound=Script)


class _World(Protocol):
    @property
    def scripts(self) -> Scripts: ...


def delay(
    seconds: float,
    callback: Callable[..., Any] | str,
    *args: Any,
    persistent: bool = False,
    **kwargs: Any,
) -> Delay:
    """Have something be called later.

    Args:
        seconds: How much later; 0: when what runs now is done.
        callback: A function or method, or the dotted path of a function. It may be `async`.
        *args, **kwargs: For it.
        persistent: Keep it in the world database: it is called once, also across reloads and
            crashes. The callback must then be a function of a module, or a method of an object or
            script, with which it goes; the arguments must be what attributes can keep.

    Returns:
        A handle to cancel it.

    Raises:
        UserError: There is no such function, or it cannot be kept, or `seconds` is no number.
        TypeError: An argument cannot be kept.
        RuntimeError: No world runs here.
    """
    return put_off(_scripts("delay"), seconds, callback, args, kwargs, persistent)


@overload
def create_script(
    typeclass: type[ScriptT], key: str | None = None, **settings: Unpack[ScriptSettings]
) -> ScriptT: ...
@overload
def create_script(
    typeclass: str, key: str | None = None, **settings: Unpack[ScriptSettings]
) -> Script: ...
def create_script(
    typeclass: type[Script] | str, key: str | None = None, **settings: Unpack[ScriptSettings]
) -> Script:
    """Make a script, and start it.

    Args:
        typeclass: Its class, or the dotted path of it.
        key: Its name; None: as the class says, else the name of the class.
        **settings: `obj`: what it is on, and is deleted with; without, it is on nothing.
            `interval`, `start_delay`, `repeats`, `persistent` and `desc` as for `Script`; what is
            not given stays as the class and `at_script_creation` say. `tags` and `attributes`: what
            it has from the beginning. `autostart` False: it waits for `start`.

    Raises:
        UserError: There is no such class, or the interval is none.
        TypeError: An attribute cannot be kept, or there is no such setting.
        RuntimeError: No world runs here.
    """
    found = import_script(typeclass) if isinstance(typeclass, str) else typeclass
    return _scripts("create_script").create(found, key, **settings)


def search_script(
    key: str | None = None, *, tag: str | None = None, category: str = ""
) -> list[Script]:
    """Scripts of a key or with a tag, by id; as `Scripts.find`.

    Raises:
        UserError: Neither is given.
        RuntimeError: No world runs here.
    """
    return _scripts("search_script").find(key, tag=tag, category=category)


def _scripts(asked: str) -> Scripts:
    return cast(_World, current_world(asked)).scripts
