"""The commands that save and open an application session, and reading an archive for other ends.

A file is there whole or not at all: it is written beside its place, synced, and renamed. What is
in it is decided by `everdoor.state.AppSession`; its layout by `everdoor.state.archivefile`.

The words are those of UCSF ChimeraX's sessions.
"""

from __future__ import annotations

import builtins
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from everdoor.errors import RestoreError, UserError
from everdoor.state import ARCHIVE_VERSION, AppSession
from everdoor.state.archivefile import MAX_CONTENT_BYTES, Item, compress, read_items

SESSION_SUFFIX: Final = ".eds"


def save(
    session: AppSession,
    path: str | Path,
    version: int = ARCHIVE_VERSION,
    uncompressed: bool = False,
) -> Path:
    """Save a session into a file; on any failure the file is what it was.

    Args:
        session: Its `session_file_path` becomes the path.
        path: Gets the suffix `.eds` unless it has it.
        version: Of the file; there is only 3.
        uncompressed: Leave the file as it can be read without Zstandard.

    Returns:
        Where the archive is.

    Raises:
        UserError: It cannot be written, or not as `AppSession.save` is asked to.
    """
    content = io.BytesIO()
    session.save(content, version)
    written = content.getvalue()
    place = write(path, written if uncompressed else compress(written))
    session.session_file_path = place
    return place


def open(session: AppSession, path: str | Path, combine: bool = False) -> None:
    """Restore a session from a file; on any failure it is what it was.

    Raises:
        UserError: There is no such file, or it cannot be read.
        RestoreError: As for `AppSession.restore`; the text names the file.
    """
    with opened(path) as stream:
        session.restore(stream, combine=combine)
    session.session_file_path = Path(path)


def read(path: str | Path) -> list[Item]:
    """Read a whole archive without building an object.

    Raises:
        UserError: There is no such file, or it cannot be read.
        RestoreError: It is at fault; the text names the file and the place.
    """
    with opened(path) as stream:
        return list(read_items(stream))


def write(path: str | Path, content: bytes) -> Path:
    """Put content in the place of a file, all of it or nothing; returns the path with its suffix.

    Raises:
        UserError: The file system does not let it.
    """
    place = Path(path)
    if not place.name:
        raise UserError(f"cannot write there: expected the name of a file, got {str(path)!r}")
    try:
        if place.suffix != SESSION_SUFFIX:
            place = place.with_name(place.name + SESSION_SUFFIX)
        _replace(place, content)
    except (OSError, ValueError) as exc:
        raise UserError(f"cannot write {place}: {_reason(exc)}") from exc
    return place


@contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """Open an archive for reading; errors of what is done with it name the file.

    Raises:
        UserError: There is no such file, or it cannot be read.
        RestoreError: As raised by the block.
    """
    try:
        with builtins.open(path, "rb") as file:
            content = file.read(MAX_CONTENT_BYTES + 1)
    except (OSError, ValueError) as exc:
        raise UserError(f"cannot read {path}: {_reason(exc)}") from exc
    try:
        yield io.BytesIO(content)
    except RestoreError as exc:
        raise RestoreError(f"{path}: {exc}") from exc


def _replace(place: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(
        dir=place.parent, prefix=f".{place.name}.", delete=False
    ) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, place)
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)
            raise
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(exc: OSError | ValueError) -> str:
    return exc.strerror or str(exc) if isinstance(exc, OSError) else str(exc)
