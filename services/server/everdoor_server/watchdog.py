"""Ends this process when it is busy with one thing for too long, and keeps what it was busy with.

A thread of the interpreter's own waits (`faulthandler`), which needs no lock of the interpreter:
so it ends the process even when a C extension never gives that back. What every thread was doing
is written to a file; the worker that comes next logs it (`last_words`).
"""

from __future__ import annotations

import faulthandler
from pathlib import Path

LEAST_S = 1.0
"""Shortest limit: four times how often it is fed (`everdoor_server.app.TICK_S`)."""


class Watchdog:
    """Has to be fed more often than its limit.

    Args:
        limit_s: Seconds; 0: it never does anything.
        path: Where it writes.
    """

    def __init__(self, limit_s: float, path: Path) -> None:
        self._limit_s = max(LEAST_S, limit_s) if limit_s else 0.0
        self._file = path.open("w") if limit_s else None

    def feed(self) -> None:
        """Begin to wait anew."""
        if self._file is not None:
            faulthandler.dump_traceback_later(self._limit_s, exit=True, file=self._file)

    def close(self) -> None:
        """Watch no more. Idempotent."""
        if self._file is not None:
            faulthandler.cancel_dump_traceback_later()
            self._file.close()
            self._file = None


def last_words(path: Path) -> str:
    """What a process was doing that was ended, and forget it; empty when none was."""
    try:
        words = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    path.unlink()
    return words.strip()
