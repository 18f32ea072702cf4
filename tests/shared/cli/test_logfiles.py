"""Log files: their last lines, and following them through their rotation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor.cli import logfiles
from everdoor.cli.logfiles import LogFiles, processes
from everdoor.cli.loglines import LogLine
from everdoor.logs import RotatedFile


class Writer:
    """A process that logs numbered lines into the file of a home."""

    def __init__(self, home: Path, process: str, max_bytes: int = 10**6) -> None:
        (home / "logs").mkdir(exist_ok=True)
        self.path = home / "logs" / f"{process}.log"
        self._file = RotatedFile(self.path, max_bytes)

    def write(self, *seconds: int) -> None:
        for second in seconds:
            stamp = f"2026-11-20T07:{second // 60:02d}:{second % 60:02d}Z"
            self._file.write(json.dumps({"timestamp": stamp, "event": str(second)}) + "\n")

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path, "server", max_bytes=500)
    yield writer
    writer.close()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path, "portal.1")
    yield writer
    writer.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[LogFiles]:
    files = LogFiles(tmp_path)
    yield files
    files.close()


def events(lines: list[LogLine]) -> list[int]:
    return [int(line.fields["event"]) if line.fields else -1 for line in lines]


def test_processes_are_those_that_have_logged(
    tmp_path: Path, server: Writer, portal: Writer
) -> None:
    server.write(*range(40))
    portal.write(1)

    assert processes(tmp_path) == ["portal.1", "server"]
    assert (tmp_path / "logs" / "server.log.1").exists()


def test_last_lines_are_of_all_together(files: LogFiles, server: Writer, portal: Writer) -> None:
    server.write(1, 3, 5)
    portal.write(2, 4, 6)

    assert events(files.last(4)) == [3, 4, 5, 6]


@pytest.mark.parametrize("count", [0, 1, 7, 30, 100])
def test_last_lines_come_from_older_files_too(
    files: LogFiles, server: Writer, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfiles, "BLOCK_BYTES", 64)
    server.write(*range(30))

    assert events(files.last(count)) == list(range(30))[max(0, 30 - count) :]


def test_following_gives_every_line_once_through_rotations(
    files: LogFiles, server: Writer, portal: Writer
) -> None:
    server.write(0)
    files.last(0)
    found = []
    for second in range(1, 200):
        server.write(second)
        if second % 7 == 0:
            portal.write(second)
            found += events(files.read())
    found += events(files.read())

    portal_lines = list(range(7, 200, 7))
    assert sorted(found) == sorted([*range(1, 200), *portal_lines])
    assert (server.path.parent / "server.log.5").exists()


def test_following_reads_the_last_words_of_who_had_the_old_file_open(
    files: LogFiles, server: Writer
) -> None:
    server.write(1)
    files.last(0)
    with server.path.open("a") as slow:
        server.write(*range(2, 20))
        files.read()
        slow.write('{"timestamp": "t", "event": "99"}\n')

    assert events(files.read()) == [99]


def test_following_waits_for_the_end_of_a_line(files: LogFiles, server: Writer) -> None:
    server.write(1)
    files.last(1)
    with server.path.open("a") as file:
        file.write('{"timestamp": "t", ')
        file.flush()
        assert files.read() == []
        file.write('"event": "2"}\n')

    assert events(files.read()) == [2]


def test_following_finds_processes_that_begin_later(files: LogFiles, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    files.last(5)
    later = Writer(tmp_path, "auth")
    later.write(1)

    assert events(files.read()) == [1]
    later.close()


def test_one_process_may_be_chosen(tmp_path: Path, server: Writer, portal: Writer) -> None:
    server.write(1)
    portal.write(2)
    files = LogFiles(tmp_path, "portal.1")

    assert events(files.last(5)) == [2]
    files.close()
