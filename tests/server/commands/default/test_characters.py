"""Making and deleting characters."""

from __future__ import annotations

import pytest

from everdoor_server.engine import GameOptions
from everdoor_server.testing import Client, World


def owner(most: int = 3) -> Client:
    return World(GameOptions(max_nr_characters=most, multisession_mode=2)).log_in("Anna")


def test_charcreate_makes_a_character_that_can_be_played() -> None:
    anna = owner()
    assert anna.type("charcreate Beth = Tall and silent.") == (
        "Created new character Beth. Use |wic Beth|n to enter the game as this character."
    )
    anna.type("ic beth")
    assert "Tall and silent." in anna.type("look me")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("charcreate", "Usage: charcreate <charname> [= description]"),
        ("charcreate anna", "A character named 'anna' already exists."),
        ("charcreate Bo", "A name has 3 to 30 characters, this one has 2."),
        ("charcreate |rRed|n", "A name may not contain '|'"),
        ("charcreate 12345", "A name needs at least one letter."),
        ("chardelete", "Usage: chardelete <charname>"),
        ("chardelete Bo", "You have no such character to delete."),
    ],
)
def test_charcreate_and_chardelete_say_what_cannot_be(line: str, told: str) -> None:
    anna = owner()
    assert anna.type(line).startswith(told)
    assert len(anna.session.account.characters) == 1  # type: ignore[union-attr]


def test_charcreate_keeps_to_the_limit() -> None:
    anna = owner(most=1)
    assert anna.type("charcreate Beth") == "You may only have a maximum of 1 characters."


def test_description_cannot_forge_lines() -> None:
    anna = owner()
    anna.type("charcreate Beth = nice|/Bo says hi", "ic beth")
    assert "nice||/Bo" in anna.type("look me")


def test_chardelete_asks_first_and_takes_only_yes_for_yes() -> None:
    anna = owner()
    anna.type("charcreate Beth")
    assert anna.type("chardelete beth") == (
        "|rThis will permanently destroy 'Beth'. This cannot be undone.|n Continue yes/[no]? "
    )
    assert anna.type("y") == "Deletion was aborted."
    anna.type("chardelete beth")
    assert anna.type("YES") == "Character 'Beth' was permanently deleted."
    account = anna.session.account
    assert [character.key for character in account.characters] == ["Anna"]  # type: ignore[union-attr]


def test_chardelete_of_the_character_that_is_played_leaves_its_player_out_of_character() -> None:
    anna = owner()
    anna.type("chardelete anna")
    told = anna.type("yes")
    assert "Anna is no more; you are out of character." in told
    assert anna.puppet is None
    assert anna.type("ic") == "Usage: ic <character>"


def test_chardelete_is_not_done_after_a_restart() -> None:
    world = World(GameOptions(max_nr_characters=3))
    anna = world.log_in("Anna")
    anna.type("charcreate Beth", "chardelete beth")
    world.commit()
    world.restart()
    assert "interrupted" in anna.read()
    anna.type("yes")
    assert len(world.game.objects.find("Beth")) == 1
