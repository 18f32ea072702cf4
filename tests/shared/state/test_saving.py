"""An archive is of the moment it began, however much later its bytes are made."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from archives import Harbour, Ship, fleet_session, harbour_session, names, restored, ship
from everdoor.errors import UserError
from everdoor.state import (
    BEGIN_SAVE_SESSION,
    END_SAVE_SESSION,
    AppSession,
    Frozen,
    FrozenState,
    SnapshotFlag,
)
from everdoor.state.archivefile import Record, Reference, read_items
from everdoor.state.saving import STEP_RECORDS, Saving


def made(saving: Saving) -> bytes:
    for _ in saving.steps():
        pass
    return saving.content()


def test_archive_made_in_steps_is_of_the_moment_it_began() -> None:
    session = fleet_session()
    before = names(session)
    saving = session.begin_saving()
    session.harbour.ships[0].name = "renamed"
    session.harbour.ships.clear()
    session.metadata["description"] = "another"
    other = restored(harbour_session(), made(saving))
    assert names(other) == before
    assert other.metadata["description"] == "the fleet"


def test_archive_made_in_steps_is_the_one_that_is_saved() -> None:
    session = fleet_session()
    stream = io.BytesIO()
    session.save(stream, 3)
    both = [
        list(read_items(io.BytesIO(each))) for each in (stream.getvalue(), made(Saving(session)))
    ]
    assert both[0][2:] == both[1][2:]


def test_others_may_work_after_every_few_records() -> None:
    session = harbour_session()
    session.harbour.ships = [ship(f"ship {n}") for n in range(3 * STEP_RECORDS)]
    assert len(list(session.begin_saving().steps())) == 3


def test_taking_is_between_the_triggers_and_keeps_the_metadata() -> None:
    session = fleet_session()
    told: list[str] = []
    for trigger in (BEGIN_SAVE_SESSION, END_SAVE_SESSION):
        session.triggers.add_handler(trigger, lambda name, data: told.append(name))
    before = dict(session.metadata)
    saving = session.begin_saving()
    assert told == [BEGIN_SAVE_SESSION, END_SAVE_SESSION]
    made(saving)
    assert session.metadata == before


class Fleet(Harbour):
    """Copies the names of its ships, and has ships stand for them."""

    def freeze(self, session: AppSession) -> Frozen:
        frozen = Fleet()
        frozen.ships = [ship(each.name) for each in self.ships]
        frozen.notes = dict(self.notes)
        return Frozen(frozen, zip(self.ships, frozen.ships, strict=True))


def fleet_of(*ship_names: str) -> tuple[AppSession, Fleet]:
    session = AppSession("fleet", silent=True)
    session.register_state_class(Ship)
    session.add_state_manager("fleet", fleet := Fleet())
    fleet.ships = [ship(name) for name in ship_names]
    return session, fleet


def harbour_in(session: AppSession, **notes: object) -> None:
    session.add_state_manager("harbour", harbour := Harbour())
    harbour.notes = notes


def records_of(content: bytes) -> list[Record]:
    return [item for item in read_items(io.BytesIO(content)) if isinstance(item, Record)]


def test_manager_that_is_frozen_is_archived_as_it_was_then() -> None:
    session, fleet = fleet_of("Argo", "Beagle")
    fleet.notes["tide"] = "high"
    saving = session.begin_saving()
    fleet.ships[0].name = "renamed"
    fleet.notes["tide"] = "low"
    *ships, whole = [r for r in records_of(made(saving)) if r.tags in ([], ["fleet"])]
    assert [record.data["name"] for record in ships] == ["Argo", "Beagle"]
    assert (whole.tags, whole.data["notes"]) == (["fleet"], {"tide": "high"})
    assert whole.data["ships"] == [Reference(1), Reference(2)]


def test_others_refer_to_what_stands_for_what_is_frozen() -> None:
    session, fleet = fleet_of("Argo")
    harbour_in(session, home_of=fleet, flag=fleet.ships[0])
    records = records_of(made(session.begin_saving()))
    assert [record.tags for record in records[:2]] == [[], ["fleet"]]
    there = next(record for record in records if record.tags == ["harbour"])
    assert there.data["notes"] == {"home_of": Reference(2), "flag": Reference(1)}


def test_what_is_frozen_cannot_refer_to_what_is_not() -> None:
    session, fleet = fleet_of("Argo")
    fleet.notes["pilot"] = pilot = ship("a pilot")
    harbour_in(session, pilot=pilot)
    with pytest.raises(UserError, match="Fleet 'fleet', which was frozen, refers to Ship"):
        made(session.begin_saving())
    circle, fleet = fleet_of("Argo")
    fleet.notes["self"] = fleet
    with pytest.raises(UserError, match="Fleet 'fleet', which was frozen, refers to Fleet"):
        made(circle.begin_saving())


class Crooked(Harbour):
    """Says of itself what no archive holds."""

    def take_snapshot(self, session: AppSession, flags: object) -> dict[str, object]:
        nested: list[object] = []
        nested += [nested, nested]
        return {"version": 1, "nested": nested}


def test_what_holds_itself_is_refused_at_once() -> None:
    session = AppSession("crooked", silent=True)
    session.add_state_manager("crooked", Crooked())
    with pytest.raises(UserError, match="containers deep"):
        session.begin_saving()


class Sketch(FrozenState):
    """Stands for a ship."""

    def __init__(self, name: object) -> None:
        self.name = name


class Sketched(Harbour):
    """Has sketches stand for its ships, each made when it is asked for.

    Attributes:
        sketches: Those that were made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sketches: list[Sketch] = []

    def freeze(self, session: AppSession) -> Frozen:
        frozen = Sketched()
        frozen.ships = self.sketches  # type: ignore[assignment]
        return Frozen(frozen, self._sketched())

    def _sketched(self) -> Iterator[tuple[Ship, Sketch]]:
        for live in self.ships:
            self.sketches.append(self.sketch_of(live))
            yield live, self.sketches[-1]

    def sketch_of(self, live: Ship) -> Sketch:
        return Sketch(live.name)


