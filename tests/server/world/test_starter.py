from __future__ import annotations

from pathlib import Path

import pytest

from everdoor_server.accounts import Accounts
from everdoor_server.changes import Changes
from everdoor_server.objects import Exit, Object, Objects, Room, Thing
from everdoor_server.rows import MemoryRows
from everdoor_server.world import Store
from everdoor_server.world.starter import Lodger, starter_world
from stage import Stage


@pytest.fixture
def objects() -> Objects:
    rows = MemoryRows()
    rows.apply(starter_world())
    return Objects(rows, Changes())


def start(objects: Objects) -> Object:
    found = objects.start_location()
    assert found is not None
    return found


def rooms(objects: Objects) -> set[Object]:
    """Every room that can be walked to from the start."""
    found, waiting = {start(objects)}, [start(objects)]
    while waiting:
        for way in waiting.pop().exits:
            if way.destination is not None and way.destination not in found:
                found.add(way.destination)
                waiting.append(way.destination)
    return found


def test_every_room_can_be_reached_and_left_again(objects: Objects) -> None:
    found = rooms(objects)
    assert 7 <= len(found) <= 9
    assert all(isinstance(room, Room) and room.db.desc for room in found)
    for room in found:
        assert all(
            room in [back.destination for back in way.destination.exits] for way in room.exits
        )  # type: ignore[union-attr]


def test_no_room_has_two_exits_of_one_name(objects: Objects) -> None:
    for room in rooms(objects):
        names = [name for way in room.exits for name in way.folded_names()]
        assert len(names) == len(set(names)), room.key


def test_everything_is_described_and_some_things_can_be_taken(objects: Objects) -> None:
    things = [obj for room in rooms(objects) for obj in room.contents if type(obj) is Thing]
    assert all(thing.db.desc for thing in things)
    nobody = objects.create(Lodger, "Nobody")
    taken = {thing.key for thing in things if thing.access(nobody, "get")}
    assert {"pear", "rolled map"} <= taken
    assert "great lamp" not in taken


def test_exits_are_described(objects: Objects) -> None:
    ways = [way for room in rooms(objects) for way in room.exits]
    assert all(type(way) is Exit and way.db.desc for way in ways)


def test_new_character_carries_a_key_with_its_name() -> None:
    stage = Stage()
    accounts = Accounts(stage.objects, stage.options, character_class=Lodger)
    anna = accounts.vouched(1, "Anna", False).characters[0]
    key = anna.contents[0]
    assert key.key == "brass key"
    assert "its bow: Anna." in key.db.desc


def test_starter_world_is_read_from_a_new_database(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/world.db", seed=starter_world)
    objects = Objects(store.rows, Changes())
    assert start(objects).key == "The Front Step"
    assert objects.create(Thing, "new").id == store.rows.counter("object") + 1
    store.close()
