"""Every mistake of a game is told, by file and line, all at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor.errors import SettingsError
from everdoor.settings import load_settings
from everdoor_server import create_object, create_script
from everdoor_server.current import within
from everdoor_server.game import PACKAGE
from everdoor_server.gamecheck import Checked, check, mistake_of_setting
from everdoor_server.newgame import new_game
from everdoor_server.testing import World
from everdoor_server.world import Store


@pytest.fixture(autouse=True)
def no_game_is_imported() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: a new game."""
    for name in [name for name in os.environ if name.startswith("EVERDOOR_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "mygame"
    new_game(folder)
    monkeypatch.chdir(folder)
    return folder


def checked() -> Checked:
    settings = load_settings()
    assert settings.game is not None
    return check(settings, settings.game, "game")


def told() -> list[str]:
    return [str(mistake) for mistake in checked().mistakes]


def append(path: Path, text: str) -> int:
    """Add text to a file; returns the line where it begins."""
    before = path.read_text()
    path.write_text(before + text)
    return before.count("\n") + 1


def test_new_game_has_no_mistakes(game: Path) -> None:
    found = checked()
    assert found.mistakes == []
    assert (found.modules, found.cmdsets, found.commands) == (6, 1, 1)


SET = "class S(CmdSet):\n    def at_cmdset_creation(self):\n        self.add(C)\n"

MISTAKES = [
    ("def broken(:\n", ", line 1: SyntaxError: invalid syntax"),
    ("import nothing_here\n", ", line 1: ModuleNotFoundError: No module named 'nothing_here'"),
    ("from game import nothing\n", ", line 1: ImportError: cannot import name 'nothing' from"),
    ("def f():\n    import nope\n", ", line 2: ModuleNotFoundError: No module named 'nope'"),
    ("def f():\n    from .hooks import no\n", ", line 2: ImportError: game.hooks has no no"),
    ("x = 1\nundefined\n", ", line 2: NameError: name 'undefined' is not defined"),
    ("import sys\nsys.exit(3)\n", ", line 2: SystemExit: 3"),
    ("class C(Command):\n    def func(self): 1\n" + SET, ", line 2: C has no key: nobody can"),
    ("class C(Command):\n    key = 'c'\n" + SET, ", line 2: C has no func: it does nothing"),
    ("class C(Command):\n    locks = 'cmd:some('\n", ", line 2: lock expression 'some(': "),
    ("class C(Command):\n    arg_regex = '('\n", ", line 2: error: missing ), unterminated"),
    ("C = 7\n" + SET, ", line 5: expected a Command, a CmdSet or a list of them, got 7"),
    ("class S(CmdSet):\n    mergetype = 'Onion'\n", ", line 2: Unnamed CmdSet: mergetype is one"),
    ("class T(Object):\n    default_locks = 'get:'\n", ", line 2: lock 'get:': expected `type:exp"),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_mistake_in_a_module_is_told_with_its_line(game: Path, text: str, expected: str) -> None:
    is_code = text.startswith(("class", "C = "))
    head = "from everdoor_server import CmdSet, Command, Object\n" if is_code else ""
    (game / "game" / "moves.py").write_text(head + text)
    [line] = told()
    assert line.startswith(f"game/moves.py{expected}")


def test_file_that_is_no_text_is_told(game: Path) -> None:
    (game / "game" / "moves.py").write_text("x = '\0'\n")
    [line] = told()
    assert line.startswith("game/moves.py: ")
    assert line.endswith("source code string cannot contain null bytes")


def test_all_mistakes_are_told_once_and_in_order(game: Path) -> None:
    (game / "game" / "one.py").write_text("def broken(:\n")
    (game / "game" / "two.py").write_text("import nope\nfrom game.one import x\nimport never\n")
    (game / "game" / "four.py").write_text("from game.two import y\n")
    hooks = append(game / "game" / "hooks.py", "def at_sever_start() -> None: ...\n")
    with (game / "everdoor.toml").open("a") as settings:
        settings.write('account_class = "game.typeclasses.Room"\ncmdset_account = "game.one.Set"\n')
    assert told() == [
        "everdoor.toml, line 13: account_class: expected a subclass of everdoor_server.Account, "
        "and 'game.typeclasses.Room' is none",
        f"game/hooks.py, line {hooks}: at_sever_start is no hook; did you mean at_server_start?",
        "game/one.py, line 1: SyntaxError: invalid syntax",
        "game/two.py, line 1: ModuleNotFoundError: No module named 'nope'",
        "game/two.py, line 3: ModuleNotFoundError: No module named 'never'",
    ]


def test_imports_that_a_module_can_go_without_are_no_mistakes(game: Path) -> None:
    text = "try:\n    import nope\nexcept ImportError:\n    nope = None\n"
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import never\n"
    (game / "game" / "careful.py").write_text(text + types)
    (game / "game" / "wide.py").write_text(
        "import os.path\nfrom os import *\nfrom . import hooks\n"
    )
    assert told() == []


def test_what_the_server_looks_for_by_name_must_be_what_it_is_to_be(game: Path) -> None:
    (game / "game" / "cmdsets.py").write_text("\nAccountCmdSet = 3\n")
    (game / "game" / "connection_screens.py").write_text("SCREEN = 'Welcome'\n")
    (game / "game" / "world.py").write_text("x = 1\nBUILD = 'all of it'\n")
    assert told() == [
        "game/cmdsets.py, line 2: AccountCmdSet is not a CmdSet",
        "game/connection_screens.py: expected CONNECTION_SCREEN or connection_screen(session), "
        "found neither",
        "game/world.py, line 2: BUILD: expected a tuple of functions, got 'all of it'",
    ]


def test_world_is_built_and_a_character_made_to_find_what_only_happens_then(game: Path) -> None:
    world, classes = game / "game" / "world.py", game / "game" / "typeclasses.py"
    good = world.read_text()
    world.write_text(good.replace("can = create_object(", "can = crate_object("))
    line = good[: good.index("can = ")].count("\n") + 1
    assert told() == [f"game/world.py, line {line}: NameError: name 'crate_object' is not defined"]
    world.write_text(good)
    line = append(
        classes, "\n    def at_object_creation(self) -> None:\n        self.db.hp = full\n"
    )
    assert told() == [
        f"game/typeclasses.py, line {line + 2}: NameError: name 'full' is not defined"
    ]


def test_setting_that_names_nothing_is_told_where_it_is_set(
    game: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERDOOR_CHARACTER_CLASS", "game.typeclasses.Hero")
    [mistake] = told()
    assert mistake.startswith("EVERDOOR_CHARACTER_CLASS: character_class: 'game.typeclasses.Hero'")
    assert mistake.endswith("has no attribute 'Hero'")


def test_bad_value_of_a_setting_is_told_with_its_line(game: Path) -> None:
    line = append(game / "everdoor.toml", "multisession_mode = 9\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    found = mistake_of_setting(str(caught.value))
    assert str(found) == (
        f"everdoor.toml, line {line}: multisession_mode: expected 0, 1, 2 or 3, got 9"
    )


def test_class_that_the_stored_world_has_and_the_game_has_no_more_is_told(game: Path) -> None:
    url = load_settings().world_database_url.get_secret_value()
    (game / "var").mkdir()
    store = Store.open(url)
    world = World.of_game(game)
    with within(world.game):
        create_object("game.typeclasses.Room", "Cellar")
        create_script("everdoor_server.scripts.Script", "idle")
    with store.takeover("a test"):
        store.add_changes(world.game.take_changes())
    store.close()
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    assert told() == []
    for module in ("typeclasses", "world"):
        path = game / "game" / f"{module}.py"
        path.write_text(path.read_text().replace("Room", "Place").replace(".Place)", ".Room)"))
    assert told() == [
        "the world: there is no game.typeclasses.Room, the class of 1 object in it, such as "
        "Cellar (#6); a shipped class stands in until it is back"
    ]


def run(game: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "everdoor.cli", "game", "check", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=game)


def test_command_exits_with_1_and_shows_lines_and_no_traceback(game: Path) -> None:
    good = run(game)
    assert (good.returncode, good.stdout) == (0, "")
    assert good.stderr == "No mistakes: 6 modules, 1 command set, 1 command of its own.\n"
    line = append(game / "game" / "hooks.py", "print('loading')\nundefined\n") + 1
    told = f"game/hooks.py, line {line}: NameError: name 'undefined' is not defined"
    bad = run(game)
    assert (bad.returncode, bad.stdout) == (1, f"{told}\n")
    assert bad.stderr == "loading\n1 mistake.\n"
    document = json.loads(run(game, "--json").stdout)
    [mistake] = document["mistakes"]
    assert (mistake["file"], mistake["line"]) == ("game/hooks.py", line)
    assert not list(game.rglob("__pycache__"))


def test_command_outside_of_a_game_says_so_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("everdoor: no game here: expected an everdoor.toml that sets")
    assert done.stderr.count("\n") == 1
