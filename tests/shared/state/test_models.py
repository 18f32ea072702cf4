"""Live objects have numbers that are never given out twice, and are added or removed as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.state import (
    ADD_MODELS,
    ALL,
    ARCHIVE,
    REBOOT,
    REMOVE_MODELS,
    AppSession,
    Model,
    Models,
    RestoreError,
)


class Room(Model):
    pass


class Cellar(Room):
    pass


@pytest.fixture
def app() -> AppSession:
    return AppSession("test")


def numbered(number: int) -> Room:
    """A room that asks for a number."""
    room = Room()
    room.id = number
    return room


def test_add_numbers_objects_from_1(app: AppSession) -> None:
    rooms = [Room(), Room()]
    app.models.add(rooms)
    assert [room.id for room in rooms] == [1, 2]
    assert app.models.list() == rooms


def test_add_keeps_the_id_that_an_object_asks_for(app: AppSession) -> None:
    rooms = [Room(), numbered(7), Room()]
    app.models.add(rooms)
    assert [room.id for room in rooms] == [8, 7, 9]
    assert app.models.have_id(7) and not app.models.have_id(1)


@given(st.lists(st.integers(1, 4), max_size=12))
def test_numbers_are_never_given_out_twice(batches: list[int]) -> None:
    models, seen = AppSession("test").models, []
    for size in batches:
        rooms = [Room() for _ in range(size)]
        models.add(rooms)
        seen += [room.id for room in rooms]
        models.remove(rooms[: size // 2 + 1])
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("ids", [[1], [None, 0], [None, -1], [5, 5]])
def test_add_refuses_all_when_one_id_cannot_be(app: AppSession, ids: list[int | None]) -> None:
    app.models.add([first := Room()])
    rooms = [Room() for _ in ids]
    for room, number in zip(rooms, ids, strict=True):
        room.id = number
    with pytest.raises(ValueError, match="taken, or below 1|ask for different ids"):
        app.models.add(rooms)
    assert app.models.list() == [first]
    assert [room.id for room in rooms] == ids


def test_add_refuses_an_object_twice(app: AppSession) -> None:
    room = Room()
    with pytest.raises(ValueError, match="named once"):
        app.models.add([room, room])
    app.models.add([room])
    with pytest.raises(ValueError, match="id 1 is taken"):
        app.models.add([room])


def test_list_of_a_type_holds_its_subclasses_too(app: AppSession) -> None:
    room, cellar = Room(), Cellar()
    app.models.add([room, cellar])
    assert app.models.list(type=Cellar) == [cellar]
    assert app.models.list(type=Room) == [room, cellar]


def test_remove_takes_the_id_away(app: AppSession) -> None:
    room, kept = Room(), Room()
    app.models.add([room, kept])
    app.models.remove([room])
    assert room.id is None and not app.models.have_id(1)
    assert app.models.list() == [kept]


def test_remove_refuses_all_when_one_is_not_there(app: AppSession) -> None:
    room = Room()
    app.models.add([room])
    for wrong in ([room, Room()], [room, numbered(1)], [room, room]):
        with pytest.raises(ValueError, match="each named once"):
            app.models.remove(wrong)
    assert app.models.list() == [room] and room.id == 1


def test_triggers_tell_what_was_added_and_removed(app: AppSession) -> None:
    told: list[tuple[str, Any]] = []
    for name in (ADD_MODELS, REMOVE_MODELS):
        app.triggers.add_handler(name, lambda name, data: told.append((name, data)))
    room = Room()
    app.models.add([room])
    app.models.remove([room])
    assert told == [("add models", [room]), ("remove models", [room])]


def test_reset_state_removes_all_and_reuses_no_number(app: AppSession) -> None:
    app.models.add([Room(), Room()])
    app.models.reset_state(app)
    app.models.add([room := Room()])
    assert app.models.list() == [room] and room.id == 3


def test_snapshot_of_models_restores_objects_numbers_and_what_comes_next(app: AppSession) -> None:
    first, second = Room(), Room()
    app.models.add([first, second])
    app.models.remove([first])
    data = app.models.take_snapshot(app, ARCHIVE)
    assert data == {"version": 1, "next_id": 3, "models": [[2, second]]}
    restored = Models.restore_snapshot(AppSession("other"), data)
    assert restored.list() == [second]
    assert restored.take_snapshot(app, ARCHIVE) == data


def test_snapshot_of_models_is_left_out_for_portals(app: AppSession) -> None:
    assert app.models.take_snapshot(app, REBOOT) is None
    assert app.models.take_snapshot(app, ALL) is None


def test_restore_snapshot_activates_no_trigger_and_leaves_the_session_alone(
    app: AppSession,
) -> None:
    told: list[object] = []
    app.triggers.add_handler(ADD_MODELS, lambda name, data: told.append(data))
    Models.restore_snapshot(app, {"version": 1, "next_id": 2, "models": [[1, Room()]]})
    assert told == [] and app.models.list() == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"next_id": "1", "models": []},
        {"next_id": 1, "models": {}},
        {"next_id": 1, "models": [1]},
        {"next_id": 1, "models": [[0, Room()]]},
        {"next_id": 1, "models": [["1", Room()]]},
        {"next_id": 1, "models": [[1, Room()], [1, Room()]]},
    ],
)
def test_restore_snapshot_refuses_damaged_data(app: AppSession, fields: Mapping[str, Any]) -> None:
    with pytest.raises(RestoreError, match="^Models: "):
        Models.restore_snapshot(app, {"version": 1, **fields})
