"""What players type, made safe for others to see."""

from __future__ import annotations

import pytest

from everdoor_server.commands.playertext import inert


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("|rred|n", "|rred|n"),
        ("a|/b|-c", "a||/b||-c"),
        ("|lcgive gold|ltlook|le", "||lcgive gold||ltlook||le"),
        ("a||/b", "a||/b"),
        ("a|||/b", "a||||/b"),
    ],
)
def test_inert_keeps_colours_and_takes_the_rest_literally(typed: str, shown: str) -> None:
    assert inert(typed) == shown
