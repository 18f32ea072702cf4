"""Coins are spent and earned, and kept."""

from pathlib import Path

from everdoor_server.testing import World

GAME = Path(__file__).parents[1]


def test_what_is_bought_is_paid_and_what_is_sold_brings_half() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    assert "You have 10." in anna.type("shop", "wares")
    assert "You buy the boat hook for 5 coins." in anna.type("buy boat")
    assert "You sell the boat hook for 2 coins." in anna.type("sell hook")
    world.commit()
    world.restart()
    assert "You have 7." in anna.type("wares")


def test_nobody_buys_on_credit_or_outside_of_the_shop() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    assert "is not available" in anna.type("buy oil")
    anna.type("shop", "buy oil", "buy boat")
    assert "The oil can is 4 coins, and you have 1." in anna.type("buy oil")
