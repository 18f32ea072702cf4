from __future__ import annotations

from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.objects import Exit, Object, Thing
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_object_moves_from_place_to_place(stage: Stage) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall)
    assert thing.move_to(stage.garden)
    assert (stage.hall.contents, stage.garden.contents) == ([], [thing])
    assert thing.location is stage.garden


def test_place_is_exact_when_it_is_first_read_after_a_move(stage: Stage) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall)
    stage.commit()
    stage.restart()
    lamp = stage.objects.get(thing.id)
    hall, garden = stage.objects.get(stage.hall.id), stage.objects.get(stage.garden.id)
    assert lamp is not None and hall is not None and garden is not None
    lamp.location = garden
    assert (hall.contents, garden.contents) == ([], [lamp])


def test_mover_is_announced_at_both_ends_and_looks_around(stage: Stage) -> None:
    anna, heard = stage.actor()
    bert, berts = stage.actor("Bert", 2)
    stage.objects.create(Exit, "north", location=stage.hall, destination=stage.garden)
    anna.move_to(stage.garden)
    assert stage.heard(berts) == ["Anna is leaving Hall, heading for Garden."]
    bert.move_to(stage.garden)
    assert stage.heard(heard) == ["Bert arrives to Garden from Hall."]
    bert.move_to(stage.hall)
    assert stage.heard(berts)[-1] == "Hall\nA hall.\nExits: north"


def test_quiet_move_is_not_announced(stage: Stage) -> None:
    anna, _ = stage.actor()
    _, berts = stage.actor("Bert", 2)
    anna.move_to(stage.garden, quiet=True)
    assert stage.heard(berts) == []


@pytest.mark.parametrize("hook", ["at_pre_move", "at_pre_object_leave", "at_pre_object_receive"])
def test_hook_refuses_a_move(stage: Stage, hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall)
    refusing = {"at_pre_move": thing, "at_pre_object_leave": stage.hall}.get(hook, stage.garden)
    monkeypatch.setattr(refusing, hook, lambda *args, **kwargs: False)
    assert not thing.move_to(stage.garden)
    assert thing.location is stage.hall


def test_hooks_of_a_move_run_in_order(stage: Stage) -> None:
    ran: list[str] = []

    class Watcher(Thing):
        def at_object_leave(self, moved_obj: Object, target: Object | None, **kw: Any) -> None:
            ran.append("leave")

        def at_object_receive(self, moved_obj: Object, source: Object | None, **kw: Any) -> None:
            ran.append("receive")

        def announce_move_from(self, destination: Object | None, **kwargs: Any) -> None:
            ran.append("announce from")

        def announce_move_to(self, source: Object | None, **kwargs: Any) -> None:
            ran.append("announce to")

        def at_post_move(self, source: Object | None, **kwargs: Any) -> None:
            ran.append(f"moved by {kwargs['move_type']}")

    box, bag = (stage.objects.create(Watcher, key, location=stage.hall) for key in ("box", "bag"))
    coin = stage.objects.create(Watcher, "coin", location=box)
    coin.move_to(bag, move_type="give")
    assert ran == ["leave", "announce from", "announce to", "receive", "moved by give"]


def test_exit_leads_to_its_destination_and_says_when_it_does_not(stage: Stage) -> None:
    anna, heard = stage.actor()
    way = stage.objects.create(Exit, "north", location=stage.hall, destination=stage.garden)
    way.at_traverse(anna, stage.garden)
    assert anna.location is stage.garden
    stage.sent.clear()

    class Heavy(Exit):
        def at_pre_object_receive(self, arriving: Object, source: Object | None, **kw: Any) -> bool:
            return False

    shut = stage.objects.create(Heavy, "in", location=stage.garden)
    way.at_traverse(anna, shut)
    assert stage.heard(heard) == ["You cannot go there."]


def test_nothing_is_put_into_itself(stage: Stage) -> None:
    box = stage.objects.create(Thing, "box", location=stage.hall)
    bag = stage.objects.create(Thing, "bag", location=box)
    with pytest.raises(UserError, match="box cannot be put into itself"):
        box.move_to(bag)
    assert box.location is stage.hall


def test_moving_nowhere_must_be_meant(stage: Stage) -> None:
    thing = stage.objects.create(Thing, "lamp", location=stage.hall)
    assert not thing.move_to(None)
    assert thing.move_to(None, to_none=True)
    assert (thing.location, stage.hall.contents) == (None, [])
