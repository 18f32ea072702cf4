"""The folder of a new game: files that are filled in with its name.

`newgame_files` has them as they will be, each with `.new` behind its name (and `gitignore` without
its dot), so that no tool takes them for code of this package. What runs them is in
`everdoor_server.game`, what checks them in `everdoor_server.gamecheck`.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from everdoor.errors import UserError

FILES = "newgame_files"
SUFFIX = ".new"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def new_game(folder: Path) -> None:
    """Make the folder of a new game, called as the folder is.

    Raises:
        UserError: The name will not do, the folder holds something already, or it cannot be
            written.
    """
    name = folder.name
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name or str(folder)!r} is no name for a game: expected a letter, then letters, "
            "digits, - and _, at most 40 in all"
        )
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder} is there already, and not an empty folder")
        words = {"name": name, "title": name.replace("_", " ").replace("-", " ").title()}
        _fill(files("everdoor_server") / FILES, folder, words)
    except OSError as exc:
        raise UserError(f"{folder} cannot be made: {exc.strerror}") from exc


def _fill(source: Traversable, target: Path, words: dict[str, str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for each in source.iterdir():
        if each.is_dir():
            _fill(each, target / each.name, words)
        elif each.name.endswith(SUFFIX):
            name = each.name.removesuffix(SUFFIX)
            path = target / (".gitignore" if name == "gitignore" else name)
            path.write_text(Template(each.read_text("utf-8")).substitute(words), "utf-8")
