"""Locks that end with their holder."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from everdoor.lockfile import LockFile, locked


def test_lockfile_is_exclusive_until_closed(tmp_path: Path) -> None:
    first, second = LockFile(tmp_path / "lock"), LockFile(tmp_path / "lock")
    assert first.try_exclusive()
    assert not second.try_exclusive() and not second.try_shared()
    first.close()
    first.close()
    assert second.try_exclusive()
    second.close()


def test_lockfile_is_shared_by_many(tmp_path: Path) -> None:
    with LockFile(tmp_path / "lock") as first, LockFile(tmp_path / "lock") as second:
        assert first.try_shared() and second.try_shared()
        assert not first.try_exclusive()


def test_lockfile_tells_its_last_holders_words(tmp_path: Path) -> None:
    with LockFile(tmp_path / "lock") as lock:
        lock.write("a long word")
        lock.write("short")
    with LockFile(tmp_path / "lock") as lock:
        assert lock.read() == "short"


def test_lockfile_is_not_inherited(tmp_path: Path) -> None:
    with LockFile(tmp_path / "lock") as lock:
        assert lock.try_exclusive()
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    with LockFile(tmp_path / "lock") as again:
        assert again.try_exclusive()
    child.kill()
    child.wait()


def test_locked_waits_for_who_has_it(tmp_path: Path) -> None:
    order: list[str] = []

    def follow() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=follow)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
