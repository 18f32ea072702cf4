"""A session's objects as the records of an archive, each after all that it refers to.

How records become bytes is `archivefile`'s; how they become objects again, `restoring`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from everdoor.errors import UserError
from everdoor.state.archivefile import Record, Reference
from everdoor.state.primitives import EXPECTED, find_non_primitive
from everdoor.state.snapshots import ARCHIVE, VERSION

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession


def collect_records(session: AppSession) -> list[Record]:
    """Take the snapshots of all managers that belong into an archive, and of what they refer to.

    An object whose snapshot is None is left out, and a reference to it is None.

    Raises:
        UserError: Objects refer to each other in a circle, whose path is told; a snapshot holds
            what is neither primitive nor reference, or no version; or a class is not registered.
    """
    collector = _Collector(session)
    for manager in collector.managers():
        collector.visit(manager)
    return collector.records


def schema_versions(records: list[Record]) -> dict[str, int]:
    """The version of the snapshots of each class."""
    return {record.class_name: record.data[VERSION] for record in records}


class _Visit:
    """An object whose snapshot is taken, while what it refers to is visited."""

    def __init__(self, obj: object, data: Mapping[str, object], session: AppSession) -> None:
        self.obj = obj
        self.data = data
        self.references = _references(data, session)


class _Collector:
    """Goes through objects, depth first, without recursion: a chain may be long."""

    def __init__(self, session: AppSession) -> None:
        self._session = session
        self._tags: dict[int, list[str]] = {}
        self._numbers: dict[int, int | None] = {}
        self._path: dict[int, _Visit] = {}
        # An id is an object's only while the object is there.
        self._alive: list[object] = []
        self.records: list[Record] = []

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
                if id(referred) not in self._numbers:
                    self._begin(referred)
                    break
            else:
                self._end(visit)

    def _begin(self, obj: object) -> None:
        if id(obj) in self._path:
            raise UserError(f"cannot save a circle of references: {self._circle(obj)}")
        if id(obj) in self._numbers:
            return
        self._alive.append(obj)
        data = self._snapshot(obj)
        if data is None:
            self._numbers[id(obj)] = None
        else:
            self._path[id(obj)] = _Visit(obj, data, self._session)

    def _end(self, visit: _Visit) -> None:
        obj = visit.obj
        del self._path[id(obj)]
        number = self._numbers[id(obj)] = len(self.records) + 1
        data = {name: self._stored(value) for name, value in visit.data.items()}
        name, tags = self._session.classes.name_of(type(obj)), self._tags.get(id(obj), [])
        self.records.append(Record(number, name, tags, data))

    def _snapshot(self, obj: object) -> dict[str, object] | None:
        session = self._session
        methods = session.snapshot_methods(obj)
        assert methods is not None, "managers and references have snapshot methods"
        session.classes.name_of(type(obj))  # Refuses what could not be restored.
        try:
            taken = methods.take_snapshot(obj, session, ARCHIVE)
        except TypeError as exc:
            raise UserError(f"cannot save {self._label(obj)}: {exc}") from exc
        data = None if taken is None else dict(taken)
        if data is not None:
            self._check(obj, data)
        return data

    def _check(self, obj: object, data: dict[str, object]) -> None:
        found = find_non_primitive(data, self._label(obj), self._session.is_reference)
        if found is not None:
            raise UserError(f"cannot save {found}; expected {EXPECTED}, or a reference")
        version = data.get(VERSION)
        if type(version) is not int or version < 1:
            raise UserError(f"cannot save {self._label(obj)}: its snapshot has no version")

    def _stored(self, value: object) -> object:
        if id(value) in self._numbers:
            number = self._numbers[id(value)]
            return None if number is None else Reference(number)
        match value:
            case dict():
                return {name: self._stored(item) for name, item in value.items()}
            case list():
                return [self._stored(item) for item in value]
        return value

    def _circle(self, obj: object) -> str:
        ids = list(self._path)
        visits = list(self._path.values())[ids.index(id(obj)) :]
        return " -> ".join(self._label(each) for each in [*(v.obj for v in visits), obj])

    def _label(self, obj: object) -> str:
        tags = self._tags.get(id(obj))
        name = type(obj).__qualname__
        return f"{name} {tags[0]!r}" if tags else name


def _references(value: object, session: AppSession) -> Iterator[object]:
    """The objects that a snapshot refers to, in its order; it was checked to hold nothing else."""
    if session.is_reference(value):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item, session)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, session)
