"""Steps that build a world: each once, in order, noted in the world itself."""

from __future__ import annotations

import pytest

from everdoor.errors import UserError
from everdoor_server.building import steps_of
from everdoor_server.engine import Game
from everdoor_server.objects import Object, Room
from everdoor_server.rows import MemoryRows
from everdoor_server.testing import World


def quay(game: Game) -> None:
    game.objects.set_start_location(game.objects.create(Room, "Quay"))


def tower(game: Game) -> None:
    game.objects.create(Room, "Tower", tags=["tall"])


def broken(game: Game) -> None:
    game.objects.create(Room, "Pit", tags=["tall"])
    raise ValueError("it fell down")


def tall(world: World) -> list[Object]:
    return world.game.objects.find(tag="tall")


def empty_world() -> World:
    """A world in which there is no room yet."""
    return World(rows=MemoryRows())


def test_steps_build_a_new_world_in_order() -> None:
    world = empty_world()
    assert world.game.build((quay, tower)) == ["quay", "tower"]
    assert world.start.key == "Quay"
    assert [room.key for room in tall(world)] == ["Tower"]


def test_step_is_done_once_in_the_life_of_a_world() -> None:
    world = empty_world()
    world.game.build((quay, tower))
    world.commit()
    world.restart()
    assert world.game.build((quay, tower)) == []
    assert len(tall(world)) == 1


def test_step_that_is_added_later_builds_onto_what_is_there() -> None:
    world = empty_world()
    world.game.build((quay,))
    world.commit()
    world.restart()
    assert world.game.build((tower, quay)) == ["tower"]
    assert world.start.key == "Quay"


def test_what_was_not_written_is_built_again() -> None:
    world = empty_world()
    with pytest.raises(ValueError, match="it fell down"):
        world.game.build((quay, tower, broken))
    world.restart()
    assert world.game.build((quay, tower)) == ["quay", "tower"]
    assert len(tall(world)) == 1


def test_step_without_an_argument_is_a_step() -> None:
    done: list[str] = []

    def alone() -> None:
        done.append("alone")

    World().game.build((alone,))
    assert done == ["alone"]


def test_world_without_a_place_to_begin_is_refused() -> None:
    with pytest.raises(UserError, match="no room where players begin: call game.objects.set_start"):
        empty_world().game.build((tower,))


def test_place_to_begin_moves() -> None:
    world = World()
    former = world.start
    world.game.build((quay,))
    assert world.start.key == "Quay"
    assert not former.tags.has("start")


@pytest.mark.parametrize("found", [quay, "quay", (quay, "tower"), None, {quay}])
def test_what_is_no_tuple_of_functions_is_refused(found: object) -> None:
    with pytest.raises(UserError, match="BUILD: expected a tuple of functions, got"):
        steps_of(found)


def test_two_steps_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="BUILD: quay is there twice"):
        steps_of([quay, tower, quay])
