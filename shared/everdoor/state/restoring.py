"""An archive's records as objects again, apart from the session until all of them are there.

Staging changes nothing of the session; swapping, once everything is there, what must be.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NamedTuple

from everdoor.errors import RestoreError
from everdoor.state.archivefile import Metadata, Record, Reference, read_items
from everdoor.state.primitives import Snapshot
from everdoor.state.snapshots import ARCHIVE, StateManager

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession


class Staged(NamedTuple):
    """What an archive holds: its metadata, and state managers by tag."""

    metadata: Snapshot
    managers: dict[str, object]


def read_metadata(stream: IO[bytes]) -> Snapshot:
    """Read what an archive says of itself; what follows is not looked at.

    Raises:
        RestoreError: The archive is at fault before or within the metadata.
    """
    for item in read_items(stream):
        if isinstance(item, Metadata):
            return item.values
    raise AssertionError("an archive without metadata was read")


def stage(session: AppSession, stream: IO[bytes]) -> Staged:
    """Read an archive to its end, then build its objects.

    Raises:
        RestoreError: The archive is at fault, or an object cannot be built; the text names the
            record. No class has been asked to build anything before the archive is known whole.
    """
    metadata: Snapshot = {}
    records: list[Record] = []
    for item in read_items(stream):
        if isinstance(item, Metadata):
            metadata = item.values
        elif isinstance(item, Record):
            records.append(item)
    return Staged(metadata, _build_all(session, records))


def _build_all(session: AppSession, records: list[Record]) -> dict[str, object]:
    built: list[object] = []
    managers: dict[str, object] = {}
    for record in records:
        try:
            built.append(_build(session, record, built))
            for tag in record.tags:
                _add_manager(managers, tag, built[-1])
        except Exception as exc:
            place = f"record {record.number} of {len(records)} ({describe(record)})"
            raise RestoreError(f"cannot restore {place}: {_reason(exc)}") from exc
    return managers


def _build(session: AppSession, record: Record, built: list[object]) -> object:
    cls = session.classes.named(record.class_name)
    methods = session.snapshot_methods(cls, instance=False)
    assert methods is not None, "registered classes have snapshot methods"
    data = {name: _resolved(value, built) for name, value in record.data.items()}
    obj = methods.restore_snapshot(session, data)
    if not isinstance(obj, cls):
        raise RestoreError(f"{cls.__qualname__} was expected, got {type(obj).__qualname__}")
    return obj


def _add_manager(managers: dict[str, object], tag: str, manager: object) -> None:
    if tag in managers:
        raise RestoreError(f"there are two state managers {tag!r}")
    managers[tag] = manager


def _resolved(value: object, built: list[object]) -> object:
    match value:
        case dict():
            return {name: _resolved(item, built) for name, item in value.items()}
        case list():
            return [_resolved(item, built) for item in value]
        case Reference():
            return built[value.number - 1]
    return value


def describe(record: Record) -> str:
    """Name a record: its class, and its tag if it is a state manager."""
    return " ".join([record.class_name, *(repr(tag) for tag in record.tags)])


def _reason(exc: Exception) -> str:
    return str(exc) if isinstance(exc, RestoreError) else f"{type(exc).__name__}: {exc}"


# Into the session.


def swap(session: AppSession, staged: Staged, combine: bool) -> None:
    """Have a session hold what was staged, with nothing else or beside what it held.

    Raises:
        RestoreError: What it holds can be neither reset nor combined; it holds it as before.
    """
    if combine:
        managers = _combined(session, staged.managers)
        metadata = {**staged.metadata, **session.metadata}
    else:
        managers, metadata = staged.managers, staged.metadata
        _reset_others(session, managers)
    for tag, manager in managers.items():
        _put(session, tag, manager)
    session.metadata = metadata


def _put(session: AppSession, tag: str, manager: object) -> None:
    """Set a manager in the place of the one that has the tag, as an attribute where that was."""
    before = session.state_managers_by_tag(object).get(tag)
    is_attribute = before is not None and vars(session).get(tag) is before
    if isinstance(before, StateManager) and isinstance(manager, StateManager):
        manager.take_place(before)
    if is_attribute:
        setattr(session, tag, manager)
    session.add_state_manager(tag, manager)


def _combined(session: AppSession, managers: dict[str, object]) -> dict[str, object]:
    """What is to be put where: of managers that are on both sides, what holds both."""
    here, found = session.state_managers_by_tag(object), dict(managers)
    for tag, manager in managers.items():
        if tag not in here:
            continue
        try:
            found[tag] = _combine(session, here[tag], manager)
        except Exception as exc:
            raise RestoreError(f"cannot combine state manager {tag!r}: {_reason(exc)}") from exc
    return found


def _combine(session: AppSession, here: object, other: object) -> object:
    if isinstance(here, StateManager) and isinstance(other, type(here)):
        return here.combine_state(session, other)
    raise RestoreError(f"{type(here).__qualname__} cannot take in {type(other).__qualname__}")


def _reset_others(session: AppSession, managers: dict[str, object]) -> None:
    """Reset the managers that an archive lacks; all of them, or none."""
    here = session.state_managers_by_tag(object)
    others = [tag for tag in here if tag not in managers]
    backups = {tag: _backup(session, tag, here[tag]) for tag in others}
    for n, tag in enumerate(others):
        try:
            session.reset_state_manager(tag)
        except Exception as exc:
            for changed in others[: n + 1]:
                _put(session, changed, backups[changed]())
            raise _cannot_reset(tag, exc) from exc


def _backup(session: AppSession, tag: str, manager: object) -> Callable[[], object]:
    """What brings a manager back as it is."""
    methods = session.snapshot_methods(manager)
    try:
        if methods is None:
            copied = copy.copy(manager)
            return lambda: copied
        data = methods.take_snapshot(manager, session, ARCHIVE)
    except Exception as exc:
        raise _cannot_reset(tag, exc) from exc
    return lambda: manager if data is None else methods.restore_snapshot(session, data)


def _cannot_reset(tag: str, exc: Exception) -> RestoreError:
    return RestoreError(
        f"the archive has no state manager {tag!r}, and the present one cannot be reset: "
        f"{_reason(exc)}"
    )
