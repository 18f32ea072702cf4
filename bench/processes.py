"""What processes use, as Linux tells it in /proc: CPU time, memory, children."""

from __future__ import annotations

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all that it has started, as far as they still run."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in _text(task).split()]
    return found


def cpu_s(pid: int) -> float:
    """CPU time that a process has used, all threads, in seconds; in steps of 10 ms."""
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S if fields else 0.0


def memory_kib(pid: int) -> int:
    """Resident memory of a process (RSS) in KiB."""
    for line in _text(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _text(path: Path) -> str:
    """A file of /proc; empty when its process has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""
