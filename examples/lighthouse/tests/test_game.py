"""The game, played in memory."""

from pathlib import Path

from everdoor_server.testing import World

GAME = Path(__file__).parents[1]


def test_two_players_meet() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    assert "The Square" in anna.type("look")
    bob = world.log_in("Bob")
    assert "Bob has entered the game." in anna.read()
    bob.type("hum")
    assert "Bob hums a tune." in anna.read()


def test_what_is_carried_stays_with_its_owner() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    anna.type("garden", "get can")
    world.commit()
    world.restart()
    assert "a watering can" in anna.type("inventory")
