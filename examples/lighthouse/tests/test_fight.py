"""Rounds go by themselves, until somebody falls or goes."""

from pathlib import Path

from everdoor_server.testing import Client, World

GAME = Path(__file__).parents[1]


def anna_on_the_reef(world: World, *bought: str) -> Client:
    anna = world.log_in("Anna")
    anna.type("shop", "buy oil", *bought, "out", "path", "tower", "up")
    anna.type("trim lamp", "fill lamp", "light lamp", "down", "out", "boat")
    return anna


def test_armed_hero_wins_a_pearl_and_old_tom_comes_back() -> None:
    world = World.of_game(GAME)
    anna = anna_on_the_reef(world, "buy boat hook")
    assert "You go for Old Tom." in anna.type("attack tom")
    world.advance(6)
    assert "Old Tom sinks, and leaves a pearl behind." in anna.read()
    assert "a pearl" in anna.type("get pearl", "inventory")
    world.advance(300)
    assert "Old Tom rises from the water." in anna.read()


def test_who_goes_away_ends_the_fight() -> None:
    world = World.of_game(GAME)
    anna = anna_on_the_reef(world)
    anna.type("attack tom", "boat")
    world.advance(60)
    assert "hits" not in anna.read()


def test_who_falls_wakes_at_home() -> None:
    world = World.of_game(GAME)
    anna = anna_on_the_reef(world)
    anna.puppet.hp = 1
    anna.type("attack tom")
    world.advance(2)
    assert "The sea takes you" in anna.read()
    assert "The Square" in anna.type("look")
