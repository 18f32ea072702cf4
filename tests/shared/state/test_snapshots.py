"""Objects say what they hold, hide their secrets, and read what older versions wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.errors import EverdoorError
from everdoor.state import (
    ALL,
    ARCHIVE,
    INSPECT,
    REBOOT,
    SECRET,
    AppSession,
    RestoreError,
    SnapshotFlag,
    State,
    StateManager,
    UserError,
)


class Lamp(State):
    """Version 1 had `on`, version 2 `level` from 0 to 1, version 3 has `level` in percent."""

    state_version = 3

    def __init__(self) -> None:
        self.level = 0
        self.tags: list[Any] = []
        self._hot = False

    def shine(self) -> int:
        return self.level

    @property
    def double(self) -> int:
        return self.level * 2

    @classmethod
    def upgrade_snapshot(cls, data: dict[str, object], version: int) -> dict[str, object]:
        match version, data:
            case 1, {"on": bool(on)}:
                return {"level": 1.0 if on else 0.0}
            case 2, {"level": float(level)}:
                return data | {"level": int(level * 100)}
        return super().upgrade_snapshot(data, version)


class Door(State):
    snapshot_fields = ("name", "key")
    secret_fields = frozenset({"key"})

    def __init__(self) -> None:
        self.name = "door"
        self.key = "1234"
        self.cache = object()


class OakDoor(Door):
    snapshot_fields = ("rings", "alarm")
    secret_fields = frozenset({"alarm"})

    def __init__(self) -> None:
        super().__init__()
        self.rings = 3
        self.alarm = "9999"


class Slotted(State):
    __slots__ = ("size",)
    snapshot_fields = ("size",)

    def __init__(self) -> None:
        self.size = 1


class Doors(StateManager):
    def __init__(self) -> None:
        self.doors: list[Any] = []

    def reset_state(self, session: AppSession) -> None:
        self.doors.clear()


class Hidden(State):
    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> None:
        return None


@pytest.fixture
def app() -> AppSession:
    return AppSession("test")


# Taking.


def test_take_snapshot_copies_public_attributes_with_the_version(app: AppSession) -> None:
    lamp = Lamp()
    lamp.tags.append(["warm"])
    data = lamp.take_snapshot(app, REBOOT)
    lamp.tags[0].append("dim")
    assert data == {"version": 3, "level": 0, "tags": [["warm"]]}


def test_take_snapshot_of_declared_fields_holds_these_and_those_of_the_bases(
    app: AppSession,
) -> None:
    data = OakDoor().take_snapshot(app, REBOOT)
    assert data == {"version": 1, "name": "door", "key": "1234", "rings": 3, "alarm": "9999"}


def test_take_snapshot_may_leave_the_object_out(app: AppSession) -> None:
    assert State.take_snapshot(Lamp(), app, REBOOT) is not None
    methods = app.snapshot_methods(Hidden())
    assert methods is not None and methods.take_snapshot(Hidden(), app, REBOOT) is None


@pytest.mark.parametrize("flags", [INSPECT, INSPECT | ARCHIVE, ALL])
def test_take_snapshot_for_a_person_masks_own_and_inherited_secrets(
    app: AppSession, flags: SnapshotFlag
) -> None:
    data = OakDoor().take_snapshot(app, flags)
    assert data is not None
    assert (data["key"], data["alarm"], data["name"]) == (SECRET, SECRET, "door")


def test_take_snapshot_for_a_person_masks_a_secret_that_is_no_primitive(app: AppSession) -> None:
    door = Door()
    vars(door)["key"] = object()
    assert door.take_snapshot(app, INSPECT) == {"version": 1, "name": "door", "key": "***"}


@given(st.dictionaries(st.sampled_from(["name", "key", "rings", "alarm"]), st.integers()))
def test_mask_secrets_replaces_exactly_the_secret_fields(data: dict[str, int]) -> None:
    masked = OakDoor.mask_secrets(data)
    assert masked == {k: "***" if k in ("key", "alarm") else v for k, v in data.items()}


def test_copied_fields_are_what_a_class_adds_its_own_to(app: AppSession) -> None:
    class Gate(Door):
        def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, object]:
            return self.copied_fields(session, flags) | {"open": True}

    assert Gate().take_snapshot(app, INSPECT) == {
        "version": 1,
        "name": "door",
        "key": "***",
        "open": True,
    }


def test_take_snapshot_refers_to_other_objects_but_not_for_portals(app: AppSession) -> None:
    doors = Doors()
    door = Door()
    doors.doors.append(door)
    assert doors.take_snapshot(app, ARCHIVE) == {"version": 1, "doors": [door]}
    with pytest.raises(TypeError, match=r"^Doors\['doors'\]\[0\]: Door; expected None"):
        doors.take_snapshot(app, REBOOT)


def test_take_snapshot_names_a_value_that_is_no_primitive(app: AppSession) -> None:
    lamp = Lamp()
    lamp.tags = [{"size": (1, 2)}]
    with pytest.raises(TypeError, match=r"^Lamp\['tags'\]\[0\]\['size'\]: tuple"):
        lamp.take_snapshot(app, REBOOT)


def test_slots_work_when_the_fields_are_declared(app: AppSession) -> None:
    class Undeclared(State):
        __slots__ = ("size",)

    slotted = Slotted()
    slotted.size = 7
    data = slotted.take_snapshot(app, REBOOT)
    assert data is not None and Slotted.restore_snapshot(app, data).size == 7
    with pytest.raises(TypeError, match="Undeclared has slots, so it must name its snapshot_f"):
        Undeclared().take_snapshot(app, REBOOT)


# Restoring.


@given(level=st.integers(), tags=st.lists(st.text() | st.lists(st.none())))
def test_restore_snapshot_undoes_take_snapshot_and_shares_nothing(
    level: int, tags: list[Any]
) -> None:
    app = AppSession("test")
    lamp = Lamp()
    lamp.level, lamp.tags = level, tags
    data = lamp.take_snapshot(app, ARCHIVE)
    assert data is not None
    restored = Lamp.restore_snapshot(app, data)
    assert vars(restored) == vars(lamp)
    assert restored.tags is not data["tags"]


def test_restore_snapshot_keeps_the_default_of_a_field_that_the_data_lacks(
    app: AppSession,
) -> None:
    assert OakDoor.restore_snapshot(app, {"version": 1, "name": "gate"}).rings == 3


@pytest.mark.parametrize(("on", "level"), [(True, 100), (False, 0)])
def test_restore_snapshot_upgrades_step_by_step(app: AppSession, on: bool, level: int) -> None:
    data: Mapping[str, object] = {"version": 1, "on": on}
    assert Lamp.restore_snapshot(app, data).level == level
    assert data == {"version": 1, "on": on}


def test_restore_snapshot_refuses_a_newer_version_by_name_and_number(app: AppSession) -> None:
    with pytest.raises(RestoreError, match=r"^Lamp: the snapshot has version 4, .* up to 3;"):
        Lamp.restore_snapshot(app, {"version": 4, "level": 0})


def test_restore_snapshot_refuses_a_version_without_a_way_up(app: AppSession) -> None:
    class Moved(State):
        state_version = 2

    with pytest.raises(RestoreError, match="Moved: no way from snapshot version 1 to 2"):
        Moved.restore_snapshot(app, {"version": 1})


@pytest.mark.parametrize("version", [None, 0, -1, True, 1.0, "1", [1]])
def test_restore_snapshot_refuses_a_version_that_is_none(app: AppSession, version: object) -> None:
    with pytest.raises(RestoreError, match="version must be a number from 1, got"):
        Door.restore_snapshot(app, {"version": version})


@pytest.mark.parametrize(
    "name",
    ["shine", "double", "_hot", "__class__", "state_version", "secret_fields", "a b", "", "\n"],
)
def test_restore_snapshot_refuses_what_is_no_field(app: AppSession, name: str) -> None:
    with pytest.raises(RestoreError, match="Lamp: the snapshot has an unknown field"):
        Lamp.restore_snapshot(app, {"version": 3, name: 1})


def test_restore_snapshot_refuses_fields_beyond_those_declared(app: AppSession) -> None:
    with pytest.raises(RestoreError, match="Door: the snapshot has an unknown field 'cache'"):
        Door.restore_snapshot(app, {"version": 1, "cache": 1})


def test_restore_snapshot_refuses_values_that_are_no_primitives(app: AppSession) -> None:
    with pytest.raises(RestoreError, match=r"^Door\['name'\]: set"):
        Door.restore_snapshot(app, {"version": 1, "name": {1}})


def test_current_data_serves_a_class_that_restores_itself(app: AppSession) -> None:
    assert Lamp.current_data(app, {"version": 2, "level": 0.5}) == {"level": 50}


# Declaring.


def test_a_field_called_version_is_refused(app: AppSession) -> None:
    with pytest.raises(TypeError, match="cannot be called 'version'"):

        class Declared(State):
            snapshot_fields = ("version",)

    lamp = Lamp()
    vars(lamp)["version"] = 1
    with pytest.raises(TypeError, match="Lamp: a field cannot be called 'version'"):
        lamp.take_snapshot(app, REBOOT)


def test_fields_declared_as_one_string_are_refused() -> None:
    with pytest.raises(TypeError, match="secret_fields must be names, got 'key'"):
        type("Wrong", (State,), {"secret_fields": "key"})
    with pytest.raises(TypeError, match="snapshot_fields must be names, got 'key'"):
        type("Wrong", (State,), {"snapshot_fields": "key"})


@pytest.mark.parametrize("version", [0, "2", True])
def test_a_state_version_that_is_no_number_from_1_is_refused(version: object) -> None:
    with pytest.raises(TypeError, match="state_version must be a whole number from 1"):
        type("Wrong", (State,), {"state_version": version})


def test_snapshot_flags_are_one_bit_each_and_all_has_them() -> None:
    assert SnapshotFlag.ALL == REBOOT | ARCHIVE | INSPECT == ALL
    assert [flag.value for flag in SnapshotFlag] == [1, 2, 4]


def test_errors_tell_whose_fault_it_is_within_one_tree() -> None:
    assert issubclass(RestoreError, EverdoorError) and issubclass(UserError, EverdoorError)
    assert not issubclass(RestoreError, UserError)


# Managers.


def test_state_manager_needs_reset_state() -> None:
    class Endless(StateManager):
        names: ClassVar[list[str]] = []

    with pytest.raises(TypeError, match="reset_state"):
        Endless()  # type: ignore[abstract]


def test_state_manager_is_included_unless_it_says_otherwise() -> None:
    assert Doors().include_state() is True


def test_init_state_manager_gives_unique_tags(app: AppSession) -> None:
    for tag in ("x", "x", "x", "anonymous"):
        Doors().init_state_manager(app, tag)
    Doors().init_state_manager(app)
    tags = [*app.state_managers_by_tag(Doors)]
    assert tags == ["x", "x 1", "x 2", "anonymous", "anonymous 1"]


def test_init_state_manager_gives_the_first_free_tag(app: AppSession) -> None:
    first, second, third = Doors(), Doors(), Doors()
    first.init_state_manager(app, "x")
    second.init_state_manager(app, "x")
    first.destroy()
    third.init_state_manager(app, "x")
    assert app.get_state_manager("x") is third


def test_init_state_manager_refuses_a_second_registration(app: AppSession) -> None:
    doors = Doors()
    doors.init_state_manager(app, "x")
    with pytest.raises(ValueError, match="already registered as 'x'"):
        doors.init_state_manager(app, "y")


def test_init_state_manager_leaves_no_trace_in_the_snapshot(app: AppSession) -> None:
    doors = Doors()
    doors.init_state_manager(app)
    assert doors.take_snapshot(app, REBOOT) == {"version": 1, "doors": []}


def test_destroy_deregisters_once_and_then_does_nothing(app: AppSession) -> None:
    doors, successor = Doors(), Doors()
    doors.init_state_manager(app, "x")
    doors.destroy()
    assert app.state_managers(Doors) == []
    successor.init_state_manager(app, "x")
    doors.destroy()
    assert app.get_state_manager("x") is successor


def test_destroy_leaves_alone_who_has_taken_its_place(app: AppSession) -> None:
    doors, successor = Doors(), Doors()
    doors.init_state_manager(app, "x")
    app.add_state_manager("x", successor)
    doors.destroy()
    assert app.get_state_manager("x") is successor
