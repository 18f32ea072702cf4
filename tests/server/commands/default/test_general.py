"""What characters do."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from everdoor.markup.tags import parse, plain
from everdoor_server.objects import Exit, Room, Thing
from everdoor_server.testing import Client, World


class Two(NamedTuple):
    world: World
    anna: Client
    bo: Client


@pytest.fixture
def two() -> Two:
    world = World()
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    anna.read()
    bo.read()
    return Two(world, anna, bo)


@pytest.mark.parametrize("line", ["say hello", "'hello", '"hello', "SAY   hello  "])
def test_say_is_heard_by_all_and_by_the_speaker_as_its_own(two: Two, line: str) -> None:
    assert two.anna.type(line) == 'You say, "hello"'
    assert two.bo.read() == 'Anna says, "hello"'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (":waves.", "Anna waves."),
        ("pose waves.", "Anna waves."),
        (":'s eyes shine.", "Anna's eyes shine."),
        ("emote says {object} {x}", "Anna says {object} {x}"),
    ],
)
def test_pose_shows_the_name_and_what_is_done(two: Two, line: str, shown: str) -> None:
    assert two.anna.type(line) == shown
    assert two.bo.read() == shown


def test_think_is_nobody_elses_business(two: Two) -> None:
    assert two.anna.type("think hm") == 'You think, "hm"'
    assert two.bo.read() == ""


@pytest.mark.parametrize("line", ["say", "pose", "think", "get", "drop"])
def test_command_without_its_words_asks_for_them(two: Two, line: str) -> None:
    assert two.anna.type(line).endswith("?")
    assert two.bo.read() == ""


@pytest.mark.parametrize(
    "line",
    [
        'say |rfire|/Bo says, "I give up"|-|lcdrop all|ltcome|le |',
        "pose |rfire|/Bo gives up|-|lcdrop all|ltcome|le |",
        "think |rfire|/|-|lcdrop all|ltcome|le |",
    ],
)
def test_colours_work_in_what_players_say_but_no_lines_tabs_and_links(two: Two, line: str) -> None:
    for told in filter(None, [two.anna.type(line), two.bo.read()]):
        runs = parse(told)
        assert any(run.style.fg == 1 for run in runs)
        assert all(run.link is None for run in runs)
        assert not {"\n", "\t"} & set(plain(told))


@pytest.mark.parametrize(
    "line", ["|rwave|/Bo", "look |rbox|/Bo", "drop |rbox|/Bo", "help |rbox|/bo"]
)
def test_what_is_not_understood_is_told_as_it_was_typed(two: Two, line: str) -> None:
    assert line.split(" ")[-1] in plain(two.anna.type(line))


def test_what_is_said_cannot_forge_lines(two: Two) -> None:
    two.anna.type("say hi|/Bo says\x1b[2J\u202e")
    assert two.bo.read() == 'Anna says, "hi||/Bo says[2J"'


def test_look_shows_the_place_a_thing_and_oneself(two: Two) -> None:
    two.world.game.objects.create(Thing, "lamp", location=two.world.start).db.desc = "It glows."
    assert "Limbo" in two.anna.type("look")
    assert "Bo" in two.anna.type("l")
    assert "It glows." in two.anna.type("look lamp")
    assert "Anna" in two.anna.type("look me")
    assert two.anna.type("look nothing") == "Could not find 'nothing'."
    assert two.anna.shown[-3].options == {"type": "look"}


def test_things_are_picked_up_carried_and_put_down(two: Two) -> None:
    lamp = two.world.game.objects.create(Thing, "lamp", location=two.world.start)
    assert two.anna.type("get lamp") == "You pick up a lamp."
    assert two.bo.read() == "Anna picks up a lamp."
    assert lamp.location is two.anna.puppet
    assert two.anna.type("i") == "You are carrying:\n  a lamp"
    assert two.anna.type("drop lamp") == "You drop a lamp."
    assert two.bo.read() == "Anna drops a lamp."
    assert two.anna.type("inventory") == "You are not carrying anything."


def test_equal_things_are_counted_and_chosen_by_number(two: Two) -> None:
    lamps = [
        two.world.game.objects.create(Thing, "lamp", location=two.world.start) for _ in range(2)
    ]
    assert "More than one match for 'lamp'" in two.anna.type("get lamp")
    two.anna.type("get 2-lamp", "get lamp")
    assert {lamp.location for lamp in lamps} == {two.anna.puppet}
    assert two.anna.type("inv") == "You are carrying:\n  two lamps"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("get Bo", "You can't get that."),
        ("get me", "You can't get yourself."),
        ("get here", "You can't get that."),
        ("get moon", "Could not find 'moon'."),
        ("drop moon", "You aren't carrying moon."),
    ],
)
def test_what_cannot_be_taken_or_dropped_stays(two: Two, line: str, told: str) -> None:
    assert two.anna.type(line) == told
    assert two.bo.read() == ""


def test_character_without_a_location_is_told_so(two: Two) -> None:
    two.anna.puppet.location = None
    assert two.anna.type("look") == "You have no location to look at!"
    assert two.anna.type("get lamp") == "There is nothing here."
    assert two.anna.type(":waves") == "You have no location to do that in!"


def test_exit_is_walked_by_name_alias_and_number(two: Two) -> None:
    objects = two.world.game.objects
    garden = objects.create(Room, "Garden")
    objects.create(Exit, "North Gate", location=two.world.start, destination=garden, aliases=["n"])
    objects.create(Exit, "out", location=garden, destination=two.world.start)
    assert "Garden" in two.anna.type("n")
    assert two.anna.puppet.location is garden
    assert "Anna" in two.bo.read()
    assert "Command 'n' is not available." in two.anna.type("n")
    two.anna.type("out", "north gate")
    assert two.anna.puppet.location is garden


def test_exit_that_is_renamed_locked_or_gone_is_known_at_once(two: Two) -> None:
    objects = two.world.game.objects
    garden = objects.create(Room, "Garden")
    way = objects.create(Exit, "gate", location=two.world.start, destination=garden)
    way.key = "door"
    assert "not available" in two.anna.type("gate")
    way.locks.add("traverse:none()")
    assert two.anna.type("door") == "You cannot go there."
    way.db.err_traverse = "It is bolted."
    assert two.anna.type("door") == "It is bolted."
    way.delete()
    assert "not available" in two.anna.type("door")


def test_two_exits_of_one_name_are_chosen_by_number(two: Two) -> None:
    objects = two.world.game.objects
    rooms = [objects.create(Room, name) for name in ("Attic", "Cellar")]
    for room in rooms:
        objects.create(Exit, "stairs", location=two.world.start, destination=room)
    told = two.anna.type("stairs")
    assert told == (
        "More than one match for 'stairs' (please narrow target):\n stairs-1\n stairs-2"
    )
    two.anna.type("stairs-2")
    assert two.anna.puppet.location is rooms[1]
