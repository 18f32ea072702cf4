from __future__ import annotations

import pytest

from everdoor.ids import link_dead_key
from everdoor_server.objects import Exit, Thing
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_room_shows_exits_characters_and_things_but_not_the_looker(stage: Stage) -> None:
    anna, _ = stage.actor()
    stage.npc("Bert")
    stage.objects.create(Exit, "north", location=stage.hall, destination=stage.garden)
    for key in ("oar", "lamp", "lamp"):
        stage.objects.create(Thing, key, location=stage.hall)
    assert anna.at_look(stage.hall) == (
        "Hall\nA hall.\nExits: north\nCharacters: Bert\nYou see: an oar and two lamps"
    )


def test_thing_without_description_says_so(stage: Stage) -> None:
    anna, _ = stage.actor()
    lamp = stage.objects.create(Thing, "lamp", location=stage.hall)
    assert anna.at_look(lamp) == "lamp\nYou see nothing special."


def test_hidden_thing_is_not_seen(stage: Stage) -> None:
    anna, _ = stage.actor()
    ghost = stage.objects.create(Thing, "ghost", location=stage.hall, locks="view:false()")
    assert "ghost" not in anna.at_look(stage.hall)
    assert anna.at_look(ghost) == "You can't look at 'ghost'."


def test_builder_sees_numbers(stage: Stage) -> None:
    session = stage.login("Root", 9, superuser=True)
    assert stage.puppet(session).at_look(stage.hall).startswith("Hall(#1)\n")


@pytest.mark.parametrize(
    ("key", "count", "expected"),
    [
        ("lamp", 1, "a lamp"),
        ("oar", 1, "an oar"),
        ("box", 2, "two boxes"),
        ("berry", 3, "three berries"),
        ("key", 2, "two keys"),
        ("coin", 40, "40 coins"),
    ],
)
def test_name_is_numbered(stage: Stage, key: str, count: int, expected: str) -> None:
    thing = stage.objects.create(Thing, key)
    assert thing.get_numbered_name(count)[count > 1] == expected


def test_name_has_the_plural_that_it_is_given(stage: Stage) -> None:
    sheep = stage.objects.create(Thing, "sheep", attributes={"plural": "sheep"})
    assert sheep.get_numbered_name(2) == ("a sheep", "two sheep")


def test_who_has_lost_the_connection_is_marked_in_the_room(stage: Stage) -> None:
    anna, _ = stage.actor()
    bert = stage.login("Bert", 2)
    stage.sessions.rekey(bert, link_dead_key(bert.sessid))
    assert "Characters: Bert (link-dead)" in anna.at_look(stage.hall)
    stage.sessions.take_back(bert, stage.connect(), is_seamless=False)
    assert "Characters: Bert\n" in f"{anna.at_look(stage.hall)}\n"
