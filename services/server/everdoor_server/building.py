"""A world as code: steps that build it, each done once in the life of a world.

A game's module `world` names its steps as `BUILD`. What was done is kept in the world itself, by
the names of the functions, so that a step that is added later builds onto a world that people play
in already. Steps run in the transaction in which a server takes the world over: all of them are
done and noted, or none is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from everdoor.errors import UserError

Step: TypeAlias = Callable[..., object]
"""Builds a part of the world; it may take the game as its argument."""

_DONE = "built {}"


class _Register(Protocol):
    def get(self, name: str) -> int: ...
    def set(self, name: str, number: int) -> None: ...


class _Objects(Protocol):
    def start_location(self) -> Any: ...


class Built(Protocol):
    """What steps build on: a game."""

    @property
    def register(self) -> _Register: ...
    @property
    def objects(self) -> _Objects: ...


def steps_of(found: object) -> tuple[Step, ...]:
    """The steps that a `BUILD` names.

    Raises:
        UserError: It is no list of functions, or two of them have the same name.
    """
    if not isinstance(found, list | tuple) or not all(callable(step) for step in found):
        raise UserError(f"BUILD: expected a tuple of functions, got {found!r:.60}")
    names = [_name(step) for step in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"BUILD: {twice} is there twice; each step is known by its name")
    return tuple(found)


def build(steps: Iterable[Step], game: Built) -> list[str]:
    """Do the steps that this world has not seen, in order.

    Returns:
        The names of those that were done.

    Raises:
        UserError: When all is done, there is still no room where players begin.
        Exception: Whatever a step raises.
    """
    due = [step for step in steps if not game.register.get(_DONE.format(_name(step)))]
    for step in due:
        step(game) if inspect.signature(step).parameters else step()
        game.register.set(_DONE.format(_name(step)), 1)
    if due and game.objects.start_location() is None:
        raise UserError(
            "BUILD has made no room where players begin: call "
            "game.objects.set_start_location(room) in its first step"
        )
    return [_name(step) for step in due]


def _name(step: Step) -> str:
    return getattr(step, "__name__", type(step).__name__)
