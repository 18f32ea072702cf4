"""Every mistake of a game at once, by file and line: what `everdoor game check` tells.

A reload stops at the first mistake; here each module is parsed, then imported by itself, then each
of its imports is looked up, its command sets are built, its commands, classes, hooks and the
settings that name them are looked at, and at last its world is built in memory and a character
made. The game runs in this process, which should be a fresh one, from a copy of its folder; its
hooks are not run.
"""

from __future__ import annotations

import ast
import importlib
import tempfile
import warnings
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from everdoor.settings import FILE, PREFIX, Settings, describe
from everdoor_server.building import steps_of
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.configured import configure, mistakes_of
from everdoor_server.current import within
from everdoor_server.game import (
    CMDSETS,
    PACKAGE,
    begin_package,
    copy_game,
    game_of,
    module_names,
    place_of,
    screen_of,
    what,
)
from everdoor_server.importcheck import imports_of, trouble_with
from everdoor_server.locks import compile_locks
from everdoor_server.objects import Object
from everdoor_server.restarts import START_HOOKS, STOP_HOOKS
from everdoor_server.testing import World
from everdoor_server.world.classesinuse import classes_in_use

HOOKS = {name for table in (START_HOOKS, STOP_HOOKS) for names in table.values() for name in names}


class Mistake(NamedTuple):
    """Something wrong; `line` 0: the file as a whole, or what is no file."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}{f', line {self.line}' if self.line else ''}: {self.text}"


class Checked(NamedTuple):
    """What was found: the mistakes in the order of files and lines, and how much there is."""

    mistakes: list[Mistake]
    modules: int
    cmdsets: int
    commands: int


def check(settings: Settings, folder: Path, shown: str) -> Checked:
    """Check a game.

    Args:
        settings: Those that the server would run with.
        folder: The folder of its code, the setting `game`.
        shown: How the folder is called in what is told.
    """
    with tempfile.TemporaryDirectory(prefix="everdoor-check-") as kept:
        source = Path(kept).resolve() / "game"
        copy_game(folder, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _Check(settings, source, shown).run()


def mistake_of_setting(line: str) -> Mistake:
    """What SettingsError says of one setting, with its place in `everdoor.toml`."""
    prefix, _, text = line.partition(f"{FILE}: ")
    name = text.partition(":")[0].split()[0] if text and not prefix else ""
    number = _line_of_setting(name) if name else 0
    return Mistake(FILE, number, text) if number else Mistake("settings", 0, line)


class _Check:
    def __init__(self, settings: Settings, source: Path, shown: str) -> None:
        self._settings = settings
        self._source = source
        self._shown = shown
        self._found: dict[Mistake, None] = {}
        self._trees: dict[str, ast.Module] = {}
        self._modules: dict[str, ModuleType] = {}
        self._cmdsets = 0
        self._commands: set[type[Command]] = set()

    def run(self) -> Checked:
        names = list(module_names(self._source))
        begin_package(self._source)
        for name in names:
            self._parse(name)
        for name in self._trees:
            self._import(name)
        for name, tree in self._trees.items():
            self._look_up_imports(name, tree)
        for name, module in self._modules.items():
            self._look_at(name, module)
        self._look_at_roles()
        self._look_at_settings()
        self._look_at_the_world()
        if not self._found:
            self._try_it()
        return Checked(sorted(self._found), len(names), self._cmdsets, len(self._commands))

    # Modules.

    def _parse(self, name: str) -> None:
        path = self._path(name)
        try:
            self._trees[name] = ast.parse(path.read_bytes(), str(path))
        except (SyntaxError, ValueError) as exc:
            self._tell_error(exc, name)

    def _import(self, name: str) -> None:
        try:
            self._modules[name] = importlib.import_module(f"{PACKAGE}.{name}")
        except (Exception, SystemExit) as exc:
            self._tell_error(exc, name)

    def _look_up_imports(self, name: str, tree: ast.Module) -> None:
        """Tell all imports that fail, not only the first, at which the module stopped."""
        is_package = self._path(name).name == "__init__.py"
        for found in imports_of(tree, f"{PACKAGE}.{name}", is_package):
            if self._is_ours_and_unloaded(found.module):
                continue
            if text := trouble_with(found):
                self._tell(name, found.line, text)

    def _is_ours_and_unloaded(self, module: str) -> bool:
        """Whether it is a module of the game whose own mistake is told already."""
        package, _, name = module.partition(".")
        is_there = package == PACKAGE and bool(name) and self._path(name).exists()
        return is_there and name not in self._modules

    # What is in them.

    def _look_at(self, name: str, module: ModuleType) -> None:
        own = [each for each in vars(module).values() if isinstance(each, type)]
        for cls in own:
            if cls.__module__ != module.__name__:
                continue
            if issubclass(cls, CmdSet):
                self._build_set(name, cls)
            elif issubclass(cls, Command):
                self._trying(name, cls, cls)
            elif issubclass(cls, Object):
                self._trying(name, cls, partial(compile_locks, cls.default_locks))

    def _build_set(self, name: str, cls: type[CmdSet]) -> None:
        built = self._trying(name, cls, cls)
        self._cmdsets += 1
        for command in built or ():
            kind = type(command)
            module, _, own = kind.__module__.partition(".")
            if module == PACKAGE and kind not in self._commands:
                self._commands.add(kind)
                self._look_at_command(own, kind, command)

    def _look_at_command(self, name: str, kind: type[Command], command: Command) -> None:
        line = self._line_of(name, kind.__name__)
        if command.key == Command.key:
            self._tell(name, line, f"{kind.__name__} has no key: nobody can type it")
        if kind.func is Command.func:
            self._tell(name, line, f"{kind.__name__} has no func: it does nothing")

    def _look_at_roles(self) -> None:
        """What the server looks for in modules by their names."""
        for cls in CMDSETS.values():
            found = getattr(self._modules.get("cmdsets"), cls, None)
            if found is not None and not (isinstance(found, type) and issubclass(found, CmdSet)):
                self._tell("cmdsets", self._line_of("cmdsets", cls), f"{cls} is not a CmdSet")
        screens = self._modules.get("connection_screens")
        if screens is not None and screen_of(screens) is None:
            text = "expected CONNECTION_SCREEN or connection_screen(session), found neither"
            self._tell("connection_screens", 0, text)
        if (world := self._modules.get("world")) is not None:
            self._trying("world", "BUILD", lambda: steps_of(getattr(world, "BUILD", ())))
        if (hooks := self._modules.get("hooks")) is not None:
            self._look_at_hooks(hooks)

    def _look_at_hooks(self, hooks: ModuleType) -> None:
        for name, found in vars(hooks).items():
            is_own = getattr(found, "__module__", "") == hooks.__name__
            if name.startswith("at_") and is_own and name not in HOOKS:
                near = get_close_matches(name, HOOKS, n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                self._tell("hooks", self._line_of("hooks", name), f"{name} is no hook{meant}")

    def _look_at_settings(self) -> None:
        sources = {info.name: info.source for info in describe(self._settings)}
        for setting, text in mistakes_of(self._settings):
            if self._is_ours_and_unloaded(getattr(self._settings, setting).rpartition(".")[0]):
                continue
            is_of_file = sources[setting] == FILE
            place = FILE if is_of_file else PREFIX + setting.upper()
            line = _line_of_setting(setting) if is_of_file else 0
            self._found[Mistake(place, line, text)] = None

    # The world.

    def _look_at_the_world(self) -> None:
        """Tell classes that the stored world has and the game has no more."""
        for used in classes_in_use(self._settings.world_database_url.get_secret_value()):
            module, _, name = used.path.rpartition(".")
            is_of_game = module.partition(".")[0] == PACKAGE
            if not is_of_game or self._is_ours_and_unloaded(module):
                continue
            own = self._modules.get(module.partition(".")[2])
            if not isinstance(getattr(own, name, None), type):
                many = f"{used.number} {used.kind}{'s' if used.number > 1 else ''}"
                text = (
                    f"there is no {used.path}, the class of {many} in it, such as {used.example}; "
                    "a shipped class stands in until it is back"
                )
                self._found[Mistake("the world", 0, text)] = None

    def _try_it(self) -> None:
        loaded = game_of(self._modules, self._source, Path(self._shown))
        try:
            configured = configure(self._settings, loaded.options)
            game = World.of_loaded(configured, loaded).game
            with within(game):
                game.accounts.vouched(1, "Visitor", False)
        except Exception as exc:
            self._tell_error(exc, "world")

    # Telling.

    def _trying(
        self, name: str, at: type | str, make: Callable[[], CmdSet | object]
    ) -> CmdSet | None:
        """Do something with a class or value of a module; an error is told."""
        try:
            made = make()
        except Exception as exc:
            called = at if isinstance(at, str) else at.__name__
            self._tell_error(exc, name, self._line_of(name, called))
        else:
            return made if isinstance(made, CmdSet) else None
        return None

    def _tell_error(self, error: BaseException, name: str, line: int = 0) -> None:
        place = place_of(error, self._source)
        if place is None:
            self._tell(name, line, what(error))
        else:
            self._found[Mistake(f"{self._shown}/{place[0]}", place[1], what(error))] = None

    def _tell(self, name: str, line: int, text: str) -> None:
        file = f"{self._shown}/{self._path(name).relative_to(self._source)}"
        if not any((each.file, each.line) == (file, line) and line for each in self._found):
            self._found[Mistake(file, line, text)] = None

    def _path(self, name: str) -> Path:
        path = self._source.joinpath(*name.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")

    def _line_of(self, name: str, defined: str) -> int:
        tree = self._trees.get(name, ast.Module([], []))
        return next((line for found, line in _names(tree) if found == defined), 0)


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What a module defines at its top, with the lines."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((each.id, node.lineno) for each in targets if isinstance(each, ast.Name))


def _line_of_setting(name: str) -> int:
    """The line of the working directory's `everdoor.toml` that sets something; 0: none does."""
    path = Path(FILE)
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    numbered = enumerate(lines, 1)
    return next((i for i, line in numbered if line.partition("=")[0].strip() == name), 0)
