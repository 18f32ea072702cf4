from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from everdoor.errors import UserError
from everdoor_server.changes import Changes
from everdoor_server.commit import Change
from everdoor_server.objects import (
    Character,
    Exit,
    Objects,
    Room,
    Thing,
    import_typeclass,
)
from everdoor_server.rows import MemoryRows, ObjectRow
from stage import Stage


class CountingRows(MemoryRows):
    """Counts how many objects were read."""

    def __init__(self) -> None:
        super().__init__()
        self.objects_read = 0

    def object(self, object_id: int) -> ObjectRow | None:
        self.objects_read += 1
        return super().object(object_id)

    def contents(self, location_id: int) -> list[ObjectRow]:
        found = super().contents(location_id)
        self.objects_read += len(found)
        return found


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_objects_are_one_python_object_for_each_row(stage: Stage) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall)
    stage.commit()
    stage.restart()
    hall = stage.objects.get(stage.hall.id)
    assert hall is not None
    assert hall.contents == [stage.objects.get(thing.id)]
    assert stage.objects.find("lamp")[0] is hall.contents[0]


def test_objects_are_the_same_after_a_restart(stage: Stage) -> None:
    made = stage.objects.create(
        Exit,
        "north",
        location=stage.hall,
        destination=stage.garden,
        home=stage.garden,
        aliases=["n"],
        tags=["way"],
        permissions=["Helper"],
        locks="traverse:perm(Builder)",
    )
    made.cmdset_paths = ("game.cmdsets.North",)
    stage.commit()
    stage.restart()
    found = stage.objects.get(made.id)
    assert type(found) is Exit
    assert found is not None
    assert (found.key, found.location_id, found.home_id) == ("north", 1, 2)
    assert found.destination is stage.objects.get(stage.garden.id)
    assert found.cmdset_paths == ("game.cmdsets.North",)
    labels = found.aliases.all(), found.tags.all(), found.permissions.all()
    assert labels == (["n"], ["way"], ["Helper"])
    assert found.locks.get("traverse") == "traverse:perm(Builder)"


def test_objects_are_read_only_when_they_are_asked_for() -> None:
    rows = CountingRows()
    stage = Stage(rows)
    for number in range(50):
        stage.objects.create(Thing, f"thing {number}", location=stage.garden)
    stage.commit()
    rows.objects_read = 0
    stage.restart()
    hall = stage.objects.get(stage.hall.id)
    assert hall is not None and hall.contents == []
    assert rows.objects_read == 1


def test_objects_never_give_an_id_twice(stage: Stage) -> None:
    last = stage.objects.create(Thing, "thing")
    stage.commit()
    last.delete()
    stage.commit()
    stage.restart()
    assert stage.objects.create(Thing, "another").id == last.id + 1


def test_objects_find_what_is_not_committed_yet(stage: Stage) -> None:
    stage.commit()
    thing = stage.objects.create(Thing, "Lamp", aliases=["light"], tags=["bright"])
    stage.hall.key = "Great Hall"
    assert stage.objects.find("lamp") == stage.objects.find("LIGHT") == [thing]
    assert stage.objects.find(tag="bright") == [thing]
    assert stage.objects.find("great hall") == [stage.hall]
    assert stage.objects.find("hall") == []


def test_objects_find_by_id_and_class(stage: Stage) -> None:
    assert stage.objects.find("#1") == [stage.hall]
    assert stage.objects.find("#999") == []
    assert stage.objects.find("hall", typeclass=Thing) == []


def test_objects_need_something_to_look_for(stage: Stage) -> None:
    with pytest.raises(UserError, match="a name or a tag"):
        stage.objects.find()


def test_deleted_object_leaves_no_row_behind(stage: Stage) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall, aliases=["light"])
    thing.db.lit = True
    stage.commit()
    thing.db.lit = False
    thing.aliases.add("torch")
    assert thing.delete()
    written = stage.changes.take()
    thing.db.lit = "still"
    written += stage.changes.take()
    assert all(change.values is None for change in written if change.table != "counter")
    assert stage.hall.contents == []
    assert stage.objects.get(thing.id) is None


