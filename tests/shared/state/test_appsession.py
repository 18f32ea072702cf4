"""An application session keeps its managers and shares nothing with another in the process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.state import (
    ADD_MODELS,
    ARCHIVE,
    BEGIN_RESTORE_SESSION,
    BEGIN_SAVE_SESSION,
    END_RESTORE_SESSION,
    END_SAVE_SESSION,
    REBOOT,
    AppSession,
    Model,
    Models,
    SnapshotFlag,
    SnapshotMethods,
    State,
    StateManager,
    common_startup,
)


class Bans(StateManager):
    def __init__(self) -> None:
        self.names: list[str] = []

    def reset_state(self, session: AppSession) -> None:
        self.names.clear()


class Broken(StateManager):
    def reset_state(self, session: AppSession) -> None:
        raise OSError("worn out")


class Weather(State):
    def __init__(self) -> None:
        self.sky = "grey"


class Foreign:
    """A class that cannot inherit State."""

    def __init__(self, value: int) -> None:
        self.value = value


class ForeignMethods:
    @staticmethod
    def take_snapshot(
        obj: Foreign, session: AppSession, flags: SnapshotFlag
    ) -> Mapping[str, object]:
        return {"version": 1, "value": obj.value}

    @staticmethod
    def restore_snapshot(session: AppSession, data: Mapping[str, Any]) -> Foreign:
        return Foreign(data["value"])


class ForeignManagerMethods(ForeignMethods):
    @staticmethod
    def reset_state(obj: Foreign, session: AppSession) -> None:
        obj.value = 0


@pytest.fixture
def app() -> AppSession:
    return AppSession("test", minimal=True)


# Attributes.


def test_appsession_starts_as_asked() -> None:
    app = AppSession("moor", debug=True, silent=True)
    assert (app.app_name, app.debug, app.silent, app.minimal) == ("moor", True, True, False)
    assert app.metadata == {} and app.session_file_path is None
    assert app.get_state_manager("models") is app.models


@pytest.mark.parametrize(
    ("trigger", "name"),
    [
        (BEGIN_SAVE_SESSION, "begin save session"),
        (END_SAVE_SESSION, "end save session"),
        (BEGIN_RESTORE_SESSION, "begin restore session"),
        (END_RESTORE_SESSION, "end restore session"),
    ],
)
def test_appsession_has_the_session_triggers(app: AppSession, trigger: str, name: str) -> None:
    told: list[object] = []
    app.triggers.add_handler(name, lambda name, data: told.append(data))
    app.triggers.activate_trigger(trigger, app)
    assert told == [app]


def test_common_startup_completes_a_minimal_session_once(app: AppSession) -> None:
    assert not hasattr(app, "models") and app.state_managers(State) == []
    common_startup(app)
    assert app.state_managers(Models) == [app.models]
    with pytest.raises(KeyError):
        common_startup(app)


def test_setting_a_public_attribute_to_a_manager_registers_it(app: AppSession) -> None:
    bans = Bans()
    app.bans = bans
    assert app.get_state_manager("bans") is bans


def test_setting_other_attributes_registers_nothing(app: AppSession) -> None:
    app._bans = Bans()
    app.weather = Weather()
    app.number = 5
    assert app.state_managers(object) == []


def test_deleting_the_attribute_deregisters_the_manager(app: Any) -> None:
    app.bans = Bans()
    del app.bans
    assert app.state_managers(Bans) == [] and not hasattr(app, "bans")
    with pytest.raises(AttributeError):
        del app.bans


@pytest.mark.parametrize("value", [None, 5])
def test_setting_the_attribute_to_something_else_deregisters_the_manager(
    app: AppSession, value: object
) -> None:
    app.bans = Bans()
    app.bans = value
    assert app.state_managers(Bans) == []


def test_setting_the_attribute_to_another_manager_replaces_the_first(app: AppSession) -> None:
    first, second = Bans(), Bans()
    app.bans = first
    app.bans = second
    assert app.state_managers(Bans) == [second]


def test_deleting_an_attribute_leaves_a_container_of_the_same_tag(app: Any) -> None:
    container: list[int] = []
    app.bans = Bans()
    app.add_state_manager("bans", container)
    del app.bans
    assert app.get_state_manager("bans") is container


# Managers by tag.


@pytest.mark.parametrize("container", [Weather(), Bans(), {}, [], set()])
def test_add_state_manager_takes_what_has_snapshots_or_clear(
    app: AppSession, container: object
) -> None:
    app.add_state_manager("x", container)
    assert app.get_state_manager("x") is container


@pytest.mark.parametrize("container", [5, "text", (), Foreign(1), None])
def test_add_state_manager_refuses_what_has_neither(app: AppSession, container: object) -> None:
    with pytest.raises(ValueError, match="'x' must have snapshot methods or clear"):
        app.add_state_manager("x", container)
    assert app.state_managers(object) == []


def test_unknown_tag_is_a_key_error(app: AppSession) -> None:
    for use in (app.get_state_manager, app.remove_state_manager):
        with pytest.raises(KeyError, match="no state manager 'x'"):
            use("x")


def test_remove_state_manager_deregisters(app: AppSession) -> None:
    app.add_state_manager("x", {})
    app.remove_state_manager("x")
    with pytest.raises(KeyError):
        app.get_state_manager("x")


def test_state_managers_are_found_by_type(app: AppSession) -> None:
    bans, weather = Bans(), Weather()
    app.add_state_manager("bans", bans)
    app.add_state_manager("weather", weather)
    assert app.state_managers(Bans) == [bans]
    assert app.state_managers_by_tag(State) == {"bans": bans, "weather": weather}
    assert app.state_managers(Models) == [] and app.state_managers_by_tag(Models) == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_tags_follow_the_attributes_whatever_is_set_and_deleted(
    steps: list[tuple[str, bool]],
) -> None:
    app, expected = AppSession("test", minimal=True), {}
    for name, set_it in steps:
        if set_it:
            expected[name] = Bans()
            setattr(app, name, expected[name])
        elif name in expected:
            del expected[name]
            delattr(app, name)
    assert app.state_managers_by_tag(object) == expected


# Snapshots of any object.


def test_snapshot_methods_of_a_state_are_its_class(app: AppSession) -> None:
    weather = Weather()
    methods = app.snapshot_methods(weather)
    assert methods is Weather and isinstance(methods, SnapshotMethods)
    assert app.snapshot_methods(Weather, instance=False) is Weather
    data = methods.take_snapshot(weather, app, REBOOT)
    assert data == {"version": 1, "sky": "grey"}
    assert isinstance(methods.restore_snapshot(app, data), Weather)


@pytest.mark.parametrize("value", [None, 5, "x", {}, [], object(), Weather])
def test_snapshot_methods_of_anything_else_are_none(app: AppSession, value: object) -> None:
    assert app.snapshot_methods(value) is None
    assert not app.is_reference(value)


def test_snapshot_methods_of_managers_only(app: AppSession) -> None:
    assert app.snapshot_methods(Bans(), base_type=StateManager) is Bans
    assert app.snapshot_methods(Weather(), base_type=StateManager) is None


def test_snapshot_methods_want_a_class_when_it_is_no_instance(app: AppSession) -> None:
    with pytest.raises(TypeError, match="expected a class"):
        app.snapshot_methods(5, instance=False)


def test_registered_methods_serve_a_class_that_is_no_state(app: AppSession) -> None:
    app.register_snapshot_methods({Foreign: ForeignMethods})
    foreign = Foreign(7)
    methods = app.snapshot_methods(foreign)
    assert methods is ForeignMethods
    data = methods.take_snapshot(foreign, app, ARCHIVE)
    assert data is not None
    restored = methods.restore_snapshot(app, data)
    assert isinstance(restored, Foreign) and restored.value == 7


def test_registered_objects_may_be_referred_to(app: AppSession) -> None:
    app.register_snapshot_methods({Foreign: ForeignMethods})
    weather, foreign = Weather(), Foreign(1)
    vars(weather)["sky"] = foreign
    assert weather.take_snapshot(app, ARCHIVE) == {"version": 1, "sky": foreign}
    assert app.is_reference(foreign) and app.is_reference(weather)


def test_registered_objects_are_managers_when_they_can_be_reset(app: AppSession) -> None:
    app.register_snapshot_methods({Foreign: ForeignMethods})
    assert app.snapshot_methods(Foreign(1), base_type=StateManager) is None
    app.register_snapshot_methods({Foreign: ForeignManagerMethods})
    foreign = Foreign(1)
    app.foreign = foreign
    assert app.get_state_manager("foreign") is foreign
    app.reset()
    assert foreign.value == 0


def test_register_snapshot_methods_refuses_all_when_one_is_incomplete(app: AppSession) -> None:
    wrong: Any = {Foreign: ForeignMethods, Path: object()}
    with pytest.raises(ValueError, match="snapshot methods of Path must have take_snapshot and"):
        app.register_snapshot_methods(wrong)
    assert app.snapshot_methods(Foreign(1)) is None


# Reset.


def test_reset_goes_back_to_no_data() -> None:
    app = AppSession("test")
    app.bans = bans = Bans()
    bans.names.append("mallory")
    app.add_state_manager("aliases", aliases := {"n": "north"})
    app.models.add([Model()])
    app.metadata["author"] = "somebody"
    app.session_file_path = Path("a.eds")
    app.reset()
    assert (bans.names, aliases, app.models.list(), app.metadata) == ([], {}, [], {})
    assert app.session_file_path is None
    assert [*app.state_managers_by_tag(object)] == ["models", "bans", "aliases"]


def test_reset_deregisters_what_can_be_neither_reset_nor_cleared(app: AppSession) -> None:
    app.add_state_manager("weather", Weather())
    app.reset()
    assert app.state_managers(object) == []


def test_reset_tries_every_manager_and_tells_which_failed(app: Any) -> None:
    app.first, app.second = Broken(), Bans()
    app.second.names.append("mallory")
    with pytest.raises(ExceptionGroup, match="reset in part") as caught:
        app.reset()
    assert app.second.names == []
    (error,) = caught.value.exceptions
    assert isinstance(error, OSError)
    assert error.__notes__ == ["while resetting state manager 'first'"]


def test_reset_skips_a_manager_that_another_has_removed(app: AppSession) -> None:
    class Owner(Bans):
        def reset_state(self, session: AppSession) -> None:
            session.remove_state_manager("owned")

    app.add_state_manager("owner", Owner())
    app.add_state_manager("owned", Broken())
    app.reset()
    assert [*app.state_managers_by_tag(object)] == ["owner"]


# Two in one process.


def test_two_sessions_in_one_process_never_see_each_other() -> None:
    here, there = AppSession("here"), AppSession("there")
    told: list[str] = []
    there.triggers.add_handler(ADD_MODELS, lambda name, data: told.append(name))
    here.triggers.add_trigger("here only")
    here.register_snapshot_methods({Foreign: ForeignMethods})
    here.bans = Bans()
    here.metadata["author"] = "somebody"
    here.models.add([Model()])

    assert told == []
    assert there.models.list() == [] and there.metadata == {}
    assert there.snapshot_methods(Foreign(1)) is None
    assert [*there.state_managers_by_tag(object)] == ["models"]
    with pytest.raises(KeyError):
        there.triggers.activate_trigger("here only")

    there.models.add([second := Model()])
    there.reset()
    assert second.id is None and len(here.models.list()) == 1
    assert here.metadata == {"author": "somebody"}
    Bans().init_state_manager(here, "x")
    Bans().init_state_manager(there, "x")
    assert here.get_state_manager("x") is not there.get_state_manager("x")
