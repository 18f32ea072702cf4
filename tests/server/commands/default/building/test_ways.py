"""Rooms and the ways between them, made while the game runs."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.objects import Exit, Room
from everdoor_server.testing import Client, World


def exits(room: Any) -> dict[str, str]:
    return {way.key: way.destination.key for way in room.exits}


def test_dig_makes_a_room_and_ways_that_can_be_walked_both_ways(
    world: World, builder: Client
) -> None:
    told = builder.type("dig House;h = House door;door;d, out;o")
    assert told.splitlines() == [
        "Created room House(#3) (aliases: h).",
        "Created exit House door(#4) (aliases: door, d) from Limbo(#1) to House(#3).",
        "Created exit out(#5) (aliases: o) from House(#3) to Limbo(#1).",
    ]
    assert "House" in builder.type("door")
    assert "Limbo" in builder.type("o")


def test_dig_without_ways_makes_a_room_alone(world: World, builder: Client) -> None:
    builder.type("dig Cellar")
    assert [room.key for room in world.game.objects.find("cellar")] == ["Cellar"]
    assert exits(world.start) == {}


def test_dig_with_teleport_goes_there(builder: Client) -> None:
    assert "Cellar(#3)" in builder.type("dig/tel Cellar = down;d").splitlines()[-2]
    assert builder.puppet.location.key == "Cellar"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("dig", "Usage: dig"),
        ("dig A = b, c, d", "dig makes a way there and one back, not 3 ways."),
        ("dig A:Lamp = b", "There is no class 'Lamp' here; there is everdoor_server"),
        ("dig #12", "'#12' cannot be a name: it means something already."),
        (f"dig {'a' * 81}", "A name has at most 80 characters, this one 81."),
        ("dig ;b", "A name is missing."),
        ("dig/far A", "dig: no switch /far; it knows teleport."),
        ("tunnel", "tunnel goes in one of the directions n, ne, e"),
        ("tunnel hither = A", "not 'hither'."),
        ("open", "Usage: open"),
        ("open gate = nowhere", "Could not find 'nowhere'."),
        ("open a, b, c = here", "open makes a way there and one back, not 3 ways."),
        ("link", "Usage: link"),
        ("link gate", "Could not find 'gate'."),
        ("unlink", "Usage: unlink"),
    ],
)
def test_mistake_is_said_in_a_line_and_makes_nothing(
    world: World, builder: Client, line: str, told: str
) -> None:
    before = world.game.objects.create(Room, "Last").id
    assert told in builder.type(line)
    assert world.game.objects.create(Room, "Next").id == before + 1


def test_tunnel_makes_ways_by_the_names_of_directions(world: World, builder: Client) -> None:
    builder.type("tunnel ne = House")
    (house,) = world.game.objects.find("House")
    assert exits(world.start) == {"northeast": "House"}
    assert exits(house) == {"southwest": "Limbo"}
    assert "House" in builder.type("ne")
    assert "Limbo" in builder.type("sw")


def test_tunnel_one_way_leads_there_only(world: World, builder: Client) -> None:
    builder.type("tunnel/oneway/tel down")
    assert builder.puppet.location.key == "Some place"
    assert exits(builder.puppet.location) == {}


def test_second_way_of_a_name_is_refused(world: World, builder: Client) -> None:
    builder.type("tunnel n = House")
    told = builder.type("dig Barn = n")
    assert told == (
        "There is a way 'n' in Limbo(#1) already: north(#4). "
        "Give this one another name, or destroy that one."
    )
    assert world.game.objects.find("Barn") == []


def test_open_joins_rooms_that_there_are(world: World, builder: Client) -> None:
    garden = world.game.objects.create(Room, "Garden")
    builder.type(f"open gate, back = {garden.dbref}")
    assert exits(world.start) == {"gate": "Garden"}
    assert exits(garden) == {"back": "Limbo"}


def test_link_leads_a_way_elsewhere_and_unlink_nowhere(world: World, builder: Client) -> None:
    garden = world.game.objects.create(Room, "Garden")
    builder.type("tunnel n = House")
    assert builder.type("link n") == "north(#5) leads to House(#4)."
    assert builder.type("link n = Garden") == "north(#5) leads to Garden(#3) now."
    builder.type("n")
    assert builder.puppet.location is garden
    builder.type("tel Limbo")
    assert builder.type("unlink north") == "north(#5) leads to Garden(#3) no more."
    assert "not available" in builder.type("n")
    assert builder.type("unlink north") == "north(#5) leads nowhere already."
    builder.type("link north = House")
    assert "House" in builder.type("n")


def test_link_is_for_exits(builder: Client) -> None:
    builder.type("create lamp")
    told = builder.type("link lamp = here")
    assert told == "lamp(#3) is no exit; make one with: open <exit> = <room>"


class Gate(Exit):
    """A class of the game that is played."""


def test_class_of_the_game_is_found_by_the_end_of_its_path(world: World, builder: Client) -> None:
    builder.type("open gate:Gate = here")
    (way,) = world.start.exits
    assert type(way) is Gate


def test_players_do_not_build(world: World) -> None:
    anna = world.log_in("Anna")
    for line in ("dig A", "tunnel n", "open a = here", "create a", "examine here", "tel here"):
        assert "is not available" in anna.type(line)