def test_deleted_room_sends_home_what_is_in_it_and_takes_its_exits_along(stage: Stage) -> None:
    inside = stage.objects.create(Thing, "lamp", location=stage.garden, home=stage.garden)
    way = stage.objects.create(Exit, "north", location=stage.hall, destination=stage.garden)
    stage.commit()
    stage.restart()
    garden = stage.objects.get(stage.garden.id)
    assert garden is not None and garden.delete()
    lamp = stage.objects.get(inside.id)
    assert lamp is not None
    assert (lamp.location, lamp.home) == (stage.objects.get(stage.hall.id), None)
    assert stage.objects.get(way.id) is None


def test_deletion_can_be_refused(stage: Stage) -> None:
    class Eternal(Thing):
        def at_object_delete(self) -> bool:
            return False

    thing = stage.objects.create(Eternal, "stone", location=stage.hall)
    assert not thing.delete()
    assert stage.hall.contents == [thing]


GONE = {
    "key": "relic",
    "folded": "relic",
    "typeclass": "games.gone.Relic",
    "location_id": None,
    "home_id": None,
    "destination_id": None,
    "locks": "",
    "cmdsets": [],
}


def gone(*rows: dict[str, object]) -> Objects:
    """Objects 1, 2, ... of a class that is gone, each with some columns of its own."""
    stored = MemoryRows()
    stored.apply(Change("object", {"id": i}, GONE | row) for i, row in enumerate(rows, 1))
    return Objects(stored, Changes())


def test_object_of_a_class_that_is_gone_keeps_its_class_name() -> None:
    objects = gone({})
    relic = objects.get(1)
    assert relic is not None
    relic.key = "old relic"
    assert objects.changes.take()[0].values == GONE | {"key": "old relic", "folded": "old relic"}


def test_shipped_class_stands_in_for_one_that_is_gone() -> None:
    objects = gone({}, {"location_id": 1, "destination_id": 1}, {"location_id": 1}, {})
    label = {"object_id": 4, "kind": "permission", "category": "", "name": "Player"}
    assert isinstance(objects.rows, MemoryRows)
    objects.rows.apply([Change("tag", label, {"folded": "player"})])
    assert [type(objects.get(i)) for i in (1, 2, 3, 4)] == [Room, Exit, Thing, Character]


def test_class_that_is_gone_is_told_once() -> None:
    objects = gone({}, {}, {"typeclass": "games.gone.Other"})
    with capture_logs() as logs:
        for number in (1, 2, 3):
            objects.get(number)
    told = [(log["typeclass"], log["first"], log["stand_in"]) for log in logs]
    assert told == [
        ("games.gone.Relic", "relic (#1)", "everdoor_server.objects.Room"),
        ("games.gone.Other", "relic (#3)", "everdoor_server.objects.Room"),
    ]


def test_contents_are_had_without_some(stage: Stage) -> None:
    lamp, oar, rope = (
        stage.objects.create(Thing, key, location=stage.hall) for key in ("lamp", "oar", "rope")
    )
    assert stage.hall.contents_get() == [lamp, oar, rope]
    assert stage.hall.contents_get(exclude=oar) == [lamp, rope]
    assert stage.hall.contents_get(exclude=[lamp, oar]) == [rope]


@pytest.mark.parametrize("path", ["", "nothing", "no.such.Thing", "everdoor_server.rows.Label"])
def test_typeclass_that_is_none_is_refused_by_name(path: str) -> None:
    with pytest.raises(UserError, match=f"typeclass '{path}'"):
        import_typeclass(path)


def test_two_worlds_in_one_process_are_apart() -> None:
    one, other = Stage(), Stage()
    one.objects.create(Thing, "lamp", location=one.hall)
    assert other.hall.contents == []
    assert one.objects.object_id(other.hall) is None


def test_exits_of_a_room_have_a_version_that_people_do_not_change(stage: Stage) -> None:
    way = stage.objects.create(Exit, "north", location=stage.hall, destination=stage.garden)
    before = stage.hall.exits_version
    stage.npc("Bert")
    assert stage.hall.exits_version == before
    way.aliases.add("n")
    assert stage.hall.exits_version > before


def test_objects_run_their_hooks_of_birth_and_reading() -> None:
    class Sundial(Room):
        path = f"{__name__}.Sundial"
        hooks: list[str] = []

        def at_object_creation(self) -> None:
            self.hooks.append("created")
            self.db.shadow = "long"

    stage = Stage()
    dial = stage.objects.create(Sundial, "Dial")
    assert (dial.hooks, dial.db.shadow) == (["created"], "long")
