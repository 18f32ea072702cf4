"""Loading a game: a folder of Python modules over the shipped commands, sets and hooks.

The folder is imported as the package `game`, whatever its own name, so that nothing in it can
clash with a package of ours. A module that it has replaces what is shipped:

    cmdsets.py              UnloggedinCmdSet, SessionCmdSet, AccountCmdSet, CharacterCmdSet
    hooks.py                at_server_start and its kin (`everdoor_server.restarts`)
    connection_screens.py   CONNECTION_SCREEN, or connection_screen(session)
    inputfuncs.py           functions that clients call by name (`everdoor_server.inputs`)
    world.py                BUILD: functions that build the world (`everdoor_server.building`)

Every module is imported when the game is loaded, so that a mistake is found before anybody plays
it. What is loaded is a copy of the folder: the code that was accepted last stays under the home,
and runs when the folder has been broken since.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from everdoor.errors import SettingsError, UserError
from everdoor_server.building import Step, steps_of
from everdoor_server.inputs import inputs_of
from everdoor_server.restarts import ModuleHooks

PACKAGE = "game"

NO_CODE = ("tests", "var")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", *NO_CODE, "*.db")
"""What is in a game's folder and is no code of it."""

Screen = str | Callable[[Any], str]
"""What who has just connected sees: a text, or what makes it for a session."""

CMDSETS = {
    "cmdset_unloggedin": "UnloggedinCmdSet",
    "cmdset_session": "SessionCmdSet",
    "cmdset_account": "AccountCmdSet",
    "cmdset_character": "CharacterCmdSet",
}
"""Options of the game and the classes of `cmdsets.py` that set them."""


class GameError(UserError):
    """A game's code cannot be loaded; the text names the file and line."""


@dataclass(frozen=True)
class LoadedGame:
    """What a game replaces.

    Attributes:
        options: By name, as GameOptions takes them; what is not named stays as shipped.
        hooks: Its hooks around starts and stops.
        source: The copy that was loaded; None for the shipped game.
        steps: What its world is built of; none: the shipped world.
    """

    options: dict[str, Any] = field(default_factory=dict)
    hooks: ModuleHooks = field(default_factory=ModuleHooks)
    source: Path | None = None
    steps: tuple[Step, ...] = ()


class GameFolder:
    """A game's folder and the copies of it under the home.

    Args:
        folder: Where its developers edit it.
        kept: Folder under the home for the copies; `accepted` in it links to the one that was
            accepted last.

    Raises:
        SettingsError: The folder is none.
    """

    def __init__(self, folder: Path, kept: Path) -> None:
        if not folder.is_dir():
            raise SettingsError(
                f"EVERDOOR_GAME is {folder}: expected the folder of a game; correct the path, or "
                "leave the setting empty for the shipped game"
            )
        self.folder = folder
        self._kept = kept
        self._accepted = kept / "accepted"

    @property
    def has_accepted(self) -> bool:
        return self._accepted.is_dir()

    def load(self, is_live: bool) -> LoadedGame:
        """Import the game; what an earlier call in this process has imported is forgotten.

        Args:
            is_live: The folder as it is now; else the code that was accepted last.

        Raises:
            GameError: It cannot be imported.
        """
        source = self._copy() if is_live else self._accepted.resolve()
        try:
            return _import(source, self.folder)
        except GameError:
            if is_live:
                shutil.rmtree(source, ignore_errors=True)
            raise

    def accept(self, game: LoadedGame) -> None:
        """Make the copy that was loaded the one that runs after a crash."""
        if game.source is None or game.source == self._accepted.resolve():
            return
        link = self._kept / f"link-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(game.source.name)
        link.replace(self._accepted)
        for other in self._kept.glob("copy-*"):
            if other != game.source:
                shutil.rmtree(other, ignore_errors=True)

    def discard(self, game: LoadedGame) -> None:
        """Remove a copy that was loaded and not accepted."""
        if game.source is not None and game.source != self._accepted.resolve():
            shutil.rmtree(game.source, ignore_errors=True)

    def _copy(self) -> Path:
        self._kept.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix="copy-", dir=self._kept))
        copy_game(self.folder, target)
        return target


def copy_game(folder: Path, target: Path) -> None:
    """Copy a game's code; what is no code of it stays behind."""
    shutil.copytree(folder, target, ignore=LEFT_OUT, dirs_exist_ok=True)


