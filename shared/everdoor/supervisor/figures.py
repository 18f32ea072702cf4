"""What a supervisor measures of its workers: deaths, silences, memory, processor time.

What workers measure themselves they tell when asked (`everdoor.worker`). Source: proc(5).
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from everdoor.measures import Histogram, Measured, single

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

CRASH = "crash"


class ProcessFigures:
    """Counts for the workers of one process; `place` is a worker's index."""

    def __init__(self) -> None:
        self._deaths: Counter[int] = Counter()
        self._silent_since: dict[int, float] = {}
        self._silences: dict[tuple[int, str], Histogram] = {}

    def died(self, place: int, now: float) -> None:
        """A worker has ended unasked."""
        self._deaths[place] += 1
        self._silent_since.setdefault(place, now)

    def serves(self, place: int, now: float) -> None:
        """A worker has begun to serve."""
        if (since := self._silent_since.pop(place, None)) is not None:
            self.was_silent(place, CRASH, now - since)

    def was_silent(self, place: int, ending: str, seconds: float) -> None:
        """Nobody has served for so long."""
        self._silences.setdefault((place, ending), Histogram()).observe(seconds)

    def of(self, place: int, pid: int | None) -> Measured:
        """What is known of a place and its present worker."""
        silences = [
            [[ending], histogram.figure()]
            for (index, ending), histogram in self._silences.items()
            if index == place
        ]
        return {
            "everdoor_worker_deaths_total": single(self._deaths[place]),
            "everdoor_restart_silence_seconds": silences,
            **(_of_process(pid) if pid else {}),
        }


def _of_process(pid: int) -> Measured:
    """Memory, processor time and files of a process; empty when it has just ended."""
    proc = Path(f"/proc/{pid}")
    try:
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        resident = int((proc / "statm").read_text().split()[1])
        files = len(os.listdir(proc / "fd"))
    except (OSError, IndexError):
        return {}
    ticks = int(fields[11]) + int(fields[12])
    return {
        "everdoor_worker_resident_bytes": single(resident * _PAGE_BYTES),
        "everdoor_worker_cpu_seconds_total": single(ticks / _TICKS_PER_S),
        "everdoor_worker_open_files": single(files),
    }
