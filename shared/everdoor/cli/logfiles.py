"""Reads the log files of a home, from their ends and on as they grow, through their rotation.

A full file is renamed (`server.log.1`, the newest) and a new one begun; see `everdoor.logs`.
Whoever follows keeps the renamed file open for a moment: a process may still be writing its last
line into it. What lines mean is `everdoor.cli.loglines`'.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from everdoor.cli.loglines import NO_TIME, LogLine, merged, parse_all

BLOCK_BYTES = 64 * 1024
"""Read at once from the end of a file; a line is some 200 bytes."""

LINGER_S = 2.0
"""How long a renamed file is still read: who has it open writes at once or opens the new one."""


def processes(home: Path) -> list[str]:
    """Names of the processes that have logged in this home, in order."""
    return sorted(path.name.removesuffix(".log") for path in (home / "logs").glob("*.log"))


class LogFiles:
    """The log files of a home: their last lines, then what is written to them.

    Args:
        process: Only this one's; None: all, those that begin later included.
    """

    def __init__(self, home: Path, process: str | None = None) -> None:
        self._home = home
        self._process = process
        self._files: dict[str, _File] = {}

    def last(self, count: int) -> list[LogLine]:
        """The last lines of all together, in the order of time; `read` goes on behind them."""
        recent = []
        for name in self._names():
            self._files[name] = file = _File(_path(self._home, name), name)
            recent.append(file.last(count))
        return merged(recent)[-count:] if count else []

    def read(self) -> list[LogLine]:
        """Whole lines that were written since the last call, in the order of time."""
        for name in self._names():
            if name not in self._files:
                self._files[name] = _File(_path(self._home, name), name)
        return merged([file.read() for file in self._files.values()])

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _names(self) -> list[str]:
        return [name for name in processes(self._home) if self._process in (None, name)]


class _File:
    """The file of one process, and those that have been it."""

    def __init__(self, path: Path, process: str) -> None:
        self._path = path
        self._process = process
        self._last_time = NO_TIME
        self._opened = [_Opened(path.open("rb"))]

    def last(self, count: int) -> list[LogLine]:
        """The last lines up to now, from as many of the older files as needed."""
        texts = self._opened[0].skip_to_end(count)
        for path in _aside(self._path):
            if len(texts) >= count:
                break
            with path.open("rb") as file:
                texts = _Opened(file).skip_to_end(count - len(texts)) + texts
        return self._parsed(texts)

    def read(self) -> list[LogLine]:
        self._follow_rotation()
        return self._parsed([text for opened in self._opened for text in opened.read()])

    def close(self) -> None:
        for opened in self._opened:
            opened.file.close()

    def _parsed(self, texts: list[str]) -> list[LogLine]:
        lines = parse_all(texts, self._process, self._last_time)
        if lines:
            self._last_time = lines[-1].time
        return lines

    def _follow_rotation(self) -> None:
        """Open every file that has been begun since the newest of ours, oldest first."""
        now, newest = time.monotonic(), self._opened[-1]
        begun: list[_Opened] = []
        for path in [self._path, *_aside(self._path)]:
            try:
                opened = _Opened(path.open("rb"))
            except FileNotFoundError:
                continue
            if opened.inode == newest.inode:
                opened.file.close()
                break
            begun.insert(0, opened)
        for opened in self._opened if begun else []:
            opened.read_until = min(opened.read_until, now + LINGER_S)
        self._opened += begun
        while self._opened[0].read_until < now:
            self._opened.pop(0).file.close()


class _Opened:
    """One open file and the beginning of a line that is still being written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.inode = os.fstat(file.fileno()).st_ino
        self.read_until = float("inf")
        self._unfinished = b""

    def skip_to_end(self, count: int) -> list[str]:
        """Go to the end; return the last whole lines before it."""
        at = end = self.file.seek(0, os.SEEK_END)
        data = b""
        while at and data.count(b"\n") <= count:
            at = max(0, at - BLOCK_BYTES)
            self.file.seek(at)
            data = self.file.read(end - at)
        *lines, self._unfinished = data.split(b"\n")
        return _texts(lines)[-count:] if count else []

    def read(self) -> list[str]:
        """Whole lines from here to the end."""
        *lines, self._unfinished = (self._unfinished + self.file.read()).split(b"\n")
        return _texts(lines)


def _path(home: Path, process: str) -> Path:
    return home / "logs" / f"{process}.log"


def _aside(path: Path) -> Iterator[Path]:
    """Files that have been this one, newest first."""
    number = 1
    while (older := path.with_name(f"{path.name}.{number}")).exists():
        yield older
        number += 1


def _texts(lines: list[bytes]) -> list[str]:
    return [line.decode(errors="replace") for line in lines if line]
