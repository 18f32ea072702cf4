"""`everdoor game new`: a folder that is played and checked as it is; what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from everdoor.errors import UserError
from everdoor_server.newgame import new_game


def test_new_game_has_what_a_developer_begins_with(tmp_path: Path) -> None:
    new_game(tmp_path / "the_lighthouse")
    made = {str(path.relative_to(tmp_path / "the_lighthouse")) for path in files(tmp_path)}
    modules = ("cmdsets", "commands", "connection_screens", "hooks", "typeclasses", "world")
    assert made == {
        ".gitignore",
        "README.md",
        "everdoor.toml",
        "pyproject.toml",
        "tests/test_game.py",
        "game/__init__.py",
        *(f"game/{module}.py" for module in modules),
    }
    texts = [path.read_text() for path in files(tmp_path)]
    assert not any("$" in text for text in texts)
    assert (
        'servername = "The Lighthouse"' in (tmp_path / "the_lighthouse/everdoor.toml").read_text()
    )


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "tool", [["pytest", "-q"], ["ruff", "check"], ["ruff", "format", "--check"]]
)
def test_new_game_passes_its_own_tests_and_the_tools(tmp_path: Path, tool: list[str]) -> None:
    new_game(tmp_path / "mygame")
    command = [sys.executable, "-m", *tool, "."]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path / "mygame"
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["9lives", "my game", "-x", "häuser", "a" * 41, "x.y"])
def test_name_that_will_not_do_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="is no name for a game: expected a letter, then") as caught:
        new_game(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_folder_that_holds_something_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mygame"
    folder.mkdir()
    new_game(folder)
    (folder / "README.md").write_text("Mine.")
    with pytest.raises(UserError, match="is there already, and not an empty folder"):
        new_game(folder)
    assert (folder / "README.md").read_text() == "Mine."


def test_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mygame").write_text("")
    with pytest.raises(UserError, match="is there already"):
        new_game(tmp_path / "mygame")
    with pytest.raises(UserError, match="cannot be made: Not a directory"):
        new_game(tmp_path / "mygame" / "inner")


def test_command_makes_it_and_says_what_to_do_next(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "everdoor.cli", "game", "new", "mygame"]
    done, again = (
        subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        for _ in range(2)
    )
    assert done.stdout == "mygame is a game now. Run it: cd mygame && everdoor up\n"
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "is there already" in again.stderr
