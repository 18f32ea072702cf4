"""What is published: a wheel with all four packages, and types that a developer's tools see."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PACKAGES = ("everdoor", "everdoor_auth", "everdoor_portal", "everdoor_server")

pytestmark = pytest.mark.timeout(300)

USES = """
from everdoor_server import *
from everdoor_server import Account, Character, Command, Game, Room, ServerSession, default_cmds
from everdoor_server.testing import World


class CmdCount(Command):
    key = "count"

    def func(self) -> None:
        reveal_type(self.game)
        self.msg(f"{default_cmds.CmdLook.key}")


def build(game: Game) -> Room:
    room = game.objects.create(Room, "Hall")
    room.db.desc = "A hall."
    reveal_type(room)
    return room


def wrong(room: Room) -> None:
    room.move_to("there")
    room.no_such_thing()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(TOP)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = folder.glob("*.whl")
    return made


def test_wheel_has_the_page_that_browsers_are_shown(wheel: Path) -> None:
    folder = TOP / "services" / "portal" / "everdoor_portal"
    static = [path for path in (folder / "web" / "static").rglob("*") if path.is_file()]
    with zipfile.ZipFile(wheel) as opened:
        assert {str(path.relative_to(folder.parent)) for path in static} <= set(opened.namelist())


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel, and what it needs from this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    [site] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # What stands in a .pth file itself is found; the .pth files there, such as that of this
    # clone, are not read.
    (site / "needed.pth").write_text("\n".join(p for p in sys.path if p.endswith("-packages")))
    where = "import everdoor_server; print(everdoor_server.__file__)"
    command = [str(folder / "bin" / "python"), "-P", "-c", where]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert Path(imported).is_relative_to(folder), imported
    return folder / "bin"


def run(programs: Path, folder: Path, *module: str) -> subprocess.CompletedProcess[str]:
    command = [str(programs / "python"), "-P", "-m", *module]
    environment = {**os.environ, "MYPY_CACHE_DIR": str(programs.parent / "mypy")}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )


def test_wheel_has_all_packages_and_says_that_they_are_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert "everdoor_server/newgame_files/everdoor.toml.new" in names
    tests = [name for name in names if Path(name).name.startswith("test_")]
    assert tests == ["everdoor_server/newgame_files/tests/test_game.py.new"]


def test_game_made_with_the_wheel_is_checked_and_typed(programs: Path, tmp_path: Path) -> None:
    made = run(programs, tmp_path, "everdoor.cli", "game", "new", "mygame")
    assert made.returncode == 0, made.stderr
    game = tmp_path / "mygame"
    for module in (["everdoor.cli", "game", "check"], ["mypy"], ["pytest", "-q"]):
        done = run(programs, game, *module)
        assert done.returncode == 0, done.stdout + done.stderr


def test_type_checker_knows_what_games_use_and_finds_what_is_wrong(
    programs: Path, tmp_path: Path
) -> None:
    (tmp_path / "uses.py").write_text(USES)
    done = run(programs, tmp_path, "mypy", "--strict", "uses.py")
    errors = [line.split("error: ")[1] for line in done.stdout.splitlines() if "error: " in line]
    assert 'Revealed type is "everdoor_server.objects.kinds.Room"' in done.stdout
    assert len(errors) == 2, done.stdout
    assert errors[0].startswith('Argument 1 to "move_to" of "Object" has incompatible type "str"')
    assert errors[1].startswith('"Room" has no attribute "no_such_thing"')
