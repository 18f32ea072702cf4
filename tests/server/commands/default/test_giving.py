"""Whispering, giving, going home and describing oneself."""

from __future__ import annotations

import pytest

from everdoor_server.objects import Exit, Room, Thing
from three import Three


@pytest.fixture
def three() -> Three:
    three = Three.begin()
    three.world.game.objects.create(Thing, "lamp", location=three.anna.puppet)
    return three


def test_whisper_is_heard_by_those_named_alone_and_once(three: Three) -> None:
    assert three.anna.type("whisper Bo, bo = psst") == 'You whisper to Bo, "psst"'
    assert three.bo.read() == 'Anna whispers: "psst"'
    assert three.cleo.read() == ""


def test_whisper_to_several_reaches_each(three: Three) -> None:
    assert three.anna.type("whisper Bo, Cleo = psst") == 'You whisper to Bo, Cleo, "psst"'
    assert three.bo.read() == three.cleo.read() == 'Anna whispers: "psst"'


@pytest.mark.parametrize("line", ["give lamp = Bo", "give lamp to Bo"])
def test_give_hands_a_thing_over_and_all_see_it(three: Three, line: str) -> None:
    assert three.anna.type(line) == "You give a lamp to Bo."
    assert three.bo.read() == "Anna gives you a lamp."
    assert three.cleo.read() == "Anna gives a lamp to Bo."
    assert "a lamp" in three.bo.type("inventory")
    assert "not carrying anything" in three.anna.type("inventory")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("whisper", "Usage: whisper"),
        ("whisper Bo", "Usage: whisper"),
        ("whisper Bo =", "Usage: whisper"),
        ("whisper Dora = hm", "Could not find 'Dora'."),
        ("give", "Usage: give"),
        ("give lamp", "Usage: give"),
        ("give rug to Bo", "You aren't carrying rug."),
        ("give lamp to Dora", "Could not find 'Dora'."),
        ("give lamp to me", "You keep a lamp to yourself."),
        ("give lamp to here", "You can't give anything to Limbo."),
        ("home", "You are already home!"),
    ],
)
def test_mistake_is_said_in_a_line(three: Three, line: str, told: str) -> None:
    assert told in three.anna.type(line)
    assert three.bo.read() == ""


def test_thing_that_may_not_be_given_is_kept(three: Three) -> None:
    three.anna.puppet.contents[0].locks.add("give:false()")
    assert three.anna.type("give lamp to Bo") == "You can't give that away."


def test_nothing_is_given_to_a_way(three: Three) -> None:
    start = three.world.start
    three.world.game.objects.create(Exit, "gate", location=start, destination=start)
    assert three.anna.type("give lamp to gate") == "You can't give anything to gate."


def test_home_leads_home_and_else_where_players_begin(three: Three) -> None:
    garden = three.world.game.objects.create(Room, "Garden")
    anna = three.anna.puppet
    anna.home = garden
    assert "Garden" in three.anna.type("home")
    assert anna.location is garden
    anna.home = None
    three.anna.type("home")
    assert anna.location is three.world.start


def test_description_of_oneself_is_seen_by_others_without_lines_of_its_own(three: Three) -> None:
    assert three.anna.type("setdesc") == "This is a character."
    assert three.anna.type('setdesc Tall.|/Bo says, "I give up"') == "You set your description."
    assert 'Tall.||/Bo says, "I give up"' in three.bo.type("look Anna")
