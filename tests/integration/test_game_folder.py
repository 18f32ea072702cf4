"""A game in its folder: nothing in it clashes, steps are done once, a class may go and return."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor_server.newgame import new_game
from integration.system import PASSWORD, System, kill
from players.telnet import Player

FAILED = 1

CLASHING = ("everdoor", "everdoor_server", "asyncio", "string", "zmq", "json")

pytestmark = pytest.mark.timeout(200)


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A new game's folder in which `everdoor up` runs, with modules that are called as others."""
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        folder = Path(path) / "mygame"
        new_game(folder)
        for name in CLASHING:
            (folder / f"{name}.py").write_text("raise RuntimeError('mistaken for another')\n")
            (folder / "game" / f"{name}.py").write_text(f"import {name}\nHERE = __name__\n")
        with System(folder, home=folder / "var") as system:
            system.up()
            system.make_accounts(["Ada"])
            system.expects_tracebacks("the world cannot be built")
            yield system


@pytest.fixture
def game(system: System) -> Path:
    return system.folder / "game"


def log(system: System, event: str) -> list[str]:
    logs = (system.home / "logs").glob("server*")
    return [line for file in logs for line in file.read_text().splitlines() if event in line]


def rooms(system: System, key: str) -> int:
    [[count]] = system.select(f"SELECT count(*) FROM world_object WHERE key = '{key}'")
    return int(count)


async def logged_in(system: System) -> Player:
    player = await Player.connect("Ada", system.port)
    await player.log_in(PASSWORD)
    return player


def test_modules_called_as_ours_or_as_pythons_are_the_games_own(system: System, game: Path) -> None:
    (game / "hooks.py").write_text(
        "import game.string, game.everdoor\n"
        "def at_server_start(game_that_runs):\n"
        "    start = game_that_runs.objects.start_location()\n"
        "    start.db.desc = f'{game.string.HERE} {game.everdoor.HERE}'\n"
    )

    async def play() -> None:
        ada = await logged_in(system)
        await asyncio.to_thread(system.run, "server", "reload")
        await ada.asks("look", "game.string game.everdoor")
        await ada.asks("hum", "You hum a tune.")
        await ada.leave()

    asyncio.run(play())
    done = system.run("game", "check")
    assert "No mistakes" in done.stderr
    home = next(line for line in system.run("settings").stdout.splitlines() if "game = " in line)
    assert f"{system.folder}/game" in home


TOWER = """

def build_tower():
    create_object(Room, 'The Tower'){rest}


BUILD += (build_tower,)
"""


def test_step_that_fails_leaves_nothing_and_one_that_does_not_is_done_once_over_kills(
    system: System, game: Path
) -> None:
    before = (game / "world.py").read_text()
    (game / "world.py").write_text(before + TOWER.format(rest=".fly_away()"))
    done = system.run("server", "reload", code=FAILED)
    line = before.count("\n") + 4
    assert f"the world cannot be built: {game}/world.py, line {line}: AttributeError" in done.stderr
    assert rooms(system, "The Tower") == 0
    (game / "world.py").write_text(before + TOWER.format(rest=""))

    async def play() -> None:
        ada = await logged_in(system)
        await asyncio.to_thread(system.run, "server", "reload")
        for _ in range(2):
            kill((await asyncio.to_thread(system.status)).server["worker_pid"])
            await ada.asks("look", "The Square")
            await asyncio.to_thread(system.until_up)
        await asyncio.to_thread(system.run, "server", "reload")
        await ada.leave()

    asyncio.run(play())
    assert rooms(system, "The Tower") == rooms(system, "The Square") == 1


def test_world_whose_classes_are_gone_goes_on_with_shipped_ones_and_says_so_once(
    system: System, game: Path
) -> None:
    classes, world = game / "typeclasses.py", game / "world.py"
    good = {path: path.read_text() for path in (classes, world)}

    def write(**renamed: str) -> None:
        """Give classes other names, by which the rest of the game imports them."""
        for path, text in good.items():
            for old, new in renamed.items():
                text = text.replace(f"class {old}(", f"class {new}(")
                text = text.replace(f" {old},", f" {new} as {old},")
            path.write_text(text)

    async def play() -> None:
        ada = await logged_in(system)
        write(Exit="Way", Room="Place")
        await asyncio.to_thread(system.run, "server", "reload")
        await ada.asks("look", "Exits: garden")
        await ada.asks("garden", "The Garden")
        await ada.asks("get can", "You pick up")
        await ada.asks("square", "The Square")
        for name, stand_in in (("Exit", "Exit"), ("Room", "Room")):
            [told] = log(system, f'"game.typeclasses.{name}"')
            assert "a class is gone" in told and f"everdoor_server.objects.{stand_in}" in told
        write()
        await asyncio.to_thread(system.run, "server", "reload")
        await ada.asks("garden", "The Garden")
        await ada.leave()

    asyncio.run(play())
    kept = system.select("SELECT DISTINCT typeclass FROM world_object WHERE key = 'The Square'")
    assert kept == [("game.typeclasses.Room",)]
