"""A world's size costs nothing: what a start, a login and a turn read does not grow with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from everdoor_server.changes import Changes
from everdoor_server.commit import Change
from everdoor_server.objects import Objects, Room, Thing
from everdoor_server.restarts import Ending
from everdoor_server.testing import World
from everdoor_server.world import Store
from everdoor_server.world.starter import starter_world

PER_ROOM = 10
GROWING = ("object", "tag", "attribute")


class Reader:
    """Reads rows for a world, and notes how many they were and what was asked."""

    def __init__(self, store: Store) -> None:
        self._driver = store._driver
        self.count = 0
        self.asked: set[str] = set()

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        found = self._driver.rows(sql, parameters)
        self.count += len(found)
        self.asked.add(sql)
        return found

    def plan(self, sql: str) -> str:
        """How the database finds what is asked."""
        steps = self._driver._raw.execute(f"EXPLAIN QUERY PLAN {sql}", _Anything())
        return "; ".join(str(step[3]) for step in steps)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


class _Anything(dict[str, Any]):
    """A value for every parameter: plans do not depend on them."""

    def __missing__(self, name: str) -> int:
        return 1


@contextmanager
def world_of(folder: Path, count: int) -> Iterator[tuple[Store, Reader]]:
    """A world with so many things, and rooms for them, in a database."""
    store = Store.open(f"sqlite:///{folder}/{count}.db", seed=starter_world)
    with store.takeover("test"):
        store.add_changes(things(store, count))
    reader = store.rows._driver = Reader(store)  # type: ignore[assignment]
    yield store, reader
    store.close()


def things(store: Store, count: int) -> Iterable[Change]:
    changes = Changes()
    objects = Objects(store.rows, changes)
    for number in range(count):
        if number % PER_ROOM == 0:
            room = objects.create(Room, f"Room {number}")
        attributes = {"desc": f"Number {number}."}
        names = {"aliases": [f"t{number}"], "tags": ["small"], "attributes": attributes}
        objects.create(Thing, f"thing {number}", location=room, home=room, **names)
    return changes.take()


def played(store: Store, reader: Reader) -> list[int]:
    """Start a server's game, log in and do things; rows that each of these has read."""
    marks = [reader.count]
    world = World(rows=store.rows)  # type: ignore[arg-type]
    marks.append(reader.count)
    world.game.at_server_start(Ending.CRASH)
    marks.append(reader.count)
    anna = world.log_in("Anna")
    marks.append(reader.count)
    for line in ("look", "look bell", "say hello", "in", "get tortoise", "inventory", "ooc"):
        anna.type(line)
        marks.append(reader.count)
    return [after - before for before, after in zip(marks, marks[1:], strict=False)]


def test_what_is_read_does_not_depend_on_the_number_of_objects(tmp_path: Path) -> None:
    with world_of(tmp_path, 20) as (store, reader):
        few = played(store, reader)
    with world_of(tmp_path, 2000) as (store, reader):
        many = played(store, reader)
    assert few == many and sum(many) < 200


def test_everything_that_is_asked_is_found_by_an_index(tmp_path: Path) -> None:
    with world_of(tmp_path, 20) as (store, reader):
        played(store, reader)
        objects = Objects(store.rows, Changes())
        objects.find("thing 3")
        objects.find(tag="small")
        objects.leading_to(objects.find("bell")[0])
        plans = {sql: reader.plan(sql) for sql in reader.asked}
    scanned = [f"SCAN world_{table}" for table in GROWING]
    assert {sql: plan for sql, plan in plans.items() if any(s in plan for s in scanned)} == {}
