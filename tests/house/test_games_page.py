"""The page for writers of games has every name that they may rely on, and no other."""

from __future__ import annotations

import itertools
import re
import textwrap
from pathlib import Path
from typing import Any

import everdoor_server
from everdoor_server import testing
from everdoor_server.testing import World

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


def example(first_line: str) -> str:
    """The code of the page that begins with a line."""
    page = PAGE.read_text()
    block = page[page.index(f"    {first_line}") :].split("\n\n\n")[0]
    lines = itertools.takewhile(lambda line: line.startswith("    ") or not line, block.split("\n"))
    return textwrap.dedent("\n".join(lines))


def test_command_with_switches_and_sides_works_as_it_stands() -> None:
    names: dict[str, Any] = dict(vars(everdoor_server))
    exec(example("class CmdPaint"), names)
    world = World()
    anna = world.log_in("Anna")
    account: Any = anna.session.account
    account.permissions.add("Helper")
    anna.puppet.cmdset.add(_with(names["CmdPaint"]))
    lamp = world.game.objects.create(everdoor_server.Thing, "lamp", location=world.start)
    assert anna.type("paint/thi lamp = red") == "lamp is red now."
    assert lamp.db.colour == "red"
    assert anna.type("paint lamp") == "Usage: paint[/thick] <thing> = <colour>"
    assert "|wCrafts|n\n  paint" in anna.type("help crafts")


def test_table_and_channel_work_as_they_stand() -> None:
    world = World()
    anna = world.log_in("Anna")
    command = everdoor_server.Command(session=anna.session, caller=anna.puppet, game=world.game)
    names = {**vars(everdoor_server), "self": command}
    exec(example("table = Table("), names)
    assert anna.read().endswith("|wThing|n  |wPrice|n\nlamp       3")
    exec(example("channel = self.game.channels"), names)
    assert anna.read() == "[Public] The fair has begun."


def _with(command: type[everdoor_server.Command]) -> everdoor_server.CmdSet:
    cmdset = everdoor_server.CmdSet()
    cmdset.add(command)
    return cmdset
