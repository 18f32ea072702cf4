"""An application session saves itself and is restored as a whole, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest

from archives import (
    Harbour,
    Ship,
    Stuck,
    Wreck,
    fleet_session,
    harbour_session,
    names,
    restored,
    saved,
)
from everdoor.errors import RestoreError, UserError
from everdoor.state import (
    BEGIN_RESTORE_SESSION,
    BEGIN_SAVE_SESSION,
    END_RESTORE_SESSION,
    END_SAVE_SESSION,
    AppSession,
    Model,
    State,
)
from everdoor.state.archivefile import Record, compress, read_items


class Buoy(Model):
    light = "red"
    snapshot_fields = ("id", "light")


def records(content: bytes) -> list[Record]:
    return [item for item in read_items(io.BytesIO(content)) if isinstance(item, Record)]


def told(session: AppSession, *triggers: str) -> list[str]:
    """The triggers that are activated from now on."""
    names: list[str] = []
    for trigger in triggers:
        session.triggers.add_handler(trigger, lambda name, data: names.append(name))
    return names


# Saving and restoring.


@pytest.mark.parametrize("pack", [bytes, compress], ids=["uncompressed", "compressed"])
def test_session_saved_in_one_is_restored_in_another(pack: Any) -> None:
    one, other = fleet_session(), harbour_session()
    restored(other, pack(saved(one)))
    assert names(other) == ["Bounty", "Argo", "Erebus"] and other.harbour.tide == 1.5
    assert other.metadata["description"] == "the fleet"
    assert other.get_state_manager("harbour") is other.harbour is not one.harbour


def test_references_to_one_object_are_to_one_object_again() -> None:
    other = restored(harbour_session(), saved(fleet_session()))
    first, second, third = other.harbour.ships
    assert second.escort is first and third.escort is second


def test_restored_session_shares_nothing_with_the_other() -> None:
    one = fleet_session()
    other = restored(harbour_session(), saved(one))
    other.harbour.ships[0].name = "renamed"
    assert names(one)[0] == "Bounty"


def test_object_comes_after_all_that_it_refers_to() -> None:
    found = records(saved(fleet_session()))
    assert [record.class_name for record in found] == ["Ship", "Ship", "Ship", "Harbour"]
    assert found[-1].tags == ["harbour"]


def test_long_chain_of_references_is_saved() -> None:
    session = fleet_session(*(f"ship {n}" for n in range(3000)))
    assert len(names(restored(harbour_session(), saved(session)))) == 3000


def test_circle_of_references_is_refused_with_its_path() -> None:
    session = fleet_session("Bounty", "Argo")
    session.harbour.ships[0].escort = session.harbour.ships[1]
    with pytest.raises(UserError, match="circle of references: Ship -> Ship -> Ship$"):
        saved(session)


def test_circle_through_a_manager_is_told_with_its_tag() -> None:
    session = harbour_session()
    session.harbour.notes = {"deep": [{"in": session.harbour}]}
    with pytest.raises(UserError, match="Harbour 'harbour' -> Harbour 'harbour'$"):
        saved(session)


def test_object_that_leaves_no_snapshot_is_none_where_it_was_referred_to() -> None:
    session = harbour_session()
    session.register_state_class(Wreck)
    session.harbour.notes = {"found": [Wreck()]}
    assert restored(harbour_session(), saved(session)).harbour.notes == {"found": [None]}


def test_manager_that_is_not_included_is_not_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Harbour, "include_state", lambda self: False)
    assert records(saved(fleet_session())) == []


def test_models_are_restored_with_their_numbers() -> None:
    one, other = AppSession("one"), AppSession("other")
    for session in (one, other):
        session.register_state_class(Buoy)
    one.models.add([Buoy(), Buoy()])
    one.models.remove(one.models.list()[:1])
    restored(other, saved(one))
    assert [model.id for model in other.models.list(Buoy)] == [2]
    other.models.add([Buoy()])
    assert other.models.have_id(3)


def test_class_that_cannot_inherit_state_is_saved_by_its_registered_methods() -> None:
    class Chart:
        def __init__(self, sea: str) -> None:
            self.sea = sea

    class ChartMethods:
        @staticmethod
        def take_snapshot(obj: Chart, session: AppSession, flags: Any) -> dict[str, object]:
            return {"version": 1, "sea": obj.sea}

        @staticmethod
        def restore_snapshot(session: AppSession, data: Any) -> Chart:
            return Chart(data["sea"])

    sessions = [harbour_session(), harbour_session()]
    for session in sessions:
        session.register_snapshot_methods({Chart: ChartMethods()})
    sessions[0].harbour.notes = {"chart": Chart("north")}
    assert restored(sessions[1], saved(sessions[0])).harbour.notes["chart"].sea == "north"


# What cannot be saved.


def test_other_versions_than_3_are_refused() -> None:
    with pytest.raises(UserError, match="archives have version 3, 2 was asked for"):
        fleet_session().save(io.BytesIO(), 2)


def test_object_of_an_unregistered_class_is_refused() -> None:
    session = harbour_session()
    session.harbour.notes = {"found": Wreck()}
    with pytest.raises(UserError, match=r"Wreck: .* session\.register_state_class\(Wreck\)"):
        saved(session)


def test_value_that_is_no_primitive_is_refused_with_its_path() -> None:
    session = harbour_session()
    session.harbour.notes = {"depth": (1, 2)}
    with pytest.raises(UserError, match=r"notes.*depth.*tuple"):
        saved(session)


def test_snapshot_without_a_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Harbour, "take_snapshot", lambda *args: {})
    with pytest.raises(UserError, match="Harbour 'harbour': its snapshot has no version"):
        saved(harbour_session())


# All or nothing.


@pytest.mark.parametrize("k", range(4))
def test_record_that_fails_changes_nothing_and_is_named(k: int) -> None:
    fleet = ["a", "b", "c", "d"]
    fleet[k] = "lost"
    session = fleet_session("Nautilus")
    harbour, metadata = session.harbour, dict(session.metadata)
    with pytest.raises(RestoreError, match=rf"record {k + 1} of 5 \(Ship\): .*no such ship"):
        restored(session, saved(fleet_session(*fleet)))
    assert session.harbour is harbour and names(session) == ["Nautilus"]
    assert session.metadata == metadata


def test_last_record_that_fails_changes_nothing_and_is_named() -> None:
    content = saved(fleet_session())
    session = fleet_session("Nautilus")
    session.classes = type(session.classes)()
    session.register_state_class(Ship, "Ship")
    with pytest.raises(RestoreError, match=r"record 4 of 4 .*'harbour'.*no class 'Harbour'"):
        restored(session, content)
    assert names(session) == ["Nautilus"]


def test_no_object_is_built_from_a_damaged_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(fleet_session())
    monkeypatch.setattr(Ship, "restore_snapshot", lambda *args: pytest.fail("was built"))
    with pytest.raises(RestoreError, match="damaged"):
        restored(harbour_session(), content[:-1])


def test_newer_version_of_a_class_is_refused_by_name_and_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Ship, "state_version", 7)
    content = saved(fleet_session())
    monkeypatch.undo()
    with pytest.raises(RestoreError, match="Ship: the snapshot has version 7"):
        restored(harbour_session(), content)


def test_manager_that_the_archive_lacks_is_reset() -> None:
    session = harbour_session()
    session.port = Harbour()
    session.port.tide = 9.0
    cleared = {"a": 1}
    session.add_state_manager("dict", cleared)
    restored(session, saved(fleet_session()))
    assert session.port.tide == 0.0 and cleared == {}


def test_manager_that_cannot_be_reset_leaves_all_as_it_was() -> None:
    session = fleet_session("Nautilus")
    session.port = Harbour()
    session.port.tide = 9.0
    session.stuck = Stuck()
    with pytest.raises(RestoreError, match="no state manager 'stuck'"):
        restored(session, saved(fleet_session()))
    assert (names(session), session.port.tide, session.stuck.value) == (["Nautilus"], 9.0, 1)


def test_manager_that_registered_itself_can_go_after_a_restore() -> None:
    sessions = [AppSession("a", minimal=True), AppSession("b", minimal=True)]
    for session in sessions:
        Harbour().init_state_manager(session, "port")
    restored(sessions[0], saved(sessions[1]))
    sessions[0].get_state_manager("port").destroy()
    assert sessions[0].state_managers(State) == []


# Parts.


def test_metadata_only_takes_over_the_metadata_and_nothing_else() -> None:
    session = fleet_session("Nautilus")
    session.metadata["author"] = "verne"
    content = saved(fleet_session())
    restored(session, content[: content.index(b"schemas")] + b"cut", metadata_only=True)
    assert names(session) == ["Nautilus"] and session.metadata["author"] == "verne"
    assert session.metadata["description"] == "the fleet"


def test_combine_keeps_what_is_here_and_adds_what_the_archive_has() -> None:
    one, other = AppSession("one"), AppSession("other")
    for session in (one, other):
        session.register_state_class(Buoy)
        session.models.add([Buoy()])
        session.metadata["author"] = session.app_name
    mine = other.models.list()[0]
    other.fleet = Harbour()
    restored(other, saved(one), combine=True)
    assert other.models.list()[0] is mine and len(other.models.list()) == 2
    assert other.models.have_id(1) and other.models.have_id(2)
    assert other.metadata["author"] == "other" and isinstance(other.fleet, Harbour)


def test_combine_adds_a_manager_that_is_not_here() -> None:
    session = AppSession("test", minimal=True)
    for cls in (Ship, Harbour):
        session.register_state_class(cls, cls.__name__)
    restored(session, saved(fleet_session()), combine=True)
    assert session.get_state_manager("harbour").tide == 1.5


def test_combine_refuses_managers_that_cannot_be_and_changes_nothing() -> None:
    session = fleet_session("Nautilus")
    with pytest.raises(RestoreError, match="cannot combine state manager 'harbour'"):
        restored(session, saved(fleet_session()), combine=True)
    assert names(session) == ["Nautilus"]


# Around.


def test_saving_brings_the_metadata_up_to_date() -> None:
    session = fleet_session()
    session.about_world = lambda: {"world_id": "moor", "session_count": 3}
    saved(session)
    created = session.metadata["created"]
    saved(session)
    assert session.metadata["created"] == created and "modified" in session.metadata
    assert (session.metadata["world_id"], session.metadata["session_count"]) == ("moor", 3)
    assert session.metadata["schema_versions"] == {"Ship": 1, "Harbour": 1}
    assert session.metadata["secret_fields"] == {"Ship": ["password"]}


def test_saving_activates_its_triggers_on_errors_too() -> None:
    session = fleet_session()
    names = told(session, BEGIN_SAVE_SESSION, END_SAVE_SESSION)
    saved(session)
    session.harbour.notes = {"bad": object()}
    with pytest.raises(UserError):
        saved(session)
    assert names == [BEGIN_SAVE_SESSION, END_SAVE_SESSION] * 2


def test_restoring_activates_its_triggers_on_errors_too() -> None:
    session = fleet_session()
    names = told(session, BEGIN_RESTORE_SESSION, END_RESTORE_SESSION)
    restored(session, saved(fleet_session()))
    with pytest.raises(RestoreError):
        restored(session, b"nothing")
    assert names == [BEGIN_RESTORE_SESSION, END_RESTORE_SESSION] * 2


def test_failing_handler_does_not_stop_a_save() -> None:
    session = fleet_session()
    session.triggers.add_handler(BEGIN_SAVE_SESSION, lambda name, data: 1 / 0)
    assert records(saved(session))


# Names of classes.


def test_renamed_class_is_read_by_all_of_its_names_and_written_by_the_first() -> None:
    old, new = saved(fleet_session()), harbour_session()
    new.register_state_class(Ship, "Vessel", "Ship")
    restored(new, old)
    assert {record.class_name for record in records(saved(new))} == {"Vessel", "Harbour"}


def test_register_state_class_refuses_a_name_that_another_class_has() -> None:
    with pytest.raises(ValueError, match="'Ship' is taken"):
        harbour_session().register_state_class(Wreck, "Ship")


def test_register_state_class_refuses_classes_without_snapshots() -> None:
    with pytest.raises(ValueError, match="int has no snapshot methods"):
        harbour_session().register_state_class(int)


def test_nothing_is_imported_because_an_archive_names_it() -> None:
    session = AppSession("test", minimal=True)
    with pytest.raises(RestoreError, match="no class 'Ship'"):
        restored(session, saved(fleet_session()))
