"""Locks on files that one process holds while it lives, and what they say about their holder.

A lock (`flock`) ends with its process, however that ends, so a file that was left behind means
nothing. What a lock protects is said where it is taken.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class LockFile:
    """An open file that may be locked; closing it, or the end of its process, unlocks it.

    The descriptor is not inherited by programs that this one starts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_exclusive(self) -> bool:
        """Lock it for this process alone, without waiting; False when another has it."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Lock it together with others who share it; False when one has it alone."""
        return self._try(fcntl.LOCK_SH)

    def wait_exclusive(self) -> None:
        """Lock it for this process alone; waits for as long as another has it."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def read(self) -> str:
        """What its last holder has written; may be read without the lock."""
        return os.pread(self._fd, 4096, 0).decode(errors="replace")

    def write(self, text: str) -> None:
        """Say who holds it; only for a holder of the exclusive lock."""
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def close(self) -> None:
        """Unlock and close. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on `path` for a moment; waits for others who do the same."""
    with LockFile(path) as lock:
        lock.wait_exclusive()
        yield
