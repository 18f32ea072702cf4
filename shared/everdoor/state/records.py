"""A session's objects as the records of an archive, each after all that it refers to.

What all objects hold is taken at one moment, which nothing else can use: so nothing more is done in
it than copying, and not even that for managers that can be frozen. All else is done afterwards.

How records become bytes is `archivefile`'s; how they become objects again, `restoring`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple

from everdoor.errors import UserError
from everdoor.state.archivefile import Record, Reference
from everdoor.state.primitives import SCALARS, IsReference, copy_state
from everdoor.state.snapshots import ARCHIVE, VERSION, FrozenState, State, StateManager

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession


class Taken(NamedTuple):
    """One object at the moment of an archive.

    Fields: `obj` itself, `label` (what errors call it), `class_name` and `tags` as in its record,
    `data` (its snapshot, which shares no container with the object; other objects stand for
    references), `refers` (whether there are such).
    """

    obj: object
    label: str
    class_name: str
    tags: list[str]
    data: dict[str, object]
    refers: bool


class Collected:
    """All objects that belong into an archive, as they were when this was made.

    An object whose snapshot is None is left out, and a reference to it is None.

    Raises:
        UserError: Objects refer to each other in a circle, whose path is told; or a class is not
            registered; or a snapshot holds what is neither primitive nor reference, or no version.
    """

    def __init__(self, session: AppSession) -> None:
        self._session = session
        collector = self._collector = _Collector(session)
        managers = collector.managers()
        self._taken = [taken for manager in managers for taken in collector.visit(manager)]

    def records(self) -> Iterator[Record]:
        """All records, those of what was frozen first, each made when it is asked for.

        Raises:
            UserError: As for the whole, in what was frozen.
        """
        numbers = count(1)
        for state in self._collector.frozen_states():
            name = self._session.classes.name_of(type(state))
            snapshot = _snapshot_of(state, name, self._session)
            self._collector.number(state, number := next(numbers))
            yield Record(number, name, [], snapshot)
        # What is frozen knows of nothing else, but others may refer to it.
        for taken in chain(self._collector.visit_frozen(), self._taken):
            data = taken.data
            if taken.refers:
                data = {name: self._stored(value, taken) for name, value in data.items()}
            self._collector.number(taken.obj, number := next(numbers))
            yield Record(number, taken.class_name, taken.tags, data)

    def _stored(self, value: object, taken: Taken) -> object:
        if type(value) in SCALARS:
            return value
        match value:
            case dict():
                return {name: self._stored(item, taken) for name, item in value.items()}
            case list():
                return [self._stored(item, taken) for item in value]
        number = self._collector.numbers[id(value)]
        if number == UNNUMBERED:
            told = f"{taken.label}, which was frozen, refers to {type(value).__qualname__}"
            raise UserError(f"cannot save {told}, which was not frozen with it")
        return None if number is None else Reference(number)


class _Visit:
    """An object whose snapshot is taken, while what it refers to is visited.

    Attributes:
        data: A copy of the snapshot.
        refers: Whether it refers to others.
        references: Those, in the order of the snapshot.

    Raises:
        TypeError: A value is neither primitive nor reference.
    """

    def __init__(
        self, obj: object, label: str, data: Mapping[str, object], is_reference: IsReference
    ) -> None:
        self.obj = obj
        found: list[object] = []

        def note(value: object) -> bool:
            if is_reference(value):
                found.append(value)
                return True
            return False

        self.data = copy_state(data, label, note)
        self.refers = bool(found)
        self.references = iter(found)


UNNUMBERED = 0
"""The number of an object that has been seen and has no record yet."""


class _Collector:
    """Goes through objects, depth first, without recursion: a chain may be long.

    Attributes:
        numbers: Of the record of each object that was seen, by its id; None: it is left out.
    """

    def __init__(self, session: AppSession) -> None:
        self._session = session
        self._tags: dict[int, list[str]] = {}
        self._path: dict[int, _Visit] = {}
        self._frozen: list[StateManager] = []
        self._pairs: list[Iterable[tuple[object, State]]] = []
        self._met: list[State] = []
        self._unmet = self._meet()
        self._stands_for: dict[int, int] = {}
        # An id is an object's only while the object is there.
        self._alive: list[object] = []
        self.numbers: dict[int, int | None] = {}

    def managers(self) -> list[object]:
        """Those that belong into an archive, each once, but those that are frozen instead."""
        found: dict[int, object] = {}
        for tag, manager in self._session.state_managers_by_tag(object).items():
            if self._session.includes(manager):
                found[id(manager)] = manager
                self._tags.setdefault(id(manager), []).append(tag)
        return [manager for manager in found.values() if not self._freeze(manager)]

    def visit(self, obj: object) -> Iterator[Taken]:
        """Take an object and all that it refers to, as far as they have not been seen."""
        self._begin(obj)
        while self._path:
            visit = next(reversed(self._path.values()))
            for referred in visit.references:
                self._met.extend(self._unmet)  # It may be one of those that are frozen.
                if id(referred) not in self.numbers:
                    self._begin(referred)
                    break
            else:
                yield self._end(visit)

    def frozen_states(self) -> Iterator[FrozenState]:
        """What stands for frozen objects and is archived as it is."""
        for state in chain(self._met, self._unmet):
            if isinstance(state, FrozenState):
                yield state

    def visit_frozen(self) -> Iterator[Taken]:
        """Take all else that was frozen, once those have numbers; its managers then have some."""
        for frozen in self._frozen:
            yield from self.visit(frozen)

    def number(self, obj: object, number: int) -> None:
        """Note the number of an object's record, which is that of what it stands for as well."""
        self.numbers[id(obj)] = self.numbers[self._stands_for.get(id(obj), id(obj))] = number

    def _freeze(self, manager: object) -> bool:
        frozen = manager.freeze(self._session) if isinstance(manager, StateManager) else None
        if frozen is None or frozen.manager is manager:
            return False
        self._frozen.append(frozen.manager)
        self._tags[id(frozen.manager)] = self._tags[id(manager)]
        self._stand_for(manager, frozen.manager)
        self._pairs.append(frozen.instead)
        return True

    def _meet(self) -> Iterator[State]:
        for live, instead in chain.from_iterable(self._pairs):
            self._stand_for(live, instead)
            yield instead

    def _stand_for(self, live: object, instead: State) -> None:
        self._alive += (live, instead)
        self._stands_for[id(instead)] = id(live)
        self.numbers[id(live)] = UNNUMBERED

    def _begin(self, obj: object) -> None:
        if id(obj) in self._path:
            raise UserError(f"cannot save a circle of references: {self._circle(obj)}")
        if id(obj) in self.numbers:
            return
        self._alive.append(obj)
        data = self._snapshot(obj)
        if data is None:
            self.numbers[id(obj)] = None
        else:
            self._path[id(obj)] = self._visit_of(obj, data)

    def _visit_of(self, obj: object, data: Mapping[str, object]) -> _Visit:
        label = self._label(obj)
        try:
            visit = _Visit(obj, label, data, self._session.is_reference)
        except TypeError as exc:
            raise UserError(f"cannot save {exc}, or a reference") from None
        _check_version(visit.data, label)
        return visit

    def _end(self, visit: _Visit) -> Taken:
        obj = visit.obj
        del self._path[id(obj)]
        self.numbers[id(obj)] = UNNUMBERED
        name, tags = self._session.classes.name_of(type(obj)), self._tags.get(id(obj), [])
        return Taken(obj, self._label(obj), name, tags, visit.data, visit.refers)

    def _snapshot(self, obj: object) -> Mapping[str, object] | None:
        session = self._session
        methods = session.snapshot_methods(obj)
        assert methods is not None, "managers and references have snapshot methods"
        session.classes.name_of(type(obj))  # Refuses what could not be restored.
        try:
            return methods.take_snapshot(obj, session, ARCHIVE)
        except TypeError as exc:
            raise UserError(f"cannot save {self._label(obj)}: {exc}") from exc

    def _circle(self, obj: object) -> str:
        ids = list(self._path)
        visits = list(self._path.values())[ids.index(id(obj)) :]
        return " -> ".join(self._label(each) for each in [*(v.obj for v in visits), obj])

    def _label(self, obj: object) -> str:
        tags = self._tags.get(id(obj))
        name = type(obj).__qualname__
        return f"{name} {tags[0]!r}" if tags else name


def _snapshot_of(state: FrozenState, name: str, session: AppSession) -> dict[str, object]:
    """The snapshot of what stands for an object of this class name, and refers to none."""
    try:
        data = copy_state(state.take_snapshot(session, ARCHIVE), name)
    except TypeError as exc:
        raise UserError(f"cannot save {exc}") from exc
    _check_version(data, name)
    return data


def _check_version(data: Mapping[str, object], label: str) -> None:
    version = data.get(VERSION)
    if type(version) is not int or version < 1:
        raise UserError(f"cannot save {label}: its snapshot has no version")
