"""A process that is busy for too long is ended, and what it was busy with is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from everdoor_server.watchdog import Watchdog, last_words

BUSY = """
import sys
from pathlib import Path
from everdoor_server.watchdog import Watchdog

def turns_for_ever():
    while True:
        pass

Watchdog(float(sys.argv[2]), Path(sys.argv[1])).feed()
turns_for_ever()
"""


def test_watchdog_ends_a_process_that_is_busy_and_says_with_what(tmp_path: Path) -> None:
    path = tmp_path / "hung"
    done = subprocess.run([sys.executable, "-c", BUSY, path, "0.01"], timeout=30, check=False)
    assert done.returncode == 1
    assert "in turns_for_ever" in last_words(path)
    assert last_words(path) == ""


def test_watchdog_that_is_closed_or_has_no_limit_does_nothing(tmp_path: Path) -> None:
    watchdog = Watchdog(1.0, tmp_path / "hung")
    watchdog.feed()
    watchdog.close()
    watchdog.close()
    watchdog.feed()
    Watchdog(0.0, tmp_path / "none").feed()
    assert not (tmp_path / "none").exists()
    assert last_words(tmp_path / "hung") == ""
