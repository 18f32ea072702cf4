"""Commands that show something: colours, the time, what staff has happen; help by category."""

from __future__ import annotations

import pytest

from everdoor.markup.layout import width
from everdoor.markup.tags import parse, plain
from everdoor_server.objects import Room
from everdoor_server.testing import Client, World


@pytest.mark.parametrize(
    ("kind", "colours"), [("ansi", 8 * 4), ("xterm256", 216 + 24), ("truecolor", 64)]
)
def test_color_shows_every_colour_and_how_it_is_written(
    world: World, kind: str, colours: int
) -> None:
    anna = world.log_in("Anna")
    shown = anna.type(f"color {kind}")
    styles = {run.style for run in parse(shown)}
    assert len(styles) > colours * 0.9  # Some tags name the same colour.
    assert anna.shown[-1].options["wrap"] is False
    assert width(shown) <= 80


def test_color_says_which_there_are(world: World) -> None:
    assert plain(world.log_in("Anna").type("color pink")).startswith("Usage: color ansi")


def test_time_says_now_and_since_when(world: World) -> None:
    anna = world.log_in("Anna")
    world.now += 3660
    assert plain(anna.type("time")).splitlines()[1:] == [
        "now             1970-01-12 14:47:40",
        "server started  1970-01-12 13:46:40",
        "up for          01:01",
    ]
    anna.session.update_flags(SCREENREADER=True)
    assert "up for; Time: 01:01" in anna.type("time")


def test_emit_is_seen_by_all_who_are_there(world: World, builder: Client) -> None:
    anna = world.log_in("Anna")
    anna.read()
    builder.type("emit A bell rings.")
    assert builder.read() == "" and anna.read() == "A bell rings."
    assert builder.type("EMIT Anna = It rings.") == "It rings."
    assert anna.read() == "It rings."


def test_remit_and_pemit_reach_places_and_people_anywhere(world: World, builder: Client) -> None:
    anna, garden = world.log_in("Anna"), world.game.objects.create(Room, "Garden")
    anna.puppet.move_to(garden, quiet=True)
    anna.read()
    assert builder.type("remit Garden = It rains.") == "Shown to Garden: It rains."
    assert builder.type("pemit Anna = You are wet.") == "Shown to Anna: You are wet."
    assert anna.read() == "It rains.\nYou are wet."


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("emit", "Usage: emit"),
        ("pemit hello", "Usage: pemit"),
        ("remit Nowhere = x", "Could not find 'Nowhere'."),
    ],
)
def test_mistake_is_said_in_a_line(builder: Client, line: str, told: str) -> None:
    assert told in builder.type(line)


def test_help_lists_a_category_of_what_one_may_do(world: World, builder: Client) -> None:
    shown = builder.type("help Building")
    assert shown.startswith("|wBuilding|n\n  alias, create, desc, destroy, dig,")
    assert "General" not in shown
    assert "no help on 'building'" in world.log_in("Anna").type("help building")


def test_every_command_that_ships_has_help_that_says_how_it_is_used(world: World) -> None:
    root = world.log_in("Root", superuser=True)
    for command in world.game.cmdset_for(root.session):
        if command.auto_help:
            shown = plain(root.type(f"help {command.key}"))
            assert "Usage:" in shown, command.key
            assert width(shown) <= 80, command.key
