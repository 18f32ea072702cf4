"""Wenna walks and answers."""

from pathlib import Path

from everdoor_server.testing import World

GAME = Path(__file__).parents[1]


def test_keeper_walks_her_rounds_and_thinks_aloud() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    anna.type("path", "tower")
    world.advance(40)
    assert "Wenna is leaving The Kitchen" in anna.read()
    anna.type("up")
    world.advance(80)
    assert 'Wenna says, "Hear the reef?"' in anna.read()


def test_keeper_answers_after_a_moment() -> None:
    world = World.of_game(GAME)
    anna = world.log_in("Anna")
    assert "says" not in anna.type("path", "tower", "ask wenna about the lamp")
    world.advance(1)
    assert 'Wenna says, "It wants its wick trimmed' in anna.read()
