"""Copies of the databases while they are in use, by SQLite's own online backup.

A copy is whole or not there: it is made under another name, checked, flushed to the disk and only
then renamed. PostgreSQL has its own tools for that. Source: sqlite.org/backup.html.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from everdoor.errors import UserError
from everdoor.settings import Settings

ORDER = ("world", "auth")
"""Accounts last: one that the world does not know yet is whole, one that only it knows is not."""

PAGES = 1024
"""Copied at a time; between two of them others write."""

PAUSE_S = 0.002

Progress = Callable[[str, int, int], None]
"""Called with the name of a database, how many of its pages are copied, and of how many."""


class Copied(NamedTuple):
    """One database and its copy."""

    name: str
    path: Path
    size: int


def back_up(settings: Settings, folder: Path, progress: Progress) -> list[Copied]:
    """Copy all databases of a system into a folder, which is made when it is missing.

    Raises:
        UserError: One is not in a file, or not there; a copy is there already, or cannot be made.
    """
    sources = [(name, _file_of(settings, name)) for name in ORDER]
    targets = {name: folder / f"{name}.db" for name in ORDER}
    for target in targets.values():
        if target.exists():
            raise UserError(f"{target} is there already; choose another folder, or move it away")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _copy_all(sources, targets, progress)
    except (OSError, sqlite3.Error) as exc:
        raise UserError(f"the databases cannot be copied to {folder}: {exc}") from exc


def _copy_all(
    sources: list[tuple[str, Path]], targets: dict[str, Path], progress: Progress
) -> list[Copied]:
    """All of them, or none."""
    made: list[Copied] = []
    try:
        for name, source in sources:
            made.append(_copy(name, source, targets[name], progress))
    except BaseException:
        for each in made:
            each.path.unlink(missing_ok=True)
        raise
    return made


def _file_of(settings: Settings, name: str) -> Path:
    url = getattr(settings, f"{name}_database_url").get_secret_value()
    if not url.startswith("sqlite:///"):
        kind = urlsplit(url).scheme.partition("+")[0]
        raise UserError(
            f"{name}_database_url is a {kind} database: copy it with the tools of its server, "
            "such as pg_dump"
        )
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        raise UserError(f"{path} is not there; `everdoor db upgrade` makes it")
    return path


def _copy(name: str, source: Path, target: Path, progress: Progress) -> Copied:
    partial = target.with_suffix(".partial")
    try:
        _fill(partial, name, source, progress)
        os.rename(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    _flush(target.parent)
    return Copied(name, target, target.stat().st_size)


def _fill(partial: Path, name: str, source: Path, progress: Progress) -> None:
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(partial)) as new,
    ):
        old.backup(
            new,
            pages=PAGES,
            progress=lambda _, left, total: progress(name, total - left, total),
            sleep=PAUSE_S,
        )
        [[verdict]] = new.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"{source} is damaged: {' '.join(verdict.split())}")
    _flush(partial)


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
