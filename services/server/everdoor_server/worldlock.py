"""One server for one world in an SQLite file, from whatever home: a lock beside the file.

A supervisor holds it for as long as it runs. Worlds in PostgreSQL are kept so by their lease
(`everdoor_server.lease`), since a lock ends at its machine.
"""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from everdoor.errors import StartupError
from everdoor.lockfile import LockFile

_FILE = re.compile(r"sqlite(?:\+pysqlite)?:///(?!file:)(?P<path>[^?]+)")


def world_lock(url: str, home: Path) -> AbstractContextManager[object]:
    """Lock the world behind a URL, when it is a file, for the time of the block.

    Args:
        url: As the setting world_database_url.
        home: Who locks it, for people.

    Raises:
        StartupError: The server of another home serves it.
    """
    found = _FILE.fullmatch(url.partition("?")[0])
    if found is None or found["path"] == ":memory:":
        return nullcontext()
    try:
        lock = LockFile(Path(f"{found['path']}.lock"))
    except OSError:
        # The worker, which opens the file itself, says what is wrong with it.
        return nullcontext()
    if not lock.try_exclusive():
        holder = lock.read().strip() or "another home"
        lock.close()
        raise StartupError(
            f"the world {found['path']} is served by the server of {holder}; a world has one "
            "server: stop that one first, or set EVERDOOR_WORLD_DATABASE_URL to another world"
        )
    lock.write(f"{home} (pid {os.getpid()})\n")
    return lock
