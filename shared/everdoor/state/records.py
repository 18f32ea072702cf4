"""A session's objects as the records of an archive, each after all that it refers to.

What all objects hold is taken at one moment, which nothing else can use: so nothing more is done in
it than copying. Whether what was copied can be archived is looked at afterwards.

How records become bytes is `archivefile`'s; how they become objects again, `restoring`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from everdoor.errors import UserError
from everdoor.state.archivefile import Record, Reference
from everdoor.state.primitives import EXPECTED, MAX_DEPTH, SCALARS, IsReference, find_non_primitive
from everdoor.state.snapshots import ARCHIVE, VERSION

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession


class Taken(NamedTuple):
    """One object at the moment of an archive.

    Fields: `label` (what errors call it), `class_name` and `tags` as in its record, `data` (its
    snapshot, which shares no container with the object; other objects stand for references).
    """

    label: str
    class_name: str
    tags: list[str]
    data: dict[str, object]


class Collected:
    """All objects that belong into an archive, as they were when this was made.

    An object whose snapshot is None is left out, and a reference to it is None.

    Raises:
        UserError: Objects refer to each other in a circle, whose path is told; or a class is not
            registered.
    """

    def __init__(self, session: AppSession) -> None:
        collector = _Collector(session)
        for manager in collector.managers():
            collector.visit(manager)
        self._taken = collector.taken
        self._numbers = collector.numbers
        # An id is an object's only while the object is there.
        self._alive = collector.alive
        self._is_reference = session.is_reference

    def records(self) -> Iterator[Record]:
        """All records, each checked and made when it is asked for.

        Raises:
            UserError: A snapshot holds what is neither primitive nor reference, or no version.
        """
        for number, taken in enumerate(self._taken, start=1):
            self._check(taken)
            data = {name: self._stored(value) for name, value in taken.data.items()}
            yield Record(number, taken.class_name, taken.tags, data)

    def _check(self, taken: Taken) -> None:
        found = find_non_primitive(taken.data, taken.label, self._is_reference)
        if found is not None:
            raise UserError(f"cannot save {found}; expected {EXPECTED}, or a reference")
        version = taken.data.get(VERSION)
        if type(version) is not int or version < 1:
            raise UserError(f"cannot save {taken.label}: its snapshot has no version")

    def _stored(self, value: object) -> object:
        if type(value) in SCALARS:
            return value
        match value:
            case dict():
                return {name: self._stored(item) for name, item in value.items()}
            case list():
                return [self._stored(item) for item in value]
        number = self._numbers[id(value)]
        return None if number is None else Reference(number)


class _Visit:
    """An object whose snapshot is taken, while what it refers to is visited."""

    def __init__(self, obj: object, data: Mapping[str, object], is_reference: IsReference) -> None:
        self.obj = obj
        found: list[object] = []
        self.data = _copied_dict(data, is_reference, found, MAX_DEPTH)
        self.references = iter(found)


class _Collector:
    """Goes through objects, depth first, without recursion: a chain may be long."""

    def __init__(self, session: AppSession) -> None:
        self._session = session
        self._tags: dict[int, list[str]] = {}
        self._path: dict[int, _Visit] = {}
        self.numbers: dict[int, int | None] = {}
        self.alive: list[object] = []
        self.taken: list[Taken] = []

    def managers(self) -> list[object]:
        """Those that belong into an archive, each once."""
        found: dict[int, object] = {}
        for tag, manager in self._session.state_managers_by_tag(object).items():
            if self._session.includes(manager):
                found[id(manager)] = manager
                self._tags.setdefault(id(manager), []).append(tag)
        return list(found.values())

    def visit(self, obj: object) -> None:
        self._begin(obj)
        while self._path:
            visit = next(reversed(self._path.values()))
            for referred in visit.references:
                if id(referred) not in self.numbers:
                    self._begin(referred)
                    break
            else:
                self._end(visit)

    def _begin(self, obj: object) -> None:
        if id(obj) in self._path:
            raise UserError(f"cannot save a circle of references: {self._circle(obj)}")
        if id(obj) in self.numbers:
            return
        self.alive.append(obj)
        data = self._snapshot(obj)
        if data is None:
            self.numbers[id(obj)] = None
        else:
            self._path[id(obj)] = _Visit(obj, data, self._session.is_reference)

    def _end(self, visit: _Visit) -> None:
        obj = visit.obj
        del self._path[id(obj)]
        name, tags = self._session.classes.name_of(type(obj)), self._tags.get(id(obj), [])
        self.taken.append(Taken(self._label(obj), name, tags, visit.data))
        self.numbers[id(obj)] = len(self.taken)

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


def _copied_dict(
    data: Mapping[str, object], is_reference: IsReference, found: list[object], depth: int
) -> dict[str, object]:
    """Copy what a snapshot holds as deep as it may be; the references in it are `found`, in its
    order. What does not belong there stays, and is refused when it is checked."""
    copied = dict(data)
    for name, item in data.items():
        if type(item) not in SCALARS:
            copied[name] = _copied(item, is_reference, found, depth - 1)
    return copied


def _copied(value: object, is_reference: IsReference, found: list[object], depth: int) -> object:
    if type(value) is dict:
        return _copied_dict(value, is_reference, found, depth) if depth else value
    if type(value) is list:
        if not depth:
            return value
        return [
            item if type(item) in SCALARS else _copied(item, is_reference, found, depth - 1)
            for item in value
        ]
    if is_reference(value):
        found.append(value)
    return value
