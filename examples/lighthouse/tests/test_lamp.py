"""The lamp wants three things, in their order, and all of them again when it has gone out."""

from pathlib import Path

from everdoor_server.testing import Client, World

GAME = Path(__file__).parents[1]


def anna_with_oil(world: World) -> Client:
    anna = world.log_in("Anna")
    anna.type("shop", "buy oil", "out", "path", "tower", "up")
    return anna


def test_lamp_burns_when_all_is_done_and_not_before() -> None:
    world = World.of_game(GAME)
    anna = anna_with_oil(world)
    assert "it is dry" in anna.type("light lamp")
    assert "to the last drop" in anna.type("fill lamp")
    assert "no scissors" in anna.type("light lamp")
    anna.type("trim lamp")
    assert "out to the reef" in anna.type("light lamp")


def test_lamp_goes_out_once_also_when_the_server_has_been_killed_meanwhile() -> None:
    world = World.of_game(GAME)
    anna = anna_with_oil(world)
    anna.type("fill lamp", "trim lamp", "light lamp")
    world.commit()
    world.restart()
    world.advance(600)
    assert anna.read().count("The light of the tower goes out.") == 1
    assert "Its wick is crooked and black, its tank empty." in anna.type("look lamp")


def test_boat_waits_for_the_light() -> None:
    world = World.of_game(GAME)
    anna = anna_with_oil(world)
    assert "Not in the dark" in anna.type("down", "out", "boat")
    anna.type("tower", "up", "fill lamp", "trim lamp", "light lamp")
    assert "The Reef" in anna.type("down", "out", "boat")
