"""Secrets of a home that are made once and then kept: its certificate, its host key.

Several portals may start at once, and one of them may be killed meanwhile: whoever is first makes
the file, whole or not at all, and all others read it. What is in it is its maker's.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from everdoor.errors import StartupError
from everdoor.listeners import private_folder
from everdoor.lockfile import locked


def made_once(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a file that only its owner may read, or make it.

    Args:
        path: In a folder of its own kind of secrets, which only its owner may enter.
        make: What is in it when there is none.

    Raises:
        StartupError: It cannot be read or made.
    """
    folder = private_folder(path.parent)
    try:
        with locked(folder / "lock"):
            if not path.exists():
                write_private(path, make())
            return path.read_bytes()
    except OSError as exc:
        raise StartupError(f"{path}: {exc.strerror or exc}; mend its folder's rights") from exc


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; who looks sees the old one or the new one."""
    with private_part(path.parent) as part:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


@contextmanager
def private_part(folder: Path) -> Iterator[Path]:
    """A file for a moment, which only its owner may read; it is gone at the end."""
    fd, name = tempfile.mkstemp(dir=folder, prefix=".")
    os.close(fd)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
