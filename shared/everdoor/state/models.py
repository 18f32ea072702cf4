"""The live objects of an application session, each with a number.

What an object is and does is said by its class; Models knows which there are. Players' sessions
have a handler and numbers of their own and need not be models.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from everdoor.errors import RestoreError
from everdoor.state.snapshots import REBOOT, SnapshotFlag, State, StateManager

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession

ADD_MODELS: Final = "add models"
"""Trigger: models were added. Its data is the list of them."""

REMOVE_MODELS: Final = "remove models"
"""Trigger: models were removed. Its data is the list of them."""


class Model(State):
    """A live object.

    Attributes:
        id: Its number, from 1, while it is in a session's models; None before and after. Set
            before it is added, it is the number that the object asks for.
    """

    id: int | None = None


ModelT = TypeVar("ModelT", bound=Model)


class Models(StateManager):
    """All live objects of one session, by number. A number is never given out twice."""

    def __init__(self, session: AppSession) -> None:
        self._session = session
        self._models: dict[int, Model] = {}
        self._next_id = 1

    def add(self, models: Iterable[Model]) -> None:
        """Add objects; those whose id is None get the next numbers. All are added, or none.

        Raises:
            ValueError: An object is there already or named twice, or its id is taken or below 1.
        """
        added = list(models)
        self._insert(added)
        self._session.triggers.activate_trigger(ADD_MODELS, added)

    def remove(self, models: Iterable[Model]) -> None:
        """Remove objects, whose id becomes None. All are removed, or none.

        Raises:
            ValueError: An object is not there, or named twice.
        """
        removed = list(models)
        numbers = {model.id for model in removed if self._has(model)}
        if len(numbers) != len(removed):
            raise ValueError("objects to remove must be in this session's models, each named once")
        self._models = {n: model for n, model in self._models.items() if n not in numbers}
        for model in removed:
            model.id = None
        self._session.triggers.activate_trigger(REMOVE_MODELS, removed)

    @overload
    def list(self) -> builtins.list[Model]: ...

    @overload
    def list(self, type: type[ModelT]) -> builtins.list[ModelT]: ...

    def list(self, type: type[Model] = Model) -> builtins.list[Any]:
        """Return the objects of that type, in the order in which they were added."""
        return [model for model in self._models.values() if isinstance(model, type)]

    def have_id(self, id: int) -> bool:
        """Say whether there is an object of that number."""
        return id in self._models

    def reset_state(self, session: AppSession) -> None:
        """Remove all objects; their numbers stay used."""
        self.remove(self.list())

    def take_snapshot(
        self, session: AppSession, flags: SnapshotFlag
    ) -> Mapping[str, object] | None:
        """Refer to each object beside its number; None for portals, which hold no objects."""
        if REBOOT in flags:
            return None
        models = [[number, model] for number, model in self._models.items()]
        return {"version": self.state_version, "next_id": self._next_id, "models": models}

    @classmethod
    def restore_snapshot(cls, session: AppSession, data: Mapping[str, object]) -> Self:
        """Build models that hold the objects in the data, apart from the session's own.

        No trigger is activated.

        Raises:
            RestoreError: As for State; or what is listed is no object with a number of its own.
        """
        fields = cls.current_data(session, data)
        restored = cls(session)
        next_id, models = fields.get("next_id"), fields.get("models")
        if type(next_id) is not int or not isinstance(models, list):
            raise RestoreError(f"{cls.__qualname__}: expected next_id and a list of models")
        try:
            restored._insert([_numbered(entry) for entry in models])
        except ValueError as exc:
            raise RestoreError(f"{cls.__qualname__}: {exc}") from exc
        restored._next_id = max(restored._next_id, next_id)
        return restored

    def combine_state(self, session: AppSession, other: Self) -> Self:
        """Hold the objects of both; those of the other one get new ids where theirs are taken.

        No trigger is activated.
        """
        combined = type(self)(session)
        combined._models = dict(self._models)
        combined._next_id = max(self._next_id, other._next_id)
        for model in other.list():
            if model.id in combined._models:
                model.id = None
        combined._insert(other.list())
        return combined

    def _insert(self, added: builtins.list[Model]) -> None:
        asked = [model.id for model in added if model.id is not None]
        unused = count(max([self._next_id, *(number + 1 for number in asked)]))
        numbers = [next(unused) if model.id is None else model.id for model in added]
        objects = {id(model) for model in added}
        if min(len(set(numbers)), len(objects)) < len(added):
            raise ValueError("objects to add must be named once and ask for different ids")
        if bad := [number for number in numbers if number < 1 or number in self._models]:
            raise ValueError(f"id {bad[0]} is taken, or below 1")
        for number, model in zip(numbers, added, strict=True):
            model.id = number
            self._models[number] = model
        self._next_id = max([self._next_id, *(number + 1 for number in numbers)])

    def _has(self, model: Model) -> bool:
        return model.id is not None and self._models.get(model.id) is model


def _numbered(entry: object) -> Model:
    """Read one entry of a snapshot, a number and the object that is to have it."""
    match entry:
        case [int(number), Model() as model]:
            model.id = number
            return model
    raise ValueError(f"expected a number and an object, got {entry!r:.60}")