def import_in_place(folder: Path) -> LoadedGame:
    """Import a game from its folder itself, for its tests; what of it was imported stays.

    Raises:
        GameError: It cannot be imported.
    """
    package = sys.modules.get(PACKAGE)
    if package is None or str(folder) not in package.__path__:
        begin_package(folder)
    return _import_all(folder, folder)


def _import(source: Path, folder: Path) -> LoadedGame:
    begin_package(source)
    return _import_all(source, folder)


def _import_all(source: Path, folder: Path) -> LoadedGame:
    modules = {name: _import_module(name, source, folder) for name in module_names(source)}
    return game_of(modules, source, folder)


def game_of(modules: Mapping[str, ModuleType], source: Path, folder: Path) -> LoadedGame:
    """What the modules of a game replace.

    Args:
        modules: By their names below the package.
        source, folder: Where they were loaded from, and where their developer edits them.

    Raises:
        GameError: The steps of its world, or what clients may ask for, are none.
    """
    options = _options(modules)
    if (own := modules.get("inputfuncs")) is not None:
        try:
            options["inputs"] = inputs_of(own)
        except UserError as exc:
            raise GameError(f"{folder / 'inputfuncs.py'}: {exc}") from exc
    try:
        steps = steps_of(getattr(modules.get("world"), "BUILD", ()))
    except UserError as exc:
        raise GameError(f"{folder / 'world.py'}: {exc}") from exc
    return LoadedGame(options, ModuleHooks(modules.get("hooks")), source, steps)


def begin_package(source: Path) -> None:
    """Have `game` be this folder.

    No module of a copy that could not be loaded stands in for one of the next copy.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = ModuleType(PACKAGE)
    package.__path__ = [str(source)]
    sys.modules[PACKAGE] = package


def module_names(folder: Path, within: str = "") -> Iterator[str]:
    """All modules, packages before what is in them; nothing is imported to find them."""
    for found in pkgutil.iter_modules([str(folder)], within):
        name = found.name.rpartition(".")[2]
        if name in NO_CODE:
            continue
        yield found.name
        if found.ispkg:
            yield from module_names(folder / name, f"{found.name}.")


def _import_module(name: str, source: Path, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(f"{PACKAGE}.{name}")
    except (Exception, SystemExit) as exc:
        text = f"{folder / _place(exc, source)}: {what(exc)}"
        raise GameError(text.replace(str(source), str(folder))) from exc


def _options(modules: Mapping[str, ModuleType]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for option, name in CMDSETS.items():
        if hasattr(modules.get("cmdsets"), name):
            options[option] = f"{PACKAGE}.cmdsets.{name}"
    if "connection_screens" in modules:
        screen = screen_of(modules["connection_screens"])
        if screen is not None:
            options["connection_screen"] = screen
    return options


def screen_of(found: object) -> Screen | None:
    """The connection screen that something is, or, being a module, has; None: it has none.

    A function `connection_screen` may take the session.
    """
    if isinstance(found, ModuleType):
        named = getattr(found, "connection_screen", None)
        found = named or getattr(found, "CONNECTION_SCREEN", None)
    if isinstance(found, str):
        return found
    if not callable(found):
        return None
    show: Callable[..., str] = found
    return show if inspect.signature(show).parameters else lambda session: show()


def error_text(error: Exception, game: LoadedGame, folder: Path | None) -> str:
    """One line for what game code has raised: its file and line, where it has one, and what."""
    place = _place(error, game.source) if game.source is not None else ""
    if folder is None or not place:
        return what(error)
    return f"{folder / place}: {what(error)}"


def _place(error: BaseException, source: Path) -> str:
    """File and line in the game that an error is about, relative to its folder."""
    found = place_of(error, source)
    return f"{found[0]}, line {found[1]}" if found else ""


def place_of(error: BaseException, source: Path) -> tuple[str, int] | None:
    """File, relative to a game's folder where it is in it, and line that an error is about."""
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(source):
            found = str(Path(frame.filename).relative_to(source)), frame.lineno or 0
    if isinstance(error, SyntaxError) and error.filename:
        place = Path(error.filename)
        name = place.relative_to(source) if place.is_relative_to(source) else place
        found = str(name), error.lineno or 0
    return found


def what(error: BaseException) -> str:
    """What an error says, in one line, without where."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    text = " ".join(text.split())
    if isinstance(error, UserError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