def sketched(*ship_names: str) -> tuple[AppSession, Sketched]:
    session = AppSession("fleet", silent=True)
    session.register_state_class(Sketch, "Ship")
    session.add_state_manager("fleet", fleet := Sketched())
    fleet.ships = [ship(name) for name in ship_names]
    return session, fleet


def test_frozen_states_are_the_first_records_and_others_refer_to_them() -> None:
    session, fleet = sketched("Argo", "Beagle")
    harbour_in(session, flag=fleet.ships[1])
    records = records_of(made(session.begin_saving()))
    assert [(r.class_name, r.data["name"]) for r in records[:2]] == [
        ("Ship", "Argo"),
        ("Ship", "Beagle"),
    ]
    assert (records[2].tags, records[2].data["ships"]) == (["fleet"], [Reference(1), Reference(2)])
    there = next(record for record in records if record.tags == ["harbour"])
    assert there.data["notes"] == {"flag": Reference(2)}


def test_frozen_states_are_made_between_steps() -> None:
    session, fleet = sketched(*(f"ship {number}" for number in range(2 * STEP_RECORDS)))
    steps = session.begin_saving().steps()
    assert not fleet.sketches
    next(steps)
    assert len(fleet.sketches) == STEP_RECORDS


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (2**64, r"Ship\['name'\]: int beyond 64 bits"),
        (object(), r"Sketch\['name'\]: object"),
        (datetime(2026, 1, 1, tzinfo=UTC), r"Sketch\['name'\]: datetime"),
        (ship("another"), r"Ship\['name'\]: Ship"),
    ],
    ids=["too large", "no primitive", "what msgpack knows", "a reference"],
)
def test_frozen_state_that_no_archive_can_hold_is_told(name: object, told: str) -> None:
    session, fleet = sketched()
    fleet.ships = [ship("Argo")]
    fleet.ships[0].name = name  # type: ignore[assignment]
    session.register_state_class(Ship, "Live ship")
    with pytest.raises(UserError, match=f"cannot save {told}"):
        made(session.begin_saving())


class Rough(Sketch):
    """Says of itself what it likes."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._said = said

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, Any]:
        return self._said


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": "Argo"}, "Rough: its snapshot has no version"),
        ({"version": 1, "name": ("Argo",)}, r"Rough\['name'\]: tuple"),
        ({"version": 1, "name": {1: 2}}, r"Rough\['name'\]\[1\]: key is of type int"),
    ],
    ids=["no version", "a tuple", "a number as key"],
)
def test_frozen_state_with_a_snapshot_of_its_own_is_looked_through(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], told: str
) -> None:
    session, _ = sketched("Argo")
    session.register_state_class(Rough, "Rough")
    monkeypatch.setattr(Sketched, "sketch_of", lambda fleet, live: Rough(said))
    with pytest.raises(UserError, match=f"cannot save {told}"):
        made(session.begin_saving())


def test_number_that_no_archive_holds_is_told_with_its_place() -> None:
    session, fleet = fleet_of("Argo")
    fleet.notes["depth"] = 2**64
    with pytest.raises(UserError, match=r"Fleet 'fleet'\['notes'\]\['depth'\]: int beyond 64 bits"):
        made(session.begin_saving())
