"""Loading a game's folder: what it replaces, what is wrong with it, and the copy that is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor.errors import SettingsError
from everdoor_server.game import PACKAGE, GameError, GameFolder, LoadedGame, error_text
from everdoor_server.worker import load


@pytest.fixture(autouse=True)
def no_game_is_imported() -> Iterator[None]:
    """A process loads one game; here many follow each other."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


class World:
    """A game's folder that is edited, and the home that keeps copies of it."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "mygame"
        self.folder.mkdir()
        self.kept = home / "home" / "game"
        self.game = GameFolder(self.folder, self.kept)

    def write(self, **modules: str) -> None:
        for name, text in modules.items():
            (self.folder / f"{name}.py").write_text(text)

    def load(self, is_live: bool = True) -> LoadedGame:
        return self.game.load(is_live)

    def accept(self, **modules: str) -> LoadedGame:
        self.write(**modules)
        loaded = self.load()
        self.game.accept(loaded)
        return loaded

    def copies(self) -> int:
        return len(list(self.kept.glob("copy-*")))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def hook(loaded: LoadedGame) -> object:
    """What the game's start hook returns."""
    found = loaded.hooks.get("at_server_start")
    assert found is not None
    return found()


STARTS = "def at_server_start(): return {!r}\n"


# What it replaces.


def test_empty_folder_replaces_nothing(world: World) -> None:
    loaded = world.load()
    assert loaded.options == {}
    assert loaded.hooks.get("at_server_start") is None


def test_classes_of_cmdsets_and_the_screen_replace_the_shipped_ones(world: World) -> None:
    world.write(
        cmdsets="class CharacterCmdSet: pass\nclass Other: pass\n",
        connection_screens="CONNECTION_SCREEN = 'Welcome.'\n",
        hooks=STARTS.format("here"),
    )
    loaded = world.load()
    assert loaded.options == {
        "cmdset_character": "game.cmdsets.CharacterCmdSet",
        "connection_screen": "Welcome.",
    }
    assert hook(loaded) == "here"


def test_screen_made_for_each_session_comes_before_the_text(world: World) -> None:
    text = "CONNECTION_SCREEN = 'Welcome.'\ndef connection_screen(session): return session\n"
    world.write(connection_screens=text)
    screen = world.load().options["connection_screen"]
    assert screen("me") == "me"


def test_modules_of_a_game_import_each_other_and_none_is_left_out(world: World) -> None:
    (world.folder / "rooms").mkdir()
    (world.folder / "rooms" / "__init__.py").write_text("")
    (world.folder / "rooms" / "hall.py").write_text("LOADED = []\n")
    world.write(hooks="from game.rooms import hall\ndef at_server_start(): return hall.LOADED\n")
    assert hook(world.load()) == []


def test_every_module_is_imported_so_that_a_mistake_in_any_is_found(world: World) -> None:
    (world.folder / "http" / "inner").mkdir(parents=True)
    (world.folder / "http" / "__init__.py").write_text("")
    (world.folder / "http" / "inner" / "__init__.py").write_text("")
    (world.folder / "http" / "inner" / "hall.py").write_text("")
    world.load()
    assert "game.http.inner.hall" in sys.modules
    (world.folder / "http" / "inner" / "hall.py").write_text("1 / 0\n")
    with pytest.raises(GameError, match=r"/mygame/http/inner/hall.py, line 1: "):
        world.load()


def test_game_has_its_own_name_whatever_its_folder_is_called(world: World) -> None:
    world.write(json="VALUE = 1\n", hooks="import json\n" + STARTS.format("here"))
    world.load()
    assert sys.modules["game.json"].VALUE == 1
    assert not hasattr(sys.modules["json"], "VALUE")


def test_folder_that_is_none_is_a_setting_at_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"EVERDOOR_GAME is .*/nowhere: expected the folder"):
        GameFolder(tmp_path / "nowhere", tmp_path)


def test_steps_of_the_world_replace_the_shipped_one(world: World) -> None:
    assert world.load().steps == ()
    world.write(world="def quay(game): pass\nBUILD = (quay,)\n")
    assert [step.__name__ for step in world.load().steps] == ["quay"]


def test_steps_that_are_none_are_a_mistake_of_the_game(world: World) -> None:
    world.write(world="BUILD = 'quay'\n")
    with pytest.raises(GameError, match=r"/mygame/world.py: BUILD: expected a tuple of functions"):
        world.load()


def test_names_of_our_packages_and_of_python_are_free_for_modules_of_a_game(world: World) -> None:
    names = ("everdoor", "everdoor_server", "commands", "string", "asyncio", "game", "zmq", "test")
    world.write(**dict.fromkeys(names, "import string, everdoor, asyncio, zmq\nHERE = __name__\n"))
    world.load()
    assert [sys.modules[f"game.{name}"].HERE for name in names] == [f"game.{n}" for n in names]
    assert sys.modules["string"].ascii_lowercase and not hasattr(sys.modules["string"], "HERE")
    assert not hasattr(sys.modules["everdoor"], "HERE")


# What is wrong with it.


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("x = 1\ndef broken(:\n", "line 2", "SyntaxError: "),
        ("\n\nimport nothing_of_the_kind\n", "line 3", "ModuleNotFoundError: No module named"),
        ("from game.cmdsets import Missing\n", "line 1", "ImportError: "),
        ("def f():\n    return 1 / 0\nf()\n", "line 2", "ZeroDivisionError: division by zero"),
        ("raise KeyError\n", "line 1", "KeyError"),
        ("raise ValueError('two\\nlines')\n", "line 1", "ValueError: two lines"),
        ("if True:\nx = 1\n", "line 2", "IndentationError: "),
    ],
)
def test_error_names_file_and_line_of_the_folder(
    world: World, text: str, place: str, what: str
) -> None:
    world.write(cmdsets="", hooks=text)
    with pytest.raises(GameError) as caught:
        world.load()
    told = str(caught.value)
    assert told.startswith(f"{world.folder}/hooks.py, {place}: {what}")
    assert "\n" not in told
    assert str(world.kept) not in told


