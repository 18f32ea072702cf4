"""What differs between two archives, field by field, without building an object.

Records are numbered anew in every archive, so they are matched by what they are: a state manager by
its tag, another object by its class and the first of IDENTITY that tells its class's objects
apart in both archives, else by its place among those of its class. References are compared by what
they refer to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from everdoor.archive.dump import show_value
from everdoor.archive.files import read
from everdoor.archive.secrets import Secrets
from everdoor.state import AppSession
from everdoor.state.archivefile import Item, Metadata, Record, Reference, Schemas

IDENTITY: Final = ("key", "sessid", "id", "uid", "name")
"""Fields that may tell one object from the others of its class, the best first."""

ABSENT: Final = "(absent)"


class Difference(msgspec.Struct, frozen=True):
    """One difference.

    Attributes:
        where: `metadata`, `schemas`, or what names the record, such as `models` or
            `Ship name="Bounty"`.
        field: Of the record; empty: the whole record is on one side only.
        before, after: As text, `(absent)` on the side that has none.
    """

    where: str
    field: str
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.where}.{self.field}" if self.field else self.where
        return f"{place}: {self.before} -> {self.after}"


def compare(session: AppSession, before: str | Path, after: str | Path) -> list[Difference]:
    """Compare two archive files.

    Args:
        session: Whose classes say which fields are secret; these are compared as `***`.

    Raises:
        UserError: A file cannot be read.
        RestoreError: A file is no whole archive.
    """
    return differences(session, read(before), read(after))


def differences(
    session: AppSession, before: Iterable[Item], after: Iterable[Item]
) -> list[Difference]:
    """Compare two archives as they were read: metadata, schema versions, then records."""
    old, new = _Archive(session, before), _Archive(session, after)
    fields = _identity_fields(old, new)
    old.name_records(fields)
    new.name_records(fields)
    return [
        *_fields("metadata", old.metadata, new.metadata),
        *_fields("schemas", old.schemas, new.schemas),
        *_records(old.shown(), new.shown()),
    ]


class _Archive:
    """One side: what it holds, and what each record is called."""

    def __init__(self, session: AppSession, items: Iterable[Item]) -> None:
        self.metadata: Mapping[str, object] = {}
        self.schemas: Mapping[str, object] = {}
        self.records: list[tuple[Record, Mapping[str, object]]] = []
        self._names: list[str] = []
        secrets = Secrets(session)
        for item in items:
            match item:
                case Metadata(values):
                    self.metadata = values
                    secrets.learn(values)
                case Schemas(versions):
                    self.schemas = versions
                case Record():
                    self.records.append((item, secrets.mask(item)))

    def name_records(self, identity: Mapping[str, str | None]) -> None:
        """Name all records, by the field that tells objects of a class apart."""
        places: Counter[str] = Counter()
        for record, data in self.records:
            name = record.class_name
            places[name] += 1
            if record.tags:
                self._names.append(" ".join(record.tags))
            elif field := identity.get(name):
                self._names.append(f"{name} {field}={show_value(data[field])}")
            else:
                self._names.append(f"{name} #{places[name]}")

    def shown(self) -> dict[str, dict[str, str]]:
        """The fields of every record as text, by its name."""
        found: dict[str, dict[str, str]] = {}
        for name, (_, data) in zip(self._names, self.records, strict=True):
            found[name] = {field: show_value(value, self._name) for field, value in data.items()}
        return found

    def _name(self, reference: Reference) -> str:
        return f"@{self._names[reference.number - 1]}"


def _identity_fields(*archives: _Archive) -> dict[str, str | None]:
    """For each class the field that tells its objects apart in all archives, or None."""
    by_class: dict[str, list[list[Mapping[str, object]]]] = {}
    for n, archive in enumerate(archives):
        for record, data in archive.records:
            if not record.tags:
                sides = by_class.setdefault(record.class_name, [[] for _ in archives])
                sides[n].append(data)
    return {
        name: next((field for field in IDENTITY if all(_tells(field, s) for s in sides)), None)
        for name, sides in by_class.items()
    }


def _tells(field: str, objects: list[Mapping[str, object]]) -> bool:
    values = [data.get(field) for data in objects]
    return all(type(value) in (int, str) for value in values) and len(set(values)) == len(values)


def _fields(
    where: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Difference]:
    for field in dict.fromkeys([*before, *after]):
        old, new = _side(before, field), _side(after, field)
        if old != new:
            yield Difference(where, field, old, new)


def _side(values: Mapping[str, object], field: str) -> str:
    return show_value(values[field]) if field in values else ABSENT


def _records(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield Difference(name, "", _whole(old), _whole(new))
            continue
        for field in dict.fromkeys([*old, *new]):
            if old.get(field) != new.get(field):
                yield Difference(name, field, old.get(field, ABSENT), new.get(field, ABSENT))


def _whole(fields: Mapping[str, str] | None) -> str:
    if fields is None:
        return ABSENT
    return "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"
