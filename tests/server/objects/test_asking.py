"""Making and finding objects from game code, in the world that runs."""

from __future__ import annotations

import pytest

from everdoor.errors import UserError
from everdoor_server import Exit, Object, Room, Thing, create_object, search_object
from everdoor_server.current import within
from everdoor_server.testing import World


class Lamp(Thing):
    pass


def test_object_is_made_and_found_in_the_world_that_runs() -> None:
    here, elsewhere = World(), World()
    with within(here.game):
        lamp = create_object(
            Lamp,
            "lamp",
            location=here.start,
            aliases=["light"],
            tags=["brass"],
            attributes={"oil": 3},
        )
        assert (lamp.location, lamp.db.oil) == (here.start, 3)
        assert search_object("LIGHT") == search_object(tag="brass") == [lamp]
        assert search_object("lamp", typeclass=Lamp)[0] is lamp
        assert search_object("lamp", typeclass=Room) == []
    with within(elsewhere.game):
        assert search_object("lamp") == []


def test_class_may_be_named_by_its_path() -> None:
    world = World()
    with within(world.game):
        made = create_object("everdoor_server.objects.Exit", "north", destination=world.start)
        assert type(made) is Exit
        with pytest.raises(UserError, match="typeclass 'game.Nothing' cannot be imported"):
            create_object("game.Nothing", "nothing")


def test_setting_that_there_is_not_is_refused() -> None:
    with within(World().game), pytest.raises(TypeError, match="colour"):
        create_object(Object, "thing", colour="red")  # type: ignore[call-overload]


def test_without_a_world_there_is_nothing_to_make_or_find() -> None:
    for ask in (lambda: create_object(Thing, "lamp"), lambda: search_object("lamp")):
        with pytest.raises(
            RuntimeError, match="no world runs here: .*_object is for what a server"
        ):
            ask()