def test_error_in_another_module_is_told_where_it_is(world: World) -> None:
    (world.folder / "rooms").mkdir()
    (world.folder / "rooms" / "__init__.py").write_text("\nfrom game.rooms import hall\n")
    (world.folder / "rooms" / "hall.py").write_text("\n\n1 / 0\n")
    world.write(hooks="import game.rooms\n")
    with pytest.raises(GameError, match=r"/mygame/rooms/hall.py, line 3: ZeroDivisionError"):
        world.load()


def test_module_that_ends_the_process_is_an_error_of_the_game(world: World) -> None:
    world.write(hooks="import sys\nsys.exit('bye')\n")
    with pytest.raises(GameError, match=r"hooks.py, line 2: SystemExit: bye"):
        world.load()


def test_error_of_a_hook_names_file_and_line(world: World) -> None:
    world.write(hooks="def at_server_start():\n    return {}['door']\n")
    loaded = world.load()
    with pytest.raises(KeyError) as caught:
        hook(loaded)
    told = error_text(caught.value, loaded, world.folder)
    assert told == f"{world.folder}/hooks.py, line 2: KeyError: 'door'"


def test_error_that_no_line_of_the_game_has_raised_is_told_without_a_place(world: World) -> None:
    assert error_text(SettingsError("what"), world.load(), world.folder) == "what"


def test_error_outside_every_game_is_told_without_a_place() -> None:
    assert error_text(ValueError("no"), LoadedGame(), None) == "ValueError: no"


def test_copy_that_cannot_be_imported_is_not_kept(world: World) -> None:
    world.write(hooks="1 / 0\n")
    with pytest.raises(GameError):
        world.load()
    assert world.copies() == 0


# The copy that is kept.


def test_accepted_code_runs_when_the_folder_is_broken_since(world: World) -> None:
    world.accept(hooks=STARTS.format("accepted"))
    world.write(hooks="1 / 0\n")
    assert hook(world.load(is_live=False)) == "accepted"


def test_edits_are_seen_in_the_folder_and_not_in_the_copy(world: World) -> None:
    world.accept(hooks=STARTS.format("old"))
    world.write(hooks=STARTS.format("new"))
    assert hook(world.load(is_live=False)) == "old"
    assert hook(world.load()) == "new"


def test_accepting_keeps_one_copy(world: World) -> None:
    for text in ("one", "two", "three"):
        world.accept(hooks=STARTS.format(text))
    assert world.copies() == 1
    assert hook(world.load(is_live=False)) == "three"


def test_accepting_what_was_accepted_changes_nothing(world: World) -> None:
    world.accept(hooks=STARTS.format("one"))
    again = world.load(is_live=False)
    world.game.accept(again)
    world.game.discard(again)
    assert hook(world.load(is_live=False)) == "one"


def test_discarded_copy_is_gone_and_the_accepted_stays(world: World) -> None:
    world.accept(hooks=STARTS.format("one"))
    world.write(hooks=STARTS.format("two"))
    world.game.discard(world.load())
    assert world.copies() == 1
    assert hook(world.load(is_live=False)) == "one"


def test_copy_leaves_out_what_is_no_code(world: World) -> None:
    for name in ("tests", "var", "__pycache__", ".git"):
        (world.folder / name).mkdir()
        (world.folder / name / "broken.py").write_text("1 / 0\n")
    (world.folder / "names.txt").write_text("Anna\n")
    loaded = world.load()
    assert loaded.source is not None
    assert [path.name for path in loaded.source.iterdir()] == ["names.txt"]


# Which code a worker loads.


def test_code_that_could_not_be_loaded_leaves_nothing_in_the_next_that_is(world: World) -> None:
    world.accept(cmdsets="NAME = 'accepted'\n", hooks=STARTS.format("accepted"))
    world.write(cmdsets="NAME = 'broken'\n", zoo="1 / 0\n")
    with pytest.raises(GameError):
        load(world.game, "live")
    assert hook(load(world.game, "accepted")) == "accepted"
    assert sys.modules["game.cmdsets"].NAME == "accepted"


@pytest.mark.parametrize("code", ["live", "new"])
def test_present_code_that_is_broken_is_refused(world: World, code: str) -> None:
    world.accept(hooks=STARTS.format("accepted"))
    world.write(hooks="1 / 0\n")
    with pytest.raises(GameError):
        load(world.game, code)


def test_accepted_code_is_loaded_although_the_present_would_do(world: World) -> None:
    world.accept(hooks=STARTS.format("accepted"))
    world.write(hooks=STARTS.format("present"))
    assert hook(load(world.game, "accepted")) == "accepted"


def test_present_code_is_loaded_when_none_was_accepted(world: World) -> None:
    world.write(hooks=STARTS.format("present"))
    assert hook(load(world.game, "accepted")) == "present"


@pytest.mark.parametrize("code", ["live", "new", "accepted"])
def test_broken_code_is_refused_when_none_was_accepted(world: World, code: str) -> None:
    world.write(hooks="1 / 0\n")
    with pytest.raises(GameError):
        load(world.game, code)


def test_shipped_game_replaces_nothing() -> None:
    assert load(None, "new").options == {}
