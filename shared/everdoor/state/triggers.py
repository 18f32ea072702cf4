"""Named triggers, and the handlers that are called when one is activated.

Handlers are plain functions, called at once and in the order in which they were added. Nothing
here knows which triggers there are; those of a session are named in `appsession` and `models`.

The words are those of UCSF ChimeraX's triggerset.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from everdoor.state.logger import Logger


class _Answer(enum.Enum):
    DEREGISTER = "deregister"


DEREGISTER: Final = _Answer.DEREGISTER
"""What a handler returns to be called no more."""

HandlerFunction: TypeAlias = Callable[[str, Any], object]
"""Takes the trigger's name and the data of this activation; see DEREGISTER for its result."""


class TriggerHandler:
    """One function waiting for one trigger; made by `TriggerSet.add_handler`."""

    __slots__ = ("function", "trigger")

    def __init__(self, trigger: str, function: HandlerFunction) -> None:
        self.trigger = trigger
        self.function = function


class TriggerSet:
    """The triggers of one session."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger
        # A dict is a set that keeps the order in which handlers were added.
        self._handlers: dict[str, dict[TriggerHandler, None]] = {}

    def add_trigger(self, name: str) -> None:
        """Make a trigger known.

        Raises:
            KeyError: There is one of that name already.
        """
        if name in self._handlers:
            raise KeyError(f"there is a trigger {name!r} already")
        self._handlers[name] = {}

    def add_handler(self, name: str, function: HandlerFunction) -> TriggerHandler:
        """Have a function called whenever a trigger is activated.

        Returns:
            What `remove_handler` takes.

        Raises:
            KeyError: No trigger has that name.
            TypeError: The function is a coroutine function, which nobody would await.
        """
        if inspect.iscoroutinefunction(function):
            raise TypeError(
                f"handler of {name!r} must be a plain function, got a coroutine function"
            )
        handler = TriggerHandler(name, function)
        self._of(name)[handler] = None
        return handler

    def remove_handler(self, handler: TriggerHandler) -> None:
        """Call a handler no more, in an activation under way neither.

        Does nothing when the handler is gone already.

        Raises:
            KeyError: This set has no trigger of the handler's name.
        """
        self._of(handler.trigger).pop(handler, None)

    def activate_trigger(self, name: str, data: object = None) -> None:
        """Call the handlers of a trigger with its name and the data.

        A handler that fails is logged and kept, and the others are called all the same. Handlers
        added meanwhile wait for the next activation.

        Raises:
            KeyError: No trigger has that name.
        """
        handlers = self._of(name)
        for handler in tuple(handlers):
            if handler in handlers and self._call(handler, data) is DEREGISTER:
                handlers.pop(handler, None)

    def _of(self, name: str) -> dict[TriggerHandler, None]:
        try:
            return self._handlers[name]
        except KeyError:
            raise KeyError(f"no trigger {name!r}; there are {sorted(self._handlers)}") from None

    def _call(self, handler: TriggerHandler, data: object) -> object:
        try:
            return handler.function(handler.trigger, data)
        except Exception:
            function = handler.function
            called = getattr(function, "__qualname__", type(function).__qualname__)
            self._logger.bug("trigger handler failed", trigger=handler.trigger, handler=called)
            return None
