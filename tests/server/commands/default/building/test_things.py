"""Things made, named, described, moved and destroyed by builders."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.objects import Room, Thing
from everdoor_server.testing import Client, World


def find(world: World, name: str) -> Any:
    (found,) = world.game.objects.find(name)
    return found


def test_create_puts_things_into_the_hands_or_down(world: World, builder: Client) -> None:
    assert (
        builder.type("create lamp;light, rug")
        == "Created lamp(#3) (aliases: light).\nCreated rug(#4)."
    )
    assert [thing.key for thing in builder.puppet.contents] == ["lamp", "rug"]
    builder.type("create/drop chest")
    assert find(world, "chest").location is world.start


def test_what_was_made_is_its_makers_and_the_admins(world: World, builder: Client) -> None:
    builder.type("create lamp")
    other = world.log_in("Cleo")
    account: Any = other.session.account
    account.permissions.add("Builder")
    assert other.type("destroy #3") == "You may not delete lamp(#3)."
    assert other.type("desc #3 = Dark.") == "You may not edit lamp(#3)."
    account.permissions.add("Admin")
    assert other.type("desc #3 = Dark.") == "The description of lamp(#3) was set."


def test_desc_describes_and_clears(world: World, builder: Client) -> None:
    builder.type("dig/tel House", "desc A |rred|n house.|/With a door.")
    assert "A |rred|n house.|/With a door." in builder.type("look")
    builder.type("desc here =")
    assert "This is a room." in builder.type("look")


def test_name_and_aliases_are_changed(world: World, builder: Client) -> None:
    builder.type("create lamp;light")
    assert builder.type("name lamp = torch") == "lamp(#3) is called torch now."
    assert find(world, "torch") is find(world, "light")
    builder.type("rename torch = candle;wick")
    assert builder.type("alias candle") == "Aliases of candle(#3): wick."
    assert builder.type("alias candle = taper, dip") == "Aliases of candle(#3): wick, taper, dip."
    assert builder.type("alias dip =") == "Aliases of candle(#3): none."


def test_character_keeps_a_name_of_its_own(world: World, builder: Client) -> None:
    world.log_in("Anna")
    account: Any = builder.session.account
    account.permissions.add("Admin")
    assert builder.type("name Anna = Bea") == "A character named 'Bea' already exists."
    assert "Anna(#3) is called Ann now." in builder.type("name Anna = Ann")


def test_destroy_asks_and_takes_ways_that_lead_there_with_it(world: World, builder: Client) -> None:
    builder.type("tunnel n = House", "destroy #3")
    assert builder.type("no") == "Nothing was destroyed."
    builder.type("destroy #3")
    told = builder.type("yes")
    assert told == "House(#3) was destroyed, and 1 exit that led there."
    assert world.start.contents == [builder.puppet]
    assert builder.type("destroy #3") == "Could not find '#3'."


def test_destroy_by_force_does_not_ask_and_several_go_at_once(builder: Client) -> None:
    builder.type("create lamp, rug")
    told = builder.type("destroy/force lamp, rug, lamp")
    assert told == "lamp(#3) was destroyed.\nrug(#4) was destroyed."
    assert builder.puppet.contents == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("create", "Usage: create"),
        ("create a:Room:b", "There is no class 'Room:b' here"),
        ("create me", "'me' cannot be a name"),
        ("desc", "Usage: desc"),
        ("desc lamp = Dim.", "Could not find 'lamp'."),
        ("name", "Usage: name"),
        ("name here = Heaven", "You may not edit Limbo(#1)."),
        ("alias", "Usage: alias"),
        ("destroy", "Usage: destroy"),
        ("destroy me", "You cannot destroy yourself."),
        ("destroy rug, here", "Could not find 'rug'.\nYou may not delete Limbo(#1)."),
        ("teleport", "Usage: teleport"),
        ("teleport moon", "Could not find 'moon'."),
        ("teleport here = me", "You may not teleport Limbo(#1)."),
        ("teleport here", "Bea(#2) is there already."),
        ("sethome", "Usage: sethome"),
        ("sethome here = here", "You may not edit Limbo(#1)."),
    ],
)
def test_mistake_is_said_in_a_line(builder: Client, line: str, told: str) -> None:
    assert told in builder.type(line)


def test_nobody_destroys_themselves_or_where_players_begin(world: World) -> None:
    root = world.log_in("Root", superuser=True)
    assert root.type("destroy me") == "You cannot destroy yourself."
    assert root.type("destroy here").endswith("is where players begin; it cannot be destroyed.")


def test_teleport_goes_and_puts_anywhere(world: World, builder: Client) -> None:
    garden = world.game.objects.create(Room, "Garden")
    builder.type("create lamp")
    assert builder.type("tel lamp = Garden") == "Teleported lamp(#4) to Garden(#3)."
    assert "Garden" in builder.type("tel #3")
    assert builder.puppet.location is garden
    assert builder.type("tel/tonone/quiet lamp") == "Teleported lamp(#4) to nowhere."
    assert find(world, "lamp").location is None
    assert builder.type("tel/quiet #4 = me") == "Teleported lamp(#4) to Bea(#2)."
    assert find(world, "lamp").location is builder.puppet


def test_teleport_is_seen_unless_it_is_quiet(world: World, builder: Client) -> None:
    anna = world.log_in("Anna")
    anna.read()
    world.game.objects.create(Room, "Garden")
    builder.type("tel/quiet Garden")
    assert anna.read() == ""
    builder.type("tel Limbo")
    assert "Bea arrives to Limbo from Garden." in anna.read()


def test_thing_cannot_be_put_into_itself(builder: Client) -> None:
    builder.type("create box, bag")
    builder.type("tel bag = box")
    assert builder.type("tel box = bag") == "box cannot be put into itself"


def test_one_of_several_far_away_is_named_by_number(world: World, builder: Client) -> None:
    for number in (3, 4):
        world.game.objects.create(Room, "Tower").db.desc = f"Number {number}."
    told = builder.type("tel Tower").splitlines()
    assert told[1:] == [" Tower-1 (#3)", " Tower-2 (#4)"]
    assert "Number 4." in builder.type("tel Tower-2")


def test_home_of_a_thing_is_where_it_goes_when_its_room_is_gone(
    world: World, builder: Client
) -> None:
    builder.type("dig/tel House", "create/drop lamp")
    assert builder.type("sethome lamp") == "The home of lamp(#4) is House(#3)."
    assert builder.type("sethome lamp = Limbo") == "The home of lamp(#4) is Limbo(#1) now."
    builder.type("destroy/force here")
    assert find(world, "lamp").location is world.start
    assert builder.puppet.location is world.start


def test_what_was_built_is_there_after_a_restart(world: World, builder: Client) -> None:
    builder.type("tunnel n = House", "create/drop lamp;light", "set lamp/weight = 3")
    world.commit()
    world.restart()
    lamp = find(world, "light")
    assert isinstance(lamp, Thing) and lamp.db.weight == 3
    assert lamp.access(builder.puppet, "control")
    assert "House" in builder.type("n")
