"""Calls that happen later: `delay`, kept in memory, or with `persistent` in the world database.

A persistent one is kept as a hidden script, so that it is counted, run once and set aside like any
other. What it calls must be found again by name: a function of a module, or a method of an object
or script, with which it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import ismethod
from typing import TYPE_CHECKING, Any, ClassVar

from everdoor.errors import UserError
from everdoor_server.scripts.base import Script

if TYPE_CHECKING:
    from everdoor_server.scripts.index import Scripts

CALL = "call"
"""The attribute in which a persistent delay keeps what it calls."""


class DelayedCall(Script):
    """A persistent delay."""

    path: ClassVar[str] = "everdoor_server.scripts.DelayedCall"
    is_hidden: ClassVar[bool] = True

    def wait(self, seconds: float) -> None:
        """Have it be due in so many seconds."""
        self._active = True
        self._set_due(self.scripts.now() + seconds)

    def fire(self) -> Any:
        """Call what it was made for; it is gone with that."""
        kept = self.attributes.get(CALL)
        self.scripts.forget(self)
        path, method, of_script, args, kwargs = kept
        target: Any = self.scripts.get(of_script) if of_script else self.obj
        if not method:
            return found_by_path(path)(*args, **kwargs)
        return getattr(target, method)(*args, **kwargs) if target is not None else None


class Delay:
    """A call that was put off; what `delay` returns.

    Attributes:
        id: Names a persistent one in its world; None for others.
    """

    def __init__(
        self, scripts: Scripts, call: Callable[[], Any] | DelayedCall, name: str = ""
    ) -> None:
        self._scripts = scripts
        self._call = call
        self._name = name
        self.id = call.id if isinstance(call, DelayedCall) else None

    def __repr__(self) -> str:
        return f"<Delay, {self.seconds_left:.1f} s left>" if self.is_pending else "<Delay, over>"

    @property
    def is_pending(self) -> bool:
        """Whether it has neither been called nor cancelled."""
        return self._due_s is not None

    @property
    def seconds_left(self) -> float:
        """How long it has still to wait; 0 when it is over."""
        due_s = self._due_s
        return 0.0 if due_s is None else max(0.0, due_s - self._scripts.now())

    def cancel(self) -> bool:
        """Have it never be called; False when it is over already."""
        if not self.is_pending:
            return False
        if isinstance(self._call, DelayedCall):
            self._scripts.forget(self._call)
        else:
            self._scripts.timers.set(self, None)
        return True

    def fire(self) -> None:
        """Call it; only those that are not persistent are called by this."""
        assert not isinstance(self._call, DelayedCall), "a persistent one is called by its script"
        self._scripts.call(f"delay of {self._name}", self._call)

    @property
    def _due_s(self) -> float | None:
        return self._scripts.timers.due_of(self if self.id is None else self.id)


def put_off(
    scripts: Scripts,
    seconds: float,
    callback: Callable[..., Any] | str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    persistent: bool,
) -> Delay:
    """Have something be called later; see `asking.delay`."""
    if not (isinstance(seconds, int | float) and 0 <= seconds < float("inf")):
        raise UserError(f"a delay takes a number of seconds, 0 or more; got {seconds!r:.40}")
    if persistent:
        delayed = _kept(scripts, callback, args, kwargs)
        delayed.wait(seconds)
        return Delay(scripts, delayed)
    call = found_by_path(callback) if isinstance(callback, str) else callback
    name = getattr(call, "__qualname__", repr(call))
    put = Delay(scripts, lambda: None if _is_gone(call) else call(*args, **kwargs), name)
    scripts.timers.set(put, scripts.now() + seconds)
    return put


def _kept(
    scripts: Scripts,
    callback: Callable[..., Any] | str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> DelayedCall:
    path, method, script_id, obj = _named(scripts, callback)
    kept = [path, method, script_id, list(args), kwargs]
    key = path or method
    return scripts.create(DelayedCall, key, obj=obj, attributes={CALL: kept}, autostart=False)


def _named(scripts: Scripts, callback: Callable[..., Any] | str) -> tuple[str, str, int, Any]:
    """What names a callback: its path; or a method and the script, or the object, that has it."""
    if isinstance(callback, str):
        found_by_path(callback)
        return callback, "", 0, None
    if ismethod(callback):
        target, name = callback.__self__, callback.__name__
        if getattr(target, name, None) == callback:
            if isinstance(target, Script) and not target.is_deleted:
                return "", name, target.id, target.obj
            if scripts.objects.object_id(target) is not None:
                return "", name, 0, target
    module, name = getattr(callback, "__module__", ""), getattr(callback, "__qualname__", "")
    path = f"{module}.{name}"
    if "." in name or not module or _by_path(path) is not callback:
        raise UserError(
            "a persistent delay calls a function of a module, or a method of an object or a "
            f"script, which can be found again by its name; got {callback!r:.80}"
        )
    return path, "", 0, None


def found_by_path(path: str) -> Callable[..., Any]:
    """The function of a dotted path.

    Raises:
        UserError: There is none.
    """
    found: Callable[..., Any] | None = _by_path(path)
    if not callable(found):
        raise UserError(f"a delay calls {path!r}, which is no function of a module")
    return found


def _by_path(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name, None)
    except (ImportError, ValueError):
        return None


def _is_gone(call: Any) -> bool:
    """Whether it is a method of something that was deleted meanwhile."""
    return bool(getattr(getattr(call, "__self__", None), "is_deleted", False))
