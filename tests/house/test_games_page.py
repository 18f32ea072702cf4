"""The page for writers of games has every name that they may rely on, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import everdoor_server
from everdoor_server import testing

PAGE = Path(__file__).parents[2] / "docs" / "games.md"


def test_page_explains_every_public_name() -> None:
    [table] = re.findall(
        r"^## What a game may rely on\n.*?^(\|.*?)\n\n", PAGE.read_text(), re.M | re.S
    )
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(everdoor_server.__all__)


def test_page_names_what_tests_of_games_use() -> None:
    assert all(f"`{name}`" in PAGE.read_text() for name in ("World", "Client", "Shown"))
    assert all(hasattr(testing, name) for name in ("World", "Client", "Shown"))
